"""The check ``libraries``: whether libraries of other distributions are found, required, and of the ABI in the name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_name

from customtags.audit.finding import FALSE, NOTE, UNDECIDED, Finding, Fix
from customtags.errors import ElfError
from customtags.libraries import abis, preload
from customtags.libraries.links import (
    Link,
    folders,
    links,
    origin,
    reaches,
    requirements,
    undefined,
)
from customtags.libraries.system import outside
from customtags.machine.dimensions.abi import Abi
from customtags.tags.naming import runs

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from customtags.libraries.supplier import Supplier
    from customtags.wheels.claims import NameClaims
    from customtags.wheels.elf import Elf
    from customtags.wheels.unpacked import Unpacked

__all__ = ["CODES", "NAME", "check"]

NAME = "libraries"

CODES: Mapping[str, str] = {
    "library-missing": "a library is neither in the wheel, nor the system's, nor an installed distribution's",
    "library-unreached": "no RPATH leads to the distribution that supplies a library",
    "rpath-absolute": "the loader searches a folder of the machine that built the wheel",
    "rpath-cwd": "the loader searches the current folder",
    "requirement-missing": "METADATA does not require the distribution that supplies a library",
    "requirement-wide": "METADATA allows versions whose ABI may differ",
    "supplier-version": "the installed version of a distribution is not one that the wheel requires",
    "abi-unnamed": "the name has no segment for the ABI of another distribution that the wheel was built with",
    "abi-contradicted": "the name claims one ABI of a distribution, and METADATA requires another",
    "symbol-missing": "the distribution that supplies a library does not define a required symbol",
}


class Supply(NamedTuple):
    """A distribution whose libraries a wheel uses, and what METADATA and the name say of it.

    :ivar segment: the segment for its ABI in the name, empty without one
    """

    supplier: Supplier
    required: Requirement | None
    segment: str
    used: Sequence[Link]

    @property
    def rungs(self) -> list[str]:
        """The segments that the installed version accepts, the narrowest first."""
        return abis.rungs(self.supplier.name, self.supplier.version)

    @property
    def fits(self) -> bool:
        """Whether the installed version is one that the wheel requires."""
        required = self.required is None or abis.allows(
            self.required.specifier, self.supplier.version
        )
        return required and (not self.segment or self.segment in self.rungs)


def check(
    wheel: Unpacked, claims: NameClaims, suppliers: Sequence[Supplier] | None = None
) -> Iterator[Finding]:
    """Compare the libraries of other distributions that a wheel uses with its metadata and RPATHs.

    :param suppliers: the distributions that are searched, in order; by default those that are installed
    :raises ToolError: auditwheel is not installed
    """
    yield from wheel.each(_rpaths)
    found = links(wheel, claims, suppliers)
    wanted = requirements(wheel.metadata)
    supplies = [*_supplies(found, wanted, claims)]
    yield from _unsupplied(found, wanted, supplies, claims)
    for each in supplies:
        yield from _unreached(wheel, each)
        yield from _required(each)
        yield from _unnamed(each)
    yield from _symbols(wheel, found, supplies)


def _rpaths(member: str, elf: Elf) -> Iterator[Finding]:
    cure = "link with -Wl,-rpath,'$ORIGIN/…', or set it with customtags repair"
    for folder in dict.fromkeys(folders(elf)):
        if folder.startswith("/"):
            says = f"has the RPATH {folder!r}, a folder of the machine that built it"
            yield Finding("rpath-absolute", NOTE, says, member, cure=cure)
        elif not folder.startswith(("$ORIGIN", "${ORIGIN}")):
            says = f"has the RPATH {folder!r}, which is relative to the current folder"
            yield Finding("rpath-cwd", NOTE, says, member, cure=cure)


def _supplies(
    found: Sequence[Link], wanted: Sequence[Requirement], claims: NameClaims
) -> Iterator[Supply]:
    suppliers = {each.supplier.name: each.supplier for each in found if each.supplier}
    for name, supplier in suppliers.items():
        required = next((each for each in wanted if canonicalize_name(each.name) == name), None)
        used = [each for each in found if each.supplier is supplier]
        said = [run for each in claims.platforms for run in runs(each.tag, [Abi([name])])[1]]
        yield Supply(supplier, required, next((r.text for r in said if r.dimension), ""), used)


def _unsupplied(
    found: Sequence[Link],
    wanted: Sequence[Requirement],
    supplies: Sequence[Supply],
    claims: NameClaims,
) -> Iterator[Finding]:
    """Report libraries that nothing supplies: false only if nothing that is required can bring them."""
    here = {each.supplier.name for each in supplies if each.fits}
    unseen = [str(each) for each in wanted if canonicalize_name(each.name) not in here]
    native = any(base.startswith("linux_") for base in claims.values("base"))
    if unseen:
        cure = f"install its requirements ({', '.join(unseen)}), or pass their wheels with --with"
    elif supplies:
        others = " or ".join(str(each.supplier) for each in supplies)
        cure = f"install another build of {others} that has it, or pass a wheel that has it with --with"
    else:
        cure = "graft it with auditwheel repair, or require the distribution that has it and pass its wheel with --with"
    missing: dict[str, list[str]] = {}
    for each in found:
        if each.supplier is None:
            missing.setdefault(each.soname, []).append(each.member)
    for soname, members in missing.items():
        says = f"requires {soname}, which is not in the wheel, not on every system, and not in an installed distribution"
        more = len(members) - 1
        more_files = "files require" if more > 1 else "file requires"
        says += f" ({more} more {more_files} it, too)" if more else ""
        severity = UNDECIDED if native or wanted or supplies else FALSE
        yield Finding("library-missing", severity, says, members[0], cure=cure)


def _unreached(wheel: Unpacked, supply: Supply) -> Iterator[Finding]:
    """Report files whose RPATH does not lead to the supplier, and before which nothing loads its libraries."""
    lost: dict[str, list[Link]] = {}
    for member, elf in wheel.elfs():
        used = [link for link in supply.used if link.member == member and link.library]
        loaded = preload.listed(wheel, member) if used else []
        for link in used:
            if link.library and link.library.path not in loaded and not reaches(elf, link):
                lost.setdefault(member, []).append(link)
    for member, missed in lost.items():
        ways = {origin(member, link.library.path) for link in missed if link.library}
        names = _few([link.soname for link in missed])
        says = f"has no RPATH to {names} of {supply.supplier} ({':'.join(sorted(ways))})"
        first = _importer(wheel, missed[0])
        if first:
            says = f"{says}; {first} imports it first, which loads its libraries"
            yield Finding("library-unreached", NOTE, says, member)
        else:
            cure = (
                "set the RPATH with customtags repair, or load the library first with its --preload"
            )
            yield Finding("library-unreached", UNDECIDED, says, member, cure=cure)


def _importer(wheel: Unpacked, link: Link) -> str | None:
    """Return the ``__init__.py`` above a file that imports the supplier, which loads its libraries."""
    module = link.library.path.partition("/")[0] if link.library else ""
    line = re.compile(rf"^\s*(import|from) {re.escape(module)}\b", re.MULTILINE)
    inits = preload.inits(wheel.names, link.member)
    return next((init for init in inits if line.search(wheel.text(init))), None)


def _required(supply: Supply) -> Iterator[Finding]:
    supplier, required, segment, used = supply
    numbers = abis.numbers(supplier.name, segment)
    right = abis.requirement(supplier.name, numbers or supplier.version.split(".")[:2])
    if required is None:
        says = f"requires {used[0].soname} of {supplier.name}, and METADATA does not require {supplier.name}"
        cure = f"add 'Requires-Dist: {right}', or repair it with customtags repair"
        yield Finding("requirement-missing", FALSE, says, used[0].member, cure=cure)
        return
    if not supply.fits:
        claims = f" and claims {segment}" if segment else ""
        says = f"{supplier} is installed; the wheel requires {str(required)!r}{claims}"
        cure = "audit it where such a version is installed, or pass a wheel of it with --with"
        yield Finding("supplier-version", NOTE, says, cure=cure)
    beyond = abis.beyond(required.specifier, numbers)
    if beyond and not abis.meets(required.specifier, numbers):
        found = next(
            (
                r
                for r in supply.rungs
                if abis.meets(required.specifier, abis.numbers(supplier.name, r))
            ),
            None,
        )
        says = f"the name claims {segment}, and METADATA requires {str(required)!r}"
        fix = Fix("abi", found) if found else None
        yield Finding("abi-contradicted", FALSE, says, cure=f"require {right!r}", fix=fix)
    elif beyond:
        says = f"{str(required)!r} also allows {supplier.name} {beyond}, whose ABI may differ"
        cure = f"require {right!r}" if supply.fits else "require an upper bound"
        yield Finding("requirement-wide", UNDECIDED, says, cure=cure)


def _unnamed(supply: Supply) -> Iterator[Finding]:
    if not supply.segment and supply.rungs:
        says = f"links to {supply.supplier}; the name has no segment for its ABI"
        cure = (
            f"add the segment {' or '.join(supply.rungs)}, so that pip chooses by what is installed"
        )
        yield Finding("abi-unnamed", NOTE, says, supply.used[0].member, cure=cure)


def _symbols(
    wheel: Unpacked, found: Sequence[Link], supplies: Sequence[Supply]
) -> Iterator[Finding]:
    """Report required symbols that no library defines which the loader searches."""
    for member in dict.fromkeys(link.member for link in found if link.supplier):
        mine = [each for each in supplies if any(link.member == member for link in each.used)]
        try:
            lost, unseen = undefined(wheel, member, found)
        except (
            ElfError,
            OSError,
        ):  # the wheel's file is damaged, or the supplier's is no longer installed
            continue
        if not lost or any(name.startswith("libc.musl") for name in unseen):
            continue  # symbols of musl have no version, by which they could be told from others
        who = " and ".join(str(each.supplier) for each in mine)
        says = f"{who} {'do' if len(mine) > 1 else 'does'} not define {_few([*map(_short, lost)])}"
        absent = [name for name in unseen if not outside(name)]
        says += f"; a library that was not found may: {_few(absent)}" if absent else ""
        cure = "build it with this version, or require the other one and add the segment of its ABI"
        sure = not unseen and all(each.fits for each in mine)
        severity = FALSE if sure else UNDECIDED
        yield Finding("symbol-missing", severity, says, member, lost[0], cure=cure)


def _short(symbol: str, most: int = 60) -> str:
    """Return the start of a mangled name, which shows the namespace; the finding has all of it."""
    return symbol if len(symbol) <= most else f"{symbol[:most]}…"


def _few(names: Sequence[str], most: int = 3) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
