"""The wrapping back end with real back ends, compilers and front ends."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from needs import lacking, requires
from real.compiled import V2, V3, levels
from real.emulation import Emulator
from real.environments import clean
from real.projects import PROJECTS, VERSION, C, Project

if TYPE_CHECKING:
    from pathlib import Path

    from real.environments import Environment, MakeEnvironment, Wheelhouse

pytestmark = requires(platform.machine() == "x86_64", "x86-64")

#: What runs back ends where pip does not.
FRONT_ENDS = ("build==1.6.1", "uv==0.13.9")
REQUIRES = sorted({each for project in PROJECTS for each in project.requires} | {*FRONT_ENDS})

ALL = ("-Cisa=v3", "-Cdistro=fc39", "-Caccelerator=rocm6.0", "-Clocal-version=auto")


@pytest.fixture(scope="module")
def environment(make_environment: MakeEnvironment, wheelhouse: Wheelhouse) -> Environment:
    """An environment with every back end in it, for builds without isolation."""
    environment = make_environment()
    links = [f"--find-links={wheelhouse.fetch(each)}" for each in REQUIRES]
    environment.pip("install", "-q", "--no-index", *links, *REQUIRES)
    return environment


def lay(folder: Path, project: Project, more: str = "", *, wrapped: bool = True) -> Path:
    """Write a project, wrapped or as it would be without us."""
    for tool in project.tools:
        if shutil.which(tool) is None:
            lacking(tool)
    for path, content in project.files.items():
        (folder / path).parent.mkdir(exist_ok=True, parents=True)
        (folder / path).write_text(content, encoding="utf-8")
    ours = ["customtags[build]"] if wrapped else []
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        module = "customtags.build" if wrapped else project.module
        file.write(f"[build-system]\nrequires = {[*ours, *project.requires]}\n")
        file.write(f"build-backend = {module!r}\n")
        if wrapped:
            file.write(f"[tool.customtags]\nbuild-backend = {project.module!r}\n{more}")
    return folder


def build(environment: Environment, project: Path, out: Path, *options: str) -> Path:
    """Build as pip does, where the back end is installed already: metadata first, then the wheel."""
    path = f"{environment.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "SOURCE_DATE_EPOCH": "1700000000"}
    way = ("--no-build-isolation", "--no-deps", "--no-index", "-w", out)
    environment.pip("wheel", "-q", *way, *options, ".", env=env, cwd=project)
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_what_is_compiled_is_what_the_name_says(
    environment: Environment, tmp_path: Path, project: Project
) -> None:
    """One build after the other in the same tree: none takes what another one compiled."""
    tree = lay(tmp_path / "tree", project)
    full = build(environment, tree, tmp_path / "full", *ALL)
    assert full.name.startswith(f"tiny-{VERSION}+fc39.rocm6.0-")
    assert full.name.endswith("-linux_x86_64_v3_fc39_rocm6_0.whl")
    assert levels(full) == {("v3", V3 if project.marked else None)}
    lower = build(environment, tree, tmp_path / "lower", "-Cisa=v2")
    assert lower.name.startswith(f"tiny-{VERSION}-")
    assert lower.name.endswith("-linux_x86_64_v2.whl")
    assert levels(lower) == {("v2", V2 if project.marked else None)}
    plain = build(environment, tree, tmp_path / "plain")
    assert plain.name.endswith("-linux_x86_64.whl")
    assert levels(plain) == {("base", None)}
    lay(tree, project, wrapped=False)
    own = build(environment, tree, tmp_path / "own")
    assert (own.name, own.read_bytes()) == (plain.name, plain.read_bytes())


#: What people build with, each in an environment of its own making. uv wants one version of sdist and wheel.
FRONTS = {
    "pip wheel, with the hook": "-m pip wheel -q --no-deps -w {out} {given} .",
    "pip wheel, venv": "-m pip wheel -q --use-feature=venv-isolation --no-deps -w {out} {given} .",
    "python -m build": "-m build -o {out} {given} .",
    "uv build": "-m uv build -q --no-cache --wheel -o {out} {given} .",
}

SETUPTOOLS = PROJECTS[0]


@pytest.fixture
def isolated(wheelhouse: Wheelhouse) -> dict[str, str]:
    """Variables that have front ends make build environments of what was fetched."""
    folders = [wheelhouse.customtags(), *map(wheelhouse.fetch, SETUPTOOLS.requires)]
    return {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": " ".join(map(str, folders)),
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": ",".join(map(str, folders)),
        "SOURCE_DATE_EPOCH": "1700000000",
    }


@pytest.mark.parametrize("front", FRONTS)
def test_every_front_end_builds_it(
    make_environment: MakeEnvironment,
    wheelhouse: Wheelhouse,
    isolated: dict[str, str],
    tmp_path: Path,
    front: str,
) -> None:
    """In an environment that the front end makes; the one that it runs in mostly has no customtags."""
    environment = make_environment(hooked="with the hook" in front)
    if not environment.command("uv").exists():
        links = [f"--find-links={wheelhouse.fetch(each)}" for each in FRONT_ENDS]
        environment.pip("install", "-q", "--no-index", *links, *FRONT_ENDS)
    tree, out = lay(tmp_path / "tree", SETUPTOOLS), tmp_path / "out"
    command = FRONTS[front].format(out=out, given=" ".join(ALL))
    environment.run(*command.split(), env=isolated, cwd=tree)
    (wheel,) = out.glob("*.whl")
    assert re.fullmatch(
        rf"tiny-{VERSION}\+fc39\.rocm6\.0-cp\d+-cp\d+-linux_x86_64_v3_fc39_rocm6_0\.whl", wheel.name
    )
    assert levels(wheel) == {("v3", V3)}


def test_uv_installs_a_stock_name_and_refuses_one_that_it_does_not_know(
    environment: Environment, tmp_path: Path
) -> None:
    tree = lay(tmp_path / "tree", SETUPTOOLS)
    way = ("--no-cache", "--no-index", "--no-deps", "--no-build-isolation")

    def install(*options: str, status: int) -> str:
        command = ("-m", "uv", "pip", "install", "-q", *way, "--target", tmp_path / "to", *options)
        output = environment.run(*command, ".", cwd=tree, status=status).stderr
        return " ".join(output.split())  # uv wraps lines

    install(status=0)
    (metadata,) = (tmp_path / "to").glob("tiny-*.dist-info/WHEEL")
    assert "linux_x86_64\n" in metadata.read_text(encoding="utf-8")
    assert "not compatible" in install("--reinstall", "-Cisa=v3", status=1)


def test_pip_installs_what_it_built_without_the_hook_too(
    make_environment: MakeEnvironment, isolated: dict[str, str], tmp_path: Path
) -> None:
    environment = make_environment(hooked=False)
    tree = lay(tmp_path / "tree", SETUPTOOLS)
    environment.pip("install", "-q", "--no-deps", "-Cisa=v2", ".", env=isolated, cwd=tree)
    assert environment.run("-c", "import tiny; print(tiny.say())").stdout == "level=v2\n"


def test_an_editable_installation_is_compiled_for_the_level_and_keeps_its_name(
    environment: Environment, tmp_path: Path
) -> None:
    tree = lay(tmp_path / "tree", SETUPTOOLS)
    given = {"isa": "v3", "distro": "fc39", "local-version": "auto"}
    code = f"import customtags.build as b; print(b.build_editable('..', {given}))"
    name = environment.run("-c", code, cwd=tree).stdout.splitlines()[-1]
    assert name.startswith(f"tiny-{VERSION}-")
    assert "fc39" not in name
    (module,) = tree.glob("tiny.*.so")
    assert b"level=v3" in module.read_bytes()


def test_a_contradiction_stops_the_build_with_one_line(
    environment: Environment, tmp_path: Path
) -> None:
    tree = lay(tmp_path / "tree", SETUPTOOLS)
    way = ("--no-build-isolation", "--no-deps", "-w", tmp_path / "out", "-Cisa=v3")
    done = environment.pip("wheel", *way, ".", cwd=tree, env={"CFLAGS": "-march=native"}, status=1)
    assert (
        "customtags: CFLAGS contains '-march=native', which conflicts with '-march=x86-64-v3' of isa=v3; "
        "remove it from CFLAGS, or build without isa=v3\n"
    ) in re.sub("(?m)^ +", "", done.stdout + done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
    assert not list((tmp_path / "out").glob("*.whl"))


#: Loops that a compiler vectorises if the level allows it.
LOOPS = """
void add(float *a, const float *b, int n) { for (int i = 0; i < n; i++) a[i] += b[i] * 2; }
void mix(double *a, const double *b, int n) { for (int i = 0; i < n; i++) a[i] = a[i] * b[i] + 1; }
int sum(const int *a, int n) { int s = 0; for (int i = 0; i < n; i++) s += a[i]; return s; }
"""


@pytest.mark.parametrize("level", ["v2", "v3"])
def test_an_audited_build_fails_on_a_false_claim(
    make_environment: MakeEnvironment, wheelhouse: Wheelhouse, tmp_path: Path, level: str
) -> None:
    """A flag in the project's own files follows ours."""
    environment = make_environment()
    if not (environment.site / "iced_x86").exists():
        required = ("iced-x86", "abi3info", "auditwheel", *SETUPTOOLS.requires)
        links = [f"--find-links={wheelhouse.fetch(each)}" for each in required]
        environment.pip("install", "-q", "--no-index", *links, *required)
    tree = lay(tmp_path / "tree", SETUPTOOLS, "audit = true\n")
    (tree / "tiny.c").write_text(C + LOOPS, encoding="utf-8")
    flags = 'extra_compile_args=["-O3", "-march=x86-64-v3"]'
    script = (tree / "setup.py").read_text(encoding="utf-8")
    script = script.replace('["tiny.c"]', f'["tiny.c"], {flags}')
    (tree / "setup.py").write_text(script, encoding="utf-8")
    way = ("--no-build-isolation", "--no-deps", "-w", tmp_path / "out", f"-Cisa={level}")
    done = environment.pip("wheel", *way, ".", cwd=tree, status=int(level == "v2"))
    assert ("customtags: 'tiny-1.2.3-" in done.stdout + done.stderr) == (level == "v2")
    assert len([*(tmp_path / "out").glob("*.whl")]) == int(level == "v3")


@pytest.fixture(scope="module")
def qemu(pytestconfig: pytest.Config) -> Path:
    """QEMU for single processes of x86_64."""
    try:
        return Emulator(pytestconfig.cache.mkdir("emulation")).qemu("x86_64")
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        lacking(f"Debian's qemu-user ({error})")


def test_a_lesser_cpu_gets_an_import_error_and_not_a_signal(
    environment: Environment, qemu: Path, tmp_path: Path
) -> None:
    wheel = build(environment, lay(tmp_path / "tree", SETUPTOOLS), tmp_path / "out", "-Cisa=v3")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")

    def load(model: str) -> subprocess.CompletedProcess[str]:
        command = [str(qemu), "-cpu", model, str(environment.python), "-c"]
        command += ["import tiny; print(tiny.say())"]
        env = clean({"PYTHONPATH": str(tmp_path / "site")})
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    assert load("Haswell").stdout == "level=v3\n"
    lesser = load("Nehalem")
    assert lesser.returncode == 1
    assert "ImportError" in lesser.stderr
    assert "CPU ISA level is lower than required" in lesser.stderr
