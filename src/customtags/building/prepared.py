"""Metadata that is prepared before the wheel is built, with the version that the wheel gets, and the back end's own beside it."""

from __future__ import annotations

import shutil
import zipfile
from email import message_from_bytes
from pathlib import Path

from customtags.errors import BuildError
from customtags.wheels import metadata

__all__ = ["compare", "own", "with_local"]

#: A folder beside the prepared ``.dist-info``: back ends refuse or mix up metadata that is not as they made it.
_OWN = ".customtags"


def with_local(folder: Path, name: str, local: str) -> str:
    """Give prepared metadata a local version.

    :param folder: where the back end made it
    :param name: its ``NAME-VERSION.dist-info``
    :returns: the new name
    """
    made = folder / name
    shutil.copytree(made, folder / _OWN / name)
    described = made / "METADATA"
    described.write_bytes(metadata.with_local(described.read_bytes(), f"+{local}"))
    public = name.removesuffix(".dist-info").partition("+")[0]
    return made.rename(folder / f"{public}+{local}.dist-info").name


def own(folder: str | None) -> str | None:
    """Give the metadata that the back end made for what was prepared; None if there is none."""
    kept = sorted(Path(folder).parent.glob(f"{_OWN}/*.dist-info")) if folder else []
    return str(kept[0]) if kept else None


def compare(wheel: Path, folder: str) -> None:
    """Compare a wheel's metadata with what was prepared for it.

    :raises BuildError: they differ
    """
    with zipfile.ZipFile(wheel) as archive:
        # Its own alone: deeper there may be those of projects that it brings along.
        tops = [each for each in archive.namelist() if each.count("/") == 1]
        (name,) = (each for each in tops if each.endswith(".dist-info/METADATA"))
        inside = message_from_bytes(archive.read(name))
    promised = message_from_bytes(Path(folder, "METADATA").read_bytes())
    both = (sorted(each.items()) for each in (inside, promised))
    for one, other in zip(*both):
        if one != other:
            why = f"has {': '.join(one)!r} in its metadata where {': '.join(other)!r} was prepared"
            raise BuildError(f"{wheel.name!r} {why}", "build with the same settings")
    if len(inside) != len(promised):
        raise BuildError(
            f"{wheel.name!r} has {len(inside)} fields in its metadata where {len(promised)} were prepared",
            "build with the same settings",
        )
