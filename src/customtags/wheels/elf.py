"""Pure: what an ELF file says of itself, read lazily from bytes or a mapped file.

ELF gABI 4 (https://gabi.xinuos.com), the psABI supplements, and for symbol versions "Linux Standard Base Core
Specification", chapter "Symbol Versioning". As the loader does it, what is needed at run time is found through the program
headers, so that a file without section headers can be read too. Every offset is checked: what is broken is an `ElfError`.

It is our own because it is an order of magnitude quicker than pyelftools and takes no memory beside the file: LIEF is
no quicker than pyelftools and keeps a model of the whole file (`benchmarks/audit.py`).
"""

from __future__ import annotations

import struct
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from customtags.errors import ElfError

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator
    from typing import Union

    Data = Union[bytes, mmap.mmap]

__all__ = ["MAGIC", "Elf", "Section", "Segment", "Symbol"]

MAGIC = b"\x7fELF"

#: e_machine → the word of ``uname -m``, or its family's where the width of the file tells the rest.
MACHINES = {
    3: "i686",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "armv7l",
    62: "x86_64",
    183: "aarch64",
    190: "cuda",
    224: "amdgpu",
    243: "riscv64",
    258: "loongarch64",
}

#: Low and high half of st_info; the numbers of ``st_info & 15`` and ``st_info >> 4``.
KINDS = {0: "NOTYPE", 1: "OBJECT", 2: "FUNC", 3: "SECTION", 4: "FILE", 5: "COMMON", 6: "TLS"}
KINDS[10] = "IFUNC"
BINDINGS = {0: "LOCAL", 1: "GLOBAL", 2: "WEAK", 10: "UNIQUE"}

#: No file that a linker made is larger in this respect; it bounds memory.
MOST = 0xFFFF
LONGEST_NAME = 0x10000

_LOAD, _DYNAMIC, _NOTE = 1, 2, 4
_SYMTAB, _SHT_NOTE, _NOBITS, _DYNSYM = 2, 7, 8, 11
_NEEDED, _HASH, _STRTAB, _DT_SYMTAB, _STRSZ, _SONAME, _RPATH, _RUNPATH = 1, 4, 5, 6, 10, 14, 15, 29
_GNU_HASH, _VERSYM, _VERDEF, _VERDEFNUM, _VERNEED, _VERNEEDNUM = (
    *(0x6FFFFEF5, 0x6FFFFFF0),
    *(0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF),
)


class Section(NamedTuple):
    """One section; ``stored`` is False for one that takes no room in the file (.bss)."""

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
        """Whether it holds instructions (SHF_EXECINSTR)."""
        return bool(self.flags & 4)


class Segment(NamedTuple):
    """One program header; sizes in bytes."""

    type: int
    flags: int
    offset: int
    address: int
    size: int
    memory: int


class Symbol(NamedTuple):
    """One symbol; ``version`` is what it needs or defines, with the library for one that is needed."""

    name: str
    address: int
    size: int
    kind: str
    binding: str
    defined: bool
    version: str | None
    library: str | None


class _Names(NamedTuple):
    """A string table: where it begins and ends in the file."""

    start: int
    end: int


