"""Metadata that are prepared before the wheel is built: with the wheel's local version, and a copy of the back end's own."""

from __future__ import annotations

import shutil
from pathlib import Path

from customtags.errors import BuildError
from customtags.wheels import metadata
from customtags.wheels.metadata import Fields
from customtags.wheels.wheel import Wheel

__all__ = ["compare", "own", "with_local"]

#: The folder of the copy, next to the prepared ``.dist-info``: back ends refuse metadata that they did not write.
_OWN = ".customtags"


def with_local(folder: Path, name: str, local: str) -> str:
    """Add a local version to prepared metadata.

    :param folder: the folder that the back end wrote it into
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
    """Return the folder with the back end's own metadata; None without one."""
    kept = sorted(Path(folder).parent.glob(f"{_OWN}/*.dist-info")) if folder else []
    return str(kept[0]) if kept else None


def compare(wheel: Path, folder: str) -> None:
    """Compare a wheel's metadata with those that were prepared for it.

    :raises BuildError: they differ
    """
    inside = list(Wheel(wheel).metadata)
    promised = list(Fields(Path(folder, "METADATA").read_bytes()))
    cure = "build with the settings that the metadata were prepared with"
    for one, other in zip(sorted(inside), sorted(promised)):
        if one != other:
            why = f"has {': '.join(one)!r} in its metadata, and {': '.join(other)!r} was prepared"
            raise BuildError(f"{wheel.name!r} {why}", cure)
    if len(inside) != len(promised):
        why = f"has {len(inside)} fields in its metadata, and {len(promised)} were prepared"
        raise BuildError(f"{wheel.name!r} {why}", cure)
