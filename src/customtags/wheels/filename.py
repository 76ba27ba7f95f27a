"""Pure: the parts of a wheel file name.

https://packaging.python.org/specifications/binary-distribution-format/#file-name-convention
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

from customtags.errors import WheelError

__all__ = ["FileName", "canonical", "compressed", "expand", "parse"]


class FileName(NamedTuple):
    """A wheel file name, as it is spelled.

    :ivar build: None without a build tag
    :ivar platform: a set, compressed where it has several; so are python and abi
    """

    project: str
    version: str
    build: str | None
    python: str
    abi: str
    platform: str

    def __str__(self) -> str:
        return "-".join(part for part in self if part is not None) + ".whl"

    @property
    def platforms(self) -> list[str]:
        """The platforms of the set."""
        return self.platform.split(".")

    @property
    def tags(self) -> list[str]:
        """Every tag of the name, sorted."""
        return expand(f"{self.python}-{self.abi}-{self.platform}")

    def matches(self, project: str, version: str) -> bool:
        """Return whether a project and a version are those of the file, maybe in another spelling."""
        same = canonical(project) == canonical(self.project)
        return same and same_version(version, self.version)


def parse(name: str) -> FileName:
    """Parse a wheel file name.

    >>> parse("example-1.2.3-cp312-cp312-linux_x86_64_v3.whl").platform
    'linux_x86_64_v3'

    :raises WheelError: it is not one
    """
    parts: list[str | None] = [*name.removesuffix(".whl").split("-")]
    if len(parts) == 5:
        parts.insert(2, None)
    build = parts[2] if len(parts) == 6 else ""
    if len(parts) != 6 or not all((*parts[:2], *parts[3:])) or not name.endswith(".whl"):
        raise _error(name)
    if build is not None and not build[:1].isdigit():
        raise _error(name)
    return FileName(*parts)  # type: ignore[arg-type]  # the parts were counted


def expand(tag: str) -> list[str]:
    """Return the tags of a compressed set, sorted.

    >>> expand("py2.py3-none-any")
    ['py2-none-any', 'py3-none-any']
    """
    return sorted("-".join(each) for each in product(*(part.split(".") for part in tag.split("-"))))


def canonical(project: str) -> str:
    """Return the normalized name of a project (PEP 503)."""
    return re.sub("[-_.]+", "-", project).lower()


def compressed(platforms: Iterable[str]) -> str:
    """Return platforms as a compressed set, sorted as PEP 425 requires."""
    return ".".join(sorted(set(platforms)))


def same_version(one: str, other: str) -> bool:
    """Return whether two spellings are one version (PEP 440); a file name has ``_`` for ``-``."""
    if one.replace("-", "_") == other.replace("-", "_"):
        return True
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one.replace("_", "-")) == Version(other.replace("_", "-"))
    except InvalidVersion:
        return False


def _error(name: str) -> WheelError:
    expected = "NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl"
    return WheelError(name, "is not a wheel file name", f"expected {expected}")
