"""A zip archive is read strictly, and written again with its compressed members copied as they lie there.

The format: PKWARE's APPNOTE.TXT 6.3.10 (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), sections 4.3 and 4.5.3.
What two readers of an archive could understand differently is refused, because a copy would carry it on: bytes that belong
to no member, duplicate members, a member's own header that contradicts the directory.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from customtags.errors import WheelError
from customtags.wheels.copying import copy, write_all
from customtags.wheels.zipformat import (
    END,
    END64,
    ENTRY,
    FULL,
    FULL16,
    LOCAL,
    LOCATOR,
    Entry,
    ending,
    moved,
    pack,
    unpack,
    without_wide,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Archive", "Member"]

#: Flags, 4.4.4: what is encrypted in one way or another; sizes behind the data; a name in UTF-8.
_ENCRYPTED, _DESCRIPTOR, _UTF8 = 0x2041, 0x8, 0x800
#: How long a descriptor may be: signature or none, sizes of 32 or 64 bits.
_DESCRIPTORS = (12, 16, 20, 24)
_STORED, _DEFLATED = 0, 8
#: How much of a member is held in memory, and the most that a file of metadata may have, in bytes.
_CHUNK, _MOST = 1 << 18, 1 << 27

#: Finds in a member's name what would put it outside of the folder into which the archive is unpacked.
_UNSAFE = re.compile(r"\A(?:[/\\]|.:|\Z)|(?:\A|[/\\])\.\.(?:[/\\]|\Z)|\0").search
_NONSENSE = "has a directory that makes no sense"
_REPACK = "unpack it with 'wheel unpack' and pack it anew with 'wheel pack'"
_AGAIN = "build or fetch it again"


class Member(NamedTuple):
    """One member, and where it lies; sizes and offsets in bytes.

    :ivar entry: its entry in the directory, as it stands there
    :ivar offset: where its own header begins
    :ivar data: where its compressed content begins
    :ivar end: where the next member begins, or the directory
    """

    name: str
    entry: bytes
    method: int
    crc: int
    compressed: int
    size: int
    offset: int
    data: int
    end: int


class Archive:
    """A file that is one; between two calls it is closed, and must stay as it is.

    :ivar members: in the order of the directory
    """

    def __init__(self, path: Path) -> None:
        """Read the directory of an archive, and check how it is laid out.

        :raises WheelError: it can't be read, or a copy would carry on what is wrong in it
        """
        self.path = path
        self._identity: tuple[int, ...] = ()
        with self._opened() as file:
            self._identity = _identity(file)
            self._directory, count, size, self._large, self._comment = self._read_end(file)
            self.members = self._locate(file, self._entries(file, count, size))

    def read(self, member: Member) -> bytes:
        """Give the content of a small member.

        :raises WheelError: it is damaged, or compressed otherwise than wheels are
        """
        if member.size > _MOST:
            raise self.error(f"has {member.size:,} bytes in {member.name!r}", "build it again")
        return b"".join(self.chunks(member))

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Give the content of a member in pieces that fit in memory.

        :raises WheelError: it is damaged, or compressed otherwise than wheels are
        """
        if member.method not in (_STORED, _DEFLATED):
            why = f"compresses {member.name!r} by method {member.method}, which installers may lack"
            raise self.error(why, _REPACK)
        crc = size = 0
        try:
            with self._opened() as file:
                for chunk in _inflated(file, member):
                    crc, size = zlib.crc32(chunk, crc), size + len(chunk)
                    if size > member.size:  # a little that inflates to more than fits
                        raise self._damaged(member)
                    yield chunk
        except zlib.error as error:
            raise self._damaged(member) from error
        if (crc, size) != (member.crc, member.size):
            raise self._damaged(member)

    def write(self, out: int, names: Mapping[str, str], contents: Mapping[str, bytes]) -> None:
        """Write the archive again; what is not named here is copied as it is.

        :param out: the descriptor of an empty file
        :param names: member → its new name
        :param contents: member, by its old name → its new content
        :raises OSError: it can't be written
        """
        entries: dict[str, bytes] = {}
        start = place = 0  # from where the next is copied, and how long the new archive is
        with self._opened() as file:
            for member in sorted(self.members, key=_offset):
                name, content = names.get(member.name), contents.get(member.name)
                if name is None and content is None:
                    entries[member.name] = moved(member.entry, place)
                    place += member.end - member.offset
                    continue
                copy(file, out, start, member.offset)
                header = os.pread(file, member.data - member.offset, member.offset)
                spelled = name or member.name
                entries[member.name], head = _edited(member, header, place, spelled, content)
                write_all(out, head)
                start = member.data if content is None else member.end
                place += len(head) + member.end - start
            copy(file, out, start, self._directory)
        directory = b"".join([entries[member.name] for member in self.members])
        write_all(
            out,
            directory
            + ending(len(entries), len(directory), place, self._comment, large=self._large),
        )

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            # A pipe is refused, and not waited for.
            file = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            raise self._unreadable(error) from error
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise self.error("is no file", "name a wheel that is there")
            if self._identity and _identity(file) != self._identity:
                raise self.error("was changed while it was read", "try again")
            yield file
        finally:
            os.close(file)

    def error(self, why: str, cure: str) -> WheelError:
        """Make the error that says what is wrong with this archive."""
        return WheelError(self.path.name, why, cure)

    def _read_end(self, file: int) -> tuple[int, int, int, bool, bytes]:
        """Give place, number of entries and size of the directory, whether it ends as large ones do, and the comment."""
        length = os.fstat(file).st_size
        tail = os.pread(file, END.size + FULL16, max(0, length - END.size - FULL16))
        found = tail.rfind(b"PK\5\6", 0, len(tail) - END.size + 4)
        while found > 0 and _behind(tail, found):  # a comment may look like an end
            found = tail.rfind(b"PK\5\6", 0, found)
        if found < 0:
            if os.pread(file, 4, 0) == b"PK\3\4":
                raise self.error("ends early or has bytes behind the archive", _AGAIN)
            raise self.error("is no zip archive", _AGAIN)
        if _behind(tail, found):
            raise self.error("has bytes behind the archive", _AGAIN)
        _, disk, other, _, count, size, place, _ = END.unpack_from(tail, found)
        comment, end = tail[found + END.size :], length - len(tail) + found
        at = found - LOCATOR.size - END64.size
        large = at >= 0 and tail.startswith(b"PK\6\7", found - LOCATOR.size)
        if large:
            signature, _, _, _, disk, other, _, count, size, place = END64.unpack_from(tail, at)
            end -= LOCATOR.size + END64.size
            if signature != b"PK\6\6":
                raise self.error("has an end that this program can't read", _REPACK)
        if disk or other:
            raise self.error("is one part of several", _REPACK)
        if place + size < end:
            raise self.error(f"has {end - place - size:,} bytes before the archive", _AGAIN)
        if place + size > end:
            raise self.error("ends early", _AGAIN)
        return place, count, size, large, comment

    def _entries(self, file: int, count: int, size: int) -> list[tuple[str, bytes, Entry]]:
        """Give name and entry of each member, with their real numbers."""
        directory = os.pread(file, size, self._directory)
        found: list[tuple[str, bytes, Entry]] = []
        at = 0
        try:
            while at < size:
                entry = Entry._make(ENTRY.unpack_from(directory, at))
                name = at + ENTRY.size
                end = name + entry.name + entry.extra + entry.comment
                raw, at = directory[at:end], end
                if entry.signature != b"PK\1\2" or end > size:
                    raise self.error(_NONSENSE, _AGAIN)
                if FULL in (entry.size, entry.compressed, entry.offset):
                    entry = unpack(raw)[0]
                spelled = directory[name : name + entry.name]
                codec = "ascii" if spelled.isascii() else _codec(entry.flags)
                found.append((str(spelled, codec), raw, entry))
        except (struct.error, UnicodeDecodeError) as error:
            raise self.error(_NONSENSE, _AGAIN) from error
        if len(found) != count:
            raise self.error(f"has {len(found)} members where {count} are announced", _AGAIN)
        return found

    def _locate(self, file: int, entries: list[tuple[str, bytes, Entry]]) -> list[Member]:
        """Find each member's data, and refuse what lies between."""
        offsets = sorted([entry.offset for _, _, entry in entries])
        ends = dict(zip(offsets, (*offsets[1:], self._directory)))
        if offsets[:1] != [0]:
            raise self.error("has bytes before the archive or no member", _AGAIN)
        if len(ends) != len(offsets):
            raise self.error("has members that overlap", _REPACK)
        names = [name for name, _, _ in entries]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise self.error(f"has {twice!r} twice", _REPACK)
        for name in (
            filter(_UNSAFE, names) if _suspect("\0".join(("", *names, "")), len(names)) else ()
        ):
            raise self.error(f"has a member named {name!r}, outside of where it is put", _AGAIN)
        return [self._member(file, *each, ends[each[2].offset]) for each in entries]

    def _member(self, file: int, name: str, raw: bytes, entry: Entry, end: int) -> Member:
        if entry.flags & _ENCRYPTED:
            raise self.error(f"has {name!r} encrypted, which no installer can read", _REPACK)
        head = os.pread(file, LOCAL.size + entry.name, entry.offset)
        if len(head) < LOCAL.size + entry.name:
            raise self.error("ends early", _AGAIN)
        if not _agree(head, raw, entry):
            why = f"says of {name!r} one thing in its directory and another in front of it"
            raise self.error(why, _REPACK)
        data = entry.offset + len(head) + head[28] + 256 * head[29]  # where the extra fields end
        behind = end - data - entry.compressed
        if behind and not (entry.flags & _DESCRIPTOR and behind in _DESCRIPTORS):
            why = f"has bytes behind {name!r} that belong to no member"
            raise self.error(why if behind > 0 else "has members that overlap", _REPACK)
        numbers = (entry.method, entry.crc, entry.compressed, entry.size, entry.offset)
        return Member(name, raw, *numbers, data, end)

    def _damaged(self, member: Member) -> WheelError:
        return self.error(f"has {member.name!r} damaged", _AGAIN)

    def _unreadable(self, error: OSError) -> WheelError:
        return self.error(f"cannot be read ({error.strerror})", "name a wheel that is there")


