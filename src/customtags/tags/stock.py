"""Pure: the stock platform tags of Linux (PEP 600, PEP 656), and the architecture and C library that they stand for."""

from __future__ import annotations

from collections.abc import Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    class Platform(TypedDict):
        """The key ``platform`` of a profile."""

        arch: str
        libc: str | None
        libc_version: str | None


__all__ = ["ALIASES", "modern", "platform", "tags"]

#: The names that policies had before PEP 600 (PEP 513, 571, 599) → their glibc.
ALIASES = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}

#: The architectures that have policies older than glibc 2.17 (PEP 513, 571).
_OLDER = ("x86_64", "i686")


def modern(tag: str) -> str:
    """Return a tag, stock or extended, with the name that its policy has since PEP 600.

    >>> modern("manylinux2014_x86_64_v3"), modern("manylinux_2_28_x86_64")
    ('manylinux_2_17_x86_64_v3', 'manylinux_2_28_x86_64')
    """
    policy, _, rest = tag.partition("_")
    return "manylinux_{}_{}_{}".format(*ALIASES[policy], rest) if policy in ALIASES else tag


def platform(stock: Iterable[str]) -> Platform | None:
    """Return the architecture and the C library of a machine that accepts these tags.

    >>> platform(["linux_x86_64", "manylinux_2_36_x86_64", "manylinux_2_35_x86_64"])
    {'arch': 'x86_64', 'libc': 'glibc', 'libc_version': '2.36'}
    """
    arch: str | None = None
    versions: dict[str, list[tuple[int, int]]] = {"manylinux": [], "musllinux": []}
    for tag in stock:
        kind, _, rest = tag.partition("_")
        if kind == "linux":
            arch = rest
        elif kind in versions:
            major, minor, _ = rest.split("_", 2)
            versions[kind].append((int(major), int(minor)))
    if arch is None:
        return None
    for libc, kind in (("musl", "musllinux"), ("glibc", "manylinux")):
        if versions[kind]:
            newest = max(versions[kind])
            return {"arch": arch, "libc": libc, "libc_version": f"{newest[0]}.{newest[1]}"}
    return {"arch": arch, "libc": None, "libc_version": None}


def tags(facts: Platform) -> list[str]:
    """Return the stock tags that a machine accepts, best first, in the order of packaging ≥ 26.3.

    >>> tags({"arch": "aarch64", "libc": "glibc", "libc_version": "2.18"})
    ['linux_aarch64', 'manylinux_2_18_aarch64', 'manylinux_2_17_aarch64', 'manylinux2014_aarch64']
    """
    arch = facts["arch"]
    found = ["linux_" + arch]
    if facts.get("libc") is None or facts.get("libc_version") is None:
        return found
    major, minor = map(int, str(facts["libc_version"]).split(".")[:2])
    if facts["libc"] == "musl":
        return found + [f"musllinux_{major}_{older}_{arch}" for older in range(minor, -1, -1)]
    oldest = 5 if arch in _OLDER else 17
    names = {version: name for name, version in ALIASES.items()}
    for older in range(minor, oldest - 1, -1):
        found.append(f"manylinux_{major}_{older}_{arch}")
        if (major, older) in names:
            found.append(f"{names[major, older]}_{arch}")
    return found
