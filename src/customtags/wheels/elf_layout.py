"""Pure: how an ELF file is laid out: header, segments, sections, notes, read lazily from bytes or a mapped file.

ELF gABI 4 (https://gabi.xinuos.com) and the psABI supplements. Every offset is checked: a damaged file is an `ElfError`.
"""

from __future__ import annotations

import mmap
import struct
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from customtags.errors import ElfError
from customtags.machine.host.elf import machine_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Union

    Data = Union[bytes, mmap.mmap]

__all__ = ["LONGEST_NAME", "MAGIC", "MOST", "ElfLayout", "Names", "Section", "Segment"]

MAGIC = b"\x7fELF"

#: No file that a linker made has more rows in one table, or longer names; it bounds memory.
MOST = 0xFFFF
LONGEST_NAME = 0x10000

#: How much of a file is searched before its memory is released, bytes.
_WINDOW = 1 << 26

#: Types of segments and of sections.
_LOAD, _NOTE = 1, 4
_SHT_NOTE, _NOBITS = 7, 8


class Section(NamedTuple):
    """One section; ``stored`` is False for a section that occupies no space in the file (.bss)."""

    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    stored: bool

    @property
    def executable(self) -> bool:
        """Whether the section holds instructions (SHF_EXECINSTR)."""
        return bool(self.flags & 4)


class Segment(NamedTuple):
    """One program header; sizes in bytes."""

    type: int
    flags: int
    offset: int
    address: int
    size: int


class Names(NamedTuple):
    """A string table: where it begins and ends in the file."""

    start: int
    end: int


