"""A wheel is written again with other and with new files in it; RECORD says so, and all else keeps its date and permissions."""

from __future__ import annotations

import copy
import hashlib
import os
import shutil
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Union

from customtags.wheels import record

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Content", "rewrite"]

#: The content of a member, or the file that has it.
Content = Union[bytes, Path]

#: Bytes that are held in memory.
_CHUNK = 1 << 20


def rewrite(source: Path, target: Path, changes: Mapping[str, Content]) -> None:
    """Write a wheel again.

    :param source: one that has a RECORD
    :param target: a new file
    :param changes: member → what it has from now on; those that are not there yet come before RECORD
    :raises OSError: the disk is full, or the file can't be written
    """
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        listed = next(name for name in old.namelist() if name.endswith(".dist-info/RECORD"))
        members = [each for each in old.infolist() if each.filename != listed]
        rows = {row.path: row for row in record.parse(old.read(listed))}
        made = copy.copy(old.getinfo(listed))
        for member in members:
            if member.filename in changes:
                rows[member.filename] = _put(new, member, changes[member.filename])
            else:
                with old.open(member) as content:
                    _copy(new, member, content, member.file_size)
        for name in (each for each in changes if each not in old.NameToInfo):
            added = copy.copy(made)
            added.filename = name
            rows[name] = _put(new, added, changes[name])
        own = rows.pop(listed, record.Row(listed))
        new.writestr(_fresh(made), record.format([*rows.values(), own]))


def _put(archive: zipfile.ZipFile, member: zipfile.ZipInfo, content: Content) -> record.Row:
    if isinstance(content, bytes):
        archive.writestr(_fresh(member), content)
        return record.Row(member.filename, record.digest(content), str(len(content)))
    digest = hashlib.sha256()
    with content.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        _copy(archive, member, file, size)
    return record.Row(member.filename, record.encode("sha256", digest.digest()), str(size))


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, content: IO[bytes], size: int) -> None:
    fresh = _fresh(member)
    fresh.file_size = size  # decides whether the header has room for more than 4 GiB
    with archive.open(fresh, "w") as out:
        shutil.copyfileobj(content, out, _CHUNK)


def _fresh(member: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Give what a member keeps: its name, date, permissions, and whether it is compressed."""
    fresh = zipfile.ZipInfo(member.filename, member.date_time)
    fresh.external_attr, fresh.compress_type = member.external_attr, member.compress_type
    return fresh
