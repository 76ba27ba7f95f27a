"""The writer of zip archives: members of another archive are copied as they lie there, compressed, unless they change."""

from __future__ import annotations

import os
import zlib
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from customtags.wheels.copying import copy, write_all
from customtags.wheels.zipformat import (
    DEFLATED,
    DESCRIPTOR,
    ENTRY,
    FULL,
    LOCAL,
    NEEDED64,
    STORED,
    UTF8,
    codec,
    ending,
    moved,
    pack,
    unpack,
    wide_sizes,
    without_wide,
)

if TYPE_CHECKING:
    from customtags.wheels.archive import Archive

__all__ = ["Content", "chunks", "create", "rewrite"]

#: The content of a member, or a file with that content; None drops the member.
Content = Optional[Union[bytes, Path]]

#: Bytes that are held in memory, and the size of a content from which on it is large: compression may add a little.
_CHUNK, _LARGE = 1 << 20, FULL - (1 << 22)


class _Model(NamedTuple):
    """The entry and the own header of a member after which another one is made."""

    entry: bytes
    header: bytes


#: A file of the earliest time that the format knows, so that the same content gives the same bytes: deflated, for Unix, mode 644.
_NEW = _Model(
    ENTRY.pack(b"PK\1\2", 3 << 8 | 20, 20, 0, DEFLATED, 0, 33, *[0] * 8, 0o644 << 16, 0),
    LOCAL.pack(b"PK\3\4", 20, 0, DEFLATED, 0, 33, *[0] * 5),
)


class _Output:
    """A file that archives are written into, one member after the other.

    :ivar place: its length, in bytes
    """

    def __init__(self, file: int) -> None:
        self.file = file
        self.place = 0

    def put(self, model: _Model, name: str, content: bytes | Path) -> bytes:
        """Append a member with a new content, and return its entry."""
        entry, _, extra, comment, wide = unpack(model.entry)
        fields = list(LOCAL.unpack_from(model.header))
        local_extra = without_wide(model.header[LOCAL.size + fields[9] :])[0]
        flags = entry.flags & ~DESCRIPTOR | (0 if name.isascii() else UTF8)
        method = STORED if entry.method == STORED else DEFLATED
        spelled = name.encode(codec(flags))
        large = (len(content) if isinstance(content, bytes) else content.stat().st_size) > _LARGE
        length = LOCAL.size + len(spelled) + len(local_extra) + large * len(wide_sizes(0, 0))
        write_all(self.file, bytes(length))  # room for the header, which is known afterwards
        crc, size, compressed = _pack(self.file, content, method)
        if large:
            local_extra = wide_sizes(size, compressed) + local_extra
            fields[1] = max(fields[1], NEEDED64)
        shown = (FULL, FULL) if large else (compressed, size)
        fields[2:4], fields[6:] = (flags, method), (crc, *shown, len(spelled), len(local_extra))
        os.pwrite(self.file, b"".join((LOCAL.pack(*fields), spelled, local_extra)), self.place)
        entry = entry._replace(
            flags=flags,
            method=method,
            crc=crc,
            compressed=compressed,
            size=size,
            offset=self.place,
        )
        self.place += length + compressed
        return pack(entry, spelled, extra, comment, wide.difference(("size", "compressed")))

    def rename(self, model: _Model, name: str) -> bytes:
        """Append a member's own header with another name, and return its entry; its data is copied afterwards."""
        entry, _, extra, comment, wide = unpack(model.entry)
        fields = list(LOCAL.unpack_from(model.header))
        local_extra = model.header[LOCAL.size + fields[9] :]
        spelled = name.encode(codec(entry.flags))
        fields[9] = len(spelled)
        write_all(self.file, b"".join((LOCAL.pack(*fields), spelled, local_extra)))
        entry = entry._replace(offset=self.place)
        self.place += LOCAL.size + len(spelled) + len(local_extra)
        return pack(entry, spelled, extra, comment, wide)

    def end(self, entries: Sequence[bytes], comment: bytes = b"", *, large: bool = False) -> None:
        """Append the directory."""
        directory = b"".join(entries)
        end = ending(len(entries), len(directory), self.place, comment, large=large)
        write_all(self.file, directory + end)


def create(out: int, contents: Mapping[str, bytes]) -> None:
    """Write a new archive.

    :param out: the descriptor of an empty file
    :raises OSError: it cannot be written
    """
    output = _Output(out)
    output.end([output.put(_NEW, name, content) for name, content in contents.items()])


def rewrite(
    archive: Archive,
    out: int,
    contents: Mapping[str, Content],
    names: Mapping[str, str],
    before: str | None = None,
) -> None:
    """Write an archive again; members that are not named here are copied.

    :param archive: a checked one
    :param out: the descriptor of an empty file
    :param contents: member, by its old name → its new content; other names are new members
    :param names: member, an old or a new one → its new name
    :param before: the member before which new ones are placed, and whose date, permissions and method they get
    :raises OSError: it cannot be written
    """
    added = dict(contents)
    for member in archive.members:
        added.pop(member.name, None)
    touched = {*contents, *names, before}
    entries: dict[str, list[bytes]] = {}  # of what is not copied as it is
    output, start = _Output(out), 0  # from where the next part is copied
    starts, shifts = [start], [0]  # by how much the members of each part are moved
    with archive.opened() as file:
        found = [member for member in archive.members if member.name in touched]
        for member in sorted(found, key=attrgetter("offset")):
            copy(file, out, start, member.offset)
            output.place += member.offset - start
            start = archive.data(file, member)
            header = os.pread(file, start - member.offset, member.offset)
            model = _Model(member.entry, header)
            made = [
                output.put(model, names.get(name, name), content)
                for name, content in (added.items() if member.name == before else ())
                if content is not None
            ]
            name, content = names.get(member.name, member.name), contents.get(member.name)
            if content is not None:
                made.append(output.put(model, name, content))
            elif member.name not in contents:
                made.append(output.rename(model, name))
            if member.name in contents:
                start = member.end
            starts.append(start)
            shifts.append(output.place - start)
            entries[member.name] = made
        copy(file, out, start, archive.directory)
        output.place += archive.directory - start
    directory: list[bytes] = []
    for member in archive.members:
        if member.name in entries:
            directory += entries[member.name]
        else:
            shift = shifts[bisect(starts, member.offset) - 1]
            directory.append(moved(member.entry, member.offset + shift) if shift else member.entry)
    output.end(directory, archive.comment, large=archive.large)


def chunks(content: bytes | Path) -> Iterator[bytes]:
    """Yield a content in pieces that fit in memory.

    :raises OSError: the file cannot be read
    """
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        yield from iter(lambda: file.read(_CHUNK), b"")


def _pack(out: int, content: bytes | Path, method: int) -> tuple[int, int, int]:
    """Append a content, compressed, and return its CRC, its size and the compressed size."""
    crc = size = compressed = 0
    # As zipfile does it, so that a wheel written by it gets the same bytes.
    deflate = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
    for chunk in chunks(content):
        crc, size = zlib.crc32(chunk, crc), size + len(chunk)
        packed = chunk if method == STORED else deflate.compress(chunk)
        write_all(out, packed)
        compressed += len(packed)
    if method != STORED:
        packed = deflate.flush()
        write_all(out, packed)
        compressed += len(packed)
    return crc, size, compressed
