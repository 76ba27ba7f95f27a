"""The files of a wheel, checked against its RECORD."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from customtags.wheels import record

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["contents"]


def contents(wheel: Path) -> dict[str, bytes]:
    """Give every file of a wheel, and check that RECORD is exact."""
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    listed = next(name for name in found if name.endswith(".dist-info/RECORD"))
    rows = record.parse(found[listed])
    files = {name: content for name, content in found.items() if not name.endswith("/")}
    assert sorted(path for path, _, _ in rows) == sorted(files)
    for path, *said in rows:
        right = [record.digest(files[path]), str(len(files[path]))]
        assert said == (["", ""] if path == listed else right)
    return found