class ElfLayout:
    """The parts of one ELF file, 32 or 64 bit, of either endianness.

    :param data: the whole file; it is kept, not copied, and must outlive what is read from it
    :raises ElfError: here and by every property, for a file that is cut off or damaged
    """

    def __init__(self, data: Data) -> None:
        self.data = data
        ident = data[:16]
        if ident[:4] != MAGIC:
            raise ElfError("is not an ELF file")
        if len(ident) < 16 or ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise ElfError("has a header that is neither 32 nor 64 bit, or of unknown endianness")
        self.bits = 64 if ident[4] == 2 else 32
        self.little = ident[5] == 1
        self._order = "<" if self.little else ">"
        header = self._unpack("HHIQQQIHHHHHH" if self.bits == 64 else "HHIIIIIHHHHHH", 16)
        _, number, _, _, self._phoff, self._shoff, _, *counts = header
        _, self._phsize, self._phnum, self._shsize, self._shnum, self._shstrndx = counts
        self.machine = machine_name(number, little=self.little) or f"machine {number}"

    @cached_property
    def segments(self) -> list[Segment]:
        """The program headers: what the loader maps."""
        layout = "IIQQQQQQ" if self.bits == 64 else "IIIIIIII"
        rows = self._table(layout, self._phoff, self._phnum, self._phsize, "program headers")
        if self.bits == 64:
            return [Segment(t, f, o, a, s) for t, f, o, a, _, s, _, _ in rows]
        return [Segment(t, f, o, a, s) for t, o, a, _, s, _, f, _ in rows]

    @cached_property
    def sections(self) -> list[Section]:
        """The section headers, without the null one at index 0; empty where they were stripped."""
        if not self._shoff:
            return []
        layout = "IIQQQQIIQQ" if self.bits == 64 else "IIIIIIIIII"
        first = next(self._table(layout, self._shoff, 1, self._shsize, "section headers"))
        count = self._shnum or first[5]  # gABI: where the number does not fit the header
        index = first[6] if self._shstrndx == 0xFFFF else self._shstrndx
        rows = [*self._table(layout, self._shoff, count, self._shsize, "section headers")]
        names = self._names(*rows[index][4:6]) if 0 < index < len(rows) else Names(0, 0)
        return [
            Section(self._name(names, name), kind, flags, addr, off, size, link, kind != _NOBITS)
            for name, kind, flags, addr, off, size, link, *_ in rows[1:]
        ]

    def forget(self) -> None:
        """Release the memory of what was read of a mapped file; it can be read again."""
        if isinstance(self.data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self.data.madvise(mmap.MADV_DONTNEED)

    def places(self, pattern: bytes, start: int, end: int) -> Iterator[int]:
        """Yield where a pattern occurs between two offsets; of a mapped file little is in memory at any time."""
        for begin in range(start, end, _WINDOW):
            stop = min(end, begin + _WINDOW + len(pattern) - 1)
            place = self.data.find(pattern, begin, stop)
            while place >= 0:
                yield place
                place = self.data.find(pattern, place + 1, stop)
            self.forget()

    def section(self, name: str) -> Section | None:
        """Return the first section of a name."""
        return next((each for each in self.sections if each.name == name), None)

    def content(self, part: Section | Segment) -> memoryview:
        """Return the bytes of a section or segment, empty for a section that occupies no space in the file."""
        if isinstance(part, Section) and not part.stored:
            return memoryview(b"")
        self._check(
            part.offset, part.size, "a section" if isinstance(part, Section) else "a segment"
        )
        return memoryview(self.data)[part.offset : part.offset + part.size]

    def offset(self, address: int) -> int:
        """Return the offset in the file of what is loaded at an address.

        :raises ElfError: nothing is loaded there
        """
        for each in self.segments:
            if each.type == _LOAD and each.address <= address < each.address + each.size:
                return each.offset + address - each.address
        raise ElfError(f"refers to the address {address:#x}, which no segment loads")

    @property
    def isa_needed(self) -> int | None:
        """The GNU property GNU_PROPERTY_X86_ISA_1_NEEDED: bit 0 is the baseline, bit 1 v2, … bit 3 v4."""
        for name, kind, content in self.notes():
            if name == "GNU" and kind == 5:  # NT_GNU_PROPERTY_TYPE_0
                place, align = 0, self.bits // 8
                while place + 8 <= len(content):
                    key, size = struct.unpack_from(f"{self._order}II", content, place)
                    if key == 0xC0008002 and size == 4 and place + 12 <= len(content):
                        return int(struct.unpack_from(f"{self._order}I", content, place + 8)[0])
                    place += 8 + -(-size // align) * align
        return None

    def notes(self) -> Iterator[tuple[str, int, memoryview]]:
        """Yield each note: its owner, its type, its content."""
        places: list[Segment | Section] = [each for each in self.segments if each.type == _NOTE]
        places = places or [each for each in self.sections if each.type == _SHT_NOTE]
        for part in places:
            content, place = self.content(part), 0
            # Notes are aligned to 4, those of .note.gnu.property in 64 bit files to 8.
            while place + 12 <= len(content):
                length, size, kind = struct.unpack_from(f"{self._order}III", content, place)
                start = place + 12 + -(-length // 4) * 4
                align = self.bits // 8 if kind == 5 else 4
                if start + size > len(content):
                    raise ElfError("has a note that ends after its section")
                yield (
                    _text(content[place + 12 : place + 12 + max(length - 1, 0)]),
                    kind,
                    content[start : start + size],
                )
                place = start + -(-size // align) * align

    def _table(
        self, layout: str, offset: int, count: int, width: int, what: str
    ) -> Iterator[tuple[int, ...]]:
        unpack = struct.Struct(f"{self._order}{layout}")
        if count and width < unpack.size:
            raise ElfError(f"has {what} of {width} bytes; expected at least {unpack.size}")
        if count > MOST:
            raise ElfError(f"has {count:,} {what}; the limit is {MOST:,}")
        self._check(offset, count * width, f"the table of {what}")
        return (unpack.unpack_from(self.data, offset + each * width) for each in range(count))

    def _unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        unpack = struct.Struct(f"{self._order}{layout}")
        self._check(offset, unpack.size, "a table")
        return unpack.unpack_from(self.data, offset)

    def _names(self, offset: int, size: int) -> Names:
        self._check(offset, size, "a table of names")
        return Names(offset, offset + size)

    def _name(self, names: Names, place: int) -> str:
        start = names.start + place
        if start >= names.end:
            if names.start == names.end:
                return ""
            raise ElfError("has a name outside of its table")
        end = self.data.find(b"\0", start, min(names.end, start + LONGEST_NAME))
        if end < 0:
            raise ElfError("has a name without an end in its table")
        return self.data[start:end].decode("utf-8", "backslashreplace")

    def _check(self, offset: int, size: int, what: str) -> None:
        if offset + size > len(self.data):
            raise ElfError(f"is truncated: {what} ends after the end of the file")


def _text(content: memoryview) -> str:
    return bytes(content).decode("utf-8", "backslashreplace")
