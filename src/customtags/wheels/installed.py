"""The distributions that are installed, each read from its metadata folder.

https://packaging.python.org/specifications/recording-installed-packages
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from customtags.wheels.filename import canonical

__all__ = ["Installed", "read_environment"]


class Installed(NamedTuple):
    """A distribution that is installed.

    :ivar name: as its metadata spell it
    :ivar version: as its metadata spell it
    :ivar folder: the folder that it is installed into (site-packages)
    :ivar source: what reads the files of its ``.dist-info`` folder
    """

    name: str
    version: str
    folder: Path
    source: metadata.Distribution

    def text(self, name: str) -> str:
        """Return a file of its ``.dist-info`` folder, such as ``RECORD``; empty if it is missing or unreadable."""
        try:
            return self.source.read_text(name) or ""
        except (OSError, ValueError):
            return ""


def read_environment(path: Sequence[str] | None = None) -> Iterator[Installed]:
    """Yield what is installed; of several distributions of one name the first, which is the one that Python imports.

    :param path: the folders to search, by default those of ``sys.path``
    """
    every = metadata.distributions() if path is None else metadata.distributions(path=[*path])
    seen = set()
    for each in every:
        found = _read(each)
        if found and canonical(found.name) not in seen:
            seen.add(canonical(found.name))
            yield found


def _read(found: metadata.Distribution) -> Installed | None:
    """Read one distribution, None for the remains of an interrupted uninstall."""
    try:
        fields = found.metadata
        if "Name" not in fields or "Version" not in fields:
            return None
        name, version = fields["Name"], fields["Version"]
        return Installed(name, version, Path(str(found.locate_file(""))), found) if name else None
    except (OSError, TypeError, ValueError):
        return None
