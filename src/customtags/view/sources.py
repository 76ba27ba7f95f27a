"""The component that finds the projects of several folders and indexes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from simple_repository import errors
from simple_repository.components.metadata_injector import MetadataInjectorRepository
from simple_repository.components.priority_selected import PrioritySelectedProjectsRepository

from customtags.choosing.offer import is_index
from customtags.view.folder import FolderRepository
from customtags.view.upstream import IndexRepository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simple_repository import SimpleRepository, model

__all__ = ["UNREADABLE", "merged", "opened"]

#: What a source may fail with, besides OSError. Of simple_repository's errors, UnsupportedSerialization and
#: InvalidPackageError are ValueErrors.
UNREADABLE = (
    errors.PackageNotFoundError,
    errors.ResourceUnavailable,
    errors.SourceRepositoryUnavailable,
    httpx.HTTPError,
    httpx.InvalidURL,
    ValueError,
)


class _WheelMetadata(MetadataInjectorRepository):
    """The metadata of the wheels of a folder, whose page promises it already."""

    async def get_project_page(
        self, project_name: str, *, request_context: model.RequestContext | None = None
    ) -> model.ProjectDetail:
        """Return the page of the folder as it is: while nothing changed, the same object."""
        return await self.source.get_project_page(project_name, request_context=request_context)


def opened(
    places: Sequence[str], http: httpx.AsyncClient
) -> list[FolderRepository | IndexRepository]:
    """Return the component of each place.

    :param places: folders, and URLs of indexes
    """
    return [
        IndexRepository(each, http) if is_index(each) else FolderRepository(Path(each))
        for each in places
    ]


def merged(
    places: Sequence[FolderRepository | IndexRepository], http: httpx.AsyncClient
) -> SimpleRepository:
    """Return the component that finds each project in the first place that has it.

    Putting the files of all places together would let a public project replace a private one of the same name.
    """
    found = [
        _WheelMetadata(each, http) if isinstance(each, FolderRepository) else each
        for each in places
    ]
    return found[0] if len(found) == 1 else PrioritySelectedProjectsRepository(found)
