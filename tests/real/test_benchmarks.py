"""The results of the benchmarks are complete, and the documentation shows what they say."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
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
