"""Which login a request carries: that of the index URL to which it belongs, else the one that netrc has for its host."""

from __future__ import annotations

import base64
import netrc
import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import httpx

from customtags.choosing.offer import is_index

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Logins"]


class _Index(NamedTuple):
    """An index URL.

    :ivar origin: scheme, host and port
    :ivar path: its parts
    """

    origin: tuple[str, str, int | None]
    path: Sequence[str]
    user: str
    password: str


class Logins:
    """Set the header Authorization of each request, of redirected ones too; a hook for `httpx.AsyncClient`.

    As in pip, a request belongs to the index of its scheme, host and port whose path is nearest to its own, whether that URL
    has a login or not. So the password of one index is not sent to another one on the same host.

    :param places: folders, and URLs of indexes; of equally near ones the first counts
    """

    def __init__(self, places: Sequence[str]) -> None:
        urls = [httpx.URL(each) for each in places if is_index(each)]
        self._indexes = [_Index(_origin(u), _parts(u), u.username, u.password) for u in urls]
        self._netrc: netrc.netrc | None = None
        with suppress(OSError, ValueError, netrc.NetrcParseError):
            self._netrc = netrc.netrc(os.path.expanduser(os.environ.get("NETRC") or "~/.netrc"))

    async def __call__(self, request: httpx.Request) -> None:
        """Set or remove the header."""
        request.headers.pop("Authorization", None)
        user, password = self._login(request.url)
        if user or password:
            both = base64.b64encode(f"{user}:{password}".encode()).decode()
            request.headers["Authorization"] = f"Basic {both}"

    def _login(self, url: httpx.URL) -> tuple[str, str]:
        """Return user and password, empty for none; for a user without a password netrc comes first."""
        index = self._index(url)
        if index and index.password:
            return index.user, index.password
        found = self._netrc.authenticators(url.host) if self._netrc is not None else None
        if found:
            return found[0], found[2] or ""
        return (index.user, "") if index else ("", "")

    def _index(self, url: httpx.URL) -> _Index | None:
        """Return the index to which a URL belongs."""
        parts = _parts(url)
        if not {".", ".."}.isdisjoint(parts):  # a server may take it for another path
            return None
        same = [each for each in self._indexes if each.origin == _origin(url)]
        return max(same, key=lambda each: _shared(each.path, parts), default=None)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _parts(url: httpx.URL) -> list[str]:
    return url.path.strip("/").split("/")


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many first parts two paths have in common."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other))
    )
