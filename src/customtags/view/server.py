"""The ASGI application that serves views: of this machine, of named ones, and of any that an address spells.

    /                            which machine gets what, for people
    /simple/                     this machine
    /NAME/simple/                one that has a name
    /for/v3,el9.4/simple/        one that is spelled by values as the settings have them

All state lies in the address, so that several workers may run behind any proxy.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, cast

import httpx
from fastapi import FastAPI, Request
from simple_repository import SimpleRepository, errors
from simple_repository_server.routers import simple
from starlette.responses import PlainTextResponse, Response

from customtags.errors import CustomtagsError, printable
from customtags.view import sources, upstream
from customtags.view.component import FILES, MachineView, Seen
from customtags.view.overview import Overview
from customtags.view.pages import Pages
from customtags.view.recent import Recent
from customtags.view.sharing import Shared
from customtags.view.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from simple_repository import model
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from customtags.view.machines import Machine, Served

__all__ = ["Views"]

#: How many platform tags the machines that are kept ready have together, and for how many tags a machine counts
#: besides its own. Other machines are made anew for a request.
PLATFORMS, MACHINE = 250_000, 500

#: How many bytes of rendered pages are remembered.
BYTES = 64 << 20

#: The longest path of an address that is looked at.
LONGEST = 1000


#: Installers that are given another address than an index show this.
_NO_PAGE = (
    "no such page; an index is at /simple/, /NAME/simple/ or /for/WORDS/simple/, and / lists them\n"
)


class Views:
    """The application."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._http = upstream.client(served.sources)
        places = sources.opened(served.sources, self._http)
        self._source = sources.merged(places, self._http)
        self._overview = Overview(places, {"": served.here, **served.named})
        self._ready: Recent[str, MachineView] = Recent(PLATFORMS)
        self._making: Shared[str, MachineView | None] = Shared()
        self._seen: Recent[tuple[object, str], Seen] = Recent(FILES)
        self._current: ContextVar[MachineView] = ContextVar("view")
        self._open: ContextVar[AsyncExitStack] = ContextVar("open")
        self._application = _application(self._current, _Streams(self._http, self._open))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            # A server that is mounted below a path gets the whole path (ASGI 3.0, ``root_path``).
            root = scope.get("root_path", "").rstrip("/")
            prefix, application = await self._find(scope["path"].removeprefix(root))
            scope = {**scope, "root_path": root + prefix}
            if scope["method"] == "HEAD":
                application = _Head(application)
            async with AsyncExitStack() as stack:
                self._open.set(stack)
                await application(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Close the client when the server stops."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._http.aclose()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _find(self, path: str) -> tuple[str, ASGIApp]:
        """Return the part of a path that names a machine, and what answers behind it."""
        if not path.startswith("/"):
            return "", PlainTextResponse("no such page\n", 404)
        if path in ("/", "/health"):
            return "", PlainTextResponse("ok\n") if path == "/health" else self._overview
        if len(path) > LONGEST:
            return "", PlainTextResponse("the address is too long\n", 414)
        words = path.split("/")
        parts = {"simple": 0, "resources": 0, "for": 2}.get(words[1], 1)
        name = "/".join(words[1 : 1 + parts])
        known = words[1 + parts : 2 + parts] in (["simple"], ["resources"])
        try:
            view = await self._view(name) if known and path.isprintable() else None
        except CustomtagsError as error:
            return "", PlainTextResponse(f"{error}\n", 400)
        if view is None:
            return "", PlainTextResponse(_NO_PAGE, 404)
        self._current.set(view)
        return f"/{name}" if name else "", self._application

    async def _view(self, name: str) -> MachineView | None:
        """Return the view of the machine of a name, None if nobody has that name.

        :raises CustomtagsError: it spells one with a value that means nothing
        """
        return self._ready.get(name) or await self._making.read(name, self._make)

    async def _make(self, name: str) -> MachineView | None:
        # To work out the tags of a machine takes a second at worst, and others are answered meanwhile.
        machine = await asyncio.to_thread(self._machine, name)
        if machine is None:
            return None
        fetch = partial(upstream.read, self._http)
        platforms = machine.platforms
        view = MachineView(
            self._source, platforms, pages=machine.pages, fetch=fetch, memory=self._seen
        )
        self._ready.put(name, view, len(platforms) + MACHINE)
        return view

    def _machine(self, name: str) -> Machine | None:
        if name.startswith("for/"):
            return spelled(name.removeprefix("for/"), self.served.platform)
        return self.served.named.get(name) if name else self.served.here


class _HeadSentError(Exception):
    """All that a client wants was sent."""


class _Head:
    """Answers ``HEAD`` requests for an application that would read the whole file from its source."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head, and end the application where it begins with the body."""

        async def send_head(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            await send({"type": "http.response.body"})
            raise _HeadSentError

        with suppress(_HeadSentError):
            await self._application(scope, receive, send_head)


class _Streams:
    """The part of a client that simple-repository-server uses, which closes every answer at the end of a request.

    simple-repository-server closes the answer of a source only where its body ends. After ``HEAD``, or when a client
    goes away, the garbage collector would close it: late, and in an order that asyncio reports as errors.

    :param opened: the answers that the running request has opened
    """

    def __init__(self, http: httpx.AsyncClient, opened: ContextVar[AsyncExitStack]) -> None:
        self._http = http
        self._opened = opened

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, headers: Mapping[str, str]
    ) -> AsyncIterator[httpx.Response]:
        """Yield the answer of a source, which stays open until the running request ends."""
        answer = self._http.stream(method, url, headers=headers)
        yield await self._opened.get().enter_async_context(answer)


class _Current(SimpleRepository):
    """The files of the view that the running request is for."""

    def __init__(self, current: ContextVar[MachineView]) -> None:
        self._current = current

    async def get_resource(
        self,
        project_name: str,
        resource_name: str,
        *,
        request_context: model.RequestContext | None = None,
    ) -> model.Resource:
        """Return a file of that view."""
        view = self._current.get()
        return await view.get_resource(project_name, resource_name, request_context=request_context)


def _application(current: ContextVar[MachineView], streams: _Streams) -> FastAPI:
    """Return what answers for the current view: our pages, and simple-repository-server's way to send files."""
    pages = Pages(current, BYTES)
    application = FastAPI(openapi_url=None)
    application.add_route("/simple/", pages.list, methods=["GET"])
    application.add_route("/simple/{project}/", pages.project, methods=["GET"])
    http = cast("httpx.AsyncClient", streams)  # the router calls nothing but ``stream``
    application.include_router(
        simple.build_router(_Current(current), http_client=http, stream_http_resources=True)
    )
    for kind, status in _STATUS.items():
        application.add_exception_handler(kind, partial(_failed, status))
    return application


#: What a source may fail with → the status that the client gets.
_STATUS: Mapping[type[Exception], int] = {
    **dict.fromkeys((*sources.UNREADABLE, OSError), 502),
    errors.PackageNotFoundError: 404,
    errors.ResourceUnavailable: 404,
}


#: What helps where a source fails.
_CURE = "; check that its server runs, and the sources that 'customtags serve' was given"


async def _failed(status: int, request: Request, error: Exception) -> Response:
    """Return an answer that names no more than the host of a source, whose address may hold secrets."""
    cause = error.__cause__ or error
    said, cure = "the source did not answer as an index does", _CURE
    if isinstance(cause, httpx.HTTPError):
        said = upstream.failure(cause)
    if status == 404:
        said, cure = "no such file", ""
    logging.getLogger("customtags").warning(
        "%s: %s (%s): %s", request.url.path, status, type(error).__name__, printable(said)
    )
    return PlainTextResponse(f"{said}{cure}\n", status)
