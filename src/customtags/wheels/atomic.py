"""Atomic writing: a file is written under a temporary name, and renamed when it is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["atomic"]


@contextmanager
def atomic(target: Path, mode: int = 0o644) -> Iterator[tuple[int, Path]]:
    """Create an empty file that gets its name if the block ends without an error, and is removed otherwise.

    :param mode: its permissions, before the umask
    :returns: a context; its value is descriptor and path of the file
    :raises OSError: the folder or the file cannot be written
    """
    unfinished = target.with_name(f".{os.urandom(8).hex()}.part")
    file = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
    try:
        try:
            yield file, unfinished
        finally:
            os.close(file)  # some file systems report only here that the disk is full
        unfinished.replace(target)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
