"""A folder of files as a source for simple-repository's components: flat, or with a folder for each project."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import OrderedDict
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from simple_repository import SimpleRepository, errors, model

from customtags.choosing.offer import ARCHIVES, Offer, projects
from customtags.variants.names import INDEX_SUFFIX
from customtags.wheels.filename import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FolderRepository"]

#: How many digests are remembered, each by path, size and time.
REMEMBERED = 50_000


class FolderRepository(SimpleRepository):
    """The wheels, source distributions and variant metadata of a folder, each with its digest.

    A link that leads out of the folder is not followed.

    :param folder: it holds the files, or a folder of them for each project
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._digests: OrderedDict[tuple[str, int, int], str] = OrderedDict()

    async def get_project_list(
        self, *, request_context: model.RequestContext | None = None
    ) -> model.ProjectList:
        """Return the projects of which the folder has files."""
        found = await asyncio.to_thread(lambda: {project for project, _ in self._files()})
        elements = frozenset(map(model.ProjectListElement, found))
        return model.ProjectList(model.Meta("1.0"), elements)

    async def get_project_page(
        self, project_name: str, *, request_context: model.RequestContext | None = None
    ) -> model.ProjectDetail:
        """Return the files of a project.

        :raises simple_repository.errors.PackageNotFoundError: there are none
        """
        files = await asyncio.to_thread(self._page, canonical(project_name))
        if not files:
            raise errors.PackageNotFoundError(project_name)
        return model.ProjectDetail(model.Meta("1.1"), canonical(project_name), tuple(files))

    async def get_resource(
        self,
        project_name: str,
        resource_name: str,
        *,
        request_context: model.RequestContext | None = None,
    ) -> model.Resource:
        """Return a file of a project.

        :raises simple_repository.errors.ResourceUnavailable: there is no such file
        """
        project = canonical(project_name)
        found = await asyncio.to_thread(lambda: dict(self._paths(project)).get(resource_name))
        if found is None:
            raise errors.ResourceUnavailable(resource_name)
        status = found.stat()
        etag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
        return model.LocalResource(found, model.Context(etag=etag), to_cache=False)

    def _page(self, project: str) -> list[model.File]:
        found = []
        for name, path in self._paths(project):
            try:
                status = path.stat()
                digest = self._digest(path, status)
            except OSError:  # removed, or unreadable for this user
                continue
            time = datetime.fromtimestamp(int(status.st_mtime), timezone.utc)
            wheel = name.endswith(".whl")
            found.append(
                model.File(
                    name,
                    path.as_uri(),
                    {"sha256": digest},
                    dist_info_metadata=wheel or None,
                    size=status.st_size,
                    upload_time=time.replace(tzinfo=None),
                )
            )
        return found

    def _digest(self, path: Path, status: os.stat_result) -> str:
        key = (str(path), status.st_size, status.st_mtime_ns)
        known = self._digests.get(key)
        if known is None:
            digest = hashlib.sha256()
            with path.open("rb") as file:
                for chunk in iter(lambda: file.read(1 << 20), b""):
                    digest.update(chunk)
            known = self._digests[key] = digest.hexdigest()
            while len(self._digests) > REMEMBERED:
                self._digests.popitem(last=False)
        return known

    def _paths(self, project: str) -> Iterator[tuple[str, Path]]:
        """Yield name and path of each file of a project, sorted by name."""
        for _, path in sorted(self._files(project)):
            yield path.name, path

    def _files(self, only: str | None = None) -> Iterator[tuple[str, Path]]:
        """Yield the project and the path of each file; other projects' files are not touched where one is named."""
        for folder in (self.folder, *(each for each in self.folder.iterdir() if each.is_dir())):
            try:
                names = os.listdir(folder)
            except OSError:  # such as lost+found, or a folder that was removed
                if folder == self.folder:
                    raise
                continue
            for name in names:
                project = _project(name)
                if project is None or (only is not None and project != only):
                    continue
                path = folder / name
                if path.is_file() and path.resolve().is_relative_to(self.folder):
                    yield project, path


def _project(name: str) -> str | None:
    """Return the project of a file, None for one that is neither an archive nor variant metadata."""
    if name.endswith(INDEX_SUFFIX):
        return canonical(name.removesuffix(INDEX_SUFFIX).rpartition("-")[0]) or None
    if not name.endswith(ARCHIVES):
        return None
    return next(iter(projects([Offer(name, "")])), None)
