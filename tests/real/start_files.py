"""The two wheels for Python 3.18, made from the normal one: PEP 829 ends import lines in ``.pth`` files.

Not shipped yet: before 3.18 a ``.start`` file costs twenty times what the ``.pth`` costs (docs/explanation/cost.md).
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["START", "make"]

#: Which Pythons still run the ``.pth``, as the tags of a wheel; PEP 425 has them sorted.
WITH_PTH = [f"py3{minor}" for minor in range(9, 18)]

#: PEP 829: module and callable, one a line.
START = b"_customtags:install\n"


def make(wheel: Path, folder: Path) -> tuple[Path, Path]:
    """Return the wheel with the ``.pth``, and the one with a ``.start`` instead."""
    name = wheel.name.removesuffix("-py3-none-any.whl")
    compressed = ".".join(sorted(WITH_PTH))
    old = folder / f"{name}-{compressed}-none-any.whl"
    new = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        files = {each.filename: archive.read(each) for each in archive.infolist()}
    _write(old, _tagged(files, sorted(WITH_PTH)))
    start = {each: data for each, data in files.items() if each != "customtags.pth"}
    _write(new, {"customtags.start": START, **start})
    return old, new


def _tagged(files: dict[str, bytes], pythons: list[str]) -> dict[str, bytes]:
    (name,) = (each for each in files if each.endswith(".dist-info/WHEEL"))
    tags = b"".join(f"Tag: {python}-none-any\n".encode() for python in pythons)
    return {**files, name: files[name].replace(b"Tag: py3-none-any\n", tags)}


def _write(wheel: Path, files: dict[str, bytes]) -> None:
    (record,) = (each for each in files if each.endswith(".dist-info/RECORD"))
    contents = {each: data for each, data in files.items() if each != record}
    rows = [f"{each},{_hash(data)},{len(data)}\n" for each, data in contents.items()]
    contents[record] = "".join([*rows, f"{record},,\n"]).encode()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, data in contents.items():
            archive.writestr(each, data)


def _hash(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return "sha256=" + digest.rstrip(b"=").decode()
