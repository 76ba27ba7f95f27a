"""The results of the benchmarks are complete, and the documentation shows what they say."""

from __future__ import annotations

import importlib
import json
import re
import runpy
import sys
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
PICTURES = ROOT / "docs" / "pictures"
#: A mark of a table in a page.
FILES = re.compile(r"<!-- benchmark (\w+)/")
sys.path.insert(0, str(BENCHMARKS))
import results  # noqa: E402 - it lies in that folder

SCHEMA = json.loads((BENCHMARKS / "results.schema.json").read_text("utf-8"))


def table(name: str, *times: float) -> results.Table:
    return {"name": name, "heading": name, "rows": [{"tool": "cp", "time, s": [*times]}]}


def run(*tables: results.Table) -> results.Run:
    return {**results.new_run("nox -s bench -- copy"), "tables": [*tables]}


def test_a_table_replaces_an_older_one_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "copy.json"
    for each in (
        run(table("small", 1.0), table("large", 3.0, 2.5)),
        run(table("small", 0.1 + 0.2)),
    ):
        results.write(path, results.added(results.read(path), each))
    kept = results.read(path)
    jsonschema.validate(kept, SCHEMA)
    assert [[each["name"] for each in run["tables"]] for run in kept["runs"]] == [
        ["large"],
        ["small"],
    ]
    assert kept["runs"][0]["tables"] == [table("large", 3.0, 2.5)]
    assert kept["runs"][1]["tables"] == [table("small", 0.3)]
    results.write(path, results.added(kept, run(table("large", 2.0))))
    assert len(results.read(path)["runs"]) == 2


@pytest.mark.parametrize("cell", [{}, [], ["1"], True])
def test_a_cell_is_a_label_or_numbers(cell: object) -> None:
    made = {"version": 1, "benchmark": "copy", "runs": [run(table("small", 1.0))]}
    jsonschema.validate(made, SCHEMA)
    rows = made["runs"][0]["tables"][0]["rows"]  # type: ignore[index]  # a dictionary of anything
    rows[0]["time, s"] = cell
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(made, SCHEMA)


RESULTS = sorted((BENCHMARKS / "results").glob("*.json"))
TABLES = runpy.run_path(str(ROOT / "docs" / "benchmarks.py"))


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_results_are_complete(path: Path) -> None:
    kept = results.read(path)
    jsonschema.validate(kept, SCHEMA)
    assert kept["benchmark"] == path.stem
    assert (BENCHMARKS / f"{path.stem}.py").exists()
    tables = [table for each in kept["runs"] for table in each["tables"]]
    assert len({table["name"] for table in tables}) == len(tables)
    for table in tables:
        assert all([*row] == [*table["rows"][0]] for row in table["rows"])


@pytest.mark.parametrize("page", TABLES["pages"](), ids=lambda page: page.stem)
def test_a_page_shows_the_results_of_today(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text == TABLES["filled"](text), "run: python docs/benchmarks.py"


def test_every_result_is_on_a_page() -> None:
    shown = {name for page in TABLES["pages"]() for name in FILES.findall(page.read_text("utf-8"))}
    assert shown == {path.stem for path in RESULTS}


def test_the_plots_are_those_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PICTURES))
    plots = importlib.import_module("plots")
    pages = "".join(page.read_text("utf-8") for page in TABLES["pages"]())
    for name, plot in plots.PLOTS.items():
        drawn = plots.draw(plot, plots.read(plot))
        assert (PICTURES / f"{name}.svg").read_text("utf-8") == drawn, (
            "run: python docs/pictures/plots.py"
        )
        assert f"pictures/{name}.svg)" in pages
