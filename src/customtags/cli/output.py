"""How values are printed: JSON, and tables that line up, with colours where a person looks at them."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags.errors import FactError

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no public name
else:
    Verbs = Any

__all__ = ["STYLES", "Verbs", "add_verb", "coloured", "paint", "print_json", "save", "table"]

#: What a text is → how a terminal is told to show it (ECMA-48, section 8.3.117).
STYLES = {
    "head": "1",  # bold
    "chosen": "1;32",  # bold green
    "yes": "32",  # green
    "no": "31",  # red
    "note": "33",  # yellow
    "quiet": "2",  # faint
}

_ESCAPE = re.compile("(\x1b\\[[0-9;]*m)")


def add_verb(verbs: Verbs, name: str, purpose: str, example: str) -> argparse.ArgumentParser:
    """Declare a verb with what all verbs have."""
    parser = verbs.add_parser(name, help=purpose, description=purpose, epilog=f"example: {example}")
    parser.add_argument("--json", action="store_true", help="print the same as JSON")
    return parser


def print_json(value: dict[str, Any]) -> None:
    """Print a value with the version of its shape in front."""
    print(json.dumps({"version": 1, **value}, indent=2))


def save(text: str, output: str | None) -> None:
    """Write a text into a file; without one, print it.

    :raises FactError: it can't be written
    """
    if output is None:
        print(text, end="")
        return
    try:
        _write(Path(output), text)
    except OSError as error:
        why = f"cannot be written ({error.strerror})"
        raise FactError(output, why, "name another file with -o") from error


def _write(file: Path, text: str) -> None:
    """Write beside and then rename, so that no file is ever half-written; but never replace a link, pipe or device."""
    if file.exists() and not file.is_file():
        file.write_text(text, encoding="utf-8")
        return
    from customtags.wheels.atomic import beside
    from customtags.wheels.copying import write_all

    with beside(file.resolve(), 0o666) as (out, _):
        write_all(out, text.encode())


def coloured(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Tell whether colours are wanted, as Python itself does.

    https://docs.python.org/3/using/cmdline.html#controlling-color, https://no-color.org, https://force-color.org
    """
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or (terminal and environ.get("TERM") != "dumb")


def paint(style: str, text: str) -> str:
    """Give a text one of the `STYLES`, if standard output is to have colours; a table takes it as a cell."""
    if not coloured(os.environ, terminal=sys.stdout.isatty()):
        return text
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m"


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> list[str]:
    """Line up the columns, each line indented by two, and cut at the terminal's edge if there is one.

    :param head: the names of the columns, if they have any
    """
    rows = [[paint("head", name) for name in head], *rows] if head else list(rows)
    widths = [max(map(_width, column)) for column in zip(*rows)]
    edge = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    return [_cut("  " + "  ".join(map(_fill, row, widths)).rstrip(), edge) for row in rows]


def _width(text: str) -> int:
    """Count what is seen of it."""
    return len(_ESCAPE.sub("", text))


def _fill(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _cut(line: str, edge: int) -> str:
    """Keep what is seen before the edge, and every escape, so that no colour runs on."""
    kept = []
    for part in _ESCAPE.split(line):
        seen = part if part.startswith("\x1b") else part[:edge]
        edge -= 0 if part.startswith("\x1b") else len(seen)
        kept.append(seen)
    return "".join(kept)
