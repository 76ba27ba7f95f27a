"""The second half of the writer: new and changed wheels are written atomically, to their place."""

from __future__ import annotations

import errno
import filecmp
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import customtags
from customtags.errors import WheelError
from customtags.wheels import archive_writer, filename, record, sidecars
from customtags.wheels.atomic import atomic
from customtags.wheels.copying import write_all

if TYPE_CHECKING:
    from customtags.wheels.edit import Edit

__all__ = ["collisions", "create", "write"]

#: What a folder can be wrong for, whatever space there is.
_FOLDER = (
    *(errno.EACCES, errno.EEXIST, errno.ENOENT),
    *(errno.ENOTDIR, errno.EPERM, errno.EROFS),
)


def create(folder: Path, project: str, version: str, tag: str, files: Mapping[str, bytes]) -> Path:
    """Write a new wheel.

    :param tag: maybe a compressed set, as in ``cp312-cp312-linux_x86_64_v3``
    :param files: path in the wheel → content
    :returns: the wheel
    """
    info = f"{project}-{version}.dist-info"
    members = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": "".join(
            [
                "Wheel-Version: 1.0\n",
                f"Generator: customtags {customtags.__version__}\n",
                f"Root-Is-Purelib: {str(tag.endswith('-any')).lower()}\n",
                *(f"Tag: {each}\n" for each in filename.expand(tag)),
            ]
        ).encode(),
    }
    rows = [record.described(path, [content]) for path, content in members.items()]
    members[f"{info}/RECORD"] = record.format([*rows, record.Row(f"{info}/RECORD")])
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{project}-{version}-{tag}.whl"
    with atomic(wheel) as (out, _):
        archive_writer.create(out, members)
    return wheel


def write(edit: Edit, *, remove: bool = False) -> Path:
    """Write an edited wheel.

    :param remove: remove the old wheel, once the new one is safe on the disk
    :returns: the new wheel
    :raises WheelError: it cannot be written, or another file has its name
    """
    wheel, target = edit.wheel, edit.target
    try:
        in_place = target.exists() and target.samefile(wheel.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic(target, wheel.path.stat().st_mode & 0o777) as (out, unfinished):
            own = wheel.own("RECORD")
            archive_writer.rewrite(wheel.archive, out, edit.contents, edit.names, own)
            if remove:
                os.fsync(out)
            if target.exists() and not (in_place and remove):
                _refuse_other(target, unfinished, in_place=in_place)
            if edit.sidecar:
                with atomic(edit.sidecar) as (described, _):
                    write_all(described, edit.metadata)
    except OSError as error:
        why = f"cannot be written ({error.strerror})"
        room = "" if error.errno in _FOLDER else "free some space, or "
        raise WheelError(str(target), why, f"{room}give another folder with -d") from error
    if remove and not in_place:
        _remove(edit)
    return target


def collisions(edits: Iterable[Edit]) -> dict[Path, WheelError]:
    """Return an error for each wheel that would become the same file as another one."""
    sources: dict[Path, list[Path]] = {}
    for each in edits:
        place = each.target.parent.resolve() / each.target.name
        sources.setdefault(place, []).append(each.wheel.path)
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


def _remove(edit: Edit) -> None:
    """Remove the old wheel; the name of the new one is on the disk before, as its content is."""
    source = edit.wheel.path
    try:
        folder = os.open(edit.target.parent, os.O_RDONLY)
        try:
            with suppress(OSError):  # some file systems have no such call for folders
                os.fsync(folder)
        finally:
            os.close(folder)
        sidecars.metadata(source).unlink(missing_ok=True)
        source.unlink(missing_ok=True)  # another process may have been as far
    except OSError as error:
        why = f"cannot be removed ({error.strerror}); {str(edit.target)!r} is written"
        raise WheelError(str(source), why, "remove it yourself") from error


def _refuse_other(target: Path, unfinished: Path, *, in_place: bool) -> None:
    if not filecmp.cmp(target, unfinished, shallow=False):
        cure = "--remove replaces it" if in_place else "remove it, or give another folder with -d"
        raise WheelError(str(target), "exists already, with other content", cure)
