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

__all__ = ["Record", "Row", "described", "encode", "format"]


class Row(NamedTuple):
    """The row of one file; RECORD itself has neither hash nor size."""

    path: str
    hash: str = ""
    size: str = ""


class Record:
    """The RECORD of a wheel, which is changed row by row."""

    def __init__(self, content: bytes) -> None:
        """Parse a RECORD.

        :raises ValueError: it is not one
        """
        self._newline = "\r\n" if b"\r\n" in content else "\n"
        self._lines = list(io.StringIO(content.decode(), newline=""))
        reader = csv.reader(self._lines, strict=True)
        try:
            # Each row with the line on which it ends: a quoted path may hold the end of a line.
            self._rows = [(row, reader.line_num) for row in reader]
        except csv.Error as error:
            raise ValueError(str(error)) from error
        if any(len(row) not in (0, len(Row._fields)) for row, _ in self._rows):
            raise ValueError("a row does not have three columns")

    @property
    def rows(self) -> list[Row]:
        """The rows of all files."""
        return [Row._make(row) for row, _ in self._rows if row]

    @property
    def paths(self) -> set[str]:
        """The paths of all files."""
        return {row[0] for row, _ in self._rows if row}

    def rewritten(
        self, names: Mapping[str, str], files: Mapping[str, Row | None], own: str
    ) -> bytes:
        """Return a RECORD that describes renamed, changed, dropped and new files; all other rows stay to the byte.

        :param names: path → its new path
        :param files: path, the old one → its new row, None if it is dropped; rows of new files are placed before the own one
        :param own: the path of RECORD itself, the old one
        """
        touched = {*names, *files, own}
        new = {path: row for path, row in files.items() if row}
        written: list[str] = []
        start = kept = 0  # the line on which a row begins; the first one not yet written
        place = 0  # of the own row
        for row, end in self._rows:
            if row and row[0] in touched:
                path = row[0]
                written += self._lines[kept:start]
                kept = start
                changed = new.pop(path, None)
                if path == own:
                    place = len(written)
                if path in names or path in files:
                    kept = end
                    values = row[1:] if changed is None else changed[1:]
                    if path not in files or changed:
                        written.append(self._text([Row(names.get(path, path), *values)]))
            start = end
        written += self._lines[kept:]
        written[place:place] = [self._text(new.values())]
        return "".join(written).encode()

    def _text(self, rows: Iterable[Row]) -> str:
        return format(rows, self._newline).decode()


def format(rows: Iterable[Row], newline: str = "\n") -> bytes:
    """Return the text of a RECORD."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=newline).writerows(rows)
    return text.getvalue().encode()


def described(path: str, content: Iterable[bytes]) -> Row:
    """Return the row of a file whose content comes in pieces."""
    digest, size = hashlib.sha256(), 0
    for chunk in content:
        digest.update(chunk)
        size += len(chunk)
    return Row(path, encode("sha256", digest.digest()), str(size))


def encode(algorithm: str, value: bytes) -> str:
    """Return a hash in the spelling of RECORD."""
    return f"{algorithm}={base64.urlsafe_b64encode(value).rstrip(b'=').decode()}"