def _offset(member: Member) -> int:
    return member.offset


def _identity(file: int) -> tuple[int, ...]:
    found = os.fstat(file)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _behind(tail: bytes, found: int) -> bool:
    """Tell whether an end and its comment are not the last of a file."""
    return found + END.size + int(END.unpack_from(tail, found)[7]) != len(tail)


def _agree(head: bytes, raw: bytes, entry: Entry) -> bool:
    """Tell whether a member's own header says the same as its entry in the directory."""
    signed = head.startswith(b"PK\3\4") and head[LOCAL.size :] == raw[ENTRY.size :][: entry.name]
    if head[4:28] == raw[6:30]:  # nearly always: all from the version needed to the name's length
        return signed
    _, _, flags, method, _, _, *numbers, length, _ = LOCAL.unpack_from(head)
    same = (flags, method, length) == (entry.flags, entry.method, entry.name)
    behind = flags & _DESCRIPTOR or numbers == [entry.crc, entry.compressed, entry.size]
    return signed and same and (bool(behind) or FULL in numbers)


def _suspect(joined: str, count: int) -> bool:
    """Tell at once whether one of many names, joined by NUL, can be unsafe."""
    signs = ("..", ":", "\\", "\0/", "\0\0")
    return joined.count("\0") != count + 1 or any(sign in joined for sign in signs)


