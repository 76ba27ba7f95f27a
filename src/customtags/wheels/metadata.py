"""What a wheel says of itself in its ``.dist-info``, and whether that agrees with its name.

https://packaging.python.org/specifications/binary-distribution-format/#the-dist-info-directory
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from customtags.wheels import record
from customtags.wheels.filename import canonical, expand

if TYPE_CHECKING:
    from customtags.errors import WheelError
    from customtags.wheels.archive import Archive
    from customtags.wheels.filename import FileName

__all__ = ["Said", "read", "with_local", "with_tags"]

_AGAIN = "build it again"


class Said(NamedTuple):
    """The files of a wheel's ``.dist-info`` that speak of the wheel.

    :ivar info: the name of the folder
    :ivar rows: what `record` says
    """

    info: str
    metadata: bytes
    wheel: bytes
    record: bytes
    rows: Sequence[record.Row]


def read(archive: Archive, name: FileName) -> Said:
    """Read what a wheel says of itself.

    :raises WheelError: something is missing, contradicts the file name, or is signed
    """
    members = {member.name: member for member in archive.members}
    info = _info(archive, name)
    for signature in ("RECORD.jws", "RECORD.p7s"):
        if f"{info}/{signature}" in members:
            why = f"is signed by {signature}, which no change would leave valid"
            raise archive.error(why, "retag it before it is signed")
    for needed in ("METADATA", "WHEEL", "RECORD"):
        if f"{info}/{needed}" not in members:
            raise archive.error(f"has no {info}/{needed}", _AGAIN)
    metadata, wheel, listed = (
        archive.read(members[f"{info}/{each}"]) for each in ("METADATA", "WHEEL", "RECORD")
    )
    _check_metadata(archive, metadata, name)
    _check_wheel(archive, wheel, name)
    try:
        rows = record.parse(listed)
    except ValueError as error:
        raise archive.error(f"has a RECORD that makes no sense ({error})", _AGAIN) from error
    _check_record(archive, rows)
    return Said(info, metadata, wheel, listed, rows)


def _info(archive: Archive, name: FileName) -> str:
    """Find the ``.dist-info`` folder."""
    tops = {member.name.partition("/")[0] for member in archive.members}
    found = sorted(top for top in tops if top.endswith(".dist-info"))
    if len(found) != 1:
        raise archive.error(f"has {len(found)} .dist-info folders", _AGAIN)
    project, _, version = found[0].removesuffix(".dist-info").rpartition("-")
    if canonical(project) != canonical(name.project) or not _same(version, name.version):
        raise _other_name(archive, name._replace(project=project, version=version), found[0])
    return found[0]


def _check_metadata(archive: Archive, metadata: bytes, name: FileName) -> None:
    project, version = (_field(metadata, each) or "" for each in ("Name", "Version"))
    if canonical(project) != canonical(name.project) or not _same(version, name.version):
        escaped = re.sub("[-_.]+", "_", project)
        right = name._replace(project=escaped, version=version.replace("-", "_"))
        raise _other_name(archive, right, "METADATA")


def _check_wheel(archive: Archive, wheel: bytes, name: FileName) -> None:
    major = (_field(wheel, "Wheel-Version") or "").partition(".")[0]
    if major != "1":
        raise archive.error(
            f"is of wheel version {major or 'none'}, not 1", "use a later customtags"
        )
    # Some builders write compressed tags there, too.
    tags = {tag for each in _fields(wheel, "Tag") for tag in expand(each)}
    if tags != set(name.tags):
        parts = [sorted(set(part)) for part in zip(*(tag.split("-") for tag in tags))]
        sets = [".".join(part) for part in parts if len(parts) == 3]
        right = name._replace(**dict(zip(("python", "abi", "platform"), sets)))
        raise _other_name(archive, right, "WHEEL")
    build = _field(wheel, "Build")
    if build is not None and build != name.build:
        raise _other_name(archive, name._replace(build=build), "WHEEL")


def _check_record(archive: Archive, rows: Sequence[record.Row]) -> None:
    listed = {path for path, _, _ in rows}
    there = {member.name for member in archive.members if not member.name.endswith("/")}
    for path in sorted(there ^ listed):
        why = f"lists {path!r}, which is not there" if path in listed else f"does not list {path!r}"
        raise archive.error(f"has a RECORD that {why}", _AGAIN)


def _other_name(archive: Archive, right: FileName, where: str) -> WheelError:
    why = f"says in its {where} that it is {str(right)!r}"
    return archive.error(why, "rename it so, or build it again")


def _same(one: str, other: str) -> bool:
    """Tell whether two spellings are one version (PEP 440)."""
    if one.replace("-", "_") == other:
        return True
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) == Version(other.replace("_", "-"))
    except InvalidVersion:
        return False


def _fields(content: bytes, name: str) -> list[str]:
    """Give the values of a field of a file that is written like mail headers."""
    head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    found = re.findall(rb"(?im)^" + name.encode() + rb"[ \t]*:[ \t]*(.*?)[ \t]*\r?$", head)
    return [value.decode("utf-8", "replace") for value in found]


def _field(content: bytes, name: str) -> str | None:
    return next(iter(_fields(content, name)), None)


def with_local(metadata: bytes, local: str) -> bytes:
    """Give METADATA with another local version, and nothing else changed.

    :param local: with its ``+``, or empty
    """
    pattern = rb"(?im)^(Version[ \t]*:[ \t]*[^\s+]*)[^\r\n]*?([ \t]*\r?)$"
    return re.sub(pattern, lambda found: found[1] + local.encode() + found[2], metadata, count=1)


def with_tags(wheel: bytes, tags: Sequence[str], build: str | None) -> bytes:
    """Give WHEEL with other tags, one to a line, where the first one stood, and another build tag."""
    newline = "\r\n" if b"\r\n" in wheel else "\n"
    lines = wheel.decode(errors="surrogateescape").splitlines()
    kinds = [line.partition(":")[0].strip().lower() for line in lines]
    first = kinds.index("tag")
    ours = [*([f"Build: {build}"] if build else []), *(f"Tag: {tag}" for tag in tags)]
    kept = [
        [line for line, kind in zip(lines[part], kinds[part]) if kind not in ("tag", "build")]
        for part in (slice(first), slice(first, None))
    ]
    text = newline.join(chain(kept[0], ours, kept[1]))
    return (text + newline * (wheel[-1:] == b"\n")).encode(errors="surrogateescape")
