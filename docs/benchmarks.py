"""Write the results of the benchmarks into the pages: `python docs/benchmarks.py`.

A page has marks around what is written::

    <!-- benchmark startup/3.11 -->                   the table of that name, and where it was measured
    <!-- benchmark startup/* start-up, M -->          of all tables of a benchmark one column each
    <!-- benchmark detect/whole command | M | ms -->  some columns
    <!-- end -->

Of several runs a table shows the least. `docs/pictures/plots.py` draws all of them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "benchmarks"))
import marks
import results

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["filled", "pages"]


def pages() -> list[Path]:
    """Return the pages that show results."""
    return [
        page for page in sorted(DOCS.rglob("*.md")) if "<!-- benchmark " in page.read_text("utf-8")
    ]


def filled(page: str) -> str:
    """Return a page with the results of today between its marks.

    :raises ValueError: there is no such table
    """
    return marks.filled(page, "benchmark", _block)


def _block(words: str, _: str) -> str:
    place, _, said = words.partition(" ")
    name, _, table = place.partition("/")
    columns = said.split(" | ")
    runs = results.read(results.FOLDER / f"{name}.json")["runs"]
    named = {each["name"]: (run, each) for run in runs for each in run["tables"]}
    if table == "*":
        rows = _joined([each for _, each in named.values()], columns[0])
        shown = [run for run in runs if run in [run for run, _ in named.values()]]
    elif table in named:
        run, only = named[table]
        rows = [
            {key: cell for key, cell in row.items() if columns == [""] or key in columns}
            for row in only["rows"]
        ]
        shown = [run]
    else:
        raise ValueError(f"benchmarks/results/{name}.json has no table {table!r}")
    return f"{_markdown(rows)}\n\n*{_provenance(shown[-1])}*"


def _joined(tables: Sequence[results.Table], column: str) -> list[results.Row]:
    """Return one column of each table side by side, in the order of their names as versions."""
    tables = sorted(tables, key=lambda each: [*map(int, re.findall(r"\d+", each["name"]))])
    labels = dict.fromkeys(label for each in tables for label in _column(each, column))
    head = next(iter(tables[0]["rows"][0]))
    return [
        {head: label, **{each["name"]: _column(each, column).get(label) for each in tables}}
        for label in labels
    ]


def _column(table: results.Table, column: str) -> dict[str, results.Cell]:
    return {str(next(iter(row.values()))): row[column] for row in table["rows"]}


def _markdown(rows: Sequence[results.Row]) -> str:
    head = [*rows[0]]
    lines = [head, ["---", *("---:" for _ in head[1:])]]
    for row in rows:
        label, *cells = map(_cell, row.values())
        ours = label.startswith("customtags")
        lines.append([f"**{label}**" if ours else label, *cells])
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def _cell(cell: results.Cell) -> str:
    value = results.least(cell)
    if value is None or isinstance(value, str):
        return value or ""
    if abs(value) < 0.005:
        return "0"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _provenance(run: results.Run) -> str:
    """Return where and with which of the named distributions a run was measured, in one sentence."""
    machine = run["machine"]
    said = str(run["tables"])
    packages = ", ".join(
        f"{name} {' and '.join(versions)}"
        for name, versions in run["packages"].items()
        if name in ("customtags", "pip") or name in said
    )
    where = (
        f"`{run['command']}`, {run['date']}: {machine['cpu']}, {machine['cores']} cores, load {machine['load']} before the"
        f" start, Linux {machine['kernel']}, {machine['system']}, Python {machine['python']}"
    )
    return f"{where}; {packages}." if packages else f"{where}."


if __name__ == "__main__":
    for each in pages():
        each.write_text(filled(each.read_text("utf-8")), encoding="utf-8")