def _codec(flags: int) -> str:
    return "utf-8" if flags & _UTF8 else "cp437"


def _deflated(content: bytes) -> bytes:
    # As zipfile does it, so that to rewrite what zipfile wrote gives the same bytes.
    deflate = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(content) + deflate.flush()


def _inflated(file: int, member: Member) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == _DEFLATED else None
    for at in range(member.data, member.data + member.compressed, _CHUNK):
        left = member.data + member.compressed - at
        chunk = os.pread(file, min(_CHUNK, left), at)
        while inflate and chunk:
            yield inflate.decompress(chunk, _CHUNK)
            chunk = inflate.unconsumed_tail
        if not inflate:
            yield chunk
    if inflate:
        yield inflate.flush()


def _edited(
    member: Member, header: bytes, place: int, spelled: str, content: bytes | None
) -> tuple[bytes, bytes]:
    """Give the entry of a member with another name or content, and its header with that content."""
    entry, _, extra, comment, wide = unpack(member.entry)
    fields = list(LOCAL.unpack_from(header))
    name, local_extra = spelled.encode(_codec(entry.flags)), header[LOCAL.size + fields[9] :]
    data = b""
    if content is not None:
        data = content if member.method == _STORED else _deflated(content)
        local_extra, wide = without_wide(local_extra)[0], wide.difference(("size", "compressed"))
        entry = entry._replace(
            flags=entry.flags & ~_DESCRIPTOR,
            crc=zlib.crc32(content),
            compressed=len(data),
            size=len(content),
        )
        fields[2], fields[6:9] = entry.flags, (entry.crc, entry.compressed, entry.size)
    fields[9:] = len(name), len(local_extra)
    return (
        pack(entry._replace(offset=place), name, extra, comment, wide),
        b"".join((LOCAL.pack(*fields), name, local_extra, data)),
    )
