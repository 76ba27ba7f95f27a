"""``NAME-VERSION-variants.json`` in a folder: what the labels of a release's wheels mean, kept up to date."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from customtags.errors import VariantError
from customtags.variants import metadata
from customtags.wheels.atomic import atomic
from customtags.wheels.copying import write_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from customtags.variants.metadata import Metadata

__all__ = ["locked", "merged", "read", "update"]


def read(path: Path) -> Metadata | None:
    """Return what a file says, None if it is missing.

    :raises VariantError: it cannot be read, or is broken
    """
    try:
        if path.exists() and not path.is_file():  # reading a pipe or a device may never end
            raise VariantError(f"{path.name!r} is not a file", "remove it")
        with path.open("rb") as file:
            text = file.read(metadata.LIMIT + 1).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        problem = f"{path.name!r} cannot be read ({error.strerror})"
        raise VariantError(problem, "make it readable, or remove it") from error
    return metadata.read(text, path.name)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from updating the files of a folder meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def merged(path: Path, several: Sequence[tuple[str, Metadata]]) -> Metadata:
    """Return what a file would hold with the metadata of more wheels.

    :param several: the name of each wheel, and its metadata
    :raises VariantError: the file is broken, or they contradict each other
    """
    there = read(path)
    return metadata.merged([*([(path.name, there)] if there else []), *several])


def update(path: Path, whole: Metadata) -> None:
    """Write a file atomically."""
    with atomic(path, 0o666) as (out, _):
        write_all(out, metadata.write(whole).encode())
