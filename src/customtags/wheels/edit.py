"""The first half of the writer: what a new name and new contents change in a wheel.

A wheel agrees with its name everywhere: METADATA, WHEEL, RECORD, the names of the folders that carry the version, and bills of
materials that name the wheel (https://packaging.python.org/specifications/binary-distribution-format/).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from customtags.wheels import filename, metadata, record, sboms, sidecars
from customtags.wheels.archive_writer import Content, chunks

if TYPE_CHECKING:
    from pathlib import Path

    from customtags.wheels.filename import FileName
    from customtags.wheels.wheel import Wheel

__all__ = ["Edit", "edit"]


class Edit(NamedTuple):
    """A wheel, and what it becomes.

    :ivar name: the new name
    :ivar target: where it is written
    :ivar names: member → its new name
    :ivar contents: member, by its old name → its new content, None if it is dropped; other names are new members
    """

    wheel: Wheel
    name: FileName
    target: Path
    names: Mapping[str, str]
    contents: Mapping[str, Content]

    @property
    def changed(self) -> list[str]:
        """The members whose content changes, by their new names."""
        return [self.names.get(name, name) for name in self.contents]

    @property
    def metadata(self) -> bytes:
        """METADATA as it will be."""
        path = self.wheel.own("METADATA")
        content = self.contents.get(path)
        return content if isinstance(content, bytes) else self.wheel.read(path)

    @property
    def sidecar(self) -> Path | None:
        """The metadata that an index has beside the result (PEP 658), if it has those of the wheel."""
        present = sidecars.metadata(self.wheel.path).exists()
        return sidecars.metadata(self.target) if present else None

    @property
    def void(self) -> list[Path]:
        """The attestations beside the wheel, which do not hold for the result."""
        return sidecars.attestations(self.wheel.path)


def edit(
    wheel: Wheel,
    name: FileName,
    contents: Mapping[str, Content] = MappingProxyType({}),
    folder: Path | None = None,
) -> Edit:
    """Return what a wheel becomes under another name and with other contents; RECORD and all that repeats the name follow.

    :param wheel: a checked one
    :param contents: member → its new content, or the file with it; None drops the member; other names are new members
    :param folder: where the result is placed, by default beside the wheel
    :raises WheelError: a member cannot be read, or two folders would become one
    """
    names = _names(wheel, name, contents)
    new = {path: each for path, each in contents.items() if not _is_same(wheel, path, each)}
    for path, each in _repeated(wheel, name, contents).items():
        if _is_same(wheel, path, each):
            new.pop(path, None)
        else:
            new[path] = each
    if names or new:
        own = wheel.own("RECORD")
        rows = {
            path: None if each is None else record.described(names.get(path, path), chunks(each))
            for path, each in new.items()
        }
        new[own] = wheel.record.rewritten(names, rows, own)
    target = (folder or wheel.path.parent) / str(name)
    return Edit(wheel, name, target, names, new)


def _names(wheel: Wheel, new: FileName, contents: Iterable[str]) -> dict[str, str]:
    """Return the new names of the members whose folder carries the version, and of new ones in these folders."""
    old = wheel.name
    if old.version == new.version:
        return {}
    every = {**wheel.members, **dict.fromkeys(contents)}
    tops = {name.partition("/")[0] for name in every}
    renamed = {wheel.info: _folder(wheel.info, new)}
    for top in tops:
        project, _, version = top.removesuffix(".data").rpartition("-")
        same = filename.canonical(project) == filename.canonical(old.project)
        if top.endswith(".data") and same and version == old.version:
            renamed[top] = _folder(top, new)
    for top in tops.intersection(renamed.values()).difference(renamed):
        raise wheel.error(f"has a folder {top!r} already", "give another local version")
    parts = [name.partition("/") for name in every]
    return {
        "".join(part): "".join((renamed[part[0]], *part[1:]))
        for part in parts
        if part[0] in renamed
    }


def _folder(name: str, new: FileName) -> str:
    """Return the new name of ``NAME-VERSION.dist-info`` or ``NAME-VERSION.data``."""
    stem, _, kind = name.rpartition(".")
    return f"{stem.rpartition('-')[0]}-{new.version}.{kind}"


def _repeated(wheel: Wheel, new: FileName, contents: Mapping[str, Content]) -> dict[str, bytes]:
    """Return the members that repeat something of the name, with the new one; RECORD is not among them."""

    def before(path: str) -> bytes:
        given = contents.get(path)
        return given if isinstance(given, bytes) else wheel.read(path)

    old = wheel.name
    folder = wheel.own("sboms/")
    bills = [path for path in wheel.names if path.startswith(folder)]
    after = {path: sboms.patched(before(path), old, new) for path in bills}
    tags = wheel.own("WHEEL")
    after[tags] = metadata.with_tags(before(tags), new.tags, new.build)
    if old.version != new.version:
        described, local = wheel.own("METADATA"), new.version.partition("+")
        after[described] = metadata.with_local(before(described), "".join(local[1:]))
    return after


def _is_same(wheel: Wheel, path: str, content: Content) -> bool:
    member = wheel.members.get(path)
    if member is None or not isinstance(content, bytes):
        return member is None and content is None
    return member.size == len(content) and wheel.read(path) == content
