"""Pure: the functions that a file's symbol tables list, read without their names until one is asked for.

A large library has half a million, and of most only the address counts: reading their names takes ten times as long.
System V gABI, "Symbol Table"; 64 bit and little-endian, as both architectures are whose code is read.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from customtags.errors import ElfError

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from customtags.wheels.elf import Elf
    from customtags.wheels.elf_layout import Section

__all__ = ["chosen_by_loader", "named", "sizes"]

#: Name, type and binding, visibility, section, address, size.
_ROW = struct.Struct("<IBBHQQ")

_SYMTAB, _DYNSYM = 2, 11
_FUNC, _FILE, _IFUNC = 2, 4, 10


def sizes(elf: Elf) -> dict[int, int]:
    """Give address and size of the functions of which .symtab knows both, or where there is none, .dynsym."""
    for kind in (_SYMTAB, _DYNSYM):
        rows = (row for table in _tables(elf, kind) for row in _rows(elf, table))
        found = {row[4]: row[5] for row in rows if row[1] & 15 == _FUNC and row[3] and row[5]}
        if found:
            return found
    return {}


def named(elf: Elf, addresses: Container[int]) -> dict[int, str]:
    """Give the names of functions by address; a local one with its source before it: ``loops.c:add``."""
    names: dict[int, str] = {}
    for kind in (_SYMTAB, _DYNSYM):
        for table in _tables(elf, kind):
            source = 0
            for name, info, _, section, address, _ in _rows(elf, table):
                if info == _FILE:  # local, as files are
                    source = name
                elif section and info & 15 in (_FUNC, _IFUNC) and address in addresses:
                    before = _name(elf, table, source) if source and not info >> 4 else ""
                    # The last file that a linker lists; what follows comes from no file that is told.
                    before = "" if before == "crtstuff.c" else f"{before}:"
                    names.setdefault(address, before.lstrip(":") + _name(elf, table, name))
    return names


def chosen_by_loader(elf: Elf) -> str:
    """Give the name of a function that the loader asks which implementation to take, empty if there is none."""
    for kind in (_DYNSYM, _SYMTAB):
        for table in _tables(elf, kind):
            for name, info, _, section, _, _ in _rows(elf, table):
                if section and info & 15 == _IFUNC:
                    return _name(elf, table, name)
    return ""


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
