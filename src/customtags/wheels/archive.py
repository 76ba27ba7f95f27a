"""The reader of zip archives: strict, because a copy would pass on what two readers could understand differently.

The format: PKWARE's APPNOTE.TXT 6.3.10 (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), sections 4.3 and 4.5.3.
Refused are bytes that belong to no member, duplicate members, and a member whose own header contradicts the directory.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from customtags.errors import WheelError
from customtags.wheels.zipformat import (
    DEFLATED,
    DESCRIPTOR,
    END,
    END64,
    ENTRY,
    FULL,
    FULL16,
    LOCAL,
    LOCATOR,
    STORED,
    Member,
    codec,
    unpack,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Archive"]

#: 4.4.4, the flags of the kinds of encryption.
_ENCRYPTED = 0x2041
#: Lengths of a descriptor, bytes: with or without a signature, sizes of 32 or 64 bits.
_DESCRIPTORS = (12, 16, 20, 24)
#: How much of a member is held in memory, and the largest member that `Archive.read` returns, bytes.
_CHUNK, _MOST = 1 << 18, 1 << 27

#: Those fields of `ENTRY` that are used.
_read_entry = struct.Struct("<4s4x2H4x3L3H8xL").unpack_from

#: Finds what would place a member outside of the folder that the archive is unpacked into.
_UNSAFE = re.compile(r"\A(?:[/\\]|.:|\Z)|(?:\A|[/\\])\.\.(?:[/\\]|\Z)|\0").search
_CORRUPT = "has a corrupt directory"
_REPACK = "unpack it with 'wheel unpack' and pack it again with 'wheel pack'"
_AGAIN = "build or download it again"


class Archive:
    """A zip archive; closed between two calls, and refused if it changes between them.

    :ivar members: in the order of the directory
    :ivar directory: where that begins, in bytes
    :ivar large: whether the archive ends with the records of large ones
    """

    def __init__(self, path: Path) -> None:
        """Read the directory of an archive.

        :raises WheelError: it cannot be read, or the directory is corrupt or unsafe
        """
        self.path = path
        self._identity: tuple[int, ...] = ()
        with self.opened() as file:
            self._identity = _identity(file)
            self.directory, count, size, self.large, self.comment = self._read_end(file)
            self.members = self._located([*self._entries(file, count, size)])

    @contextmanager
    def opened(self) -> Iterator[int]:
        """Open the file; the value is a descriptor.

        :raises WheelError: it cannot be opened, is not a regular file, or has changed
        """
        try:
            # A pipe is refused, and not waited for.
            file = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        except FileNotFoundError as error:
            raise self.error("does not exist", "check the path") from error
        except OSError as error:
            why = f"cannot be read ({error.strerror})"
            raise self.error(why, "check its permissions") from error
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise self.error("is not a regular file", "give the path of a wheel")
            if self._identity and _identity(file) != self._identity:
                raise self.error("was changed while it was read", "try again")
            yield file
        finally:
            os.close(file)

    def check(self) -> None:
        """Check that the members fill the archive without gaps, and that each one's own header agrees with the directory.

        :raises WheelError: a copy of the archive would pass on what is wrong
        """
        members = sorted(self.members, key=attrgetter("offset"))
        if not members or members[0].offset:
            raise self.error("has no member, or bytes before the first one", _AGAIN)
        with self.opened() as file:
            for member in members:
                if not _is_plain(file, member):
                    self.data(file, member)

    def data(self, file: int, member: Member) -> int:
        """Check the own header of a member, and return where its compressed content begins.

        :param file: the opened archive
        :raises WheelError: the member is encrypted, or its header contradicts the directory
        """
        _, entry, flags, _, _, compressed, _, offset, end = member
        if flags & _ENCRYPTED:
            raise self.error(f"has the encrypted member {member.name!r}", _REPACK)
        length = int.from_bytes(entry[28:30], "little")
        head = os.pread(file, LOCAL.size + length, offset)
        if len(head) < LOCAL.size + length:
            raise self.error("is truncated", _AGAIN)
        if not _agree(head, member):
            why = (
                f"describes {member.name!r} differently in its directory and in the member's header"
            )
            raise self.error(why, _REPACK)
        data = offset + len(head) + head[28] + 256 * head[29]  # where the extra fields end
        behind = end - data - compressed
        if behind and not (flags & DESCRIPTOR and behind in _DESCRIPTORS):
            why = f"has bytes after {member.name!r} that belong to no member"
            raise self.error(why if behind > 0 else "has overlapping members", _REPACK)
        return data

    def read(self, member: Member) -> bytes:
        """Return the content of a small member.

        :raises WheelError: it is damaged, or compressed by an unusual method
        """
        if member.size > _MOST:
            why = f"has {member.size:,} bytes in {member.name!r}, more than {_MOST:,}"
            raise self.error(why, "build it again")
        return b"".join(self.chunks(member))

    def chunks(self, member: Member, most: int = _CHUNK) -> Generator[bytes, None, None]:
        """Yield the content of a member in pieces that fit in memory.

        :param most: the size of the largest piece, bytes; a piece may be empty
        :raises WheelError: it is damaged, or compressed by an unusual method
        """
        if member.method not in (STORED, DEFLATED):
            why = f"compresses {member.name!r} by method {member.method}, which not every installer supports"
            raise self.error(why, _REPACK)
        crc = size = 0
        try:
            with self.opened() as file:
                for chunk in _inflated(file, member, self.data(file, member), most):
                    crc, size = zlib.crc32(chunk, crc), size + len(chunk)
                    if size > member.size:  # a little that inflates to more than fits
                        raise self._damaged(member)
                    yield chunk
        except zlib.error as error:
            raise self._damaged(member) from error
        if (crc, size) != (member.crc, member.size):
            raise self._damaged(member)

    def error(self, why: str, cure: str) -> WheelError:
        """Return the error of this archive."""
        return WheelError(self.path.name, why, cure)

    def _read_end(self, file: int) -> tuple[int, int, int, bool, bytes]:
        """Return place, number of entries and size of the directory, whether it ends as large ones do, and the comment."""
        length = os.fstat(file).st_size
        tail = os.pread(file, END.size + FULL16, max(0, length - END.size - FULL16))
        found = tail.rfind(b"PK\5\6", 0, len(tail) - END.size + 4)
        while found > 0 and _behind(tail, found):  # a comment may look like an end
            found = tail.rfind(b"PK\5\6", 0, found)
        if found < 0:
            if os.pread(file, 4, 0) == b"PK\3\4":
                raise self.error("is truncated, or has bytes after the archive", _AGAIN)
            raise self.error("is not a zip archive", _AGAIN)
        if _behind(tail, found):
            raise self.error("has bytes after the archive", _AGAIN)
        _, disk, other, _, count, size, place, _ = END.unpack_from(tail, found)
        comment, end = tail[found + END.size :], length - len(tail) + found
        at = found - LOCATOR.size - END64.size
        large = at >= 0 and tail.startswith(b"PK\6\7", found - LOCATOR.size)
        if large:
            signature, _, _, _, disk, other, _, count, size, place = END64.unpack_from(tail, at)
            end -= LOCATOR.size + END64.size
            if signature != b"PK\6\6":
                raise self.error("has an unsupported end record", _REPACK)
        if disk or other:
            raise self.error("is one part of a split archive", _REPACK)
        if place + size < end:
            raise self.error(f"has {end - place - size:,} bytes before the archive", _AGAIN)
        if place + size > end:
            raise self.error("is truncated", _AGAIN)
        return place, count, size, large, comment

    def _entries(self, file: int, count: int, size: int) -> Iterator[tuple[Any, ...]]:
        """Yield the fields of each `Member` but the last, in the order of the directory."""
        directory = os.pread(file, size, self.directory)
        found = at = 0
        try:
            while at < size:
                fields = _read_entry(directory, at)
                mark, flags, method, crc, compressed, length, named, extra, comment, offset = fields
                behind = at + ENTRY.size + named
                end = behind + extra + comment
                raw, spelled = directory[at:end], directory[at + ENTRY.size : behind]
                if mark != b"PK\1\2" or end > size:
                    raise self.error(_CORRUPT, _AGAIN)
                if FULL in fields:
                    entry = unpack(raw)[0]
                    compressed, length, offset = entry.compressed, entry.size, entry.offset
                decoded = str(spelled, codec(flags, spelled))
                yield decoded, raw, flags, method, crc, compressed, length, offset
                found, at = found + 1, end
        except (struct.error, UnicodeDecodeError) as error:
            raise self.error(_CORRUPT, _AGAIN) from error
        if found != count:
            raise self.error(f"has {found} members, and announces {count}", _AGAIN)

    def _located(self, entries: list[tuple[Any, ...]]) -> list[Member]:
        """Return the members, each with the place where the next one begins."""
        offsets = sorted([entry[-1] for entry in entries])
        ends = dict(zip(offsets, (*offsets[1:], self.directory)))
        if len(ends) != len(offsets):
            raise self.error("has overlapping members", _REPACK)
        names = [entry[0] for entry in entries]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise self.error(f"contains {twice!r} twice", _REPACK)
        if _suspect("\0".join(("", *names, "")), len(names)):
            for name in filter(_UNSAFE, names):
                raise self.error(f"has the unsafe member path {name!r}", _AGAIN)
        return [Member._make((*entry, ends[entry[-1]])) for entry in entries]

    def _damaged(self, member: Member) -> WheelError:
        return self.error(f"has the damaged member {member.name!r}", _AGAIN)


def _identity(file: int) -> tuple[int, ...]:
    found = os.fstat(file)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _behind(tail: bytes, found: int) -> bool:
    """Return whether bytes follow an end record and its comment."""
    return found + END.size + int(END.unpack_from(tail, found)[7]) != len(tail)


def _is_plain(file: int, member: Member) -> bool:
    """Return at once whether a member is as nearly all are: both headers say the same, and its data fills the rest."""
    _, entry, flags, _, _, compressed, _, offset, end = member
    name = entry[28] + 256 * entry[29]
    head = os.pread(file, LOCAL.size + name, offset)
    return (
        head[:28] == b"PK\3\4" + entry[6:30]
        and head[LOCAL.size :] == entry[ENTRY.size : ENTRY.size + name]
        and not flags & (_ENCRYPTED | DESCRIPTOR)
        and offset + LOCAL.size + name + head[28] + 256 * head[29] + compressed == end
    )


def _agree(head: bytes, member: Member) -> bool:
    """Return whether a member's own header agrees with its entry in the directory."""
    raw, end = member.entry, ENTRY.size + len(head) - LOCAL.size
    signed = head.startswith(b"PK\3\4") and head[LOCAL.size :] == raw[ENTRY.size : end]
    if head[4:28] == raw[6:30]:  # all from the version needed to the name's length
        return signed
    _, _, flags, method, _, _, *numbers, _, _ = LOCAL.unpack_from(head)
    same = (flags, method, head[26:28]) == (member.flags, member.method, raw[28:30])
    behind = flags & DESCRIPTOR or numbers == [member.crc, member.compressed, member.size]
    return signed and same and (bool(behind) or FULL in numbers)


def _suspect(joined: str, count: int) -> bool:
    """Return at once whether one of many names, joined by NUL, may be unsafe."""
    signs = ("..", ":", "\\", "\0/", "\0\0")
    return joined.count("\0") != count + 1 or any(sign in joined for sign in signs)


def _inflated(file: int, member: Member, start: int, most: int) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == DEFLATED else None
    for at in range(start, start + member.compressed, most):
        left = start + member.compressed - at
        chunk = os.pread(file, min(most, left), at)
        while inflate and chunk:
            yield inflate.decompress(chunk, most)
            chunk = inflate.unconsumed_tail
        if not inflate:
            yield chunk
    if inflate:
        yield inflate.flush()
