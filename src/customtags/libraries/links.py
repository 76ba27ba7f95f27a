"""The links of a wheel to libraries outside of it: their suppliers, and whether the loader finds them.

The search of the loader: ld.so(8); gABI, "Shared Object Dependencies".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from customtags.errors import ElfError
from customtags.libraries import system
from customtags.libraries.supplier import Library, Supplier, all_installed, find, installed_path

if TYPE_CHECKING:
    from customtags.wheels.claims import NameClaims
    from customtags.wheels.elf import Elf
    from customtags.wheels.metadata import Fields
    from customtags.wheels.unpacked import Unpacked

__all__ = ["Link", "folders", "links", "origin", "reaches", "requirements", "undefined"]


class Link(NamedTuple):
    """A link of one file of a wheel to a library that is neither in the wheel nor on every system.

    :ivar member: the file in the wheel
    :ivar soname: the name of the library, as the file has it
    :ivar supplier: the distribution that contains the library; None if no distribution does
    :ivar library: the library there
    """

    member: str
    soname: str
    supplier: Supplier | None
    library: Library | None


#: Prefixes of symbols that no distribution defines: those of the interpreter, and of libstdc++, not all of which have a version.
_OTHERS = ("Py", "_Py", "_ZNSt", "_ZNKSt", "_ZSt", "_ZTISt", "_ZTVSt")


def links(
    wheel: Unpacked, claims: NameClaims, suppliers: Sequence[Supplier] | None = None
) -> list[Link]:
    """Return the links of a wheel to libraries outside of it.

    :param suppliers: the distributions to search, in this order; by default all that are installed
    :raises ToolError: auditwheel is not installed
    """
    inside = {posixpath.basename(name) for name in wheel.names}
    needs = [(member, soname) for member, elf in wheel.elfs() for soname in _needed(elf)]
    needs = [need for need in needs if need[1] not in inside and not system.outside(need[1])]
    if not needs:
        return []
    known = system.everywhere()
    needs = [need for need in needs if need[1] not in known]
    if needs and suppliers is None:
        suppliers = [*all_installed()]
    own = canonicalize_name(claims.stem.partition("-")[0])
    others = [each for each in suppliers or () if each.name != own]
    supplied = {soname: find(soname, others) for soname in dict.fromkeys(s for _, s in needs)}
    return [Link(*need, *(supplied[need[1]] or (None, None))) for need in needs]


def _needed(elf: Elf) -> list[str]:
    """Return the libraries that a file links to; none if it is damaged, which `Unpacked.faults` reports."""
    try:
        return elf.needed
    except ElfError:
        return []


def requirements(metadata: Fields) -> list[Requirement]:
    """Return the requirements that apply here without an extra; an invalid line is skipped."""
    found = []
    for line in metadata.all("Requires-Dist"):
        try:
            each = Requirement(line)
            if each.marker is None or each.marker.evaluate({"extra": ""}):
                found.append(each)
        except ValueError:  # InvalidRequirement, UndefinedComparison
            continue
    return found


def folders(elf: Elf) -> list[str]:
    """Return the folders of DT_RUNPATH, which overrides DT_RPATH, or of DT_RPATH; none if it is empty."""
    path = elf.rpath if elf.runpath is None else elf.runpath
    return path.split(":") if path else []


def origin(member: str, library: str) -> str:
    """Return the RPATH from a file to a library, both below the same site-packages.

    >>> origin("mine/_native.so", "torch/lib/libtorch.so")
    '$ORIGIN/../torch/lib'
    """
    folder, start = posixpath.dirname(library), posixpath.dirname(installed_path(member))
    return f"$ORIGIN/{posixpath.relpath(folder or '.', start or '.')}"


def reaches(elf: Elf, link: Link) -> bool:
    """Return whether the RPATH of a file reaches a library, if both are installed into the same site-packages."""
    if link.library is None or link.library.name != link.soname:
        return False
    try:
        written = folders(elf)
    except ElfError:  # `Unpacked.faults` reports it
        return False
    start = posixpath.dirname(installed_path(link.member)) or "."
    searched = (re.sub(r"^\$(ORIGIN|\{ORIGIN\})", lambda _: start, each) for each in written)
    return (posixpath.dirname(link.library.path) or ".") in map(posixpath.normpath, searched)


def undefined(wheel: Unpacked, member: str, found: Sequence[Link]) -> tuple[list[str], list[str]]:
    """Return the symbols that a file requires and that no library defines which the loader would search.

    :returns: the symbols, and the libraries that were not found and may define some of them
    """
    elf = next(elf for name, elf in wheel.elfs() if name == member)
    mine = {link.soname: link for link in found if link.member == member}
    missing = {
        symbol.name
        for symbol in elf.dynamic_symbols(defined=False)
        if symbol.binding == "GLOBAL"
        and not symbol.name.startswith(_OTHERS)
        and (symbol.library is None or symbol.library in mine)
    }
    for _, each in wheel.elfs():
        missing -= _defined(each, missing)
    for each in _loaded([*mine.values()]) if missing else ():
        missing -= _defined(each, missing)
    inside = {posixpath.basename(name) for name in wheel.names}
    systems = [name for name in elf.needed if name not in mine and name not in inside]
    seen = set()
    for name, each in system.here(systems, elf.machine) if missing else ():
        seen.add(name)
        missing -= _defined(each, missing)
    unseen = {link.soname for link in mine.values() if not link.supplier} | ({*systems} - seen)
    return sorted(missing), sorted(unseen)


def _loaded(mine: Sequence[Link]) -> Iterator[Elf]:
    """Yield the suppliers' libraries, and those that they link to in their own distribution: libtorch.so only links to others."""
    queue = [(link.supplier, link.library) for link in mine if link.supplier and link.library]
    seen = set()
    while queue:
        supplier, library = queue.pop(0)
        if library.path not in seen:
            seen.add(library.path)
            with library.open() as elf:
                yield elf
                names = [name for name in elf.needed if not system.outside(name)]
            queue += filter(None, (find(name, [supplier]) for name in names))


def _defined(elf: Elf, missing: set[str]) -> set[str]:
    if not missing:
        return set()
    return {each.name for each in elf.dynamic_symbols(defined=True) if each.name in missing}
