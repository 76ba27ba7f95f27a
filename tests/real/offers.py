"""Files of an index, as small as pip reads them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Offer", "write"]

#: The back end of a source distribution.
BACKEND = """
import os
def get_requires_for_build_wheel(config_settings=None):
    return []
def prepare_metadata_for_build_wheel(directory, config_settings=None):
    name = "{name}-{version}.dist-info"
    os.mkdir(os.path.join(directory, name))
    with open(os.path.join(directory, name, "METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return name
"""


class Offer(NamedTuple):
    """A file of an index; a source distribution has an ending instead of tags."""

    version: str
    build: str
    tags: str
    requires: str | None

    def name(self, project: str) -> str:
        if self.tags.startswith("."):
            return f"{project}-{self.version}{self.tags}"
        return "-".join(filter(None, (project, self.version, self.build, self.tags))) + ".whl"


def write(folder: Path, project: str, offer: Offer) -> None:
    """Write the least that pip reads."""
    path = folder / offer.name(project)
    metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: {offer.version}\n"
    metadata += f"Requires-Python: {offer.requires}\n" if offer.requires else ""
    stem = f"{project}-{offer.version}"
    backend = BACKEND.format(name=project, version=offer.version)
    build = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    source = {"pyproject.toml": build, "backend.py": backend, "PKG-INFO": metadata}
    if offer.tags == ".tar.gz":
        with tarfile.open(path, "w:gz") as archive:
            for name, text in source.items():
                member = tarfile.TarInfo(f"{stem}/{name}")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        return
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    held = {f"{stem}.dist-info/METADATA": metadata, f"{stem}.dist-info/WHEEL": wheel}
    held[f"{stem}.dist-info/RECORD"] = ""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (
            held if path.suffix == ".whl" else {f"{stem}/{n}": t for n, t in source.items()}
        ).items():
            archive.writestr(name, text)
