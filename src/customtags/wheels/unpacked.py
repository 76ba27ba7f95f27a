"""The ELF files of a wheel, unpacked into one temporary file: a wheel may be larger than the memory, or a bomb."""

from __future__ import annotations

import mmap
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from customtags.errors import ElfError, WheelError
from customtags.wheels.elf import Elf
from customtags.wheels.elf_layout import MAGIC
from customtags.wheels.wheel import Wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from customtags.wheels.filename import FileName

__all__ = ["NO_LIBRARY", "UNREADABLE", "Fault", "Limits", "Unpacked"]

#: Kinds of faults: a damaged member, and a member named like a library that is not an ELF file.
UNREADABLE, NO_LIBRARY = "unreadable", "not-elf"

T = TypeVar("T")

#: How many members are unpacked at the same time.
THREADS = 4

#: How many ELF files are mapped at once: each takes a file descriptor.
OPENED = 64

#: The endings of members that are never ELF files; of all others the first bytes are read.
TEXTS = (
    ".py",
    ".pyi",
    ".pyc",
    ".h",
    ".hpp",
    ".txt",
    ".md",
    ".rst",
    ".json",
    ".cmake",
    ".pxd",
    ".js",
    ".html",
)

#: The endings of libraries.
LIBRARIES = (".so", ".pyd", ".dll", ".dylib")


class Limits(NamedTuple):
    """The limits beyond which a wheel is refused.

    :ivar total: the unpacked size, bytes; above that of the largest wheels of PyPI
    :ivar ratio: unpacked by packed size, applied above `slack` only, because real libraries contain tables of zeros
    :ivar slack: bytes
    :ivar members: the number of files
    """

    total: int = 64 << 30
    ratio: int = 100
    slack: int = 1 << 30
    members: int = 200_000


class Fault(NamedTuple):
    """A member that could not be read."""

    member: str
    kind: str
    text: str


class Unpacked(Wheel):
    """A wheel whose ELF files are unpacked; use it in ``with``.

    :raises WheelError: it is not a wheel, or unpacks to more than the limits
    """

    def __init__(
        self,
        path: Path,
        limits: Limits = Limits(),  # noqa: B008 - it is immutable
        name: FileName | None = None,
    ) -> None:
        """Read the directory of a wheel.

        :param name: the name by which it is known, if it is not that of the file
        """
        super().__init__(path, name)
        self._refuse(limits)
        try:
            self._store = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the wheel
        except OSError as error:
            raise self._no_room(error) from error
        self._opened: dict[str, Elf] = {}
        self._faults: list[Fault] = []

    def __enter__(self) -> Unpacked:  # noqa: PYI034 - Self is newer than Python 3.9
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.clear()
        self._store.close()

    def elfs(self) -> Iterator[tuple[str, Elf]]:
        """Yield the path and the content of every ELF file; one that cannot be read is added to `faults`."""
        for name, (offset, size) in self._places.items():
            elf = self._opened.get(name)
            if elf is None:
                mapped = mmap.mmap(
                    self._store.fileno(), size, access=mmap.ACCESS_READ, offset=offset
                )
                try:
                    elf = self._opened[name] = _sound(Elf(mapped))
                except ElfError as error:
                    self._faults.append(_fault(name, error))
                    continue
                if len(self._opened) > OPENED:
                    del self._opened[next(iter(self._opened))]
            yield name, elf

    @property
    def faults(self) -> list[Fault]:
        """The members that could not be read, by their names."""
        return sorted(dict.fromkeys(self._faults), key=lambda each: each.member)

    def each(self, read: Callable[[str, Elf], Iterator[T]]) -> Iterator[T]:
        """Yield what a function finds in every ELF file; one that turns out to be damaged is added to `faults`."""
        for name, elf in self.elfs():
            try:
                yield from read(name, elf)
            except ElfError as error:
                self._faults.append(_fault(name, error))
            elf.forget()  # or the memory would grow to the size of the wheel

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        """The offset and size of each ELF file in the temporary file, into which all are unpacked one after the other."""
        places: dict[str, tuple[int, int]] = {}
        end = 0
        for name in self.names:
            if not name.endswith(TEXTS) and self._is_elf(name):
                size = self.members[name].size
                places[name] = end, size
                end += -(-size // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        try:
            os.truncate(self._store.fileno(), end)  # otherwise a mapped part might not exist
        except OSError as error:
            raise self._no_room(error) from error
        with ThreadPoolExecutor(THREADS) as pool:  # zlib lets other threads run
            whole = [*pool.map(self._unpack, places, (offset for offset, _ in places.values()))]
        return {name: place for (name, place), unpacked in zip(places.items(), whole) if unpacked}

    def _is_elf(self, name: str) -> bool:
        try:
            head = self.head(name, len(MAGIC))
        except WheelError as error:
            self._faults.append(_fault(name, error))
            return False
        if head != MAGIC and name.endswith(LIBRARIES):
            text = "has the name of a library and is not an ELF file; nothing else of it was read"
            self._faults.append(Fault(name, NO_LIBRARY, text))
        return head == MAGIC

    def _unpack(self, name: str, offset: int) -> bool:
        try:
            for chunk in self.archive.chunks(self.members[name]):
                self._keep(chunk, offset)
                offset += len(chunk)
        except WheelError as error:
            self._faults.append(_fault(name, error))
            return False
        return True

    def _keep(self, chunk: bytes, offset: int) -> None:
        try:
            while chunk:
                written = os.pwrite(self._store.fileno(), chunk, offset)
                chunk, offset = chunk[written:], offset + written
        except OSError as error:  # not a fault of the wheel
            raise self._no_room(error) from error

    def _no_room(self, error: OSError) -> WheelError:
        why = f"cannot be unpacked ({error.strerror or error})"
        return WheelError(str(self.path), why, "free some space in TMPDIR")

    def _refuse(self, limits: Limits) -> None:
        members = self.archive.members
        total, packed = sum(each.size for each in members), self.path.stat().st_size
        too_much = {
            f"has {len(members):,} members, more than {limits.members:,}": len(members)
            > limits.members,
            f"unpacks to {total:,} bytes, more than {limits.total:,}": total > limits.total,
            f"unpacks to {total // packed} times its size, more than {limits.ratio}": total
            > limits.slack + limits.ratio * packed,
        }
        for why, refused in too_much.items():
            if refused:
                raise WheelError(
                    str(self.path), why, "do not unpack archives that you do not trust"
                )


def _sound(elf: Elf) -> Elf:
    """Read all but the symbols, so that damage shows at once."""
    _ = elf.segments, elf.sections, elf.needs, elf.needed, elf.soname, elf.rpath, elf.runpath
    return elf


def _fault(name: str, error: ElfError | WheelError) -> Fault:
    text = error.problem if isinstance(error, ElfError) else f"cannot be unpacked: {error.problem}"
    return Fault(name, UNREADABLE, text)
