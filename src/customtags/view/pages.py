"""The pages of a view as a web server sends them: each is rendered once for each state of the source, and has an ETag."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import quote

from fastapi import HTTPException
from simple_repository import content_negotiation, errors, serializer
from simple_repository_server.routers import simple
from starlette.responses import RedirectResponse, Response

from customtags.view.recent import Recent
from customtags.view.sharing import Shared
from customtags.wheels.filename import canonical

if TYPE_CHECKING:
    from contextvars import ContextVar

    from simple_repository import model
    from starlette.requests import Request

    from customtags.view.component import MachineView

__all__ = ["Pages"]

#: The name of a project (https://packaging.python.org/specifications/name-normalization/).
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.IGNORECASE | re.ASCII)

#: What a page that is remembered counts for besides its bytes, and each file of it.
PAGE, FILE = 10_000, 600


class Rendered(NamedTuple):
    """A page of a view as bytes.

    :ivar page: the object that it was rendered from
    """

    page: model.ProjectDetail
    etag: str
    body: bytes


class Pages:
    """The list of projects and the project pages of the view that a request is for.

    simple-repository-server asks its router for the address of every file; that took two thirds of the time of a page.

    :param current: the view that the running request is for
    :param most: how many bytes may be remembered
    """

    def __init__(self, current: ContextVar[MachineView], most: int) -> None:
        self._current = current
        self._memory: Recent[tuple[object, str, str], Rendered] = Recent(most)
        self._shared: Shared[tuple[MachineView, str, str], Rendered] = Shared()
        self._lists: Shared[tuple[MachineView, str], str] = Shared()

    async def list(self, request: Request) -> Response:
        """Return the list of projects."""
        kind = _format(request)
        body = await self._lists.read((self._current.get(), kind.value), self._list)
        return Response(body, media_type=kind.value, headers={"Vary": "Accept"})

    async def project(self, request: Request) -> Response:
        """Return a project page, or that the client has it already."""
        name = request.path_params["project"]
        kind = _format(request)
        if not _NAME.fullmatch(name):
            raise errors.PackageNotFoundError(name)
        if name != canonical(name):
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"../{canonical(name)}/{query}", 301)
        key = (self._current.get(), kind.value, name)
        _, etag, body = await self._shared.read(key, self._render)
        headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": "no-cache"}
        if etag in re.findall(r'"[^"]*"', request.headers.get("If-None-Match", "")):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=kind.value, headers=headers)

    async def _list(self, key: tuple[MachineView, str]) -> str:
        """Return the list in a format; it is not remembered, because that of PyPI would be most of the memory."""
        view, kind = key
        found = await view.get_project_list()
        return await asyncio.to_thread(
            serializer.serialize, found, content_negotiation.Format(kind)
        )

    async def _render(self, key: tuple[MachineView, str, str]) -> Rendered:
        """Return a page in a format, rendered if the source changed."""
        view, kind, name = key
        page = await view.get_project_page(name)
        known = self._memory.get((view.key, kind, name))
        if known and known.page is page:
            return known
        made = await asyncio.to_thread(_rendered, page, content_negotiation.Format(kind))
        weight = len(made.body) + PAGE + FILE * len(page.files)
        self._memory.put((view.key, kind, name), made, weight)
        return made


def _format(request: Request) -> content_negotiation.Format:
    """Return the format that a client accepts (PEP 691).

    :raises HTTPException: there is none
    """
    try:
        return simple.get_response_format(request, request.query_params.get("format"))
    except ValueError as error:  # a quality that is not a number
        raise HTTPException(406) from error


def _rendered(page: model.ProjectDetail, kind: content_negotiation.Format) -> Rendered:
    """Return a project page with links to its files, the same in every process."""
    folder = f"../../resources/{page.name}"
    files = [replace(each, url=f"{folder}/{quote(each.filename, '+!')}") for each in page.files]
    versions = None if page.versions is None else cast("frozenset[str]", sorted(page.versions))
    linked = replace(page, files=tuple(files), versions=versions)
    body = serializer.serialize(linked, kind).encode()
    return Rendered(page, f'"{hashlib.sha256(body).hexdigest()[:32]}"', body)
