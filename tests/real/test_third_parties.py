"""Third parties in real environments: the example package, real variant providers, and customtags.toml as pip meets it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from customtags.wheels.writer import create
from needs import requires
from real.environments import (
    NEWEST,
    OLDEST,
    PROJECT,
    Environment,
    MakeEnvironment,
    Wheelhouse,
    clean,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLE = PROJECT / "examples" / "customtags-mpi"

#: A pip, and a Python that it runs on.
PIPS = {OLDEST: "3.9", NEWEST: None}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's wheel, built as a user would."""
    folder = tmp_path_factory.mktemp("example")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, EXAMPLE]
    subprocess.run(list(map(str, command)), check=True)
    return folder


@pytest.fixture(params=PIPS)
def environment(
    request: pytest.FixtureRequest, make_environment: MakeEnvironment, example: Path
) -> Iterator[Environment]:
    """The oldest and the newest pip that run, with the example installed and nothing configured."""
    made = make_environment(request.param, PIPS[request.param])
    made.install(example, "customtags-mpi")
    yield made
    (made.folder / "customtags.toml").unlink(missing_ok=True)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a user without configuration and cache, on a machine that has MPICH."""
    library = tmp_path / "mpi" / "lib" / "libmpi.so.12"
    library.parent.mkdir(parents=True)
    library.touch()
    kept = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": ""}
    return {**kept, "MPI_HOME": str(tmp_path / "mpi")}


def configure(environment: Environment, text: str) -> None:
    (environment.folder / "customtags.toml").write_text(text, encoding="utf-8")


def taken(environment: Environment, folder: Path, *tags: str, **variables: str) -> tuple[str, str]:
    """Offer pip wheels; tell the platform of the one that it takes, and what it says on stderr."""
    for tag in tags:
        create(folder, "example", "1.0", f"py3-none-{tag}", {"example.py": b""})
    target = folder / f"got{len(list(folder.iterdir()))}"
    options = ("--no-index", f"--find-links={folder}", "--no-deps", f"--dest={target}")
    done = environment.pip("download", "-q", *options, "example", env=variables)
    assert done.stdout == ""
    (wheel,) = target.iterdir()
    return wheel.stem.rpartition("-")[2], done.stderr


def test_the_example_counts_where_it_is_switched_on(
    environment: Environment, tmp_path: Path, home: dict[str, str]
) -> None:
    tags = ("any", f"linux_{platform.machine()}_mpich12", f"linux_{platform.machine()}_openmpi40")
    assert taken(environment, tmp_path, *tags, **home) == ("any", "")
    configure(environment, 'dimensions = ["mpi"]\n')
    assert taken(environment, tmp_path, *tags, **home) == (tags[1], "")
    found = taken(environment, tmp_path, *tags, **home, CUSTOMTAGS_MPI="openmpi40")
    assert found == (tags[2], "")
    assert taken(environment, tmp_path, *tags, **home, CUSTOMTAGS_MPI="none") == ("any", "")
    shown = json.loads(environment.run("-m", "customtags", "show", "--json", env=home).stdout)
    assert shown["facts"]["mpi"] == {"libraries": ["libmpi.so.12"]}
    assert shown["facts"]["source"]["mpi"] == "MPI_HOME"
    assert "problems" not in shown["facts"]


def test_one_that_is_missing_is_named_and_the_rest_still_counts(
    environment: Environment, tmp_path: Path, home: dict[str, str]
) -> None:
    configure(environment, 'dimensions = ["nobody"]\nsite = ["hardened"]\n')
    tags = ("any", f"linux_{platform.machine()}_hardened")
    assert taken(environment, tmp_path, *tags, **home) == (tags[1], "")
    _, said = taken(environment, tmp_path, *tags, **home, CUSTOMTAGS_DEBUG="1")
    assert said.startswith("customtags: the dimension 'nobody'")
    shown = environment.run("-m", "customtags", "show", env=home).stdout
    assert "Skipped: the dimension 'nobody'" in shown


def test_a_configuration_that_is_wrong_costs_the_tags_in_pip_and_is_told_by_the_command(
    environment: Environment, tmp_path: Path, home: dict[str, str]
) -> None:
    configure(environment, 'sites = ["hardened"]\n')
    tags = ("any", f"linux_{platform.machine()}_hardened")
    assert taken(environment, tmp_path, *tags, **home) == ("any", "")
    cure = "has the unknown key 'sites'; write 'site'\n"
    _, said = taken(environment, tmp_path, *tags, **home, CUSTOMTAGS_DEBUG="1")
    assert said.startswith("customtags: no extended tags: ")
    assert said.endswith(cure)
    done = environment.run("-m", "customtags", "show", env=home, status=2)
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert done.stderr.endswith(cure)


def test_the_user_s_file_counts_after_the_environment_s(
    environment: Environment, tmp_path: Path, home: dict[str, str]
) -> None:
    own = tmp_path / ".config" / "customtags" / "customtags.toml"
    own.parent.mkdir(parents=True)
    own.write_text('site = ["acme2"]\n', encoding="utf-8")
    tags = tuple(f"linux_{platform.machine()}_{label}" for label in ("acme2", "hardened"))
    assert taken(environment, tmp_path, *tags, **home)[0] == tags[0]
    configure(environment, 'site = ["hardened"]\n')
    assert taken(environment, tmp_path, *tags, **home)[0] == tags[1]


def test_the_abi_of_what_is_installed_decides(
    environment: Environment, tmp_path: Path, home: dict[str, str]
) -> None:
    configure(environment, 'abi = ["acme-runtime"]\n')
    tags = ("any", *(f"linux_{platform.machine()}_acmeruntime{each}" for each in ("2_9", "2_10")))
    assert taken(environment, tmp_path, *tags, **home)[0] == "any"
    for minor, tag in ((9, tags[1]), (10, tags[2])):
        wheels = tmp_path / f"runtime{minor}"
        wheels.mkdir()
        create(wheels, "acme_runtime", f"2.{minor}.1", "py3-none-any", {"acme_runtime.py": b""})
        environment.install(wheels, "-U", "acme-runtime")
        assert taken(environment, tmp_path, *tags, **home)[0] == tag
    environment.pip("uninstall", "-q", "-y", "acme-runtime")
    assert taken(environment, tmp_path, *tags, **home)[0] == "any"


def test_extended_tags_precede_the_native_one_in_the_public_copy_where_that_is_wanted(
    environment: Environment, home: dict[str, str]
) -> None:
    code = "from packaging.tags import platform_tags; print(*platform_tags())"
    variables = {**home, "CUSTOMTAGS_SITE": "hardened"}
    native = f"linux_{platform.machine()}"
    assert environment.run("-c", code, env=variables).stdout.split()[0] == native
    configure(environment, "public-first = true\n")
    platforms = environment.run("-c", code, env=variables).stdout.split()
    assert platforms[0].endswith("_hardened")
    assert native in platforms


@requires(platform.machine() == "x86_64", "x86-64")
def test_a_variant_provider_of_the_index_is_a_dimension(
    environment: Environment, wheelhouse: Wheelhouse, tmp_path: Path, home: dict[str, str]
) -> None:
    for project in ("provider-variant-x86-64", "archspec"):  # it imports it without requiring it
        environment.install(wheelhouse.fetch(project), project)
    tags = ("any", "linux_x86_64_x8664levelv2", "linux_x86_64_x8664levelv9")
    assert taken(environment, tmp_path, *tags, **home) == ("any", "")
    configure(environment, 'variant-providers = ["provider-variant-x86-64::level"]\n')
    assert taken(environment, tmp_path, *tags, **home) == (tags[1], "")
    shown = json.loads(environment.run("-m", "customtags", "show", "--json", env=home).stdout)
    facts = shown["facts"]["provider_variant_x86_64_level"]
    assert facts["namespace"] == "x86_64"
    assert facts["configs"][0]["values"][-2:] == ["v2", "v1"]
    assert "problems" not in shown["facts"]


def test_the_example_passes_its_own_tests() -> None:
    paths = os.pathsep.join((str(EXAMPLE / "src"), str(PROJECT / "src")))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(
        command,
        env=clean({"PYTHONPATH": paths}),
        cwd=EXAMPLE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout
