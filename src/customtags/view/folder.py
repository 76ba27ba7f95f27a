"""A folder of files as a source for simple-repository's components: flat, or with a folder for each project."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from simple_repository import SimpleRepository, errors, model

from customtags.choosing.offer import ARCHIVES, Offer, projects
from customtags.variants.names import INDEX_SUFFIX
from customtags.view.recent import Recent
from customtags.view.sharing import Shared
from customtags.wheels.filename import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["FolderRepository"]

#: How many digests are remembered, and the project pages of how many files.
DIGESTS, FILES = 100_000, 60_000

#: How long a file must not have changed before it is remembered, in nanoseconds: the times of a file system are coarse.
SETTLED = 2 * 10**9


class _Stated(NamedTuple):
    """A file, in a state: if one of these changes, the file is read again."""

    name: str
    path: str
    size: int
    inode: int
    modified: int
    changed: int

    def settled(self, now: int) -> bool:
        """Return whether a change after a time must show in the state."""
        return self.changed < now - SETTLED


class FolderRepository(SimpleRepository):
    """The wheels, source distributions and variant metadata of a folder, each with its digest.

    Every request looks at the state of every file of the project. While nothing changed, it gets the same page object.
    A link that leads out of the folder is not followed.

    :param folder: it holds the files, or a folder of them for each project
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._digests: Recent[_Stated, bytes] = Recent(DIGESTS)
        self._pages: Recent[str, tuple[Sequence[_Stated], model.ProjectDetail]] = Recent(FILES)
        self._shared: Shared[str, model.ProjectDetail] = Shared()

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

        :raises simple_repository.errors.PackageNotFoundError: the folder has no file of the project
        """
        return await self._shared.read(canonical(project_name), self._read)

    async def get_resource(
        self,
        project_name: str,
        resource_name: str,
        *,
        request_context: model.RequestContext | None = None,
    ) -> model.Resource:
        """Return a file of a project.

        :raises simple_repository.errors.PackageNotFoundError: the folder has no file of the project
        :raises simple_repository.errors.ResourceUnavailable: there is no such file
        """
        project = canonical(project_name)
        found = await asyncio.to_thread(self._find, project, resource_name)
        if found is None:
            raise errors.ResourceUnavailable(resource_name)
        path, digest = found
        return model.LocalResource(path, model.Context(etag=f'"{digest}"'), to_cache=False)

    def offers(self) -> dict[str, list[Offer]]:
        """Return the files of each project without their digests, in pip's order.

        :raises OSError: the folder cannot be read
        """
        found: dict[str, list[Offer]] = {}
        for project, file in sorted(
            self._files(), key=lambda each: quote(each[1].name), reverse=True
        ):
            found.setdefault(project, []).append(Offer(file.name, os.path.dirname(file.path)))
        return found

    async def _read(self, project: str) -> model.ProjectDetail:
        return await asyncio.to_thread(self._page, project)

    def _page(self, project: str) -> model.ProjectDetail:
        now = time.time_ns()
        files = self._list(project)
        known = self._pages.get(project)
        if known and known[0] == files:
            return known[1]
        page = model.ProjectDetail(model.Meta("1.1"), project, tuple(self._described(files)))
        if all(each.settled(now) for each in files):
            self._pages.put(project, (files, page), len(files))
        return page

    def _described(self, files: Sequence[_Stated]) -> Iterator[model.File]:
        for each in files:
            try:
                digest = self._digest(each)
            except OSError:  # removed, or unreadable for this user
                continue
            uploaded = datetime.fromtimestamp(each.modified // 10**9, timezone.utc)
            yield model.File(
                each.name,
                Path(each.path).as_uri(),
                {"sha256": digest},
                dist_info_metadata=each.name.endswith(".whl") or None,
                size=each.size,
                upload_time=uploaded.replace(tzinfo=None),
            )

    def _digest(self, file: _Stated) -> str:
        now = time.time_ns()
        known = self._digests.get(file)
        if known is None:
            digest = hashlib.sha256()
            with open(file.path, "rb") as content:
                for chunk in iter(lambda: content.read(1 << 20), b""):
                    digest.update(chunk)
            known = digest.digest()
            if file.settled(now):
                self._digests.put(file, known)
        return known.hex()

    def _list(self, project: str) -> list[_Stated]:
        """Return the files of a project, sorted by name; of one name the first.

        A project of which no file can be read still belongs to this folder: another source must not replace it.

        :raises simple_repository.errors.PackageNotFoundError: there are none
        """
        files = sorted((file for _, file in self._files(project)), reverse=True)
        if not files:
            raise errors.PackageNotFoundError(project)
        return [*{file.name: file for file in files}.values()][::-1]

    def _find(self, project: str, name: str) -> tuple[Path, str] | None:
        """Return the path and the digest of a file of a project; None if there is no such file.

        :raises simple_repository.errors.PackageNotFoundError: the folder has no file of the project
        """
        found = next((file for file in self._list(project) if file.name == name), None)
        try:
            return None if found is None else (Path(found.path), self._digest(found))
        except OSError:
            return None

    def _files(self, only: str | None = None) -> Iterator[tuple[str, _Stated]]:
        """Yield the project and the state of each file; other projects' files are not touched where one is named.

        :raises OSError: the folder cannot be read, or that of the named project
        """
        folders = [self.folder]
        for folder in folders:
            try:
                entries = [*os.scandir(folder)]
            except OSError as error:  # such as lost+found, or a folder that was removed
                hidden = canonical(folder.name) == only and not isinstance(error, FileNotFoundError)
                if folder == self.folder or hidden:
                    raise
                continue
            for entry in entries:
                if folder == self.folder and entry.is_dir():
                    if not entry.is_symlink() or self._holds(entry.path):
                        folders.append(self.folder / entry.name)
                    continue
                project = _project(entry.name)
                if project is None or (only is not None and project != only):
                    continue
                file = self._stated(entry)
                if file:
                    yield project, file

    def _holds(self, path: str) -> bool:
        """Return whether a link leads to a place in the folder."""
        return Path(path).resolve().is_relative_to(self.folder)

    def _stated(self, entry: os.DirEntry[str]) -> _Stated | None:
        """Return a file, None for what is none, or lies outside of the folder."""
        try:
            inside = not entry.is_symlink() or self._holds(entry.path)
            status = entry.stat()
        except OSError:
            return None
        if not inside or not stat.S_ISREG(status.st_mode):
            return None
        times = (status.st_mtime_ns, status.st_ctime_ns)
        return _Stated(entry.name, entry.path, status.st_size, status.st_ino, *times)


def _project(name: str) -> str | None:
    """Return the project of a file, None for one that is neither an archive nor variant metadata."""
    if name.endswith(INDEX_SUFFIX):
        return canonical(name.removesuffix(INDEX_SUFFIX).rpartition("-")[0]) or None
    if not name.endswith(ARCHIVES):
        return None
    return next(iter(projects([Offer(name, "")])), None)
