"""Pure: RECORD, which lists every file of a wheel with its hash and its size in bytes.

https://packaging.python.org/specifications/recording-installed-packages/#the-record-file
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections.abc import Mapping
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
    rows = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    try:
        return [Row(*row) for row in rows if row]
    except (TypeError, csv.Error) as error:
        raise ValueError("a row has not three columns") from error


def format(rows: list[Row], newline: str = "\n") -> bytes:
    """Write a RECORD."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=newline).writerows(rows)
    return text.getvalue().encode()


def rewritten(content: bytes, names: Mapping[str, str], contents: Mapping[str, bytes]) -> bytes:
    """Give a RECORD that says of renamed and of changed files what they are now; its order and its line ends stay.

    :param names: path → its new one
    :param contents: path, the old one → its new content
    """
    rows = [
        _row(names.get(row.path, row.path), contents[row.path])
        if row.path in contents
        else row._replace(path=names.get(row.path, row.path))
        for row in parse(content)
    ]
    return format(rows, "\r\n" if b"\r\n" in content else "\n")


def _row(path: str, content: bytes) -> Row:
    return Row(path, digest(content), str(len(content)))


def digest(content: bytes) -> str:
    """Give the hash of a file as RECORD has it."""
    return encode("sha256", hashlib.sha256(content).digest())


def encode(algorithm: str, value: bytes) -> str:
    """Spell a hash as RECORD does."""
    return f"{algorithm}={base64.urlsafe_b64encode(value).rstrip(b'=').decode()}"
