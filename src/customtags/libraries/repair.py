"""A wheel that needs libraries of other distributions finds them, requires them, and is named after their ABI.

What no distribution supplies, auditwheel puts into the wheel; patchelf sets the RPATHs; the extended name comes last and
alone, because auditwheel would add a stock one, and any machine would take the wheel by that.
"""

from __future__ import annotations

import fnmatch
import posixpath
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_name

from customtags.errors import WheelError
from customtags.libraries import abis, preload
from customtags.libraries.graft import graft, set_rpath
from customtags.libraries.links import Link, folders, links, origin, reaches, requirements
from customtags.libraries.supplier import all_installed
from customtags.machine.dimensions import builtin
from customtags.machine.dimensions.abi import Abi
from customtags.tags import fold, naming
from customtags.wheels import filename, metadata, sboms
from customtags.wheels.claims import NameClaims
from customtags.wheels.edit import edit
from customtags.wheels.retag import NewTags, renamed
from customtags.wheels.unpacked import Unpacked
from customtags.wheels.wheel import Wheel
from customtags.wheels.writer import write

if TYPE_CHECKING:
    from customtags.libraries.supplier import Supplier
    from customtags.machine.spec import Page
    from customtags.wheels.archive_writer import Content

__all__ = ["Repaired", "Wanted", "repair"]


class Wanted(NamedTuple):
    """How a wheel shall be mended.

    :ivar segments: the ABIs to name, as ``torch2_9`` or ``torch2.9``; of a supplier that is not named, its minor version
    :ivar excluded: libraries that nobody supplies here and that are left to who loads the wheel, ``libcudart.so.*``
    :ivar preloading: have the package load the libraries before its extension modules, instead of an RPATH to them
    """

    segments: Sequence[str] = ()
    excluded: Sequence[str] = ()
    preloading: bool = False


class Repaired(NamedTuple):
    """What was done to a wheel.

    :ivar wheel: the new one
    :ivar suppliers: the distributions whose libraries it needs, with the versions that were looked at
    :ivar segments: their ABIs, which its name says now
    :ivar required: what its metadata requires in addition
    :ivar rpaths: member → its RPATH, where that was changed
    :ivar preloaded: ``__init__.py`` → the libraries that it has loaded first
    :ivar grafted: the libraries that auditwheel put into it
    """

    wheel: Path
    suppliers: list[str]
    segments: list[str]
    required: list[str]
    rpaths: dict[str, str]
    preloaded: dict[str, list[str]]
    grafted: list[str]


def repair(
    path: Path,
    wanted: Wanted = Wanted(),  # noqa: B008 - it can't be changed
    *,
    folder: Path | None = None,
    suppliers: Sequence[Supplier] | None = None,
) -> Repaired:
    """Mend what a wheel needs of other distributions, and write it under its new name.

    :param folder: where the result shall lie, by default beside the wheel
    :param suppliers: who may have the libraries; by default what is installed beside this Python
    :raises WheelError: it needs nothing of another distribution, or can't be mended
    :raises ToolError: auditwheel or patchelf is missing or failed
    """
    Wheel(path).check()
    claims, suppliers = (
        NameClaims.of(path.name),
        [*(all_installed() if suppliers is None else suppliers)],
    )
    with Unpacked(path) as wheel:
        found = links(wheel, claims, suppliers)
    needed = {link.supplier.name: link.supplier for link in found if link.supplier}
    if not needed:
        why = "needs no library of another distribution that is here"
        raise WheelError(path.name, why, "install what has it, or name a wheel of it by --with")
    named = _named(needed, wanted, claims)
    pages = [*builtin(), Abi([each.name for each in suppliers])]
    platforms = sorted(_platforms(claims, named, pages))
    left = (*wanted.excluded, *(link.soname for link in found if link.supplier))
    grafted = sorted({each.soname for each in found if not _matches(each.soname, left)})
    try:
        with tempfile.TemporaryDirectory(prefix="customtags-repair-") as name:
            work = Path(name)
            source = graft(path, claims, left, work) if grafted else path
            with Unpacked(source) as wheel:
                found = links(wheel, claims, [*needed.values()])
                rows = _preloads(wheel, claims, found) if wanted.preloading else {}
                rpaths = dict(_rpaths(wheel, [] if wanted.preloading else found))
                required = [*_required(wheel, named)]
            repaired = Wheel(source, claims.file)  # auditwheel gives it another name
            repaired.check()
            changes = _changes(repaired, (rpaths, rows, required), work)
            new = renamed(claims.file, NewTags(platforms, unknown=True, pages=pages))
            result = write(edit(repaired, new, changes, folder or path.parent))
    except OSError as error:
        raise WheelError(
            path.name, f"can't be worked on ({error})", "make room in TMPDIR"
        ) from error
    loaded = {init: [*libraries] for init, libraries in rows.items()}
    who = [str(each) for each in needed.values()]
    return Repaired(result, who, [*named.values()], required, rpaths, loaded, grafted)


