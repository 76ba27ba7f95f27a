"""Reads that callers share: many clients that request one page at the same moment cost one read of its source, or two."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Shared"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Shared(Generic[Key, Value]):
    """Runs one read of each key at a time.

    A caller that comes while a read runs gets the result of the next read, so that no result is older than the call.
    """

    def __init__(self) -> None:
        self._running: dict[Key, asyncio.Task[Value]] = {}
        self._next: dict[Key, asyncio.Task[Value]] = {}

    async def read(self, key: Key, read: Callable[[Key], Awaitable[Value]]) -> Value:
        """Return the result of a read that begins after this call.

        :param read: the same for each call with the same key
        """
        if key not in self._next:
            self._next[key] = asyncio.create_task(self._turn(key, read))
        return await asyncio.shield(self._next[key])  # a caller that goes away ends nobody's read

    async def _turn(self, key: Key, read: Callable[[Key], Awaitable[Value]]) -> Value:
        if key in self._running:
            await asyncio.wait([self._running[key]])
        self._running[key] = self._next.pop(key)
        try:
            return await read(key)
        finally:
            del self._running[key]