class Elf:
    """One ELF file, 32 or 64 bit, of either endianness.

    :param data: the whole file; it is kept, not copied, and must outlive what is read from it
    :raises ElfError: here and by every property, for what is cut off or makes no sense
    """

    def __init__(self, data: Data) -> None:
        self.data = data
        ident = data[:16]
        if ident[:4] != MAGIC:
            raise ElfError("is no ELF file")
        if len(ident) < 16 or ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise ElfError("has a header of neither 32 nor 64 bit, or of no endianness")
        self.bits = 64 if ident[4] == 2 else 32
        self.little = ident[5] == 1
        self._order = "<" if self.little else ">"
        header = self._unpack("HHIQQQIHHHHHH" if self.bits == 64 else "HHIIIIIHHHHHH", 16)
        self.type, number, _, _, self._phoff, self._shoff, self.flags, *counts = header
        _, self._phsize, self._phnum, self._shsize, self._shnum, self._shstrndx = counts
        name = MACHINES.get(number, f"machine {number}")
        self.machine = f"{name}le" if name == "ppc64" and self.little else name

    @cached_property
    def segments(self) -> list[Segment]:
        """The program headers: what the loader maps."""
        layout = "IIQQQQQQ" if self.bits == 64 else "IIIIIIII"
        rows = self._table(layout, self._phoff, self._phnum, self._phsize, "program headers")
        if self.bits == 64:
            return [Segment(t, f, o, a, s, m) for t, f, o, a, _, s, m, _ in rows]
        return [Segment(t, f, o, a, s, m) for t, o, a, _, s, m, f, _ in rows]

    @cached_property
    def sections(self) -> list[Section]:
        """The section headers, without the first one, which is none; empty where they were stripped."""
        if not self._shoff:
            return []
        layout = "IIQQQQIIQQ" if self.bits == 64 else "IIIIIIIIII"
        first = next(self._table(layout, self._shoff, 1, self._shsize, "section headers"))
        count = self._shnum or first[5]  # gABI: where the number does not fit the header
        index = first[6] if self._shstrndx == 0xFFFF else self._shstrndx
        rows = [*self._table(layout, self._shoff, count, self._shsize, "section headers")]
        names = self._names(*rows[index][4:6]) if 0 < index < len(rows) else _Names(0, 0)
        return [
            Section(self._name(names, name), kind, flags, addr, off, size, link, kind != _NOBITS)
            for name, kind, flags, addr, off, size, link, *_ in rows[1:]
        ]

    def section(self, name: str) -> Section | None:
        """Give the first section of that name."""
        return next((each for each in self.sections if each.name == name), None)

    def content(self, part: Section | Segment) -> memoryview:
        """Give the bytes of a section or segment, empty for what takes no room in the file."""
        if isinstance(part, Section) and not part.stored:
            return memoryview(b"")
        self._check(
            part.offset, part.size, "a section" if isinstance(part, Section) else "a segment"
        )
        return memoryview(self.data)[part.offset : part.offset + part.size]

    def offset(self, address: int) -> int:
        """Give the place in the file of what is loaded at an address.

        :raises ElfError: nothing is
        """
        for each in self.segments:
            if each.type == _LOAD and each.address <= address < each.address + each.size:
                return each.offset + address - each.address
        raise ElfError(f"refers to the address {address:#x}, where nothing is loaded")

    @property
    def needed(self) -> list[str]:
        """The libraries that the loader must find (DT_NEEDED)."""
        return self._dynamic_names(_NEEDED)

    @property
    def soname(self) -> str | None:
        """The name that others need it by."""
        return next(iter(self._dynamic_names(_SONAME)), None)

    @property
    def rpath(self) -> str | None:
        """DT_RPATH as it stands."""
        return next(iter(self._dynamic_names(_RPATH)), None)

    @property
    def runpath(self) -> str | None:
        """DT_RUNPATH as it stands."""
        return next(iter(self._dynamic_names(_RUNPATH)), None)

    @cached_property
    def needs(self) -> dict[str, list[str]]:
        """The symbol versions that are needed of each library: ``{"libc.so.6": ["GLIBC_2.34", …]}``."""
        needs: dict[str, list[str]] = {}
        for library, name, _ in self._version_needs:
            needs.setdefault(library, []).append(name)
        return needs

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
        """Give each note: whose it is, its type, its content."""
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
                    raise ElfError("has a note that is longer than its section")
                yield (
                    _text(content[place + 12 : place + 12 + max(length - 1, 0)]),
                    kind,
                    content[start : start + size],
                )
                place = start + -(-size // align) * align

    def symbols(self) -> Iterator[Symbol]:
        """Give what both tables hold; a symbol that is exported stands in both, unless the file was stripped."""
        yield from self.dynamic_symbols()
        yield from self.static_symbols()

    def static_symbols(self) -> Iterator[Symbol]:
        """Give the symbols of .symtab, which strip removes."""
        for section in self.sections:
            if section.type == _SYMTAB and 0 < section.link <= len(self.sections):
                strings = self.sections[section.link - 1]
                names = self._names(strings.offset, strings.size)
                yield from self._symbols(section.offset, section.size, names, None, None)

    def dynamic_symbols(self, *, defined: bool | None = None) -> Iterator[Symbol]:
        """Give the symbols that the loader sees, all of them or those that are (un)defined here."""
        table = self._entry(_DT_SYMTAB)
        if table is None:
            return
        offset, width = self.offset(table), 24 if self.bits == 64 else 16
        section = next((each for each in self.sections if each.type == _DYNSYM), None)
        size = section.size if section and section.offset == offset else self._hashed() * width
        versions = self._entry(_VERSYM)
        place = None if versions is None else self.offset(versions)
        yield from self._symbols(offset, size, self._strings, place, defined)

    def _symbols(
        self, offset: int, size: int, names: _Names, versions: int | None, defined: bool | None
    ) -> Iterator[Symbol]:
        layout = struct.Struct(f"{self._order}{'IBBHQQ' if self.bits == 64 else 'IIIBBH'}")
        count = size // layout.size
        self._check(offset, count * layout.size, "a table of symbols")
        if versions is not None:
            self._check(versions, count * 2, "the table of symbol versions")
        wide, spent, most = self.bits == 64, 0, 16 * (names.end - names.start) + LONGEST_NAME
        with memoryview(self.data) as data:
            rows = layout.iter_unpack(data[offset : offset + count * layout.size])
            for index, row in enumerate(rows):
                if wide:
                    name, info, _, section, address, length = row
                else:
                    name, address, length, info, _, section = row
                if not name or (defined is not None and defined != bool(section)):
                    continue
                text = self._name(names, name)
                spent += len(text)
                if spent > most:  # or a small file takes hours
                    raise ElfError("has a table of symbols whose names overlap")
                version = library = None
                if versions is not None:
                    version, library = self._version(versions + 2 * index)
                kind, bound = KINDS.get(info & 15, "OTHER"), BINDINGS.get(info >> 4, "OTHER")
                yield Symbol(text, address, length, kind, bound, bool(section), version, library)

    def _version(self, place: int) -> tuple[str | None, str | None]:
        (number,) = self._unpack("H", place)
        return self._versions.get(number & 0x7FFF, (None, None))

    @cached_property
    def _versions(self) -> dict[int, tuple[str | None, str | None]]:
        """The numbers that stand in .gnu.version → version and the library that must have it."""
        found: dict[int, tuple[str | None, str | None]] = {}
        for library, name, number in self._version_needs:
            found[number & 0x7FFF] = (name, library)
        table = self._entry(_VERDEF)
        if table is not None:
            place = self.offset(table)
            for _ in range(min(self._entry(_VERDEFNUM) or 0, MOST)):
                _, flags, number, _, _, first, step = self._unpack("HHHHIII", place)
                (text,) = self._unpack("I", place + first)
                if (
                    not flags & 1
                ):  # VER_FLG_BASE is the file itself: what has this number has no version
                    found[number & 0x7FFF] = (self._name(self._strings, text), None)
                if not step:
                    break
                place += step
        return found

    @cached_property
    def _version_needs(self) -> list[tuple[str, str, int]]:
        """Library, version, and its number, from .gnu.version_r."""
        found: list[tuple[str, str, int]] = []
        table = self._entry(_VERNEED)
        if table is None:
            return found
        place = self.offset(table)
        for _ in range(min(self._entry(_VERNEEDNUM) or 0, MOST)):
            _, count, file, first, step = self._unpack("HHIII", place)
            library, inner = self._name(self._strings, file), place + first
            for _ in range(count):
                _, _, number, name, next_one = self._unpack("IHHII", inner)
                found.append((library, self._name(self._strings, name), number))
                if not next_one or len(found) > MOST:
                    break
                inner += next_one
            if not step or len(found) > MOST:
                break
            place += step
        return found

    @cached_property
    def _dynamic(self) -> list[tuple[int, int]]:
        part = next((each for each in self.segments if each.type == _DYNAMIC), None)
        if part is None:
            return []
        found = []
        layout = struct.Struct(f"{self._order}{'QQ' if self.bits == 64 else 'II'}")
        content = self.content(part)[: layout.size * MOST]
        for tag, value in layout.iter_unpack(content[: len(content) // layout.size * layout.size]):
            if not tag:
                break
            found.append((tag, value))
        return found

    def _entry(self, tag: int) -> int | None:
        return next((value for key, value in self._dynamic if key == tag), None)

    @cached_property
    def _strings(self) -> _Names:
        start = self._entry(_STRTAB)
        if start is None:
            return _Names(0, 0)
        return self._names(self.offset(start), self._entry(_STRSZ) or 0)

    def _dynamic_names(self, tag: int) -> list[str]:
        return [self._name(self._strings, value) for key, value in self._dynamic if key == tag]

    def _hashed(self) -> int:
        """Count the dynamic symbols by their hash table, where no section header tells their number."""
        table = self._entry(_HASH)
        if table is not None:
            layout = "QQ" if (self.machine, self.bits) == ("s390x", 64) else "II"  # its psABI
            return int(self._unpack(layout, self.offset(table))[1])
        table = self._entry(_GNU_HASH)
        if table is None:
            return 0
        # https://flapenguin.me/elf-dt-gnu-hash: after the buckets the chains, whose last entry is odd.
        place = self.offset(table)
        buckets, first, bloom, _ = self._unpack("IIII", place)
        start = place + 16 + bloom * self.bits // 8
        self._check(start, buckets * 4, "a hash table")
        with memoryview(self.data) as data:
            rows = struct.iter_unpack(f"{self._order}I", data[start : start + buckets * 4])
            last = max((bucket for (bucket,) in rows), default=0)
        for each in range(last, last + MOST):
            if each < first or self._unpack("I", start + (buckets + each - first) * 4)[0] & 1:
                return int(max(each + 1, first))
        raise ElfError("has a hash table without an end")

    def _table(
        self, layout: str, offset: int, count: int, width: int, what: str
    ) -> Iterator[tuple[int, ...]]:
        unpack = struct.Struct(f"{self._order}{layout}")
        if count and width < unpack.size:
            raise ElfError(f"has {what} of {width} bytes, and they take {unpack.size}")
        if count > MOST:
            raise ElfError(f"has {count:,} {what}, and no linker makes more than {MOST:,}")
        self._check(offset, count * width, f"the table of {what}")
        return (unpack.unpack_from(self.data, offset + each * width) for each in range(count))

    def _unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        unpack = struct.Struct(f"{self._order}{layout}")
        self._check(offset, unpack.size, "a table")
        return unpack.unpack_from(self.data, offset)

    def _names(self, offset: int, size: int) -> _Names:
        self._check(offset, size, "a table of names")
        return _Names(offset, offset + size)

    def _name(self, names: _Names, place: int) -> str:
        start = names.start + place
        if start >= names.end:
            if names.start == names.end:
                return ""
            raise ElfError("has a name that lies outside of its table")
        end = self.data.find(b"\0", start, min(names.end, start + LONGEST_NAME))
        if end < 0:
            raise ElfError("has a name that does not end within its table")
        return self.data[start:end].decode("utf-8", "backslashreplace")

    def _check(self, offset: int, size: int, what: str) -> None:
        if offset + size > len(self.data):
            raise ElfError(f"is cut off: {what} ends behind the end of the file")


def _text(content: memoryview) -> str:
    return bytes(content).decode("utf-8", "backslashreplace")
