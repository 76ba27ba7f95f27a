"""Libraries of other distributions: who supplies them, and whether they are found, required, and of the ABI that is named."""

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
    "library-missing": "a library is neither in the wheel, nor the system's, nor a distribution's",
    "library-unreached": "no RPATH leads to the distribution that supplies a library",
    "rpath-absolute": "the loader looks into a folder of the machine that built the wheel",
    "rpath-cwd": "the loader looks into whatever folder is the current one",
    "requirement-missing": "a distribution whose library is needed is not required",
    "requirement-wide": "versions are allowed whose ABI may be another",
    "supplier-version": "what is installed is not a version that the wheel requires",
    "abi-unnamed": "the name does not say against which ABI of another distribution it was built",
    "abi-contradicted": "the name says one ABI of a distribution, and the requirement another",
    "symbol-missing": "the supplying distribution does not define a symbol that is needed",
}


class Supply(NamedTuple):
    """A distribution that a wheel needs, and what the wheel says of it.

    :ivar segment: of its ABI in the wheel's name, empty where there is none
    """

    supplier: Supplier
    required: Requirement | None
    segment: str
    used: Sequence[Link]

    @property
    def rungs(self) -> list[str]:
        """The segments that its version here fits, the narrowest first."""
        return abis.rungs(self.supplier.name, self.supplier.version)

    @property
    def fits(self) -> bool:
        """Whether the version here is one that the wheel speaks of."""
        required = self.required is None or abis.allows(
            self.required.specifier, self.supplier.version
        )
        return required and (not self.segment or self.segment in self.rungs)


