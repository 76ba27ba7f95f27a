"""What the doctor sees."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from command import run
from customtags.choosing import doctor
from customtags.errors import FactError
from customtags.machine.dimensions import distro
from customtags.machine.host import Host
from sample import write

if TYPE_CHECKING:
    from customtags.machine.spec import Page


def test_it_names_the_files_the_copies_and_the_cost() -> None:
    done = run("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    for words in (
        "The hook is active",
        "customtags.pth",
        "_customtags.py",
        "hook.py",
        " ms to the",
    ):
        assert words in done.stdout
    seen = json.loads(run("doctor", "--json").stdout)
    public = next(copy for copy in seen["copies"] if copy["name"] == "packaging.tags")
    assert public["patched"] == ["platform_tags"]
    assert Path(public["by"]).name == "hook.py"
    assert Path(public["file"]).name == "tags.py"
    assert isinstance(seen["seconds"], float)


def test_it_says_no_where_the_hook_is_off() -> None:
    done = run("doctor", CUSTOMTAGS_DISABLE="1")
    assert done.returncode == 1
    assert "switched off by CUSTOMTAGS_DISABLE" in done.stdout
    assert "not patched" in done.stdout
    assert "The hook would add " in done.stdout
    assert "none is dropped" not in done.stdout


def test_it_names_every_reason_why_the_hook_is_off_with_its_cure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUSTOMTAGS_DISABLE", "false")
    state = doctor.Hook(
        installed=False,
        wanted=False,
        pip=True,
        patched=False,
        start="/s/_customtags.py",
        pth=None,
        engine="hook.py",
    )
    says, cure = doctor.describe(state)
    assert says.startswith("The hook is switched off by CUSTOMTAGS_DISABLE=false. The hook is not")
    assert says.endswith("not started in this environment: no customtags.pth in /s.")
    assert cure == "unset CUSTOMTAGS_DISABLE, and restore customtags.pth, or reinstall customtags"


def test_the_mark_of_a_build_back_end_is_named() -> None:
    done = run("doctor", PEP517_BUILD_BACKEND="hatchling.build")
    assert done.stdout.startswith(
        "The hook is switched off by PEP517_BUILD_BACKEND=hatchling.build."
    )


@pytest.mark.parametrize(
    ("value", "off"), [("", False), ("0", False), ("1", True), ("false", True), ("no", True)]
)
def test_every_value_but_0_and_an_empty_one_switches_it_off(value: str, *, off: bool) -> None:
    done = run("doctor", CUSTOMTAGS_DISABLE=value)
    assert done.stdout.startswith(f"The hook is switched off by CUSTOMTAGS_DISABLE={value}.") == off


@pytest.mark.parametrize(
    "wrong",
    [
        {"CUSTOMTAGS_ISA": "v9"},
        {"CUSTOMTAGS_PROFILE": "none.json"},
        {"CUSTOMTAGS_ACCELERATOR": "cuda"},
        {"CUSTOMTAGS_CUDA_MINOR": "loose"},
    ],
    ids=str,
)
def test_a_wrong_setting_is_why_pip_accepts_stock_tags_only(wrong: dict[str, str]) -> None:
    done = run("doctor", **wrong)
    assert done.returncode == 2
    assert done.stdout.startswith("The hook is active, but pip accepts stock tags only, because")
    assert "pip._vendor.packaging.tags" in done.stdout
    (value,) = wrong.values()
    assert value in done.stderr
    assert done.stderr.count("\n") == 1
    off = run("doctor", CUSTOMTAGS_DISABLE="1", **wrong)
    assert off.stdout.startswith("The hook is switched off by CUSTOMTAGS_DISABLE=1.")
    assert off.stderr == done.stderr
    assert run("doctor", "--json", **wrong).stdout == ""


def broken(_: object) -> None:
    raise FactError("/proc/nothing", "is broken", "mend it")


@pytest.mark.parametrize(
    ("answers", "number"),
    [
        ([["v3", "v2"], ["v3", "v2"]], 0),
        ([["v3", "v2"], ["v2"]], 1),
        ([["v3", "v2"], []], 1),
        ([["v3", "v2"], None], 0),
        ([], 0),
    ],
)
def test_sources_that_lead_to_different_segments_are_told(
    answers: list[list[str] | None], number: int
) -> None:
    probes = {str(index): lambda _, found=found: found for index, found in enumerate(answers)}
    page = SimpleNamespace(
        NAME="isa", PROBES={**probes, "broken": broken}, ladder=lambda found: found
    )
    assert len(doctor.disagreements([cast("Page", page)], Host())) == number


def test_real_sources_that_disagree_are_told(tmp_path: Path) -> None:
    files = {
        "etc/os-release": "ID=debian\nVERSION_ID=12\n",
        "usr/lib/os-release": "ID=debian\nVERSION_ID=13\n",
    }
    (found,) = doctor.disagreements([distro], Host(write(tmp_path, files)))
    assert found.answers["/etc/os-release"] == ["deb12"]
    assert found.answers["/usr/lib/os-release"] == ["deb13"]
