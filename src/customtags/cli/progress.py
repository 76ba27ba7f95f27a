"""How far long work is: one line on standard error, where a terminal is, that is gone in the end."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress"]


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Give a function that shows a few words in the place of those before."""
    wanted = sys.stderr is not None and sys.stderr.isatty()

    def tell(words: str) -> None:
        if wanted:
            edge = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{words[:edge]}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        tell("")
