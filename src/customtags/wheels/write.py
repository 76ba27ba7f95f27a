"""Write a wheel (https://packaging.python.org/specifications/binary-distribution-format/)."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import customtags
from customtags.wheels import filename, record
from customtags.wheels.atomic import beside

__all__ = ["write"]

#: The earliest time that zip knows: the same content gives the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)


def write(folder: Path, project: str, version: str, tag: str, files: Mapping[str, bytes]) -> Path:
    """Write one wheel, beside its place and then renamed.

    :param tag: a possibly compressed set, ``cp312-cp312-linux_x86_64_v3``
    :param files: path in the wheel → content
    :returns: the wheel
    """
    info = f"{project}-{version}.dist-info"
    members = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": "".join(
            [
                "Wheel-Version: 1.0\n",
                f"Generator: customtags {customtags.__version__}\n",
                f"Root-Is-Purelib: {str(tag.endswith('-any')).lower()}\n",
                *(f"Tag: {each}\n" for each in filename.expand(tag)),
            ]
        ).encode(),
    }
    rows = [
        record.Row(path, record.digest(content), str(len(content)))
        for path, content in members.items()
    ]
    members[f"{info}/RECORD"] = record.format([*rows, record.Row(f"{info}/RECORD")])
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{project}-{version}-{tag}.whl"
    with beside(wheel) as (_, path), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name, _TIME)
            member.external_attr = 0o644 << 16
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return wheel
