"""A file comes to its name only when it is whole: it is written beside, and then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["beside"]


@contextmanager
def beside(target: Path, mode: int = 0o644) -> Iterator[tuple[int, Path]]:
    """Give the descriptor and the path of an empty file, which gets its name if the block ends well, and else is gone.

    :param mode: its permissions, less what the umask takes away
    :raises OSError: the folder or the file can't be written
    """
    unfinished = target.with_name(f".{os.urandom(8).hex()}.part")
    file = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
    try:
        try:
            yield file, unfinished
        finally:
            os.close(file)  # some file systems tell only here that the disk is full
        unfinished.replace(target)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
