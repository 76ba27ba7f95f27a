"""A wheel gets other platforms, another local version or another build number, and agrees with itself everywhere.

What changes is METADATA, WHEEL, RECORD, the names of the folders that carry the version, and bills of materials that name the
wheel (https://packaging.python.org/specifications/binary-distribution-format/); all else is copied as it lies in the archive.
"""

from __future__ import annotations

import filecmp
import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from customtags.errors import TagError, WheelError
from customtags.machine.dimensions import builtin
from customtags.tags import naming, parse
from customtags.wheels import filename, metadata, record, sboms, sidecars
from customtags.wheels.archive import Archive
from customtags.wheels.atomic import beside
from customtags.wheels.copying import write_all

if TYPE_CHECKING:
    from customtags.machine.spec import Page
    from customtags.wheels.archive import Member
    from customtags.wheels.filename import FileName

__all__ = ["Plan", "Wanted", "collisions", "plan", "retag", "write"]

#: How platforms begin (https://packaging.python.org/specifications/platform-compatibility-tags/).
_SYSTEMS = (
    *("any", "linux_", "manylinux", "musllinux_", "macosx_", "win32", "win_", "ios_", "android_"),
    *("emscripten_", "pyodide_", "pyemscripten_", "wasi_", "freebsd_", "openbsd_", "netbsd_"),
)

#: Hashes that RECORD must not use, or whose length is not their own.
_WEAK = ("md5", "sha1", "shake_128", "shake_256")


class Wanted(NamedTuple):
    """What a wheel shall be, and how far it is trusted.

    :ivar platforms: of the name, as in ``["linux_x86_64_v3_fc39"]``; None leaves them
    :ivar local: the local version (PEP 440), as in ``"fc39.rocm6.0"``; empty for none, None leaves it
    :ivar build: the build tag; empty for none, None leaves it
    :ivar folder: where the result shall lie; None for beside the wheel
    :ivar verify: check the hash of every file
    :ivar unknown: allow segments that no page knows
    :ivar force: name a wheel for machines for which it was not built
    :ivar pages: those that know segments; None for the built-in ones
    """

    platforms: Sequence[str] | None = None
    local: str | None = None
    build: str | None = None
    folder: Path | None = None
    verify: bool = False
    unknown: bool = False
    force: bool = False
    pages: Sequence[Page] | None = None


class Plan(NamedTuple):
    """What is to be done with one wheel; nothing of it can be refused any more but by the disk.

    :ivar old: its name now
    :ivar new: the one that it gets
    :ivar target: where it is written
    :ivar names: member → the new name
    :ivar contents: member, by its old name → the new content
    :ivar metadata: METADATA as it will be
    """

    archive: Archive
    old: FileName
    new: FileName
    target: Path
    names: Mapping[str, str]
    contents: Mapping[str, bytes]
    metadata: bytes

    @property
    def source(self) -> Path:
        """The wheel as it is now."""
        return self.archive.path

    @property
    def changed(self) -> list[str]:
        """The members that say something else from now on, by their new names."""
        return [self.names.get(name, name) for name in self.contents]

    @property
    def sidecar(self) -> Path | None:
        """The metadata that an index has beside the result (PEP 658), if it has the old one's."""
        present = sidecars.metadata(self.source).exists()
        return sidecars.metadata(self.target) if present else None

    @property
    def void(self) -> list[Path]:
        """The attestations beside it, which say nothing of the result."""
        return sidecars.attestations(self.source)


def retag(  # noqa: PLR0913 - each is an option of its own, and has a default
    wheel: Path,
    *,
    platforms: Sequence[str] | None,
    local: str | None = None,
    build: str | None = None,
    folder: Path | None = None,
    verify: bool = False,
    unknown: bool = False,
    force: bool = False,
    pages: Sequence[Page] | None = None,
    remove: bool = False,
) -> Path:
    """Write a wheel with other tags; see `Wanted` and `write` for the options.

    :returns: the new wheel
    :raises CustomtagsError: it is refused, and nothing is written
    """
    wanted = Wanted(platforms, local, build, folder, verify, unknown, force, pages)
    return write(plan(wheel, wanted), remove=remove)


def collisions(plans: Iterable[Plan]) -> dict[Path, WheelError]:
    """Return an error for each wheel that would become the same file as another one."""
    sources: dict[Path, list[Path]] = {}
    for each in plans:
        place = each.target.parent.resolve() / each.target.name
        sources.setdefault(place, []).append(each.source)
    return {
        source: WheelError(
            str(source),
            f"and {str(others[others[0] == source])!r} would become the same file",
            "write them into different folders with -d",
        )
        for others in sources.values()
        if len(others) > 1
        for source in others
    }


