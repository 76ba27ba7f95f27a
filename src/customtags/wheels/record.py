"""Pure: RECORD, the list of every file of a wheel with its hash and its size in bytes.

https://packaging.python.org/specifications/recording-installed-packages/#the-record-file
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from typing import NamedTuple

__all__ = ["Row", "described", "encode", "format", "parse", "paths", "rewritten"]


class Row(NamedTuple):
    """The row of one file; RECORD itself has neither hash nor size."""

    path: str
    hash: str = ""
    size: str = ""


def parse(content: bytes) -> list[Row]:
    """Parse a RECORD.

    :raises ValueError: it is not one
    """
    try:
        return [Row._make(row) for row in csv.reader(_lines(content), strict=True) if row]
    except (TypeError, csv.Error) as error:
        raise ValueError("a row does not have three columns") from error


def paths(content: bytes) -> set[str]:
    """Return the paths that a RECORD lists.

    :raises ValueError: it is not one
    """
    try:
        return {path for path, _, _ in filter(None, csv.reader(_lines(content), strict=True))}
    except (ValueError, csv.Error) as error:
        raise ValueError("a row does not have three columns") from error


def format(rows: Iterable[Row], newline: str = "\n") -> bytes:
    """Return the text of a RECORD."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=newline).writerows(rows)
    return text.getvalue().encode()


def rewritten(
    content: bytes,
    names: Mapping[str, str],
    files: Mapping[str, Row | None],
    own: str,
) -> bytes:
    """Return a RECORD that describes renamed, changed, dropped and new files; all other rows stay to the byte.

    :param names: path → its new path
    :param files: path, the old one → its new row, None if it is dropped; rows of new files are placed before the own one
    :param own: the path of RECORD itself, the old one
    """
    newline = "\r\n" if b"\r\n" in content else "\n"
    lines = list(_lines(content))
    rows = csv.reader(lines)
    touched = {*names, *files, own}
    start = kept = (
        0  # the line on which the row begins (a quoted path may hold a line's end); the first one not yet written
    )
    new = {path: row for path, row in files.items() if row}
    written: list[str] = []
    place = 0  # of the own row
    for row in rows:
        if row and row[0] in touched:
            path = row[0]
            written += lines[kept:start]
            kept = start
            changed = new.pop(path, None)
            if path == own:
                place = len(written)
            if path in names or path in files:
                kept = rows.line_num
                values = row[1:] if changed is None else changed[1:]
                if path not in files or changed:
                    written.append(format([Row(names.get(path, path), *values)], newline).decode())
        start = rows.line_num
    written += lines[kept:]
    written[place:place] = [format(new.values(), newline).decode()]
    return "".join(written).encode()


def described(path: str, content: Iterable[bytes]) -> Row:
    """Return the row of a file whose content comes in pieces."""
    digest, size = hashlib.sha256(), 0
    for chunk in content:
        digest.update(chunk)
        size += len(chunk)
    return Row(path, encode("sha256", digest.digest()), str(size))


def _lines(content: bytes) -> Iterable[str]:
    return io.StringIO(content.decode(), newline="")


def encode(algorithm: str, value: bytes) -> str:
    """Return a hash in the spelling of RECORD."""
    return f"{algorithm}={base64.urlsafe_b64encode(value).rstrip(b'=').decode()}"
