"""The tables of the benchmarks on a terminal, and the error message for a missing tool."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import count
import results

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Row", "counter", "missing", "options", "show", "show_table"]

#: Column → value; None where nothing was measured.
Row = dict[str, object]


def options(about: str | None, **more: Mapping[str, object]) -> argparse.Namespace:
    """Parse the command line; ``more`` declares the options of one benchmark."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    parser.add_argument("--wheels", metavar="DIR", help="keep downloaded wheels in this folder")
    for name, settings in more.items():
        parser.add_argument(f"--{name}", **settings)  # type: ignore[arg-type]  # argparse's own types
    return parser.parse_args()


def counter() -> count.Counter:
    """Return the counter of instructions of this machine, or exit."""
    found = count.find()
    if found is None:
        missing(
            "valgrind, or a perf that can read the processor's counters", "apt-get install valgrind"
        )
    return found


def missing(what: str, cure: str) -> NoReturn:
    """Print what is missing and exit with status 2."""
    print(f"{sys.argv[0]}: requires {what}; {cure}", file=sys.stderr)
    sys.exit(2)


def show(rows: Sequence[Mapping[str, object]], heading: str, *, as_json: bool) -> None:
    """Print rows of the same columns as a table."""
    if as_json:
        print(json.dumps({"measured": heading, "rows": rows}))
        return
    table = [[*rows[0]], *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table)]
    print(f"{heading}\n")
    for first, *rest in table:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:])]
        print("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    print()


def show_table(table: results.Table) -> None:
    """Print a table; of several runs, the least."""
    rows = [{name: results.least(cell) for name, cell in row.items()} for row in table["rows"]]
    show(rows, table["heading"], as_json=False)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 10 else f"{value:,.1f}"
    return "" if value is None else str(value)
