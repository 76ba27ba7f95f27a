"""Callers share a read that begins after they called."""

from __future__ import annotations

import asyncio

import pytest

from customtags.view.sharing import Shared


class Source:
    """What is read: it answers, with what it holds when a read begins, once the gate is open."""

    def __init__(self) -> None:
        self.holds = "old"
        self.reads = 0
        self.gate = asyncio.Event()

    async def read(self, key: str) -> str:
        self.reads += 1
        found = f"{key} {self.holds}"
        await self.gate.wait()
        return found


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def _callers() -> None:
    source = Source()
    shared: Shared[str, str] = Shared()
    early = [asyncio.create_task(shared.read("a", source.read)) for _ in range(100)]
    await settle()
    assert source.reads == 1
    source.holds = "new"
    late = [asyncio.create_task(shared.read("a", source.read)) for _ in range(100)]
    other = asyncio.create_task(shared.read("b", source.read))
    await settle()
    assert source.reads == 2  # that of b; a is read once at a time
    late.pop().cancel()
    early.pop().cancel()
    source.gate.set()
    assert {*await asyncio.gather(*early)} == {"a old"}
    assert {*await asyncio.gather(*late)} == {"a new"}
    assert await other == "b new"
    assert source.reads == 3


def test_nobody_gets_what_is_older_than_the_own_call() -> None:
    asyncio.run(_callers())


async def _failing() -> None:
    reads: list[str] = []

    async def read(key: str) -> str:
        reads.append(key)
        await asyncio.sleep(0)
        if len(reads) == 1:
            raise OSError("refused")
        return key

    shared: Shared[str, str] = Shared()
    first = asyncio.create_task(shared.read("a", read))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = asyncio.create_task(shared.read("a", read))
    with pytest.raises(OSError, match="refused"):
        await first
    assert await second == "a"


def test_a_read_that_fails_fails_for_its_own_callers_only() -> None:
    asyncio.run(_failing())
