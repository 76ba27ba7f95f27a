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

__all__ = ["locked", "merged", "update"]


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
    found = list(several)
    try:
        with path.open("rb") as file:
            text = file.read(metadata.LIMIT + 1).decode("utf-8", "replace")
        found.insert(0, (path.name, metadata.read(text, path.name)))
    except FileNotFoundError:
        pass
    except OSError as error:
        problem = f"{path.name!r} cannot be read ({error.strerror})"
        raise VariantError(problem, "make it readable, or remove it") from error
    return metadata.merged(found)


def update(path: Path, whole: Metadata) -> None:
    """Write a file atomically."""
    with atomic(path, 0o666) as (out, _):
        write_all(out, metadata.write(whole).encode())
