"""The results of benchmarks as files, all in the schema `results.schema.json`.

A file keeps a run as long as one of its tables is the newest of that name. So one table can be measured again by itself.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import re
from pathlib import Path
from typing import TypedDict, Union

__all__ = [
    "FOLDER",
    "Cell",
    "Results",
    "Row",
    "Run",
    "Table",
    "added",
    "least",
    "new_run",
    "read",
    "write",
]

#: The results that the documentation shows.
FOLDER = Path(__file__).parent / "results"

#: A label, one number, the numbers of several runs in turn, or None where nothing was measured.
Cell = Union[str, float, list[float], None]

Row = dict[str, Cell]


class Table(TypedDict):
    """Rows with the same columns. The first column has the labels; the other names end in their units."""

    name: str
    heading: str
    rows: list[Row]


class Run(TypedDict):
    """What one call of a script measured, and where; ``packages`` has the versions in the measured environments."""

    date: str
    command: str
    machine: dict[str, str | float]
    packages: dict[str, list[str]]
    tables: list[Table]


class Results(TypedDict):
    """The runs of one benchmark, the newest last."""

    version: int
    benchmark: str
    runs: list[Run]


def new_run(command: str) -> Run:
    """Return a run of this minute on this machine, without tables."""
    now = dt.datetime.now(dt.timezone.utc)
    return {
        "date": f"{now:%Y-%m-%d %H:%M} UTC",
        "command": command,
        "machine": _machine(),
        "packages": {},
        "tables": [],
    }


def added(results: Results, run: Run) -> Results:
    """Return the results with a run, whose tables replace those of the same name."""
    new = {table["name"] for table in run["tables"]}
    older = [
        Run(**{**each, "tables": [table for table in each["tables"] if table["name"] not in new]})
        for each in results["runs"]
    ]
    return {**results, "runs": [*(each for each in older if each["tables"]), run]}


def read(path: Path) -> Results:
    """Read a file of results; without a file there are no runs yet."""
    if not path.exists():
        return {"version": 1, "benchmark": path.stem, "runs": []}
    results: Results = json.loads(path.read_text("utf-8"))
    return results


def write(path: Path, results: Results) -> None:
    """Write a file of results, at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    text = json.dumps(_rounded(results), indent=1, ensure_ascii=False)
    lists = re.sub(r"\[\n([^][{}]*)\n *\]", lambda found: f"[{' '.join(found[1].split())}]", text)
    part.write_text(f"{lists}\n", encoding="utf-8")
    part.replace(path)


def least(cell: Cell) -> str | float | None:
    """Return the least of several runs, because other work of a machine only ever adds; or the cell itself."""
    return min(cell) if isinstance(cell, list) else cell


def _rounded(value: object) -> object:
    """Return a value of JSON with at most six significant digits, more than any of these measurements has."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _machine() -> dict[str, str | float]:
    """Return what a reader needs to judge the figures; ``load`` is that of the last minute, on so many ``cores``."""
    return {
        "cpu": _value("/proc/cpuinfo", "model name", ":"),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
        "architecture": platform.machine(),
        "kernel": platform.release(),
        "system": _value("/etc/os-release", "PRETTY_NAME", "=").strip('"'),
        "python": platform.python_version(),
    }


def _value(path: str, key: str, separator: str) -> str:
    for line in Path(path).read_text("utf-8").splitlines():
        name, _, value = line.partition(separator)
        if name.strip() == key:
            return value.strip()
    return "unknown"