def check(
    wheel: Unpacked, claims: NameClaims, suppliers: Sequence[Supplier] | None = None
) -> Iterator[Finding]:
    """Tell which libraries of other distributions a wheel needs, and what its metadata and RPATHs say of them.

    :param suppliers: who may have them, the first first; by default what is installed beside this Python
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
    cure = "link with -Wl,-rpath,'$ORIGIN/…', or let customtags repair set it"
    for folder in dict.fromkeys(folders(elf)):
        if folder.startswith("/"):
            says = f"its RPATH has {folder!r}, a folder of the machine that built it"
            yield Finding("rpath-absolute", NOTE, says, member, cure=cure)
        elif not folder.startswith(("$ORIGIN", "${ORIGIN}")):
            says = f"its RPATH has {folder!r}, which is looked for in the current folder"
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
    """Tell of each library that nobody has here: false only where nothing that is required could bring it."""
    here = {each.supplier.name for each in supplies if each.fits}
    unseen = [str(each) for each in wanted if canonicalize_name(each.name) not in here]
    native = any(base.startswith("linux_") for base in claims.said("base"))
    if unseen:
        cure = f"install what it requires ({', '.join(unseen)}), or name a wheel of it by --with"
    elif supplies:
        others = " or ".join(str(each.supplier) for each in supplies)
        cure = (
            f"install another build of {others} that has it, or name by --with the wheel that does"
        )
    else:
        cure = "let auditwheel put it into the wheel, or require and name by --with what has it"
    missing: dict[str, list[str]] = {}
    for each in found:
        if each.supplier is None:
            missing.setdefault(each.soname, []).append(each.member)
    for soname, members in missing.items():
        says = f"{soname} is needed, and is not in the wheel, not on every system, and of no distribution here"
        says += f" (so it is by {len(members) - 1} more of its files)" if len(members) > 1 else ""
        severity = UNDECIDED if native or wanted or supplies else FALSE
        yield Finding("library-missing", severity, says, members[0], cure=cure)


def _unreached(wheel: Unpacked, supply: Supply) -> Iterator[Finding]:
    """Tell of each file whose RPATH does not lead to the supplier, and before which nothing loads its libraries."""
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
        says = f"its RPATH does not lead to {names} of {supply.supplier} ({':'.join(sorted(ways))})"
        first = _importer(wheel, missed[0])
        if first:
            says = f"{says}; they are found if {first} imports that first, which it does"
            yield Finding("library-unreached", NOTE, says, member)
        else:
            cure = "let customtags repair set it, or by --preload load the library first"
            yield Finding("library-unreached", UNDECIDED, says, member, cure=cure)


def _importer(wheel: Unpacked, link: Link) -> str | None:
    """Give the ``__init__.py`` above a file that imports the supplier, and so has its libraries loaded."""
    module = link.library.path.partition("/")[0] if link.library else ""
    line = re.compile(rf"^\s*(import|from) {re.escape(module)}\b", re.MULTILINE)
    inits = preload.inits(wheel.names, link.member)
    return next((init for init in inits if line.search(wheel.text(init))), None)


def _required(supply: Supply) -> Iterator[Finding]:
    supplier, required, segment, used = supply
    numbers = abis.numbers(supplier.name, segment)
    right = abis.requirement(supplier.name, numbers or supplier.version.split(".")[:2])
    if required is None:
        says = f"it needs {used[0].soname} of {supplier.name}, which the wheel does not require"
        cure = f"add 'Requires-Dist: {right}', or let customtags repair do it"
        yield Finding("requirement-missing", FALSE, says, used[0].member, cure=cure)
        return
    if not supply.fits:
        speaks = f"requires {str(required)!r}" + (f" and says {segment}" if segment else "")
        says = f"{supplier} is here, and the wheel {speaks}"
        cure = "audit it where that is installed, or name a wheel of it by --with"
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
        says = f"its name says {segment}, and it requires {str(required)!r}"
        fix = Fix("abi", found) if found else None
        yield Finding("abi-contradicted", FALSE, says, cure=f"require {right!r}", fix=fix)
    elif beyond:
        says = f"{str(required)!r} allows {supplier.name} {beyond} too, whose ABI may be another"
        cure = f"require {right!r}" if supply.fits else "bound it from above"
        yield Finding("requirement-wide", UNDECIDED, says, cure=cure)


def _unnamed(supply: Supply) -> Iterator[Finding]:
    if not supply.segment and supply.rungs:
        says = f"it links to {supply.supplier}, and its name does not say of which ABI"
        cure = f"tag it {' or '.join(supply.rungs)}, and pip chooses by what is installed"
        yield Finding("abi-unnamed", NOTE, says, supply.used[0].member, cure=cure)


def _symbols(
    wheel: Unpacked, found: Sequence[Link], supplies: Sequence[Supply]
) -> Iterator[Finding]:
    """Tell of the symbols that nothing defines which a file needs and the loader would look at."""
    for member in dict.fromkeys(link.member for link in found if link.supplier):
        mine = [each for each in supplies if any(link.member == member for link in each.used)]
        try:
            lost, unseen = undefined(wheel, member, found)
        except (ElfError, OSError):  # of the wheel's, or of a supplier's file, which may be gone
            continue
        if not lost or any(name.startswith("libc.musl") for name in unseen):
            continue  # musl's symbols have no version: without it nothing could be told
        who = " and ".join(str(each.supplier) for each in mine)
        says = f"{who} {'do' if len(mine) > 1 else 'does'} not define {_few([*map(_short, lost)])}"
        absent = [name for name in unseen if not outside(name)]
        says += f"; perhaps what is not here would: {_few(absent)}" if absent else ""
        cure = (
            "build it against this version, or require the other one and name its ABI in a segment"
        )
        sure = not unseen and all(each.fits for each in mine)
        severity = FALSE if sure else UNDECIDED
        yield Finding("symbol-missing", severity, says, member, lost[0], cure=cure)


def _short(symbol: str, most: int = 60) -> str:
    """Cut a mangled name: where it begins tells the namespace, and the finding has it whole."""
    return symbol if len(symbol) <= most else f"{symbol[:most]}…"


def _few(names: Sequence[str], most: int = 3) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
