"""A file comes to its name only when it is whole: it is written beside, and then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["beside"]


@contextmanager
def beside(target: Path, mode: int = 0o644) -> Iterator[tuple[int, Path]]:
    """Give the descriptor and the path of an empty file, which gets its name if the block ends well, and else is gone.

    :param mode: its permissions
    :raises OSError: the folder or the file can't be written
    """
    file, name = tempfile.mkstemp(".part", ".", target.parent)
    unfinished = Path(name)
    try:
        try:
            os.fchmod(file, mode)
            yield file, unfinished
        finally:
            os.close(file)  # some file systems tell only here that the disk is full
        unfinished.replace(target)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