def plan(wheel: Path, wanted: Wanted) -> Plan:
    """Check a wheel and what is wanted of it, and say what is to be done.

    :raises WheelError: the wheel is damaged, contradicts itself, or would be broken
    :raises TagError: a platform is none
    """
    old = filename.parse(wheel.name)
    new = _renamed(old, wanted)
    if not wanted.force:
        _refuse_other_machines(old, new)
    archive = Archive(wheel)
    said = metadata.read(archive, old)
    if wanted.verify:
        _verify(archive, said)
    names = _names(archive, said.info, old, new)
    contents = _contents(archive, said, old, new)
    if names or contents:
        contents[f"{said.info}/RECORD"] = record.rewritten(said.record, names, contents)
    described = contents.get(f"{said.info}/METADATA", said.metadata)
    return Plan(
        archive, old, new, (wanted.folder or wheel.parent) / str(new), names, contents, described
    )


def write(made: Plan, *, remove: bool = False) -> Path:
    """Do what was planned: the file comes to its name only when it is whole.

    :param remove: remove the old wheel, once the new one is safe on the disk
    :returns: the new wheel
    :raises WheelError: it can't be written, or another file has its name
    """
    try:
        in_place = made.target.exists() and made.target.samefile(made.source)
        made.target.parent.mkdir(parents=True, exist_ok=True)
        with beside(made.target, made.source.stat().st_mode & 0o777) as (out, unfinished):
            made.archive.write(out, made.names, made.contents)
            if remove:
                os.fsync(out)
            if made.target.exists() and not (in_place and remove):
                _refuse_other(made.target, unfinished, in_place=in_place)
            if made.sidecar:
                with beside(made.sidecar) as (described, _):
                    write_all(described, made.metadata)
    except OSError as error:
        why = f"cannot be written ({error.strerror})"
        raise WheelError(
            str(made.target), why, "make room, or give another folder with -d"
        ) from error
    if remove and not in_place:
        _remove(made)
    return made.target


def _remove(made: Plan) -> None:
    """Remove the old wheel; the name of the new one is on the disk before, as its content is."""
    try:
        folder = os.open(made.target.parent, os.O_RDONLY)
        try:
            with suppress(OSError):  # some file systems have no such call for folders
                os.fsync(folder)
        finally:
            os.close(folder)
        sidecars.metadata(made.source).unlink(missing_ok=True)
        made.source.unlink(missing_ok=True)  # another retag may have been as far
    except OSError as error:
        why = f"cannot be removed ({error.strerror}), though {str(made.target)!r} is written"
        raise WheelError(str(made.source), why, "remove it yourself") from error


def _refuse_other(target: Path, unfinished: Path, *, in_place: bool) -> None:
    if not filecmp.cmp(target, unfinished, shallow=False):
        cure = "--remove replaces it" if in_place else "remove it, or give another folder with -d"
        raise WheelError(str(target), "is there already, with other content", cure)


def _renamed(old: FileName, wanted: Wanted) -> FileName:
    """Give the name that a wheel gets."""
    new = old
    if wanted.platforms:
        platforms = [each for given in wanted.platforms for each in given.split(".")]
        _check_platforms(platforms, wanted)
        new = new._replace(platform=filename.compressed(platforms))
    if wanted.local is not None:
        public = old.version.partition("+")[0]
        new = new._replace(version=public + _local(old, wanted.local))
    if wanted.build is not None:
        if not re.fullmatch(r"(\d[A-Za-z0-9_.]*)?", wanted.build):
            why = f"can't have the build tag {wanted.build!r}"
            raise WheelError(str(old), why, "begin with a digit, as in 1 or 8_el9")
        new = new._replace(build=wanted.build or None)
    return new


def _check_platforms(platforms: Sequence[str], wanted: Wanted) -> None:
    extended = set()
    for tag in platforms:
        if tag[:1].isdigit():
            cure = "write rocm6_0 for rocm6.0, and several platforms each by itself"
            raise TagError(tag, "is no platform: a dot separates platforms in a name", cure)
        base, segments = parse(tag)
        if not re.fullmatch("[a-z0-9_]+", base):
            raise TagError(tag, "is no platform: these are of a-z, 0-9 and _", "spell it so")
        if not base.startswith(_SYSTEMS) and not wanted.unknown:
            raise TagError(tag, "is no platform of any system", "write it as in linux_x86_64_v3")
        naming.check(tag, wanted.pages or builtin(), unknown=wanted.unknown)
        extended.add(bool(segments))
    if len(extended) != 1:
        why = "mixes extended and stock tags: a pip without customtags would take it for the latter"
        raise TagError(".".join(platforms), why, "make two wheels of it")


