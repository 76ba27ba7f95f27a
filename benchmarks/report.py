"""The tables of the benchmarks on a terminal, and the error message for a missing tool."""

from __future__ import annotations

import sys
from typing import NoReturn

import count
import results

__all__ = ["counter", "missing", "show"]


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


def show(table: results.Table) -> None:
    """Print a table; of several runs, the least."""
    rows = table["rows"]
    lines = [[*rows[0]], *([_cell(results.least(cell)) for cell in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    print(f"{table['heading']}\n")
    for first, *rest in lines:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:])]
        print("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    print()


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 10 else f"{value:,.1f}"
    return "" if value is None else str(value)
