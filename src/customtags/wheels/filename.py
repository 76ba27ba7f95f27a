"""Pure: the parts of a wheel's file name.

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
    """A file name, as it is spelled.

    :ivar build: None without one
    :ivar platform: a possibly compressed set, as are python and abi
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
        """Every tag that the name stands for, sorted."""
        return expand(f"{self.python}-{self.abi}-{self.platform}")


def parse(name: str) -> FileName:
    """Split a file name.

    >>> parse("example-1.2.3-cp312-cp312-linux_x86_64_v3.whl").platform
    'linux_x86_64_v3'

    :raises WheelError: it is not the name of a wheel
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
    """Give what a compressed tag stands for, sorted.

    >>> expand("py2.py3-none-any")
    ['py2-none-any', 'py3-none-any']
    """
    return sorted("-".join(each) for each in product(*(part.split(".") for part in tag.split("-"))))


def canonical(project: str) -> str:
    """Spell the name of a project so that equal ones are equal (PEP 503)."""
    return re.sub("[-_.]+", "-", project).lower()


def compressed(platforms: Iterable[str]) -> str:
    """Write platforms as a set, which PEP 425 wants sorted."""
    return ".".join(sorted(set(platforms)))


def _error(name: str) -> WheelError:
    return WheelError(
        name, "is not a wheel's name", "a wheel's is NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl"
    )
