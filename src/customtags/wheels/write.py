"""Write a wheel (https://packaging.python.org/specifications/binary-distribution-format/)."""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import customtags

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
    expanded = product(*(part.split(".") for part in tag.split("-")))
    members = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": "".join(
            [
                "Wheel-Version: 1.0\n",
                f"Generator: customtags {customtags.__version__}\n",
                f"Root-Is-Purelib: {str(tag.endswith('-any')).lower()}\n",
                *(f"Tag: {'-'.join(each)}\n" for each in expanded),
            ]
        ).encode(),
    }
    record = "".join(
        f"{path},{_digest(content)},{len(content)}\n" for path, content in members.items()
    )
    members[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{project}-{version}-{tag}.whl"
    unfinished = wheel.with_suffix(f".{os.getpid()}.part")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in members.items():
                member = zipfile.ZipInfo(path, _TIME)
                member.external_attr = 0o644 << 16
                archive.writestr(member, content, zipfile.ZIP_DEFLATED)
        unfinished.replace(wheel)
    finally:
        unfinished.unlink(missing_ok=True)
    return wheel


def _digest(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"