def _named(needed: Mapping[str, Supplier], wanted: Wanted, claims: NameClaims) -> dict[str, str]:
    """Give the segment of each supplier's ABI: what is wanted, what the name says already, or its minor version.

    :raises WheelError: the version that is here is of another ABI
    """
    asked = [fold(each) or each for each in wanted.segments]
    for each in asked:
        if not Abi([*needed]).owns(each, ""):
            why = f"links to {' and '.join(map(str, needed.values()))}, and not to {each!r}"
            raise WheelError(claims.stem, why, "name that by customtags retag")
    named = {}
    for name, supplier in needed.items():
        rungs, page = abis.rungs(name, supplier.version), Abi([name])
        said = [run.text for each in claims.platforms for run in naming.runs(each.tag, [page])[1]]
        ours = [each for each in (*asked, *said) if page.owns(each, "")]
        named[name] = next(iter((*ours, *rungs)), "none")
        if named[name] not in rungs:
            why = f"is to be of the ABI {named[name]}, and {supplier} is here"
            cure = "name by --with the wheel that it was built against"
            raise WheelError(claims.stem, why, f"{cure}, or --abi {rungs[-1]}" if rungs else cure)
    return named


def _platforms(
    claims: NameClaims, named: Mapping[str, str], pages: Sequence[Page]
) -> Iterator[str]:
    """Give the platforms of the name with these segments in place of older ones, in the order of names."""
    ours = Abi([*named])
    for platform in claims.platforms:
        said: dict[str, list[str]] = {"abi": [*named.values()]}
        for run in naming.runs(platform.tag, pages)[1]:
            if not ours.owns(run.text, platform.arch):
                said.setdefault(run.dimension or "site", []).append(run.text)
        yield naming.name(platform.base, said, pages)


def _matches(soname: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(soname, pattern) for pattern in patterns)


def _rpaths(wheel: Unpacked, found: Sequence[Link]) -> Iterator[tuple[str, str]]:
    """Give the RPATHs that are to be changed: with a way to each supplier, without the builder's own folders."""
    for member, elf in wheel.elfs():
        old = folders(elf)
        kept = [each for each in old if each.startswith(("$ORIGIN", "${ORIGIN}"))]
        ways = [
            origin(member, link.library.path)
            for link in found
            if link.member == member and link.library and not reaches(elf, link)
        ]
        new = [*dict.fromkeys((*kept, *ways))]
        if new != old:
            yield member, ":".join(new)


def _preloads(
    wheel: Unpacked, claims: NameClaims, found: Sequence[Link]
) -> dict[str, dict[str, str]]:
    """Give the packages that need a loader, by their ``__init__.py``, and each library's path and module.

    :raises WheelError: there is no package to write it into, or loading ahead would not help
    """
    if any(base.startswith("musllinux") for base in claims.said("base")):
        why = "is for musl, whose loader takes no library that is loaded for one that is needed"
        raise WheelError(wheel.path.name, why, "repair it without --preload")
    rows: dict[str, dict[str, str]] = {}
    for link in found:
        if link.supplier is None or link.library is None:
            continue
        inits = preload.inits(wheel.names, link.member)
        if not inits:
            why = f"has no __init__.py above {link.member!r} that could load libraries first"
            raise WheelError(wheel.path.name, why, "put the extension module into a package")
        with link.library.open() as elf:
            if elf.soname != link.soname:
                why = f"does not call itself {link.soname}, so that loading it first is of no use"
                raise WheelError(link.library.path, why, "repair the wheel without --preload")
        module = preload.module(link.supplier, link.library)
        rows.setdefault(inits[0], {})[link.library.path] = module
    return rows


def _required(wheel: Unpacked, named: Mapping[str, str]) -> Iterator[str]:
    """Give the requirements that are missing, or that allow versions of another ABI too.

    :raises WheelError: the wheel requires another ABI
    """
    there = {canonicalize_name(each.name): each for each in requirements(wheel.metadata)}
    for name, segment in named.items():
        numbers = abis.numbers(name, segment)
        required = there.get(canonicalize_name(name))
        if required and not abis.meets(required.specifier, numbers):
            why = f"requires {str(required)!r}, and {segment} is another ABI"
            raise WheelError(wheel.path.name, why, "build it against what it requires")
        if required is None or abis.beyond(required.specifier, numbers):
            yield abis.requirement(name, numbers)


def _changes(
    wheel: Wheel,
    found: tuple[Mapping[str, str], Mapping[str, Mapping[str, str]], Sequence[str]],
    work: Path,
) -> dict[str, Content]:
    """Return the members that change, and the new ones.

    :param found: the new RPATHs, the libraries that are loaded first, and the new requirements
    """
    rpaths, rows, required = found
    changes: dict[str, Content] = {}
    for number, (member, path) in enumerate(rpaths.items()):
        changes[member] = file = work / f"patched-{number}"
        with file.open("wb") as out:
            out.writelines(wheel.archive.chunks(wheel.members[member]))
        set_rpath(file, path)
    for init, libraries in rows.items():
        changes[init] = preload.importing(wheel.read(init), init)
        loader = preload.loader((module, path) for path, module in libraries.items())
        changes[f"{posixpath.dirname(init)}/{preload.MODULE}.py"] = loader.encode()
    if required:
        described = wheel.own("METADATA")
        changes[described] = metadata.with_requirements(wheel.read(described), required)
    # auditwheel's bill of materials names the file that it was given.
    if wheel.path.name != str(wheel.name):
        given = filename.parse(wheel.path.name)
        for bill in (each for each in wheel.names if each.startswith(wheel.own("sboms/"))):
            changes[bill] = sboms.patched(wheel.read(bill), given, wheel.name)
    return changes
