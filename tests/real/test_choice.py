"""Plain pip takes the wheel that fits, out of every kind of index."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import recordings
from customtags.wheels.writer import create
from needs import unshared
from real.environments import (
    NEWEST,
    OLDEST,
    PROJECT,
    Environment,
    MakeEnvironment,
    Wheelhouse,
    clean,
    taken,
)
from real.servers import serve_folder, wait_for
from real.stand_ins import DEMO
from sample import SEED

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A pip, and a Python that it runs on.
PIPS = {OLDEST: "3.9", NEWEST: None}


@pytest.fixture(scope="module", params=PIPS)
def environment(request: pytest.FixtureRequest, make_environment: MakeEnvironment) -> Environment:
    """The oldest and the newest pip that run."""
    return make_environment(request.param, PIPS[request.param])


@pytest.fixture(scope="module")
def wheels(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's wheels, compiled for the environment's interpreter."""
    folder = tmp_path_factory.mktemp("wheels")
    environment.run("-c", DEMO, folder)
    return folder


@pytest.fixture(params=["folder", "http.server", "pypiserver"])
def index(request: pytest.FixtureRequest, wheels: Path, tmp_path: Path) -> Iterator[list[str]]:
    """How pip is told of the wheels."""
    if request.param == "folder":
        yield ["--no-index", f"--find-links={wheels}"]
    elif request.param == "http.server":
        shutil.copytree(wheels, tmp_path / "simple" / "example")
        with serve_folder(tmp_path) as address:
            yield [f"--index-url={address}/simple/"]
    else:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "pypiserver", "run", "-i", "127.0.0.1", f"-p{port}"]
        command.append(str(wheels))
        with subprocess.Popen(command, env=clean(), stderr=subprocess.DEVNULL) as process:
            url = f"http://127.0.0.1:{port}/simple/"
            wait_for(lambda: urllib.request.urlopen(url).close())
            yield [f"--index-url={url}"]
            process.terminate()


def test_every_environment_gets_its_wheel(
    environment: Environment, wheels: Path, index: list[str], tmp_path: Path
) -> None:
    built = {wheel.stem.rpartition("-")[2] for wheel in wheels.glob("*.whl")}
    assert len(built) == 8
    take = partial(taken, environment)
    rocm = next(platform for platform in built if platform.endswith("_rocm6_0"))
    best = rocm.removesuffix("_rocm6_0")
    assert take(tmp_path / "1", "example", *index) == best
    assert take(tmp_path / "2", "example", *index, CUSTOMTAGS_ACCELERATOR="rocm6.0") == rocm
    cuda = take(tmp_path / "3", "example", *index, CUSTOMTAGS_ACCELERATOR="cuda12.4")
    assert cuda == "linux_x86_64_cuda12_4"
    assert take(tmp_path / "4", "example", *index, CUSTOMTAGS_ISA="v2") == "linux_x86_64_v2"
    stock = take(tmp_path / "5", "example", *index, CUSTOMTAGS_DISABLE="1")
    assert stock in ("linux_x86_64", "manylinux_2_17_x86_64")
    says = environment.run(
        "-c", "import example; print(example.built_for())", env={"PYTHONPATH": str(tmp_path / "2")}
    )
    assert says.stdout == "C, compiled for x86-64-v3 and rocm6_0\n"


def lasting(demo: str) -> list[str]:
    """What the demo prints on every machine of the README's kind: its last line is the choice of a stock pip."""
    return re.sub(r"cp3\d+-cp3\d+|_(?!v\d|x86|64|rocm|cuda)[a-z]+[0-9_]+", "", demo).splitlines()[
        :-1
    ]


def test_the_demo_shows_what_the_readme_shows(environment: Environment) -> None:
    done = environment.run("-m", "customtags", "demo")
    assert done.stderr == ""
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    recorded = readme.partition("customtags demo\nAn index")[2].partition("```")[0]
    assert lasting(done.stdout) == lasting(f"An index{recorded}")
    cast = (PROJECT / "docs" / "pictures" / "demo.cast").read_text(encoding="utf-8")
    events = "".join(json.loads(event)[2] for event in cast.splitlines()[1:])
    assert lasting(done.stdout) == lasting(re.sub(r"\x1b\[[0-9;]*m", "", events))
    shown = json.loads(environment.run("-m", "customtags", "demo", "--json").stdout)
    assert [choice["as_expected"] for choice in shown["choices"]] == [True] * 5
    assert shown["skipped"] is None
    assert recordings.alike(recordings.shown("demo"), shown)


