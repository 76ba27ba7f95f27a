"""Indexes as sources: an HTTP client that bounds project pages, and sends each login to its own index."""

from __future__ import annotations

import asyncio
import hashlib
import os
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urljoin

import httpx
from simple_repository import errors, model, parser
from simple_repository.components.http import HttpRepository

from customtags.choosing.offer import without_password
from customtags.errors import SourceError
from customtags.view.logins import Logins
from customtags.view.recent import Recent
from customtags.view.sharing import Shared
from customtags.wheels.filename import canonical

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

__all__ = ["IndexRepository", "check", "client", "failure", "read"]

#: The largest project page, in bytes, and how long a source may be silent, in seconds.
LARGEST, SILENCE = 64 << 20, 15.0

#: The longest list of projects that is read for people, in bytes; PyPI's has 40 MB.
LISTED = 1 << 20

#: The project pages of how many files are remembered, and for how many files an entry counts besides its own.
FILES, ENTRY = 60_000, 20

#: The last port of TCP.
LAST_PORT = 65535

#: What asks for a project page has this in its Accept (PEP 691).
_PAGE = "application/vnd.pypi.simple"


class _Fetched(NamedTuple):
    """A project page as an index sent it.

    :ivar etag: for the next request, empty if the index gave none
    """

    etag: str
    digest: bytes
    page: model.ProjectDetail


class IndexRepository(HttpRepository):
    """An index by its URL; the user and password in it are left to the client.

    Every request for a project page asks the index. While the index sends the same, it gets the same page object.
    """

    def __init__(self, url: str, http_client: httpx.AsyncClient) -> None:
        super().__init__(without_password(url), http_client)
        self._url = without_password(url).rstrip("/")
        self._client = http_client
        self._pages: Recent[str, _Fetched] = Recent(FILES)
        self._shared: Shared[str, model.ProjectDetail] = Shared()

    async def get_project_page(
        self, project_name: str, *, request_context: model.RequestContext | None = None
    ) -> model.ProjectDetail:
        """Return the page of a project.

        :raises simple_repository.errors.PackageNotFoundError: the index has none
        :raises simple_repository.errors.SourceRepositoryUnavailable: the index did not answer
        :raises simple_repository.errors.UnsupportedSerialization: it is not of the shape that PEP 503 or 691 gives
        """
        return await self._shared.read(canonical(project_name), self._read)

    async def _read(self, project: str) -> model.ProjectDetail:
        known = self._pages.get(project)
        headers = {"Accept": self.downstream_content_types}
        if known and known.etag:
            headers["If-None-Match"] = known.etag
        try:
            response = await self._client.get(
                f"{self._url}/{quote(project, safe='')}/", headers=headers
            )
        except httpx.HTTPError as error:
            raise errors.SourceRepositoryUnavailable from error
        if known and response.status_code == httpx.codes.NOT_MODIFIED:
            return known.page
        if response.status_code == httpx.codes.NOT_FOUND:
            raise errors.PackageNotFoundError(project)
        if response.status_code != httpx.codes.OK:
            said = f"status {response.status_code}"
            cause = httpx.HTTPStatusError(said, request=response.request, response=response)
            raise errors.SourceRepositoryUnavailable from cause
        digest = hashlib.sha256(response.content).digest()
        same = known is not None and known.digest == digest
        page = known.page if known and same else await asyncio.to_thread(_page, response, project)
        fetched = _Fetched(response.headers.get("ETag", ""), digest, page)
        self._pages.put(project, fetched, len(page.files) + ENTRY)
        return page

    async def names(self) -> list[str] | None:
        """Return the names of the projects, None if the list is longer than `LISTED`.

        :raises simple_repository.errors.ResourceUnavailable: it cannot be read
        :raises simple_repository.errors.UnsupportedSerialization: as for a page
        """
        content = await read(self._client, f"{self._url}/", LISTED)
        if len(content) > LISTED:
            return None
        try:
            listed = parser.parse_html_project_list(content.decode("utf-8", "replace"))
        except _MALFORMED as error:
            raise errors.UnsupportedSerialization("of its own") from error
        return sorted(each.normalized_name for each in listed.projects)

    async def get_project_list(
        self, *, request_context: model.RequestContext | None = None
    ) -> model.ProjectList:
        """Return the projects.

        :raises simple_repository.errors.UnsupportedSerialization: as for a page
        """
        try:
            return await super().get_project_list(request_context=request_context)
        except _MALFORMED as error:
            raise errors.UnsupportedSerialization("of its own") from error


