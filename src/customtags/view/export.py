"""Write a view as files, for any web server or bucket: pages in HTML (PEP 503) and JSON (PEP 691), and the files."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from simple_repository import content_negotiation, errors, model, serializer

from customtags.errors import SourceError
from customtags.view.sources import UNREADABLE

if TYPE_CHECKING:
    import httpx

    from customtags.view.component import MachineView

__all__ = ["export"]

#: A normalized project name (PEP 503).
_NORMALIZED = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

#: The name of each page, and its format.
PAGES = {
    "index.html": content_negotiation.Format.HTML_V1,
    "index.json": content_negotiation.Format.JSON_V1,
}


async def export(view: MachineView, http: httpx.AsyncClient, out: Path) -> int:
    """Write a view beside its place, and put it there at once; return the number of files.

    The place becomes a symbolic link to the folder that was written, because only a link can be replaced atomically.

    :param out: a path where nothing is, or a view that was written before
    :raises SourceError: something else is there, or a source cannot be read
    """
    ours = out.is_symlink() and out.resolve().name.startswith(f".{out.name}.")
    if not ours and (out.exists() or out.is_symlink()):
        raise SourceError(str(out), "is not a view", "name a path where nothing is")
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.absolute().parent))
    except OSError as error:
        why = f"cannot be written ({error.strerror})"
        raise SourceError(str(out), why, "name another folder with -o") from error
    try:
        folder.chmod(0o755)
        number = await _write(view, http, folder)
        link = folder.with_name(f"{folder.name}.link")
        link.symlink_to(folder.name)
        before = out.resolve() if out.is_symlink() else None
        link.replace(out)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, UNREADABLE):
            why = f"a source cannot be read ({type(error).__name__})"
            raise SourceError(str(out), f"is as it was: {why}", "try again") from error
        raise
    if before and before.name.startswith(f".{out.name}."):
        shutil.rmtree(before, ignore_errors=True)
    return number


async def _write(view: MachineView, http: httpx.AsyncClient, folder: Path) -> int:
    """Write every project, and return the number of files."""
    listed = await view.get_project_list()
    shown = []
    number = 0
    for name in sorted({each.normalized_name for each in listed.projects}):
        if not _NORMALIZED.fullmatch(name):
            continue  # a page may hold anything
        try:
            page = await view.get_project_page(name)
        except errors.PackageNotFoundError:
            continue
        if page.files:
            shown.append(model.ProjectListElement(name))
            number += await _write_project(view, http, folder / "simple" / name, page)
    _write_pages(folder / "simple", replace(listed, projects=frozenset(shown)))
    return number


async def _write_project(
    view: MachineView, http: httpx.AsyncClient, folder: Path, page: model.ProjectDetail
) -> int:
    """Write the page of a project, and its files beside it; return the number of files."""
    folder.mkdir(parents=True)
    files = []
    for file in page.files:
        if not await _fetch(view, http, folder.name, file.filename, folder):
            continue  # removed meanwhile
        has_metadata = bool(file.dist_info_metadata) and await _fetch(
            view, http, folder.name, f"{file.filename}.metadata", folder
        )
        files.append(
            replace(
                file,
                url=file.filename,
                dist_info_metadata=file.dist_info_metadata if has_metadata else None,
            )
        )
    _write_pages(folder, replace(page, files=tuple(files)))
    return len(files)


async def _fetch(
    view: MachineView, http: httpx.AsyncClient, project: str, name: str, folder: Path
) -> bool:
    """Link, copy or download one file, and return whether it exists."""
    try:
        resource = await view.get_resource(project, name)
    except (errors.PackageNotFoundError, errors.ResourceUnavailable):
        return False
    path = folder / name
    if isinstance(resource, model.TextResource):
        path.write_text(resource.text, "utf-8")
    elif isinstance(resource, model.LocalResource):
        try:
            os.link(os.path.realpath(resource.path), path)
        except OSError:  # another file system
            shutil.copyfile(resource.path, path)
    elif isinstance(resource, model.HttpResource):
        async with http.stream("GET", resource.url) as response:
            response.raise_for_status()
            with path.open("wb") as out:
                async for chunk in response.aiter_bytes(1 << 20):
                    out.write(chunk)
    return True


def _write_pages(folder: Path, page: model.ProjectDetail | model.ProjectList) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind in PAGES.items():
        (folder / name).write_text(serializer.serialize(page, kind), "utf-8")
