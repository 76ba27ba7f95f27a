"""Pure: RECORD, which lists every file of a wheel with its hash and its size in bytes.

https://packaging.python.org/specifications/recording-installed-packages/#the-record-file
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from typing import NamedTuple

__all__ = ["Row", "digest", "encode", "format", "parse", "rewritten"]


class Row(NamedTuple):
    """What RECORD says of one file; of RECORD itself neither hash nor size."""

    path: str
    hash: str = ""
    size: str = ""


def parse(content: bytes) -> list[Row]:
    """Read a RECORD.

    :raises ValueError: it is none
    """
    try:
        return [Row._make(row) for row in csv.reader(_lines(content), strict=True) if row]
    except (TypeError, csv.Error) as error:
        raise ValueError("a row has not three columns") from error


def format(rows: Iterable[Row], newline: str = "\n") -> bytes:
    """Write a RECORD."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=newline).writerows(rows)
    return text.getvalue().encode()


def rewritten(content: bytes, names: Mapping[str, str], contents: Mapping[str, bytes]) -> bytes:
    """Give a RECORD that says of renamed and of changed files what they are now; all else stays to the byte.

    :param names: path → its new one
    :param contents: path, the old one → its new content
    """
    newline = "\r\n" if b"\r\n" in content else "\n"
    lines = list(_lines(content))
    rows = csv.reader(lines)
    start = 0  # the line on which the row begins: a quoted path may hold a line's end
    written: list[str] = []
    for row in rows:
        if row and (row[0] in names or row[0] in contents):
            path, changed = names.get(row[0], row[0]), contents.get(row[0])
            said = row[1:] if changed is None else [digest(changed), str(len(changed))]
            written.append(format([Row(path, *said)], newline).decode())
        else:
            written += lines[start : rows.line_num]
        start = rows.line_num
    return "".join(written).encode()


def _lines(content: bytes) -> Iterable[str]:
    return io.StringIO(content.decode(), newline="")


def digest(content: bytes) -> str:
    """Give the hash of a file as RECORD has it."""
    return encode("sha256", hashlib.sha256(content).digest())


def encode(algorithm: str, value: bytes) -> str:
    """Spell a hash as RECORD does."""
    return f"{algorithm}={base64.urlsafe_b64encode(value).rstrip(b'=').decode()}"
