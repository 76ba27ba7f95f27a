"""A wheel that needs libraries of other distributions finds them, requires them, and is named after their ABI.

What no distribution supplies, auditwheel puts into the wheel; patchelf sets the RPATHs; the extended name comes last and
alone, because auditwheel would add a stock one, and any machine would take the wheel by that.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
import shutil
import tempfile
import zipfile
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
from customtags.wheels.archive import Archive
from customtags.wheels.claims import NameClaims
from customtags.wheels.opened import Wheel
from customtags.wheels.retag import retag
from customtags.wheels.rewrite import rewrite

if TYPE_CHECKING:
    from customtags.libraries.supplier import Supplier
    from customtags.machine.spec import Page
    from customtags.wheels.rewrite import Content

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
    metadata.read(Archive(path), filename.parse(path.name))  # or it is refused here
    claims, suppliers = (
        NameClaims.of(path.name),
        [*(all_installed() if suppliers is None else suppliers)],
    )
    with Wheel(path) as wheel:
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
            with Wheel(source) as wheel:
                found = links(wheel, claims, [*needed.values()])
                rows = _preloads(wheel, claims, found) if wanted.preloading else {}
                rpaths = dict(_rpaths(wheel, [] if wanted.preloading else found))
                required = [*_required(wheel, named)]
            changed = work / "changed" / path.name
            changed.parent.mkdir()
            rewrite(source, changed, _changes(source, path.name, (rpaths, rows, required), work))
            result = retag(
                changed,
                platforms=platforms,
                folder=folder or path.parent,
                pages=pages,
                unknown=True,
            )
    except (OSError, zipfile.BadZipFile) as error:
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


def _rpaths(wheel: Wheel, found: Sequence[Link]) -> Iterator[tuple[str, str]]:
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


def _preloads(wheel: Wheel, claims: NameClaims, found: Sequence[Link]) -> dict[str, dict[str, str]]:
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


def _required(wheel: Wheel, named: Mapping[str, str]) -> Iterator[str]:
    """Give the requirements that are missing, or that allow versions of another ABI too.

    :raises WheelError: the wheel requires another ABI
    """
    there = {canonicalize_name(each.name): each for each in requirements(wheel)}
    for name, segment in named.items():
        numbers = abis.numbers(name, segment)
        required = there.get(canonicalize_name(name))
        if required and not abis.meets(required.specifier, numbers):
            why = f"requires {str(required)!r}, and {segment} is another ABI"
            raise WheelError(wheel.path.name, why, "build it against what it requires")
        if required is None or abis.beyond(required.specifier, numbers):
            yield abis.requirement(name, numbers)


def _changes(
    source: Path,
    name: str,
    wanted: tuple[Mapping[str, str], Mapping[str, Mapping[str, str]], Sequence[str]],
    work: Path,
) -> dict[str, Content]:
    """Make the members that become others, and the new ones."""
    rpaths, rows, required = wanted
    changes: dict[str, Content] = {}
    with zipfile.ZipFile(source) as archive:
        for number, (member, path) in enumerate(rpaths.items()):
            changes[member] = file = work / f"patched-{number}"
            with archive.open(member) as content, file.open("wb") as out:
                shutil.copyfileobj(content, out)
            set_rpath(file, path)
        for init, libraries in rows.items():
            changes[init] = preload.importing(archive.read(init), init)
            loader = preload.loader((module, path) for path, module in libraries.items())
            changes[f"{posixpath.dirname(init)}/{preload.MODULE}.py"] = loader.encode()
        for member in archive.namelist():
            if required and re.fullmatch(r"[^/]+\.dist-info/METADATA", member):
                changes[member] = _described(archive.read(member), required)
            # auditwheel's bill of materials names the file that it was given.
            if source.name != name and re.fullmatch(r"[^/]+\.dist-info/sboms/.+[^/]", member):
                names = (filename.parse(source.name), filename.parse(name))
                changes[member] = sboms.patched(archive.read(member), *names)
    return changes


def _described(metadata: bytes, required: Sequence[str]) -> bytes:
    """Give METADATA with more requirements: one more line of a project narrows the others."""
    lines = "".join(f"\nRequires-Dist: {each}" for each in required).encode()
    ends = re.search(
        rb"\r?\n(?=\r?\n)|\r?\n?\Z", metadata
    )  # of the headers, at the first empty line
    place = ends.start() if ends else len(metadata)
    return metadata[:place] + lines + metadata[place:]
