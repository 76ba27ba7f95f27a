"""rank says what pip takes: real pips are asked about random sets of files."""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from real.environments import NEWEST, OLDEST, MakeEnvironment
from real.offers import Offer, write
from real.stand_ins import OFF, V3, write_wheels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from real.environments import Environment

#: A machine that is the same on every machine of its architecture.
MACHINE = {
    "CUSTOMTAGS_ISA": "v3",
    "CUSTOMTAGS_DISTRO": "fc39",
    "CUSTOMTAGS_ACCELERATOR": "rocm6.0_gfx90a",
}

#: A pip, the Python that it runs on, and the note by which a ranking for an unknown pip names what this one takes.
PIPS = {
    OLDEST: ("3.9", "pip before 21.1"),
    "25.3": (None, "pip before 26.3"),
    NEWEST: (None, "nothing"),
}

#: Written in one call of pip; more of them make it cheaper to ask about one.
PROJECTS = 20

#: Answers about several projects: for the pip of this environment, and for one that is not known.
RANK = """
import sys
from customtags.cli import main
folder, profile, *projects = sys.argv[1:]
main(["detect", "-o", profile])
for project in projects:
    main(["rank", folder, project, "--json"])
    main(["rank", folder, project, "--json", "--profile", profile])
"""


def offers(python: str, *, ties: bool) -> st.SearchStrategy[list[Offer]]:
    """Return strategies for the files of a project, similar to what a Python takes.

    :param ties: with files that pip thinks equal: before 20.3.4's successors the file system decided
    """
    later = f"cp3{int(python[1:]) + 1}"
    rows = [
        f"cp{python}-cp{python}",
        "cp36-abi3",
        f"cp{python}-abi3",
        f"{later}-abi3",
        f"cp{python}-none",
    ]
    rows += [
        "py3-none",
        "py2.py3-none",
        "cp27-cp27m",
        f"cp{python}.{later}-cp{python}.{later}",
        f"py{python}-none",
    ]
    bases = [
        "linux_x86_64",
        "manylinux_2_17_x86_64",
        "manylinux_2_28_x86_64",
        "manylinux2014_x86_64",
    ]
    segments = [
        "",
        "_v2",
        "_v3",
        "_v4",
        "_fc39",
        "_v3_fc39",
        "_rocm6_0",
        "_v3_rocm6_0_gfx90a",
        "_cuda12_4",
        "_v2_fc39_rocm6_0",
    ]
    platform = st.builds("{}{}".format, st.sampled_from(bases), st.sampled_from(segments))
    platform |= st.sampled_from(["any", "win_amd64", "linux_aarch64_v8_2", "manylinux_2_99_x86_64"])
    compressed = st.lists(platform, min_size=1, max_size=2, unique=True).map(
        lambda each: ".".join(sorted(each))
    )
    version = st.sampled_from(
        [
            "1.0",
            "1.0+cpu",
            "1.0+cu12.4",
            "1.0.post1",
            "1.1",
            "1.1rc1",
            "0.9",
            "2.0a1",
            *(["1.0.0"] if ties else []),
        ]
    )
    wheel = st.builds(
        Offer,
        version,
        st.sampled_from(["", "", "1", "2", "10", "2a"]),
        st.builds("{}-{}".format, st.sampled_from(rows), compressed),
        st.sampled_from([None] * 9 + [">=3.99"]),
    )
    sdist = st.builds(
        Offer,
        version,
        st.just(""),
        st.sampled_from([".tar.gz", ".zip"] if ties else [".tar.gz"]),
        st.none(),
    )
    return st.lists(st.one_of(*[wheel] * 15, sdist), min_size=1, max_size=12)


def ranked(
    environment: Environment, folder: Path, projects: list[str]
) -> dict[str, list[dict[str, Any]]]:
    """Ask customtags in an environment."""
    profile = folder.with_name("machine.json")
    text = environment.run("-c", RANK, folder, profile, *projects, env=MACHINE).stdout
    found: dict[str, list[dict[str, Any]]] = {project: [] for project in projects}
    for project in projects:
        for _ in range(2):
            answer, end = json.JSONDecoder().raw_decode(text)
            found[project].append(answer)
            text = text[end:].lstrip()
    return found


def taken(environment: Environment, folder: Path, into: Path, *projects: str) -> list[str]:
    """Ask pip."""
    options = (
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "--find-links",
        folder,
        "-d",
        into,
    )
    done = environment.pip("download", "-q", *options, *projects, env=MACHINE, status=None)
    if done.returncode:
        return [done.stdout + done.stderr]
    return sorted(path.name for path in into.iterdir())