def _page(response: httpx.Response, project: str) -> model.ProjectDetail:
    """Return a project page with absolute URLs.

    :raises simple_repository.errors.UnsupportedSerialization: it is not of the shape that PEP 503 or 691 gives
    """
    kind = response.headers.get("Content-Type", "")
    try:
        if not kind or "html" in kind:
            page = parser.parse_html_project_page(response.text, project)
        elif "application/vnd.pypi.simple.v1+json" in kind:
            page = parser.parse_json_project_page(response.text)
        else:
            raise errors.UnsupportedSerialization(kind)
        files = [replace(each, url=urljoin(str(response.url), each.url)) for each in page.files]
        return replace(page, files=tuple(files))
    except _MALFORMED:
        cause = httpx.DecodingError("no project page", request=response.request)
        raise errors.UnsupportedSerialization("of its own") from cause


#: What the parser of pages raises at a shape that it does not expect.
_MALFORMED = (AttributeError, KeyError, RecursionError, TypeError, ValueError)


class _Bounded(httpx.AsyncByteStream):
    """A body that ends with an error where it is too large."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > LARGEST:
                raise httpx.ReadError(f"the page has more than {LARGEST >> 20} MiB")
            yield chunk

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()


async def _ask_plain(request: httpx.Request) -> None:
    if _PAGE in request.headers.get("Accept", ""):
        request.headers["Accept-Encoding"] = "identity"


async def _check_port(request: httpx.Request) -> None:
    if (
        request.url.port or 0
    ) > LAST_PORT:  # httpx sends it to the socket, whose error is none of httpx's
        raise httpx.ConnectError("no server has such a port", request=request)


async def _bound(response: httpx.Response) -> None:
    page = _PAGE in response.request.headers.get("Accept", "")
    if page and response.headers.get("Content-Encoding", "identity") != "identity":
        raise httpx.ReadError("the page is compressed, so its size cannot be bounded")
    if page and isinstance(response.stream, httpx.AsyncByteStream):
        response.stream = _Bounded(response.stream)


def check(url: str) -> None:
    """Check that an index can be asked at an address.

    :raises SourceError: it is not an address of HTTP
    """
    try:
        parsed = httpx.URL(url)
        valid = parsed.scheme in ("http", "https") and bool(parsed.host)
    except (httpx.InvalidURL, ValueError):
        valid = False
    if not valid:
        cure = "write it as in https://index.example/simple/"
        raise SourceError(without_password(url), "is not the URL of an index", cure)


def client(places: Sequence[str]) -> httpx.AsyncClient:
    """Return a client for indexes; it follows redirects, and proxies and certificates as the environment sets them.

    :param places: folders, and URLs of indexes, which may hold a user and a password
    """
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("PIP_CERT")
    context = ssl.create_default_context(cafile=bundle) if bundle else True
    return httpx.AsyncClient(
        event_hooks={"request": [_check_port, _ask_plain, Logins(places)], "response": [_bound]},
        follow_redirects=True,
        timeout=SILENCE,
        verify=context,
        limits=httpx.Limits(max_connections=100),
    )


def failure(error: httpx.HTTPError) -> str:
    """Return which host did not answer as an index does, and why; no login, and no path, which may hold a secret."""
    try:
        url = error.request.url
        place = f"the source {url.host}" + (f":{url.port}" if url.port else "")
    except RuntimeError:  # it was raised without its request
        place = "the source"
    return f"{place} did not answer as an index does ({_reason(error)})"


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return f"silent for {SILENCE:g} s"
    if isinstance(error, (httpx.HTTPStatusError, httpx.DecodingError)):
        return str(error)
    within: BaseException | None = error
    while within:  # httpx and what it calls wrap the error of the system
        if isinstance(within, OSError) and within.errno:
            of_system = within.errno > 0 and not isinstance(within, ssl.SSLError)
            return os.strerror(within.errno) if of_system else str(within.strerror)
        within = within.__cause__ or within.__context__
    return type(error).__name__


async def read(http: httpx.AsyncClient, url: str, limit: int) -> bytes:
    """Return the content of a file, one byte more than the limit at most.

    :raises simple_repository.errors.ResourceUnavailable: it cannot be read
    """
    content = b""
    try:
        async with http.stream("GET", url) as response:
            response.raise_for_status()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > limit:
                    break
    except httpx.HTTPError as error:
        raise errors.ResourceUnavailable(url.rpartition("/")[2]) from error
    return content[: limit + 1]
