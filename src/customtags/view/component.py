"""The component that shows a source as one machine sees it, for servers made of simple-repository's components."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from simple_repository import SimpleRepository, errors, model
from simple_repository.components.core import RepositoryContainer

from customtags.errors import VariantError
from customtags.machine.dimensions import builtin
from customtags.variants import metadata
from customtags.variants.names import INDEX_SUFFIX
from customtags.view.recent import Recent
from customtags.view.selection import selection
from customtags.view.sharing import Shared
from customtags.wheels.filename import canonical

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from customtags.machine.spec import Page
    from customtags.view.selection import Labels

    #: Reads a file that the source gives as an address, at most so many bytes.
    Fetch = Callable[[str, int], Awaitable[bytes]]

__all__ = ["FILES", "MachineView", "Seen"]

#: How many versions of one project may have variants.
MOST = 200

#: The project pages of how many files are remembered, and for how many files an entry counts besides its own.
FILES, ENTRY = 60_000, 20


class Seen(NamedTuple):
    """A project page of the source, and what the machine sees of it.

    :ivar names: shown name → real one
    """

    source: model.ProjectDetail
    shown: model.ProjectDetail
    names: Mapping[str, str]


class MachineView(RepositoryContainer):
    """A source as one machine sees it: of each release, Python and ABI the one best wheel, under its stock name.

    A request for a file finds the real one by asking the source for the project page again, so that no answer depends on an
    earlier one. While the source returns the same page object, the view returns the same one too; what it remembers is bounded.

    :param source: the component to wrap
    :param platforms: the platform tags that the machine accepts, best first, the stock ones too
    :param pages: the dimensions that name the segments of variants; by default the built-in ones
    :param fetch: reads ``NAME-VERSION-variants.json`` where the source gives an address; without it, such variants are left out
    :param memory: shared by the views of an application; by default the view has its own
    :ivar key: stands for the view in what may be remembered for longer than the view lives
    """

    def __init__(
        self,
        source: SimpleRepository,
        platforms: Sequence[str],
        *,
        pages: Sequence[Page] | None = None,
        fetch: Fetch | None = None,
        memory: Recent[tuple[object, str], Seen] | None = None,
    ) -> None:
        super().__init__(source)
        self.platforms = list(platforms)
        self.pages = builtin() if pages is None else pages
        self.fetch = fetch
        self._memory = Recent(FILES) if memory is None else memory
        self.key = object()
        self._shared: Shared[str, Seen] = Shared()

    async def get_project_page(
        self, project_name: str, *, request_context: model.RequestContext | None = None
    ) -> model.ProjectDetail:
        """Return the project page with the files that are shown.

        :raises simple_repository.errors.PackageNotFoundError: the source has no such project
        """
        return (await self._shared.read(project_name, self._look)).shown

    async def get_resource(
        self,
        project_name: str,
        resource_name: str,
        *,
        request_context: model.RequestContext | None = None,
    ) -> model.Resource:
        """Return a file, or with ``.metadata`` behind its name its metadata (PEP 658), by its shown name.

        :raises simple_repository.errors.ResourceUnavailable: the machine does not see such a file
        """
        names = (await self._shared.read(project_name, self._look)).names
        name = resource_name.removesuffix(".metadata")
        if name not in names:
            raise errors.ResourceUnavailable(resource_name)
        real = names[name] + resource_name[len(name) :]
        return await super().get_resource(project_name, real, request_context=request_context)

    async def _look(self, project: str) -> Seen:
        page = await super().get_project_page(project)
        known = self._memory.get((self.key, project))
        if known and known.source is page:
            return known
        labels, lasting = await self._labels(page)
        seen = await asyncio.to_thread(self._select, page, labels)
        if lasting:
            self._memory.put((self.key, project), seen, len(page.files) + ENTRY)
        return seen

    def _select(self, page: model.ProjectDetail, labels: Labels) -> Seen:
        real = {file.filename: file for file in page.files}
        names: dict[str, str] = {}
        for yanked in (True, False):  # a yanked file is shown only where there is no other
            offered = [file.filename for file in page.files if bool(file.yanked) is yanked]
            names |= selection(offered, self.platforms, labels, self.pages)
        files = [replace(real[name], filename=as_shown) for as_shown, name in names.items()]
        return Seen(page, replace(page, files=tuple(files), versions=None), names)

    async def _labels(self, page: model.ProjectDetail) -> tuple[Labels, bool]:
        """Return what the variants of a project mean, and whether that lasts as long as the page object.

        A file that is broken has no meaning.
        """
        found = {}
        files = [each for each in page.files if each.filename.endswith(INDEX_SUFFIX)]
        lasting = all(each.hashes for each in files)
        for name in sorted(each.filename for each in files)[-MOST:]:
            project, _, version = name.removesuffix(INDEX_SUFFIX).rpartition("-")
            try:
                text = (await self._read(canonical(page.name), name)).decode("utf-8", "replace")
                described = await asyncio.to_thread(metadata.read, text, name)
                for label, properties in described.variants.items():
                    found[canonical(project), version, label] = properties
            except VariantError:
                continue
            except errors.ResourceUnavailable:
                lasting = False
        return found, lasting

    async def _read(self, project: str, name: str) -> bytes:
        """Return the content of a small file of the source.

        :raises simple_repository.errors.ResourceUnavailable: it cannot be read
        """
        resource = await super().get_resource(project, name)
        limit = metadata.LIMIT
        if isinstance(resource, model.TextResource):
            return resource.text.encode()
        if isinstance(resource, model.LocalResource):
            path = resource.path
            return await asyncio.to_thread(lambda: path.open("rb").read(limit + 1))
        if isinstance(resource, model.HttpResource) and self.fetch:
            return await self.fetch(resource.url, limit)
        raise errors.ResourceUnavailable(name)
