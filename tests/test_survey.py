"""The survey: its page shows what its data says, and its data is of the wheels that are listed."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from customtags.audit import CODES
from customtags.wheels.filename import canonical, parse

DOCS = Path(__file__).parents[1] / "docs"
SURVEY = DOCS / "survey"
PROJECTS: dict[str, Any] = json.loads((SURVEY / "projects.json").read_text("utf-8"))
WHEELS: list[dict[str, Any]] = json.loads((SURVEY / "results.json").read_text("utf-8"))["wheels"]


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))


def test_the_page_shows_what_the_data_says() -> None:
    page = importlib.import_module("survey.page")
    shown = page.PAGE.read_text("utf-8")
    made = page.parts(json.loads(page.RESULTS.read_text("utf-8")))
    assert page.render(shown, made) == shown, "run: PYTHONPATH=docs python -m survey page"
    assert all(f"<!-- data {name} -->" in shown for name in made)


def test_the_list_has_300_projects_in_the_order_of_their_downloads() -> None:
    projects = PROJECTS["projects"]
    assert len(projects) == len({each["name"] for each in projects}) == 300
    assert projects == sorted(projects, key=lambda each: each["rank"])
    downloads = [each["downloads"] for each in projects]
    assert downloads == sorted(downloads, reverse=True)


def test_the_results_are_of_exactly_the_files_in_the_list() -> None:
    listed = {
        (each["file"], each["sha256"]): (project["name"], arch)
        for project in PROJECTS["projects"]
        for arch, each in project["wheels"].items()
    }
    found = {(each["file"], each["sha256"]): (each["name"], each["arch"]) for each in WHEELS}
    assert found == listed
    for (file, _), (name, arch) in listed.items():
        assert canonical(parse(file).project) == name
        assert all(platform.endswith(arch) for platform in parse(file).platforms)


def test_every_finding_on_instructions_was_tried_on_a_cpu() -> None:
    for each in WHEELS:
        assert set(each["false"]) <= set(each["codes"]) <= set(CODES)
        false = "isa-floor" in each["false"] or "isa-refused" in each["false"]
        assert (each["level"] > 1) == (false and each["arch"] == "x86_64")
        if false:
            assert each["cpu"]["because"] == "false"
        elif "isa-undecided" in each["codes"]:
            assert each["cpu"]["because"] == "undecided"


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_wheels_without_a_finding_were_tried_on_a_cpu(arch: str) -> None:
    tried = [each for each in WHEELS if each["arch"] == arch and "cpu" in each]
    assert all(each["cpu"]["verdict"] for each in tried)
    assert sum(each["cpu"]["because"] == "drawn" for each in tried) == 30


def test_every_project_has_a_wheel_for_x86() -> None:
    assert all("x86_64" in project["wheels"] for project in PROJECTS["projects"])


def test_a_confirmed_wheel_stops_on_the_lower_cpu_and_runs_on_the_other() -> None:
    confirmed = [
        each["cpu"] for each in WHEELS if each.get("cpu", {}).get("verdict") == "confirmed"
    ]
    assert confirmed
    for each in confirmed:
        assert each["on"]["status"] == "runs"
        assert each["below"]["status"] == "refuses" or each["below"]["own"]
        assert each["below"]["program"] == each["on"]["program"]


def test_the_data_is_small() -> None:
    assert sum(path.stat().st_size for path in SURVEY.glob("*.json")) < 500_000


def test_the_exercises_are_python_and_of_listed_projects() -> None:
    exercises = importlib.import_module("survey.exercises").EXERCISES
    assert exercises.keys() <= {each["name"] for each in PROJECTS["projects"]}
    for name, exercise in exercises.items():
        compile(exercise.code, name, "exec")
