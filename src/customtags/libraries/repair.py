"""The repair of a wheel that links to libraries of other distributions: RPATHs, requirements and the segment of their ABI.

auditwheel copies the libraries that no distribution supplies into the wheel, and patchelf sets the RPATHs. The extended tag
comes last, and without a stock tag: auditwheel would add one, and any machine would accept the wheel by it.
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
    from customtags.wheels.edit import Edit

__all__ = ["RepairOptions", "Repaired", "repair"]


class RepairOptions(NamedTuple):
    """The options of a repair.

    :ivar segments: the ABIs to name, as ``torch2_9`` or ``torch2.9``; by default the minor version of each supplier
    :ivar excluded: patterns of libraries that are neither supplied nor copied into the wheel, ``libcudart.so.*``
    :ivar preload: load the libraries when the package is imported, instead of an RPATH to them
    """

    segments: Sequence[str] = ()
    excluded: Sequence[str] = ()
    preload: bool = False


class Repaired(NamedTuple):
    """A repaired wheel, and its changes.

    :ivar wheel: the new wheel
    :ivar suppliers: the distributions that it links to, with the versions that were read
    :ivar segments: the segments of their ABIs, which the new name has
    :ivar required: the added requirements
    :ivar rpaths: member → its RPATH, where it changed
    :ivar preloaded: ``__init__.py`` → the libraries that it loads first
    :ivar grafted: the libraries that auditwheel copied into the wheel
    """

    wheel: Path
    suppliers: list[str]
    segments: list[str]
    required: list[str]
    rpaths: dict[str, str]
    preloaded: dict[str, list[str]]
    grafted: list[str]


class _Repairs(NamedTuple):
    """The repairs inside a wheel.

    :ivar rpaths: member → its new RPATH
    :ivar loaders: ``__init__.py`` → path of a library that it loads → the module that is imported before
    :ivar required: the requirements to add
    """

    rpaths: Mapping[str, str]
    loaders: Mapping[str, Mapping[str, str]]
    required: Sequence[str]


def repair(
    path: Path,
    options: RepairOptions = RepairOptions(),  # noqa: B008 - it is immutable
    *,
    folder: Path | None = None,
    suppliers: Sequence[Supplier] | None = None,
) -> Repaired:
    """Repair the links of a wheel to other distributions, and write it under its new name.

    :param folder: the folder of the new wheel, by default that of the old one
    :param suppliers: the distributions to search for the libraries, by default all that are installed
    :raises WheelError: the wheel links to no other distribution, or cannot be repaired
    :raises ToolError: auditwheel or patchelf is not installed or failed
    """
    claims = NameClaims.of(path.name)
    suppliers = [*(all_installed() if suppliers is None else suppliers)]
    with Unpacked(path) as wheel:
        wheel.check()
        found = links(wheel, claims, suppliers)
    used = {link.supplier.name: link.supplier for link in found if link.supplier}
    if not used:
        why = "links to no library of another distribution that was found"
        raise WheelError(path.name, why, "install the distribution, or name its wheel with --with")
    segments = _segments(used, options, claims)
    pages = [*builtin(), Abi([each.name for each in suppliers])]
    tags = NewTags(sorted(_platforms(claims, segments, pages)), unknown=True, pages=pages)
    excluded = (*options.excluded, *(link.soname for link in found if link.supplier))
    grafted = sorted({each.soname for each in found if not _matches(each.soname, excluded)})
    try:
        with tempfile.TemporaryDirectory(prefix="customtags-repair-") as name:
            work = Path(name)
            source = graft(path, claims, excluded, work) if grafted else path
            with Unpacked(source) as wheel:
                found = links(wheel, claims, [*used.values()])
                changes = _Repairs(
                    dict(_rpaths(wheel, [] if options.preload else found)),
                    _loaders(wheel, claims, found) if options.preload else {},
                    [*_required(wheel, segments)],
                )
            repaired = Wheel(source, claims.file)  # auditwheel gives it another name
            repaired.check()
            contents = _contents(repaired, changes, work)
            made = edit(repaired, renamed(claims.file, tags), contents, folder or path.parent)
            result = _written(made, path)
    except OSError as error:
        why = f"cannot be repaired ({error})"
        raise WheelError(path.name, why, "free some space in TMPDIR") from error
    return Repaired(
        result,
        [str(each) for each in used.values()],
        [*segments.values()],
        [*changes.required],
        {**changes.rpaths},
        {init: [*libraries] for init, libraries in changes.loaders.items()},
        grafted,
    )


def _written(made: Edit, old: Path) -> Path:
    """Write the new wheel, but not in place of the old one, which is kept."""
    if made.changed and made.target.exists() and made.target.samefile(old):
        why = "keeps its name, so the new wheel would replace it"
        raise WheelError(old.name, why, "choose another folder with -d")
    return write(made)


def _segments(
    used: Mapping[str, Supplier], options: RepairOptions, claims: NameClaims
) -> dict[str, str]:
    """Return the segment of each supplier's ABI: the requested one, the name's own, or its minor version.

    :raises WheelError: the version that was found has another ABI
    """
    requested = [fold(each) or each for each in options.segments]
    for each in requested:
        if not Abi([*used]).owns(each, ""):
            why = f"links to {' and '.join(map(str, used.values()))}, not to {each!r}"
            raise WheelError(claims.stem, why, "add other segments with customtags retag")
    segments = {}
    for name, supplier in used.items():
        rungs, page = abis.rungs(name, supplier.version), Abi([name])
        own = [run.text for each in claims.platforms for run in naming.runs(each.tag, [page])[1]]
        named = [each for each in (*requested, *own) if page.owns(each, "")]
        segments[name] = next(iter((*named, *rungs)), "none")
        if segments[name] not in rungs:
            why = f"links to {supplier}, which does not have the ABI {segments[name]!r}"
            cure = "name with --with the wheel that it was built against"
            raise WheelError(
                claims.stem, why, f"{cure}, or pass --abi {rungs[-1]}" if rungs else cure
            )
    return segments


def _platforms(
    claims: NameClaims, segments: Mapping[str, str], pages: Sequence[Page]
) -> Iterator[str]:
    """Yield the platforms of the name, with these segments in place of older ones."""
    ours = Abi([*segments])
    for platform in claims.platforms:
        values: dict[str, list[str]] = {"abi": [*segments.values()]}
        for run in naming.runs(platform.tag, pages)[1]:
            if not ours.owns(run.text, platform.arch):
                values.setdefault(run.dimension or "site", []).append(run.text)
        yield naming.name(platform.base, values, pages)


def _matches(soname: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(soname, pattern) for pattern in patterns)


def _rpaths(wheel: Unpacked, found: Sequence[Link]) -> Iterator[tuple[str, str]]:
    """Yield each member whose RPATH changes, with the new one: a path to each supplier, and no folder of the build machine."""
    for member, elf in wheel.elfs():
        old = folders(elf)
        kept = [each for each in old if each.startswith(("$ORIGIN", "${ORIGIN}"))]
        added = [
            origin(member, link.library.path)
            for link in found
            if link.member == member and link.library and not reaches(elf, link)
        ]
        new = [*dict.fromkeys((*kept, *added))]
        if new != old:
            yield member, ":".join(new)


def _loaders(
    wheel: Unpacked, claims: NameClaims, found: Sequence[Link]
) -> dict[str, dict[str, str]]:
    """Return the loaders to write, as in `_Repairs`.

    :raises WheelError: there is no package to write one into, or a library that is loaded first would not be used
    """
    if any(base.startswith("musllinux") for base in claims.values("base")):
        why = "is for musl, whose loader does not use a library that is already loaded"
        raise WheelError(wheel.path.name, why, "repair it without --preload")
    loaders: dict[str, dict[str, str]] = {}
    for link in found:
        if link.supplier is None or link.library is None:
            continue
        inits = preload.inits(wheel.names, link.member)
        if not inits:
            why = f"has no __init__.py above {link.member!r} that could load libraries first"
            raise WheelError(wheel.path.name, why, "move the extension module into a package")
        with link.library.open() as elf:
            if elf.soname != link.soname:
                why = f"has the SONAME {elf.soname!r}, so the loader would not use it as {link.soname!r}"
                raise WheelError(link.library.path, why, "repair the wheel without --preload")
        module = preload.module(link.supplier, link.library)
        loaders.setdefault(inits[0], {})[link.library.path] = module
    return loaders


def _required(wheel: Unpacked, segments: Mapping[str, str]) -> Iterator[str]:
    """Yield the requirements that are missing or that allow versions of another ABI.

    :raises WheelError: the wheel requires another ABI
    """
    present = {canonicalize_name(each.name): each for each in requirements(wheel.metadata)}
    for name, segment in segments.items():
        numbers = abis.numbers(name, segment)
        required = present.get(canonicalize_name(name))
        if required and not abis.meets(required.specifier, numbers):
            why = f"requires {str(required)!r}, which excludes the ABI {segment!r}"
            raise WheelError(wheel.path.name, why, "build it against a version that it requires")
        if required is None or abis.beyond(required.specifier, numbers):
            yield abis.requirement(name, numbers)


def _contents(wheel: Wheel, changes: _Repairs, work: Path) -> dict[str, Content]:
    """Return the members that change and those that are new, with their contents."""
    contents: dict[str, Content] = {}
    for number, (member, rpath) in enumerate(changes.rpaths.items()):
        contents[member] = file = work / f"patched-{number}"
        with file.open("wb") as out:
            out.writelines(wheel.archive.chunks(wheel.members[member]))
        set_rpath(file, rpath)
    for init, libraries in changes.loaders.items():
        contents[init] = preload.importing(wheel.read(init), init)
        loader = preload.loader((module, path) for path, module in libraries.items())
        contents[f"{posixpath.dirname(init)}/{preload.MODULE}.py"] = loader.encode()
    if changes.required:
        own = wheel.own("METADATA")
        contents[own] = metadata.with_requirements(wheel.read(own), changes.required)
    # auditwheel's bill of materials has the file name that auditwheel was given.
    if wheel.path.name != str(wheel.name):
        given = filename.parse(wheel.path.name)
        for bill in (each for each in wheel.names if each.startswith(wheel.own("sboms/"))):
            contents[bill] = sboms.patched(wheel.read(bill), given, wheel.name)
    return contents