def test_the_demo_says_what_is_skipped_without_a_compiler(
    make_environment: MakeEnvironment,
) -> None:
    environment = make_environment()
    done = environment.run("-m", "customtags", "demo", env={"PATH": "/nonexistent"})
    assert (
        "The C extension was skipped: no C compiler was found; install gcc or clang" in done.stdout
    )
    assert "Python, for linux_x86_64_v2" in done.stdout


def test_nothing_is_left_behind(
    make_environment: MakeEnvironment, wheelhouse: Wheelhouse, tmp_path: Path
) -> None:
    environment = make_environment(NEWEST, hooked=False)

    def files() -> list[Path]:
        paths = environment.site.rglob("*")
        return sorted(path for path in paths if "__pycache__" not in path.parts)

    before = files()
    options = offer(tmp_path, "py3-none-any", "py3-none-linux_x86_64_v2")
    environment.install(wheelhouse.customtags(), "customtags")
    assert taken(environment, tmp_path / "1", *options, CUSTOMTAGS_ISA="v2") == "linux_x86_64_v2"
    environment.pip("uninstall", "-q", "-y", "customtags", "distro", "packaging")
    assert taken(environment, tmp_path / "2", *options, CUSTOMTAGS_ISA="v2") == "any"
    assert files() == before


def offer(folder: Path, *tags: str, version: str = "1.2.3") -> list[str]:
    """Write wheels of the same project and version, and give pip's words for them alone."""
    for tag in tags:
        create(folder, "example", version, tag, {"example.py": b""})
    return ["example", "--no-index", f"--find-links={folder}"]


@pytest.fixture
def profile(tmp_path: Path) -> str:
    """The machine of the README's example, in a file."""
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(SEED), encoding="utf-8")
    return str(path)


def test_the_wheel_of_the_example_is_taken_on_the_machine_of_the_example(
    make_environment: MakeEnvironment, tmp_path: Path, profile: str
) -> None:
    environment = make_environment(NEWEST, "3.12")
    tag = "cp312-cp312-linux_x86_64_v3_fc39_rocm6_0"
    options = offer(tmp_path / "wheels", tag, version="1.2.3+fc39.rocm6.0")
    offer(tmp_path / "wheels", "py3-none-any", version="1.2.3")
    name = "example-1.2.3+fc39.rocm6.0-cp312-cp312-linux_x86_64_v3_fc39_rocm6_0.whl"
    assert (tmp_path / "wheels" / name).exists()
    got = taken(environment, tmp_path / "site", *options, CUSTOMTAGS_PROFILE=profile)
    assert got == "linux_x86_64_v3_fc39_rocm6_0"
    assert (tmp_path / "site" / "example-1.2.3+fc39.rocm6.0.dist-info").is_dir()


@pytest.mark.parametrize("python", ["3.9", "3.10", "3.11", "3.12", "3.13"])
def test_a_wheel_of_the_stable_abi_is_accepted_on_every_later_python(
    make_environment: MakeEnvironment, tmp_path: Path, python: str
) -> None:
    options = offer(tmp_path / "wheels", "cp39-abi3-linux_x86_64_v3", "py3-none-any")
    environment = make_environment("24.3.1", python)
    assert taken(environment, tmp_path / "site", *options, CUSTOMTAGS_ISA="v3") == "linux_x86_64_v3"


def test_the_public_copy_has_them_before_every_manylinux_tag(environment: Environment) -> None:
    code = "from packaging.tags import sys_tags; print(*(t.platform for t in sys_tags()))"
    variables = {"CUSTOMTAGS_ISA": "v3", "CUSTOMTAGS_DISTRO": "none"}
    platforms = environment.run("-c", code, env=variables).stdout.split()
    assert platforms[0] == "linux_x86_64"
    row = platforms[: platforms.index("linux_x86_64", 1)]
    extended = [platform for platform in row if "x86_64_v" in platform]
    assert "linux_x86_64_v3" in extended
    assert row[1 : 1 + len(extended)] == extended
    assert row[1 + len(extended)].startswith("manylinux")


