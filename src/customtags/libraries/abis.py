"""Pure: the versions of a project that a segment of its ABI stands for, and whether a requirement is limited to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from customtags.machine.dimensions.abi import Abi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.specifiers import SpecifierSet

__all__ = ["allows", "beyond", "meets", "numbers", "requirement", "rungs"]


def rungs(name: str, version: str) -> list[str]:
    """Return the segments that a version of a project fits, the narrowest first; none for a pre-release.

    >>> rungs("torch", "2.9.1+cpu")
    ['torch2_9', 'torch2']
    """
    return Abi([name]).ladder({"versions": {name: version}})


def numbers(name: str, segment: str) -> list[str]:
    """Return the numbers of the version that a segment of a project names.

    >>> numbers("torch", "torch2_9"), numbers("torch", "")
    (['2', '9'], [])
    """
    rest = segment[len(re.sub("[-_.]", "", name)) :].strip("_")
    return rest.split("_") if rest else []


def requirement(name: str, numbers: Sequence[str]) -> str:
    """Return the requirement for every version of an ABI.

    >>> requirement("torch", ["2", "9"])
    'torch==2.9.*'
    """
    return f"{name}=={'.'.join(numbers)}.*"


def allows(specifier: SpecifierSet, version: str) -> bool:
    """Return whether a requirement allows a version, a pre-release included."""
    return specifier.contains(version, prereleases=True)


def meets(specifier: SpecifierSet, numbers: Sequence[str]) -> bool:
    """Return whether a requirement allows any version of an ABI; common last numbers are tried."""
    ends = ("", *(f".{number}" for number in range(100)), ".0.1", ".1.1", ".9999")
    return not numbers or any(allows(specifier, ".".join(numbers) + end) for end in ends)


def beyond(specifier: SpecifierSet, numbers: Sequence[str]) -> str | None:
    """Return a version of another ABI that a requirement allows; without an ABI, a far later version.

    >>> from packaging.specifiers import SpecifierSet
    >>> beyond(SpecifierSet(">=2.9"), ["2", "9"]), beyond(SpecifierSet("~=2.9.1"), ["2", "9"])
    ('3', None)
    """
    tried = [] if numbers else ["99999"]
    for at, number in enumerate(map(int, numbers)):
        tried.append(".".join((*numbers[:at], str(number + 1))))
        if number:
            tried.append(".".join((*numbers[:at], str(number - 1), "999")))
    return next((each for each in tried if allows(specifier, each)), None)
