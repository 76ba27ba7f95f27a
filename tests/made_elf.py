"""Shared libraries of x86-64 for tests, made byte by byte: what they link to, their RPATHs and symbols; no code."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["shared"]

#: Tags of the dynamic section (gABI, "Dynamic Section").
NEEDED, HASH, STRTAB, SYMTAB, STRSZ, SYMENT, SONAME, RPATH, RUNPATH = (
    *(1, 4, 5, 6, 10, 11, 14, 15, 29),
)
VERNEED, VERNEEDNUM, VERSYM = 0x6FFFFFFE, 0x6FFFFFFF, 0x6FFFFFF0

#: The size of a page: the file is loaded as one segment.
PAGE = 0x1000


class _Section(NamedTuple):
    """One section; its type, flags, link, number of local symbols, and size of an entry as in gABI, "Sections"."""

    name: str
    type: int
    flags: int
    content: bytes
    link: int = 0
    info: int = 0
    entry: int = 0


class _Names:
    """A table of names that grows."""

    def __init__(self) -> None:
        self.content = b"\0"

    def add(self, name: str) -> int:
        """Return the place of a name in the table."""
        place = len(self.content)
        self.content += name.encode() + b"\0"
        return place


def shared(  # noqa: PLR0913 - each is a field of the file
    needed: Sequence[str] = (),
    *,
    soname: str = "",
    rpath: str = "",
    runpath: str = "",
    defined: Sequence[str] = (),
    undefined: Sequence[str] = (),
    versions: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> bytes:
    """Return a shared library.

    :param needed: the libraries that it links to
    :param defined: names of its global functions
    :param undefined: names of global functions that others define
    :param versions: library → undefined function → the version that it requires of it
    """
    names = _Names()
    symbols = [(each, 1) for each in defined] + [(each, 0) for each in undefined]
    symbols += [(each, 0) for functions in versions.values() for each in functions]
    table = b"\0" * 24
    for name, section in symbols:
        table += struct.pack(
            "<IBBHQQ", names.add(name), 0x12, 0, section, PAGE if section else 0, 0
        )
    chains = [*range(len(symbols), -1, -1)]
    hashed = struct.pack(f"<{3 + len(chains)}I", 1, len(chains), chains[0], 0, *range(len(symbols)))
    numbers, requirements = _versions(names, versions)
    plain = len(defined) + len(undefined)
    versym = struct.pack(f"<{1 + len(symbols)}H", 0, *[1] * plain, *numbers)
    entries = [(NEEDED, names.add(each)) for each in needed]
    for tag, text in ((SONAME, soname), (RPATH, rpath), (RUNPATH, runpath)):
        entries += [(tag, names.add(text))] if text else []
    sections = [
        _Section(".hash", 5, 2, hashed, link=2, entry=4),
        _Section(".dynsym", 11, 2, table, link=3, info=1, entry=24),
        _Section(".dynstr", 3, 2, names.content),
    ]
    if versions:
        sections.append(_Section(".gnu.version", 0x6FFFFFFF, 2, versym, link=2, entry=2))
        sections.append(
            _Section(".gnu.version_r", 0x6FFFFFFE, 2, requirements, link=3, info=len(versions))
        )
    return _laid_out(sections, entries)


def _versions(names: _Names, versions: Mapping[str, Mapping[str, str]]) -> tuple[list[int], bytes]:
    """Return the number of each versioned symbol, and the table of required versions (LSB, "Symbol Versioning")."""
    numbers, table, number = [], b"", 2
    for at, (library, functions) in enumerate(versions.items()):
        last = at == len(versions) - 1
        required = [*dict.fromkeys(functions.values())]
        size = 16 + 16 * len(required)
        table += struct.pack(
            "<HHIII", 1, len(required), names.add(library), 16, 0 if last else size
        )
        for place, version in enumerate(required):
            step = 0 if place == len(required) - 1 else 16
            digest = _hash(version)
            table += struct.pack("<IHHII", digest, 0, number + place, names.add(version), step)
        numbers += [number + required.index(each) for each in functions.values()]
        number += len(required)
    return numbers, table


def _laid_out(sections: Sequence[_Section], entries: Sequence[tuple[int, int]]) -> bytes:
    """Return the file: header, two segments, the sections one after another, the table of sections."""
    places, end = {}, 64 + 3 * 56
    for each in sections:
        places[each.name] = end
        end += -(-len(each.content) // 8) * 8
    size = len(next(each.content for each in sections if each.name == ".dynstr"))
    entries = [
        *entries,
        *((HASH, places[".hash"]), (STRTAB, places[".dynstr"]), (SYMTAB, places[".dynsym"])),
        *((STRSZ, size), (SYMENT, 24)),
    ]
    if ".gnu.version" in places:
        count = next(each.info for each in sections if each.name == ".gnu.version_r")
        entries += [(VERSYM, places[".gnu.version"]), (VERNEED, places[".gnu.version_r"])]
        entries += [(VERNEEDNUM, count)]
    dynamic = b"".join(struct.pack("<QQ", *each) for each in [*entries, (0, 0)])
    headings = _Names()
    every = [*sections, _Section(".dynamic", 6, 3, dynamic, link=3, entry=16)]
    titles = {each.name: headings.add(each.name) for each in every}
    titles[".shstrtab"] = headings.add(".shstrtab")
    every.append(_Section(".shstrtab", 3, 0, headings.content))
    body, rows, at = b"", b"\0" * 64, 64 + 3 * 56
    for each in every:
        start = places.get(each.name, at)
        address = start if each.flags else 0
        rows += struct.pack(
            *("<IIQQQQIIQQ", titles[each.name], each.type, each.flags, address, start),
            *(len(each.content), each.link, each.info, 8, each.entry),
        )
        padded = each.content + b"\0" * (-len(each.content) % 8)
        body, at = body + padded, at + len(padded)
    start = at - len(headings.content) - -len(headings.content) % 8 - len(dynamic)
    loaded = ("<IIQQQQQQ", 1, 7, 0, 0, 0, at, at, PAGE)
    linked = ("<IIQQQQQQ", 2, 6, start, start, start, len(dynamic), len(dynamic), 8)
    stack = ("<IIQQQQQQ", 0x6474E551, 6, 0, 0, 0, 0, 0, 16)
    head = struct.pack(
        *("<4s5B7xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 0, 3, 62, 1, 0, 64, at, 0),
        *(64, 56, 3, 64, 1 + len(every), len(every)),
    )
    return head + b"".join(struct.pack(*each) for each in (loaded, linked, stack)) + body + rows


def _hash(name: str) -> int:
    """Return the hash of a name (gABI, "Hash Table")."""
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        value = (value ^ (value >> 24 & 0xF0)) & 0x0FFFFFFF
    return value
