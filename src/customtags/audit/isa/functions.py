"""Pure: where the functions of an ELF file begin and end.

A stripped file shows it, too: unwinding the stack requires each function's range, in .eh_frame, and a sorted index of them
(Linux Standard Base Core Specification, "Exception Frames"; DWARF 5, section 6.4). Compilers write it for C as well, on both
architectures (psABI AMD64, section 4.2.4).
"""

from __future__ import annotations

import re
import struct
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from customtags.audit.isa import symbols

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from customtags.wheels.elf import Elf
    from customtags.wheels.elf_layout import Data, Section, Segment

__all__ = ["Functions"]

_EH_FRAME, _LOAD, _EXECUTABLE = 0x6474E550, 1, 1

#: The offset of the pairs in the index.
_PAIRS = 12

#: The one form of .eh_frame_hdr that linkers write: version 1, a relative pointer, an absolute count, and pairs relative to
#: the header, each in 4 bytes.
_INDEX = bytes((1, 0x1B, 0x03, 0x3B))

#: Compilers fill the space between functions up to a multiple of 16 with no-operations or breakpoints (x86), or zeros.
_PADDING = re.compile(
    rb"(?:(?:\x66*\x2e?\x0f\x1f[\x00\x40\x44\x80\x84]\x00{0,5})|\x66\x90|\x90|\xcc|\x1f\x20\x03\xd5)+"
)


class Function(NamedTuple):
    """A function: its virtual address, its offset in the file, its size in bytes."""

    address: int
    offset: int
    size: int


class Functions:
    """The functions of a file in the order of their addresses; none reaches into the next.

    They come from the index of .eh_frame and from the symbols; in a file without either, what stands between padding
    counts as a function.

    :raises ElfError: here and by every method, for a damaged file
    """

    def __init__(self, elf: Elf) -> None:
        self._elf, self._data = elf, elf.data
        self._ranges = sorted(_ranges(elf))
        self._frames = _Frames.of(elf)
        self._sizes = symbols.sizes(elf)
        if not len(self._frames) and not self._sizes:
            self._sizes = dict(_pieces(elf, self._ranges))
        known = self._frames.addresses()
        self._starts = array("Q", sorted([*known, *self._sizes.keys() - set(known)]))

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> Function:
        """Return one function; its size is 0 where no code is stored."""
        start = self._starts[index]
        number = bisect_right(self._ranges, (start, len(self._data), 0)) - 1
        address, offset, size = self._ranges[number] if number >= 0 else (0, 0, 0)
        end = address + size
        if index + 1 < len(self._starts):
            end = min(end, self._starts[index + 1])
        length = self._frames.size(start) or self._sizes.get(start, 0)
        return Function(start, offset + start - address, max(0, min(length, end - start)))

    def sample(self, most: int | None) -> range:
        """Return the numbers of at most so many functions, evenly over the file."""
        step = 1 if most is None else max(1, -(-len(self) // most))
        return range(0, len(self), step)

    def code(self, function: Function) -> bytes:
        """Return the bytes of a function."""
        return self._data[function.offset : function.offset + function.size]

    def find(self, pattern: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield the code up to each occurrence of a pattern, and the offset of the pattern in that code.

        The code begins where the function does, or 256 bytes before the pattern, after which a decoder is in step.
        """
        for address, offset, size in self._ranges:
            for place in self._elf.places(pattern, offset, offset + size):
                start = max(offset, place - 256)
                number = bisect_right(self._starts, address + place - offset) - 1
                if number >= 0:
                    start = max(start, offset + self._starts[number] - address)
                yield self._data[start : place + len(pattern)], place - start


class _Frames:
    """The index of .eh_frame: the sorted addresses of functions, and where their entries are in the file."""

    def __init__(self, data: Data, base: int, offset: int, pairs: array[int]) -> None:
        self._data, self._base, self._offset = data, base, offset
        self._starts, self._places = pairs[::2], pairs[1::2]

    @classmethod
    def of(cls, elf: Elf) -> _Frames:
        pairs = array("i")
        segment = next((each for each in elf.segments if each.type == _EH_FRAME), None)
        header = elf.content(segment) if segment else b""
        if segment is None or bytes(header[:4]) != _INDEX or len(header) < _PAIRS:
            return cls(elf.data, 0, 0, pairs)
        count = min(struct.unpack_from("<I", header, 8)[0], (len(header) - _PAIRS) // 8)
        pairs.frombytes(header[_PAIRS : _PAIRS + 8 * count])
        # .eh_frame is in the same segment as its index.
        return cls(elf.data, segment.address, segment.offset, pairs)

    def __len__(self) -> int:
        return len(self._starts)

    def addresses(self) -> list[int]:
        return [self._base + start for start in self._starts if self._base + start >= 0]

    def size(self, address: int) -> int:
        """Return the size of the function at an address, 0 without an entry."""
        start = address - self._base
        number = bisect_left(self._starts, start)
        if number == len(self._starts) or self._starts[number] != start:
            return 0
        place = self._offset + self._places[number]
        if not 0 <= place <= len(self._data) - 16:
            return 0
        # Length, distance to the CIE, start, size: 4 bytes each wherever the index has 4.
        return int(struct.unpack_from("<I", self._data, place + 12)[0])


def _ranges(elf: Elf) -> list[tuple[int, int, int]]:
    """Return address, offset and size of what holds instructions: sections, or segments in a file without section headers."""
    sections: list[Section | Segment] = [e for e in elf.sections if e.executable and e.stored]
    segments = [e for e in elf.segments if e.type == _LOAD and e.flags & _EXECUTABLE]
    parts = sections or segments
    return [(each.address, each.offset, len(elf.content(each))) for each in parts]


def _pieces(elf: Elf, ranges: Sequence[tuple[int, int, int]]) -> Iterator[tuple[int, int]]:
    """Yield address and size of what stands between padding."""
    for address, offset, size in ranges:
        begin = 0
        for padding in _PADDING.finditer(elf.data, offset, offset + size):
            end = padding.end() - offset
            if (address + end) % 16 == 0:
                yield address + begin, padding.start() - offset - begin
                begin = end
        yield address + begin, size - begin
