"""The wheels that a command names: files, folders, and files with a list of either; and whether they exist."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from customtags.errors import FactError, WheelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["check", "expanded", "listed"]


def check(path: Path) -> None:
    """Raise WheelError if nothing has this path, whatever its name is; a broken link counts as something."""
    if not os.path.lexists(path):
        raise WheelError(str(path), "does not exist", "check the path")


def expanded(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield every path, and in place of a folder all files below it that end in ``.whl``, sorted.

    A folder without wheels is yielded itself. No link to another folder is followed.

    :raises FactError: a folder cannot be read
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(
            Path(folder, name)
            for folder, _, names in os.walk(path, onerror=_refuse)
            for name in names
            if name.endswith(".whl")
        )
        yield from found or [path]


def listed(file: str) -> list[Path]:
    """Return the paths in a file, one for each line; ``-`` is standard input.

    :raises FactError: the file cannot be read
    """
    try:
        with open(0 if file == "-" else file, "rb", closefd=file != "-") as lines:
            content = lines.read()
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
        raise FactError(file, why, "name a file with one path in each line") from error
    if b"\0" in content:
        raise FactError(file, "has a NUL byte", "name a file with one path in each line")
    return [Path(os.fsdecode(line)) for line in content.splitlines() if line]


def _refuse(error: OSError) -> None:
    why = f"cannot be read ({error.strerror})"
    raise FactError(str(error.filename), why, "check its permissions") from error
