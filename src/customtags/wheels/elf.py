"""Pure: what the dynamic loader reads of an ELF file: libraries, paths, symbols and their versions.

ELF gABI 4 (https://gabi.xinuos.com), the psABI supplements, and for symbol versions "Linux Standard Base Core
Specification", chapter "Symbol Versioning". All of it is found through the program headers, as the loader does it, so that
a file without section headers can be read too. Every offset is checked: a damaged file is an `ElfError`.

This project reads ELF itself because that is ten times as fast as pyelftools and takes no memory beyond the file: LIEF is
as slow as pyelftools and keeps a model of the whole file (`benchmarks/audit.py`).
"""

from __future__ import annotations

import struct
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from customtags.errors import ElfError
from customtags.wheels.elf_layout import LONGEST_NAME, MOST, ElfLayout, Names

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Elf", "Symbol"]

#: The high half of st_info.
BINDINGS = {0: "LOCAL", 1: "GLOBAL", 2: "WEAK", 10: "UNIQUE"}

_DYNAMIC = 2
_DYNSYM = 11
_NEEDED, _HASH, _STRTAB, _DT_SYMTAB, _STRSZ, _SONAME, _RPATH, _RUNPATH = 1, 4, 5, 6, 10, 14, 15, 29
_GNU_HASH, _VERSYM, _VERDEF, _VERDEFNUM, _VERNEED, _VERNEEDNUM = (
    *(0x6FFFFEF5, 0x6FFFFFF0),
    *(0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF),
)


class Symbol(NamedTuple):
    """One dynamic symbol.

    :ivar defined: by this file; the others are required of other libraries
    :ivar version: that the file defines or requires, if any
    :ivar library: that must have the version, for a symbol that is required with one
    """

    name: str
    binding: str
    defined: bool
    version: str | None
    library: str | None


class Elf(ElfLayout):
    """One ELF file, as the loader sees it."""

    @property
    def needed(self) -> list[str]:
        """The sonames of the libraries that the loader must find (DT_NEEDED)."""
        return self._dynamic_names(_NEEDED)

    @property
    def soname(self) -> str | None:
        """The name by which other files require this one (DT_SONAME)."""
        return next(iter(self._dynamic_names(_SONAME)), None)

    @property
    def rpath(self) -> str | None:
        """DT_RPATH as it is written."""
        return next(iter(self._dynamic_names(_RPATH)), None)

    @property
    def runpath(self) -> str | None:
        """DT_RUNPATH as it is written."""
        return next(iter(self._dynamic_names(_RUNPATH)), None)

    @cached_property
    def needs(self) -> dict[str, list[str]]:
        """The symbol versions that are required of each library: ``{"libc.so.6": ["GLIBC_2.34", …]}``."""
        needs: dict[str, list[str]] = {}
        for library, name, _ in self._version_needs:
            needs.setdefault(library, []).append(name)
        return needs

    def dynamic_symbols(self, *, defined: bool | None = None) -> Iterator[Symbol]:
        """Yield the symbols of .dynsym, all of them or those that are (un)defined here."""
        table = self._entry(_DT_SYMTAB)
        if table is None:
            return
        layout = struct.Struct(f"{self._order}{'IBBHQQ' if self.bits == 64 else 'IIIBBH'}")
        offset = self.offset(table)
        section = next((each for each in self.sections if each.type == _DYNSYM), None)
        known = section is not None and section.offset == offset
        count = section.size // layout.size if section and known else self._hashed()
        self._check(offset, count * layout.size, "a table of symbols")
        versions = self._entry(_VERSYM)
        place = None if versions is None else self.offset(versions)
        if place is not None:
            self._check(place, count * 2, "the table of symbol versions")
        with memoryview(self.data) as data:
            rows = layout.iter_unpack(data[offset : offset + count * layout.size])
            yield from self._symbols(rows, place, defined)

    def _symbols(
        self, rows: Iterator[tuple[int, ...]], versions: int | None, defined: bool | None
    ) -> Iterator[Symbol]:
        # Where st_name is first, st_info and st_shndx are in other places in 32 and 64 bit files.
        info, index = (1, 3) if self.bits == 64 else (3, 5)
        names = self._strings
        spent, most = 0, 16 * (names.end - names.start) + LONGEST_NAME
        for number, row in enumerate(rows):
            own = bool(row[index])
            if not row[0] or (defined is not None and defined != own):
                continue
            name = self._name(names, row[0])
            spent += len(name)
            if spent > most:  # or a small file takes hours
                raise ElfError("has a table of symbols whose names overlap")
            version = library = None
            if versions is not None:
                version, library = self._version(versions + 2 * number)
            yield Symbol(name, BINDINGS.get(row[info] >> 4, "OTHER"), own, version, library)

    def _version(self, place: int) -> tuple[str | None, str | None]:
        (number,) = self._unpack("H", place)
        return self._versions.get(number & 0x7FFF, (None, None))

    @cached_property
    def _versions(self) -> dict[int, tuple[str | None, str | None]]:
        """The numbers in .gnu.version → version, and the library that must have it."""
        found: dict[int, tuple[str | None, str | None]] = {}
        for library, name, number in self._version_needs:
            found[number & 0x7FFF] = (name, library)
        table = self._entry(_VERDEF)
        if table is not None:
            place = self.offset(table)
            for _ in range(min(self._entry(_VERDEFNUM) or 0, MOST)):
                _, flags, number, _, _, first, step = self._unpack("HHHHIII", place)
                (text,) = self._unpack("I", place + first)
                # VER_FLG_BASE is the file itself: a symbol of this number has no version.
                if not flags & 1:
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
    def _strings(self) -> Names:
        start = self._entry(_STRTAB)
        if start is None:
            return Names(0, 0)
        return self._names(self.offset(start), self._entry(_STRSZ) or 0)

    def _dynamic_names(self, tag: int) -> list[str]:
        return [self._name(self._strings, value) for key, value in self._dynamic if key == tag]

    def _hashed(self) -> int:
        """Return the number of dynamic symbols by their hash table, for a file without section headers."""
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
