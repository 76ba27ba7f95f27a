"""Pure: the functions in the symbol tables of a file, whose names are read only on request.

A large library has half a million functions, of most of which only the address counts: reading the names takes ten times as
long. System V gABI, "Symbol Table"; 64 bit and little-endian, as both architectures are whose code is decoded.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from customtags.errors import ElfError

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from customtags.wheels.elf import Elf
    from customtags.wheels.elf_layout import Section

__all__ = ["has_ifunc", "named", "sizes"]

#: Name, type and binding, visibility, section, address, size.
_ROW = struct.Struct("<IBBHQQ")

_SYMTAB, _DYNSYM = 2, 11
_FUNC, _FILE, _IFUNC = 2, 4, 10


def sizes(elf: Elf) -> dict[int, int]:
    """Return address → size of the functions in .symtab, or without any there, in .dynsym."""
    for kind in (_SYMTAB, _DYNSYM):
        rows = (row for table in _tables(elf, kind) for row in _rows(elf, table))
        found = {row[4]: row[5] for row in rows if row[1] & 15 == _FUNC and row[3] and row[5]}
        if found:
            return found
    return {}


def named(elf: Elf, addresses: Container[int]) -> dict[int, str]:
    """Return address → name of functions; a local function with its source file in front: ``loops.c:add``."""
    names: dict[int, str] = {}
    for kind in (_SYMTAB, _DYNSYM):
        for table in _tables(elf, kind):
            source = 0
            for name, info, _, section, address, _ in _rows(elf, table):
                if info == _FILE:  # local, as files are
                    source = name
                elif section and info & 15 in (_FUNC, _IFUNC) and address in addresses:
                    before = _name(elf, table, source) if source and not info >> 4 else ""
                    # The last file that a linker lists: what follows it is of unknown files.
                    before = "" if before == "crtstuff.c" else f"{before}:"
                    names.setdefault(address, before.lstrip(":") + _name(elf, table, name))
    return names


def has_ifunc(elf: Elf) -> bool:
    """Return whether the loader calls a function of this file to choose an implementation."""
    return any(
        section and info & 15 == _IFUNC
        for kind in (_DYNSYM, _SYMTAB)
        for table in _tables(elf, kind)
        for _, info, _, section, _, _ in _rows(elf, table)
    )


def _tables(elf: Elf, kind: int) -> list[Section]:
    return [each for each in elf.sections if each.type == kind and each.stored]


def _rows(elf: Elf, table: Section) -> Iterator[tuple[int, int, int, int, int, int]]:
    content = elf.content(table)
    return _ROW.iter_unpack(content[: len(content) // _ROW.size * _ROW.size])


def _name(elf: Elf, table: Section, offset: int) -> str:
    if not 0 < table.link <= len(elf.sections):
        raise ElfError("has a table of symbols without names")
    strings = elf.sections[table.link - 1]
    start = strings.offset + offset
    end = elf.data.find(b"\0", start, min(start + 4096, strings.offset + strings.size))
    return bytes(elf.data[start : max(start, end)]).decode("utf-8", "replace")
