"""The files of a wheel, checked against its RECORD."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

from customtags.wheels import record

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["contents"]


def contents(wheel: Path) -> dict[str, bytes]:
    """Return every file of a wheel, and check that RECORD is exact."""
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    listed = next(name for name in found if re.fullmatch(r"[^/]+\.dist-info/RECORD", name))
    rows = record.Record(found[listed]).rows
    files = {name: content for name, content in found.items() if not name.endswith("/")}
    assert sorted(path for path, _, _ in rows) == sorted(files)
    for row in rows:
        right = record.described(row.path, [files[row.path]])
        assert row == (record.Row(listed) if row.path == listed else right)
    return found
