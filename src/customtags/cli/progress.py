"""The progress of long work: one line on standard error, if that is a terminal, which is erased at the end."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from customtags.errors import printable

__all__ = ["progress"]


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield a function that shows a few words in place of the previous ones."""
    terminal = sys.stderr.isatty()

    def update(words: str) -> None:
        if terminal:
            edge = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{printable(words)[:edge]}", end="", file=sys.stderr, flush=True)

    try:
        yield update
    finally:
        update("")
