"""Labels of the configuration, and ABIs of what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customtags import machine
from customtags.errors import CustomtagsError, OverrideError
from customtags.machine.dimensions import OPTIONAL
from customtags.machine.dimensions.abi import Abi
from customtags.machine.host import Host
from customtags.machine.settings import Settings
from customtags.tags.ladder import MOST_ABIS
from customtags.testing import FakeHost

if TYPE_CHECKING:
    from pathlib import Path

INSTALLED = {"torch": "2.9.1+cu128", "numpy": "2.3.0", "pybind11": "2.13.6"}


def fail(problem: CustomtagsError) -> None:
    pytest.fail(str(problem))


def ladder(settings: Settings, host: FakeHost, dimension: str) -> tuple[list[str], list[str]]:
    """The segments of one dimension, and what was told meanwhile."""
    problems: list[CustomtagsError] = []
    pages = machine.pages_for(settings, problems.append)
    profile = machine.detect(host, settings, pages)
    return machine.ladders(profile, "x86_64", pages)[dimension], list(map(str, problems))


@pytest.mark.parametrize(
    ("names", "segments"),
    [
        (["torch"], ["torch2_9", "torch2"]),
        (["numpy"], ["numpy2_3", "numpy2"]),
        (["pybind11"], ["pybind11_2_13", "pybind11_2"]),
        (
            ["torch", "numpy"],
            [
                *("numpy2_3_torch2_9", "numpy2_3_torch2", "numpy2_torch2_9", "numpy2_torch2"),
                *("numpy2_3", "numpy2", "torch2_9", "torch2"),
            ],
        ),
        (["jax"], []),
        (["torch", "jax"], ["torch2_9", "torch2"]),
    ],
)
def test_what_is_installed_is_accepted_by_minor_and_major(
    names: list[str], segments: list[str]
) -> None:
    found = ladder(Settings({}, abi=names), FakeHost(installed=INSTALLED), "abi")
    assert found == (segments, [])


@pytest.mark.parametrize(
    ("version", "segments"),
    [
        ("2.9.0", ["x2_9", "x2"]),
        ("2.9", ["x2_9", "x2"]),
        ("2", ["x2"]),
        ("2.9.post1", ["x2_9", "x2"]),
        ("2.9.0+cpu.cxx11.abi", ["x2_9", "x2"]),
        ("2.10.0a0+git1234567", []),
        ("2.10.0.dev20260101", []),
        ("2.9rc1", []),
        ("1!2.9", []),
    ],
)
def test_only_a_release_has_an_abi_on_which_one_can_rely(version: str, segments: list[str]) -> None:
    assert Abi(["x"]).ladder({"versions": {"x": version}}) == segments


def test_three_projects_make_26_rungs_each_once() -> None:
    host = FakeHost(installed=INSTALLED)
    found, _ = ladder(Settings({}, abi=list(INSTALLED)), host, "abi")
    assert len(found) == len(set(found)) == 3**MOST_ABIS - 1
    assert found[0] == "numpy2_3_pybind11_2_13_torch2_9"


@pytest.mark.parametrize(
    ("value", "segments"),
    [
        ("torch2.9", ["torch2_9", "torch2"]),
        ("numpy2", ["numpy2"]),
        ("torch2_9,numpy2", ["numpy2_torch2_9", "numpy2_torch2", "numpy2", "torch2_9", "torch2"]),
        ("none", []),
    ],
)
def test_an_override_wins_over_what_is_installed(value: str, segments: list[str]) -> None:
    settings = Settings({"abi": value}, abi=["torch"])
    assert ladder(settings, FakeHost(installed=INSTALLED), "abi") == (segments, [])


def test_labels_stand_in_the_order_that_was_given() -> None:
    found = ladder(Settings({"site": "hardened, acme2,rack.7"}), FakeHost(), "site")
    assert found == (["hardened", "acme2", "rack_7"], [])


@pytest.mark.parametrize(
    ("dimension", "value", "cure"),
    [
        ("site", "Hardened", "write labels as in hardened,acme2"),
        ("site", "2nd", "write labels as in"),
        ("site", "a,", "write labels as in"),
        ("abi", "a1,b1,c1,d1", "write 3 projects at most"),
        ("abi", "torch-2.9", "as in torch2.9,numpy2"),
    ],
)
def test_what_means_nothing_is_refused_with_the_cure(dimension: str, value: str, cure: str) -> None:
    with pytest.raises(OverrideError, match=cure):
        ladder(Settings({dimension: value}), FakeHost(), dimension)


@pytest.mark.parametrize(
    ("label", "owner"),
    [
        *(("v4", "isa"), ("v9_1", "isa"), ("power10", "isa"), ("z16", "isa")),
        *(("cuda12", "accelerator"), ("rocm6", "accelerator"), ("sm90a", "accelerator")),
        *(("gfx90a", "accelerator"), ("fc39", "distro"), ("el9", "distro"), ("ubuntu24", "distro")),
    ],
)
def test_a_label_never_passes_for_what_the_machine_is(label: str, owner: str) -> None:
    found, told = ladder(Settings({"site": f"ok,{label}"}), FakeHost(), "site")
    assert found == ["ok"]
    assert f"returns {label!r}, which is a segment of {owner!r}" in told[0]


def test_a_label_that_only_begins_like_one_is_fine() -> None:
    assert ladder(Settings({"site": "vlab4,elfin,sm,z"}), FakeHost(), "site")[1] == []


def test_they_stand_in_a_name_behind_the_accelerator() -> None:
    settings = Settings(
        {
            "isa": "none",
            "distro": "fc39",
            "accelerator": "none",
            "site": "hardened",
            "abi": "torch2.9",
        },
        bases=[],
    )
    pages = machine.pages_for(settings, fail)
    profile = machine.detect(FakeHost(), settings, pages)
    tags, _ = machine.extend(["linux_x86_64"], profile, settings, pages)
    assert tags[0] == "linux_x86_64_fc39_torch2_9_hardened"
    assert len(tags) == 2 * 3 * 2 - 1
    assert machine.extend(["linux_x86_64"], profile)[0] == tags  # the profile says it all


def test_nothing_is_looked_up_that_is_not_configured() -> None:
    pages = machine.pages_for(Settings({}), fail)
    assert not {page.NAME for page in pages}.intersection(OPTIONAL)
    profile = machine.detect(FakeHost(installed=INSTALLED), Settings({}), pages)
    assert not set(profile).intersection(OPTIONAL)


def test_a_real_environment_is_listed_whatever_the_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Foo.Bar_baz-1.5.dist-info", "foo-9.dist-info", "foo_bar-8.egg-info"):
        (tmp_path / name).mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "missing.zip")
    assert Host().installed("foo-bar.baz") == "1.5"
    assert Host().installed("foo") == "9"
    assert Host().installed("foo-bar") is None
    assert Host("/srv").installed("foo") is None