def _refuse_other_machines(old: FileName, new: FileName) -> None:
    """Refuse to name a wheel for machines for which it cannot have been built."""
    if "any" in old.platforms and old.platform != new.platform:
        why = "runs on any platform: nothing in it needs another name"
        raise WheelError(str(old), why, "leave it, or --force it")
    built, named = ({_arch(each) for each in name.platforms} for name in (old, new))
    if not named <= built:
        why = f"is built for {', '.join(sorted(built))}, not for {', '.join(sorted(named - built))}"
        raise WheelError(str(old), why, "name its own architecture, or --force it")


def _arch(platform: str) -> str:
    """Give the architecture of a platform of Linux, or a whole other platform."""
    base, _ = parse(platform)
    linux = base.startswith(("linux_", "manylinux", "musllinux"))
    return naming.arch(base) if linux else base


def _local(wheel: FileName, local: str) -> str:
    """Give a local version as it stands in a version, spelled as PEP 440 normalises it."""
    if not local:
        return ""
    from packaging.version import InvalidVersion, Version

    try:
        return f"+{Version(f'0+{local}').local}"
    except InvalidVersion as error:
        why = f"can't have the local version {local!r}"
        raise WheelError(str(wheel), why, "write letters and digits, as in fc39.rocm6.0") from error


def _names(archive: Archive, info: str, old: FileName, new: FileName) -> dict[str, str]:
    """Give the members whose folder carries the version, and their new names."""
    if old.version == new.version:
        return {}
    tops = {member.name.partition("/")[0] for member in archive.members}
    renamed = {info: _folder(info, new)}
    for top in tops:
        project, _, version = top.removesuffix(".data").rpartition("-")
        same = filename.canonical(project) == filename.canonical(old.project)
        if top.endswith(".data") and same and version == old.version:
            renamed[top] = _folder(top, new)
    for top in tops.intersection(renamed.values()).difference(renamed):
        raise archive.error(f"has a folder {top!r} already", "give another local version")
    parts = [member.name.partition("/") for member in archive.members]
    return {
        "".join(part): "".join((renamed[part[0]], *part[1:]))
        for part in parts
        if part[0] in renamed
    }


def _folder(name: str, new: FileName) -> str:
    """Give the new name of ``NAME-VERSION.dist-info`` or ``NAME-VERSION.data``."""
    stem, _, kind = name.rpartition(".")
    return f"{stem.rpartition('-')[0]}-{new.version}.{kind}"


def _contents(
    archive: Archive, said: metadata.Said, old: FileName, new: FileName
) -> dict[str, bytes]:
    """Give the members that say something else from now on, but for RECORD."""
    bills = [each for each in archive.members if each.name.startswith(f"{said.info}/sboms/")]
    before = {each.name: archive.read(each) for each in bills}
    after = {name: sboms.patched(bill, old, new) for name, bill in before.items()}
    before[f"{said.info}/WHEEL"] = said.wheel
    after[f"{said.info}/WHEEL"] = metadata.with_tags(said.wheel, new.tags, new.build)
    if old.version != new.version:
        before[f"{said.info}/METADATA"] = said.metadata
        local = new.version.partition("+")
        after[f"{said.info}/METADATA"] = metadata.with_local(said.metadata, "".join(local[1:]))
    return {name: content for name, content in after.items() if content != before[name]}


def _verify(archive: Archive, wheel: metadata.Said) -> None:
    """Compare every file with its hash and its size in RECORD, on as many cores as there are.

    :raises WheelError: one differs, or has none that counts
    """
    from concurrent.futures import ThreadPoolExecutor

    said = {row.path: row for row in wheel.rows}
    itself = f"{wheel.info}/RECORD"
    files = [m for m in archive.members if m.name != itself and not m.name.endswith("/")]
    files.sort(key=lambda member: member.size)  # so that each core gets as many large ones

    def verify(part: Sequence[Member]) -> None:
        for member in part:
            _verify_one(archive, member, said[member.name])

    cores = os.cpu_count() or 1
    # What inflates and what hashes lets other threads run.
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(verify, [files[core::cores] for core in range(cores)]))


def _verify_one(archive: Archive, member: Member, row: record.Row) -> None:
    algorithm = row.hash.partition("=")[0]
    if algorithm not in hashlib.algorithms_guaranteed or algorithm in _WEAK:
        why = f"has a RECORD without a good hash of {member.name!r}"
        raise archive.error(why, "build it again")
    digest = hashlib.new(algorithm)
    for chunk in archive.chunks(member):
        digest.update(chunk)
    if (row.hash, row.size) != (record.encode(algorithm, digest.digest()), str(member.size)):
        why = f"has {member.name!r} with other content than its RECORD says"
        raise archive.error(why, "fetch or build it again")