@pytest.mark.parametrize("pip", PIPS)
def test_pip_takes_what_rank_says(pip: str, make_environment: MakeEnvironment) -> None:
    python, trap = PIPS[pip]
    environment = make_environment(pip, python)
    running = "{}{}".format(*sys.version_info) if python is None else python.replace(".", "")

    # Without shrinking, because an example costs seconds; what disagrees is one project.
    @settings(max_examples=3, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.lists(offers(running, ties=pip != OLDEST), min_size=PROJECTS, max_size=PROJECTS))
    def agree(sets: list[list[Offer]]) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name, "offer")
            folder.mkdir()
            projects = [f"p{number}" for number in range(len(sets))]
            for project, files in zip(projects, sets):
                for each in files:
                    write(folder, project, each)
            said = ranked(environment, folder, projects)
            chosen = {project: said[project][0]["chosen"] for project in projects}
            assert {answer["pip"] for answer, _ in said.values()} == {pip}
            for project, (_, unknown) in said.items():
                instead = {each["kind"]: each["name"] for each in unknown["traps"]}
                assert chosen[project] == (instead.get(trap, unknown["chosen"]) or None)
            wanted = [project for project in projects if chosen[project]]
            got = taken(environment, folder, Path(name, "got"), *wanted)
            of = {each.partition("-")[0]: each for each in got}
            wrong = {
                project: (of.get(project), chosen[project], sorted(e.name(project) for e in files))
                for project, files in zip(projects, sets)
                if project in wanted and of.get(project) != chosen[project]
            }
            assert not wrong, f"project: pip takes, rank says, files: {wrong or got}"
            for project in [project for project in projects if not chosen[project]][:1]:
                (error,) = taken(environment, folder, Path(name, "none"), project)
                assert (
                    "No matching distribution" in error
                    or "ResolutionImpossible" in error
                    or "requires" in error
                )

    agree()


#: A start-up file of another tool, which loads pip's copy by a finder of its own.
OTHER_TOOL = """
import sys
from importlib.util import spec_from_file_location

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "pip._vendor.packaging.tags":
            return spec_from_file_location(name, path[0] + "/tags.py")

sys.meta_path.insert(0, Finder)
"""


@contextmanager
def without_start_file(environment: Environment) -> Iterator[None]:
    pth = environment.site / "customtags.pth"
    off = pth.rename(pth.with_name("customtags.pth.off"))
    yield
    off.rename(pth)


@contextmanager
def with_another_tool(environment: Environment) -> Iterator[None]:
    files = {"other_tool.py": OTHER_TOOL, "other_tool.pth": "import other_tool\n"}
    for name, text in files.items():
        (environment.site / name).write_text(text, encoding="utf-8")
    yield
    for name in files:
        (environment.site / name).unlink()


#: Why pip accepts stock tags only → what is done to the environment, and its variables.
OFFS: Mapping[
    str, tuple[Callable[[Environment], AbstractContextManager[None]], Mapping[str, str]]
] = {
    "The hook is switched off by CUSTOMTAGS_DISABLE=1.": (lambda _: nullcontext(), OFF),
    "The hook is not started in this environment: no customtags.pth in ": (without_start_file, V3),
    "The hook is active, but does not reach this pip: ": (with_another_tool, V3),
}


@pytest.mark.parametrize("why", OFFS)
def test_where_the_hook_is_off_rank_names_the_stock_wheel_that_pip_takes(
    why: str, make_environment: MakeEnvironment, tmp_path: Path
) -> None:
    change, variables = OFFS[why]
    environment = make_environment(NEWEST)
    with change(environment):
        assert_stock_only(why, environment, tmp_path, variables)


def assert_stock_only(
    why: str, environment: Environment, folder: Path, variables: Mapping[str, str]
) -> None:
    wheels = write_wheels(folder / "wheels")
    command = ("-m", "customtags", "rank", wheels, "example")
    shown = environment.run(*command, env=variables).stdout
    answer = json.loads(environment.run(*command, "--json", env=variables).stdout)
    pip = environment.pip(
        *("install", "--dry-run", "--no-index", "--find-links", wheels, "example"), env=variables
    )
    assert answer["chosen"] == "example-1.2.3-py3-none-linux_x86_64.whl"
    assert f"/{answer['chosen']}\n" in pip.stdout
    assert answer["stock_only"].startswith(why)
    headline, note, cure = shown.splitlines()[:3]
    assert headline.endswith(f"pip {NEWEST} takes {answer['chosen']}")
    assert note.startswith(f"Note: {why}")
    assert cure.startswith("  help: ")
    assert "linux_x86_64_v3: requires the hook of customtags" in shown
    doctor = environment.run("-m", "customtags", "doctor", env=variables, status=1)
    assert doctor.stdout.startswith(why)
    profile = folder / "machine.json"
    environment.run("-m", "customtags", "detect", "-o", profile, env=variables)
    away = environment.run(*command, "--profile", profile, "--json", env=variables)
    assert json.loads(away.stdout)["chosen"] == "example-1.2.3-py3-none-linux_x86_64_v3.whl"
    assert json.loads(away.stdout)["stock_only"] is None
