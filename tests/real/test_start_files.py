"""The wheels for Python 3.18: each Python takes its own, and 3.15 runs both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pythons
from guests import TAGS, Pair, give_packaging, run
from needs import lacking
from real import debian, start_files
from real.environments import Environment

if TYPE_CHECKING:
    from pathlib import Path

    from real.environments import MakeEnvironment, Wheelhouse

#: Which file each Python must get.
TAKES = {
    **dict.fromkeys(("3.9", "3.10", "3.11", "3.14", "3.15", "3.17"), "customtags.pth"),
    **dict.fromkeys(("3.18", "3.19", "3.20"), "customtags.start"),
}


@pytest.fixture(scope="module")
def wheels(wheelhouse: Wheelhouse, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    (wheel,) = wheelhouse.customtags().glob("customtags-*.whl")
    return start_files.make(wheel, tmp_path_factory.mktemp("start"))


@pytest.fixture
def environment(tmp_path: Path, wheelhouse: Wheelhouse) -> Environment:
    if not pythons.find("3.15"):
        debian.provide()
    interpreter = pythons.find("3.15")
    if interpreter is None:
        lacking(f"Python 3.15 (or {', '.join(debian.TOOLS)} and root to fetch it)")
    environment = Environment(tmp_path / "hooked", interpreter)
    environment.unpack(wheelhouse.wheel("pip==26.3"))
    give_packaging(environment.site)
    return environment


@pytest.mark.parametrize("python", TAKES)
def test_each_python_takes_its_own(
    make_environment: MakeEnvironment, wheels: tuple[Path, Path], tmp_path: Path, python: str
) -> None:
    options = ["--no-deps", "--no-index", "--find-links", wheels[0].parent, "-d", tmp_path]
    target = ["--only-binary=:all:", "--python-version", python]
    make_environment(hooked=False).pip("download", *options, *target, "customtags")
    (taken,) = tmp_path.glob("*.whl")
    assert taken.name == wheels[TAKES[python] == "customtags.start"].name


@pytest.mark.parametrize("which", [0, 1])
def test_python_3_15_runs_either(
    environment: Environment, wheels: tuple[Path, Path], which: int
) -> None:
    environment.pip("install", "--no-deps", "--no-index", wheels[which])
    assert (environment.site / "customtags.start").exists() is bool(which)
    assert (environment.site / "customtags.pth").exists() is not bool(which)
    outcome = run(environment, TAGS, "-Werror", "-I")
    assert outcome.extended()
    assert (outcome.status, outcome.stderr) == (0, [])
    environment.pip("uninstall", "-y", "customtags")
    assert not list(environment.site.glob("*customtags*"))


def test_both_files_make_one_hook(environment: Environment, tmp_path: Path) -> None:
    pair = Pair.make(tmp_path / "pair", str(environment.python))
    (pair.hooked.site / "customtags.start").write_bytes(start_files.START)
    pair.same(TAGS)
    script = "import sys; print([each.__module__ for each in sys.path_hooks].count('_customtags'))"
    assert run(pair.hooked, script).stdout == ["1"]