def test_pip_debug_lists_them(environment: Environment) -> None:
    listed = environment.pip("debug", "--verbose", env={"CUSTOMTAGS_ISA": "v3"}).stdout
    assert "-linux_x86_64_v3\n" in listed
    assert "_v4" not in listed


def test_pip_check_accepts_what_fits_and_refuses_what_no_longer_does(
    make_environment: MakeEnvironment, tmp_path: Path
) -> None:
    environment = make_environment(NEWEST)
    options = offer(tmp_path, "py3-none-linux_x86_64_v3")
    environment.pip("install", "-q", *options, env={"CUSTOMTAGS_ISA": "v3"})
    assert "No broken requirements" in environment.pip("check", env={"CUSTOMTAGS_ISA": "v3"}).stdout
    done = environment.pip("check", env={"CUSTOMTAGS_ISA": "v2"}, status=1)
    assert "example 1.2.3 is not supported on this platform" in done.stdout
    environment.pip("uninstall", "-q", "-y", "example")


#: What is wrong → the line that CUSTOMTAGS_DEBUG shows.
WRONG = {
    "isa": (
        {"CUSTOMTAGS_ISA": "v9"},
        "CUSTOMTAGS_ISA='v9' is not valid; write one of the levels of",
    ),
    "accelerator": (
        {"CUSTOMTAGS_ACCELERATOR": "tpu4"},
        "CUSTOMTAGS_ACCELERATOR='tpu4' is not valid",
    ),
    "no JSON": ({"CUSTOMTAGS_PROFILE": "/dev/null"}, "the profile '/dev/null' is not valid JSON"),
    "later": (
        {"CUSTOMTAGS_PROFILE": "later.json"},
        "has version 99, and this release reads up to 1; upgrade",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_bad_input_inside_pip_gives_the_stock_tags_and_no_word_unless_asked(
    environment: Environment, tmp_path: Path, what: str
) -> None:
    variables, line = WRONG[what]
    (tmp_path / "later.json").write_text('{"version": 99}', encoding="utf-8")
    offer(tmp_path, "py3-none-linux_x86_64_v2", "py3-none-linux_x86_64")
    command = ("download", "-q", "--no-index", f"--find-links={tmp_path}", "example", "--dest=got")
    silent = environment.pip(*command, env=variables, cwd=tmp_path)
    assert (silent.stdout, silent.stderr) == ("", "")
    assert [wheel.name for wheel in (tmp_path / "got").iterdir()] == [
        "example-1.2.3-py3-none-linux_x86_64.whl"
    ]
    asked = environment.pip(*command, env={**variables, "CUSTOMTAGS_DEBUG": "1"}, cwd=tmp_path)
    assert asked.stderr.startswith("customtags: no extended tags: ")
    assert line in asked.stderr
    assert asked.stderr.count("\n") == 1


def test_a_release_file_that_nobody_can_read_costs_the_tags_and_nothing_else(
    environment: Environment, tmp_path: Path
) -> None:
    secret = tmp_path / "os-release"
    secret.touch(mode=0)
    # A root without these capabilities is refused as anybody else is.
    drop = "setpriv --bounding-set=-dac_override,-dac_read_search"
    hide = f"mount --bind {secret} $(realpath /etc/os-release)"
    script = f"{hide} && exec {drop} {environment.python}"
    code = "from pip._vendor.packaging.tags import compatible_tags as c; print(*c())"
    for variables, expected in (({}, False), ({"CUSTOMTAGS_DISTRO": "none"}, True)):
        done = subprocess.run(
            [*unshared(), "sh", "-c", f"{script} -c '{code}'"],
            env=clean({"CUSTOMTAGS_ISA": "v2", **variables}),
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        assert "manylinux2014_x86_64" in done.stdout
        assert ("linux_x86_64_v2" in done.stdout) == expected
