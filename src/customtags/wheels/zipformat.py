"""Pure: the records of a zip archive, as bytes and as values.

PKWARE's APPNOTE.TXT 6.3.10 (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT); sections are its.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

__all__ = [
    "DEFLATED",
    "DESCRIPTOR",
    "END",
    "END64",
    "ENTRY",
    "FULL",
    "FULL16",
    "LOCAL",
    "LOCATOR",
    "NEEDED64",
    "STORED",
    "UTF8",
    "Entry",
    "Member",
    "codec",
    "ending",
    "moved",
    "pack",
    "unpack",
    "wide_sizes",
    "without_wide",
]

#: Section 4.3.12, the directory's entry of a member.
ENTRY = struct.Struct("<4s6H3L5H2L")
#: 4.3.7, a member's own header, in front of its data.
LOCAL = struct.Struct("<4s5H3L2H")
#: 4.3.16, the end of the archive.
END = struct.Struct("<4s4H2LH")
#: 4.3.14 and 4.3.15, the end of a large archive, and its locator.
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR = struct.Struct("<4sLQL")

#: 4.4.5, the methods that wheels are compressed by.
STORED, DEFLATED = 0, 8
#: 4.4.4, the flags of sizes behind the data, and of a name in UTF-8.
DESCRIPTOR, UTF8 = 0x8, 0x800
#: The value of a field of 16 or 32 bits whose real value is in a larger field elsewhere.
FULL16, FULL = 0xFFFF, 0xFFFFFFFF
#: The fields of an entry that have such a larger field, in its order.
_WIDE = ("size", "compressed", "offset")
#: 4.5.3, the extra field with the larger ones, and the version of the format that it requires.
_ZIP64, NEEDED64 = 1, 45


class Entry(NamedTuple):
    """The fields of `ENTRY`, in its order; name, extra and comment are lengths."""

    signature: bytes
    made_by: int
    needed: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    compressed: int
    size: int
    name: int
    extra: int
    comment: int
    disk: int
    internal: int
    external: int
    offset: int


class Member(NamedTuple):
    """One member; sizes and offsets in bytes.

    :ivar entry: its entry in the directory, unparsed
    :ivar offset: where its own header begins
    :ivar end: where the next member begins, or the directory
    """

    name: str
    entry: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    offset: int
    end: int


def codec(flags: int, spelled: bytes = b"\xff") -> str:
    """Return the encoding of a member's name."""
    return "ascii" if spelled.isascii() else "utf-8" if flags & UTF8 else "cp437"


def moved(entry: bytes, place: int) -> bytes:
    """Return the entry of a member that was moved."""
    if place < FULL and entry[42:46] != b"\xff\xff\xff\xff":
        return entry[:42] + place.to_bytes(4, "little") + entry[46:]
    fields, name, extra, comment, wide = unpack(entry)
    return pack(fields._replace(offset=place), name, extra, comment, wide)


def unpack(entry: bytes) -> tuple[Entry, bytes, bytes, bytes, frozenset[str]]:
    """Split an entry into fields with their real numbers, name, other extra fields, comment, and the names of wide numbers.

    :raises struct.error: a wide number is missing
    """
    fields = Entry._make(ENTRY.unpack_from(entry))
    name = entry[ENTRY.size :][: fields.name]
    extra = entry[ENTRY.size + fields.name :][: fields.extra]
    comment = entry[ENTRY.size + fields.name + fields.extra :]
    wide = [each for each in _WIDE if getattr(fields, each) == FULL]
    if wide:
        extra, numbers = without_wide(extra)
        real = struct.unpack_from(f"<{len(wide)}Q", numbers)
        values: dict[str, Any] = dict(zip(wide, real))
        fields = fields._replace(**values)
    return fields, name, extra, comment, frozenset(wide)


def pack(fields: Entry, name: bytes, extra: bytes, comment: bytes, wide: frozenset[str]) -> bytes:
    """Join what `unpack` splits; a number that is too large for its field is made wide."""
    numbers = {each: getattr(fields, each) for each in _WIDE}
    large = [each for each in _WIDE if each in wide or numbers[each] >= FULL]
    if large:
        real = [numbers[each] for each in large]
        extra = struct.pack(f"<2H{len(real)}Q", _ZIP64, 8 * len(real), *real) + extra
        values: dict[str, Any] = dict.fromkeys(large, FULL)
        fields = fields._replace(needed=max(fields.needed, NEEDED64), **values)
    fields = fields._replace(name=len(name), extra=len(extra), comment=len(comment))
    return b"".join((ENTRY.pack(*fields), name, extra, comment))


def wide_sizes(size: int, compressed: int) -> bytes:
    """Return the extra field of a member's own header with its sizes, which must hold both."""
    return struct.pack("<2H2Q", _ZIP64, 16, size, compressed)


def without_wide(extra: bytes) -> tuple[bytes, bytes]:
    """Return the other extra fields, and the content of the one with wide numbers."""
    others, numbers, at = [], b"", 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == _ZIP64:
            numbers = extra[at + 4 : at + 4 + size]
        else:
            others.append(extra[at : at + 4 + size])
        at += 4 + size
    return b"".join((*others, extra[at:])), numbers


def ending(count: int, size: int, place: int, comment: bytes, *, large: bool) -> bytes:
    """Return the end of an archive, which follows the directory.

    :param count: number of entries
    :param size: size of the directory, bytes
    :param place: where the directory begins
    :param large: write the records of large archives even where no number requires them
    """
    wide = b""
    if large or count >= FULL16 or place >= FULL or size >= FULL:
        numbers = (NEEDED64, NEEDED64, 0, 0, count, count, size, place)
        wide = END64.pack(b"PK\6\6", END64.size - 12, *numbers)
        wide += LOCATOR.pack(b"PK\6\7", 0, place + size, 1)
    shown = min(count, FULL16)
    fields = (0, 0, shown, shown, min(size, FULL), min(place, FULL), len(comment))
    return wide + END.pack(b"PK\5\6", *fields) + comment
