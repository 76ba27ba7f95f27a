"""What reaches a person or a program: lines without foreign control characters, tables, colours, and JSON."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from customtags.errors import FactError, printable

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no public name
else:
    Verbs = Any

__all__ = [
    "STYLES",
    "Parser",
    "Verbs",
    "add_verb",
    "coloured",
    "count",
    "echo",
    "paint",
    "print_json",
    "save",
    "table",
    "warn",
]

#: Style → the parameters of the terminal's SGR sequence (ECMA-48, section 8.3.117).
STYLES = {
    "head": "1",  # bold
    "chosen": "1;32",  # bold green
    "yes": "32",  # green
    "no": "31",  # red
    "note": "33",  # yellow
    "quiet": "2",  # faint
}

#: What begins a colour of ours until its line is written. Each process draws another, so that no text that was read from
#: a wheel, an index or a file can hold it.
_OURS = f"\x1b{os.urandom(8).hex()}"
_COLOUR = re.compile(f"({_OURS}[0-9;]*m)")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are printable: a shell's ``*`` may have made an argument of any file name.

    It reports an unknown option with the usage of its verb and the nearest option. argparse itself prints the usage of the
    whole program, and lists verbs.
    """

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the command line; exit with status 2 if a word is left over."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            verb = getattr(options, "parser", self)
            verb.error(f"unrecognized arguments: {' '.join(unknown)}{_suggestion(unknown, verb)}")
        return options

    def error(self, message: str) -> NoReturn:
        """Print the usage and what is wrong, and exit with status 2."""
        super().error(printable(message))


def _suggestion(words: Sequence[str], parser: argparse.ArgumentParser) -> str:
    """Return the options of a parser that resemble unknown ones, as the end of a message."""
    from difflib import get_close_matches

    options = re.findall(r"--[a-z-]+", parser.format_usage())
    typed = (word.partition("=")[0] for word in words if word.startswith("--"))
    near = [match for word in typed for match in get_close_matches(word, options, 1)]
    return f"; write {' and '.join(near)}" if near else ""


def add_verb(
    verbs: Verbs, name: str, purpose: str, example: str, *, json: bool = True
) -> argparse.ArgumentParser:
    """Declare a verb with what all verbs have in common; one that never ends prints no JSON."""
    description = f"{purpose[0].upper()}{purpose[1:]}."
    parser = verbs.add_parser(
        name, help=purpose, description=description, epilog=f"example: {example}"
    )
    parser.set_defaults(parser=parser)
    if json:
        parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def echo(*lines: str, flush: bool = False) -> None:
    """Print lines to standard output, with control characters escaped and colours painted.

    Everything that a verb prints for people goes through here. A line break within a line is escaped, too: otherwise a
    file name could forge a line.

    :param flush: show them before what comes next, which takes long
    """
    for line in lines:
        print(_rendered(line), flush=flush)


def warn(message: object) -> None:
    """Print one line to standard error, with control characters escaped."""
    sys.stdout.flush()  # so that the two streams are in order where they share a terminal or a file
    print(f"customtags: {printable(str(message))}", file=sys.stderr)


def print_json(value: dict[str, Any]) -> None:
    """Print a value with the version of its shape first; JSON escapes control characters itself."""
    print(json.dumps({"version": 1, **value}, indent=2))


def save(text: str, output: str | None) -> None:
    """Write JSON or a script to a file, or print it if no file is named.

    :raises FactError: the file cannot be written
    """
    if output is None:
        print(text, end="")
        return
    try:
        _write(Path(output), text)
    except OSError as error:
        why = f"cannot be written ({error.strerror})"
        raise FactError(output, why, "name another file") from error


def _write(file: Path, text: str) -> None:
    """Write a temporary file and rename it, so that no file is ever half-written; never replace a link, pipe or device."""
    if file.exists() and not file.is_file():
        file.write_text(text, encoding="utf-8")
        return
    from customtags.wheels.atomic import atomic
    from customtags.wheels.copying import write_all

    with atomic(file.resolve(), 0o666) as (out, _):
        write_all(out, text.encode())


def count(number: int, noun: str) -> str:
    """Return a number with its noun, as in ``1 note`` and ``2 notes``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def coloured(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Return whether to use colours, by the same variables as Python itself.

    https://docs.python.org/3/using/cmdline.html#controlling-color, https://no-color.org, https://force-color.org
    """
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or (terminal and environ.get("TERM") != "dumb")


def paint(style: str, text: str) -> str:
    """Return a text in one of the `STYLES`, for `echo` and `table`; unchanged where standard output has no colours."""
    if not coloured(os.environ, terminal=sys.stdout.isatty()):
        return text
    return f"{_OURS}{STYLES[style]}m{text}{_OURS}0m"


def table(
    rows: Iterable[Sequence[str]], head: Sequence[str] = (), least: Sequence[int] = ()
) -> list[str]:
    """Return lines for `echo`: columns aligned, indented by two, and cut at the terminal's edge if there is one.

    :param head: the names of the columns, if they have any
    :param least: the least width of each column, in characters, for a table that is printed row by row
    """
    rows = [[paint("head", name) for name in head], *rows] if head else list(rows)
    cells = [[_escaped(cell) for cell in row] for row in rows]
    longest = (max(map(_width, column)) for column in zip(*cells))
    widths = [max(pair) for pair in zip_longest(longest, least, fillvalue=0)]
    edge = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    return [_cut("  " + "  ".join(map(_fill, row, widths)).rstrip(), edge) for row in cells]


def _escaped(text: str) -> str:
    """Escape all control characters but those of our own colours."""
    parts = _COLOUR.split(text)
    parts[::2] = map(printable, parts[::2])
    return "".join(parts)


def _rendered(line: str) -> str:
    return _escaped(line).replace(_OURS, "\x1b[")


def _width(text: str) -> int:
    """Return the number of visible characters."""
    return len(_COLOUR.sub("", text))


def _fill(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _cut(line: str, edge: int) -> str:
    """Keep what is visible before the edge, and every colour, so that none runs on."""
    parts = _COLOUR.split(line)
    for index in range(0, len(parts), 2):
        parts[index] = parts[index][:edge]
        edge -= len(parts[index])
    return "".join(parts)
