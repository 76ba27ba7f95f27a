"""What a wheel needs of other distributions: which libraries, whose they are, and whether the loader gets there.

How it looks for one: ld.so(8); gABI, "Shared Object Dependencies".
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
from customtags.libraries.supplier import Library, Supplier, all_installed, find, place

if TYPE_CHECKING:
    from customtags.wheels.claims import NameClaims
    from customtags.wheels.elf import Elf
    from customtags.wheels.metadata import Fields
    from customtags.wheels.unpacked import Unpacked

__all__ = ["Link", "folders", "links", "needed", "origin", "reaches", "requirements", "undefined"]


class Link(NamedTuple):
    """A library that one file of a wheel needs, and that the wheel and not every system has.

    :ivar member: the file in the wheel
    :ivar soname: what it needs
    :ivar supplier: whose that is; None where nobody has it
    """

    member: str
    soname: str
    supplier: Supplier | None
    library: Library | None


#: What no distribution defines: the interpreter's, and the namespace std, which libstdc++ gives a version but not always.
_OTHERS = ("Py", "_Py", "_ZNSt", "_ZNKSt", "_ZSt", "_ZTISt", "_ZTVSt")


def links(
    wheel: Unpacked, claims: NameClaims, suppliers: Sequence[Supplier] | None = None
) -> list[Link]:
    """Give what a wheel needs of others.

    :param suppliers: who may have it, the first first; by default what is installed beside this Python
    :raises ToolError: auditwheel is not installed
    """
    inside = {posixpath.basename(name) for name in wheel.names}
    needs = [(member, soname) for member, elf in wheel.elfs() for soname in needed(elf)]
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


def needed(elf: Elf) -> list[str]:
    """Give what a file needs; none where it is broken, which the wheel that it lies in tells of."""
    try:
        return elf.needed
    except ElfError:
        return []


def requirements(metadata: Fields) -> list[Requirement]:
    """Give what a wheel requires here without an extra; a line that can't be read is left out."""
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
    """Give the folders of an RPATH: the newer kind hides the older, and one that is empty as a whole counts as none."""
    path = elf.rpath if elf.runpath is None else elf.runpath
    return path.split(":") if path else []


def origin(member: str, library: str) -> str:
    """Give the RPATH from a file to a library, both below the same site-packages.

    >>> origin("mine/_native.so", "torch/lib/libtorch.so")
    '$ORIGIN/../torch/lib'
    """
    folder, start = posixpath.dirname(library), posixpath.dirname(place(member))
    return f"$ORIGIN/{posixpath.relpath(folder or '.', start or '.')}"


def reaches(elf: Elf, link: Link) -> bool:
    """Tell whether an RPATH leads to the library, where both are installed into the same site-packages."""
    if link.library is None or link.library.name != link.soname:
        return False
    try:
        written = folders(elf)
    except ElfError:  # which the wheel tells of
        return False
    start = posixpath.dirname(place(link.member)) or "."
    searched = (re.sub(r"^\$(ORIGIN|\{ORIGIN\})", lambda _: start, each) for each in written)
    return (posixpath.dirname(link.library.path) or ".") in map(posixpath.normpath, searched)


def undefined(wheel: Unpacked, member: str, found: Sequence[Link]) -> tuple[list[str], list[str]]:
    """Give the symbols that a file needs and that are defined nowhere where the loader looks.

    :returns: those, and the libraries that are not here and might have some of them
    """
    elf = next(elf for name, elf in wheel.elfs() if name == member)
    mine = {link.soname: link for link in found if link.member == member}
    wanted = {
        symbol.name
        for symbol in elf.dynamic_symbols(defined=False)
        if symbol.binding == "GLOBAL"
        and not symbol.name.startswith(_OTHERS)
        and (symbol.library is None or symbol.library in mine)
    }
    for _, each in wheel.elfs():
        wanted -= _defined(each, wanted)
    for each in _loaded([*mine.values()]) if wanted else ():
        wanted -= _defined(each, wanted)
    inside = {posixpath.basename(name) for name in wheel.names}
    systems = [name for name in elf.needed if name not in mine and name not in inside]
    seen = set()
    for name, each in system.here(systems, elf.machine) if wanted else ():
        seen.add(name)
        wanted -= _defined(each, wanted)
    unseen = {link.soname for link in mine.values() if not link.supplier} | ({*systems} - seen)
    return sorted(wanted), sorted(unseen)


def _loaded(mine: Sequence[Link]) -> Iterator[Elf]:
    """Give the suppliers' libraries, and what those need of their own distribution: libtorch.so only lists others."""
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


def _defined(elf: Elf, wanted: set[str]) -> set[str]:
    if not wanted:
        return set()
    return {each.name for each in elf.dynamic_symbols(defined=True) if each.name in wanted}
