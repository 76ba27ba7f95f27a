"""Installers that no hook reaches take from a view what pip with the hook takes on that machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from customtags.wheels.writer import create
from needs import requires
from real import table
from real.environments import NEWEST, Environment, MakeEnvironment, Wheelhouse, run
from real.serving import get, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = requires(sys.version_info >= (3, 11), "Python 3.11, which the server requires")

PLATFORMS = (
    *("linux_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64_v2", "linux_x86_64_v3"),
    *("linux_x86_64_v4", "linux_x86_64_v3_deb12", "linux_x86_64_v3_el9", "any"),
    *("manylinux_2_28_x86_64_v3_cuda12_4", "manylinux_2_28_x86_64_cuda12_4_sm90"),
    *("linux_x86_64_rocm6_0", "linux_x86_64_v3_cuda12_4_torch2_9"),
    *("linux_x86_64_v2_acme2", "linux_x86_64_v2_cuda12_4_torch2_9_acme2"),
)


class Node(NamedTuple):
    """A machine as an address spells it, and as the overrides of the hook do."""

    spelled: str
    isa: str = "none"
    distro: str = "none"
    accelerator: str = "none"
    abi: str = "none"
    site: str = "none"

    @property
    def env(self) -> dict[str, str]:
        names = ("ISA", "DISTRO", "ACCELERATOR", "ABI", "SITE")
        return {f"CUSTOMTAGS_{name}": value for name, value in zip(names, self[1:])}


NODES = (
    Node("x86_64"),
    Node("v2", "v2"),
    Node("v3,deb12", "v3", "deb12"),
    Node("v4,el9.4", "v4", "el9.4"),
    Node("v3,cuda12.6", "v3", accelerator="cuda12.6"),
    Node("v2,cuda12.6_sm90", "v2", accelerator="cuda12.6_sm90"),
    Node("v3,rocm6.1", "v3", accelerator="rocm6.1"),
    Node("v2,site=acme2", "v2", site="acme2"),
    Node("v3,cuda12.6,abi=torch2.9%2Bcpu", "v3", "none", "cuda12.6", "torch2.9+cpu"),
    Node(
        *("v2,cuda12.6,abi=torch2.9%2Bcu128,site=acme2", "v2", "none", "cuda12.6"),
        *("torch2.9+cu128", "acme2"),
    ),
)

#: The machines for which every installer is tested; for pip and uv all are.
FEW = (NODES[2], NODES[-1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, wheelhouse: Wheelhouse) -> Path:
    """A folder of wheels of one version, each of which says its platform, a source distribution, and pip for pipx."""
    found = tmp_path_factory.mktemp("source")
    info = "example-1.0.dist-info"
    for platform in PLATFORMS:
        code = f"LABEL = {platform!r}\ndef main():\n    print(LABEL)\n"
        scripts = "[console_scripts]\nexample = example:main\n"
        files = {"example.py": code.encode(), f"{info}/entry_points.txt": scripts.encode()}
        create(found, "example", "1.0", f"py3-none-{platform}", files)
    create(found, "example", "0.9", "py3-none-any", {"example.py": b"LABEL = 'old'\n"})
    shutil.copy(wheelhouse.wheel(f"pip=={NEWEST}"), found)
    with tarfile.open(found / "example-1.0.tar.gz", "w:gz") as archive:
        archive.add(__file__, "example-1.0/PKG-INFO")
    return found


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    with serving(folder) as url:
        yield url


@pytest.fixture(scope="module")
def expected(make_environment: MakeEnvironment, folder: Path) -> Callable[[Node], str]:
    """What pip with the hook takes on a machine."""
    environment = make_environment(NEWEST)

    def take(node: Node) -> str:
        target = environment.folder / "expected" / node.spelled
        shutil.rmtree(target, ignore_errors=True)
        options = ["install", "-q", "--no-index", "--no-compile", "-t", target, "-f", folder]
        environment.pip(*options, "example", env=node.env)
        return label(target / "example.py")

    return take


def label(module: Path) -> str:
    return module.read_text("utf-8").partition("'")[2].partition("'")[0]


def install_by_pip(environment: Environment, url: str, folder: Path) -> str:
    environment.pip("install", "-q", "--no-cache-dir", "-t", folder, "--index-url", url, "example")
    return label(folder / "example.py")


def install_by_uv(environment: Environment, url: str, folder: Path) -> str:
    uv = environment.folder / "bin" / "uv"
    options = ["--no-cache", "--no-config", "--default-index", url]
    command = [uv, "pip", "install", "--python", sys.executable]
    run([*command, "-q", *options, "--target", folder, "example"])
    return label(folder / "example.py")


def install_by_uv_tool(environment: Environment, url: str, folder: Path) -> str:
    uv = environment.folder / "bin" / "uv"
    settings = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    options = ["--no-cache", "--no-config", "--default-index", url, "-p", sys.executable]
    run([uv, "tool", "install", "-q", *options, "example"], env=settings)
    return run([folder / "bin" / "example"]).stdout.strip()


def lock_by_uv(environment: Environment, url: str, folder: Path) -> str:
    """Lock twice, which gives the same, and sync from the lock by hash."""
    uv = environment.folder / "bin" / "uv"
    project = '[project]\nname = "p"\nversion = "0"\nrequires-python = ">=3.11"\n'
    project += 'dependencies = ["example>=0.9"]\n'
    index = f'[[tool.uv.index]]\nurl = "{url}"\ndefault = true\n'
    (folder / "pyproject.toml").write_text(f"{project}{index}", "utf-8")
    command = [uv, "-q", "--no-cache", "--directory", folder]
    run([*command, "lock", "-p", sys.executable])
    first = (folder / "uv.lock").read_bytes()
    (folder / "uv.lock").unlink()
    run([*command, "lock", "-p", sys.executable])
    assert (folder / "uv.lock").read_bytes() == first
    assert b"sha256:" in first
    run([*command, "sync", "--locked", "-p", sys.executable])
    return label(next((folder / ".venv/lib").glob("python*/site-packages/example.py")))


def install_by_poetry(environment: Environment, url: str, folder: Path) -> str:
    text = '[project]\nname = "p"\nversion = "0"\nrequires-python = ">=3.11"\n'
    text += 'dependencies = ["example (>=0.9)"]\n[tool.poetry]\npackage-mode = false\n'
    text += f'[[tool.poetry.source]]\nname = "view"\nurl = "{url}"\npriority = "primary"\n'
    (folder / "pyproject.toml").write_text(text, "utf-8")
    settings = {"POETRY_VIRTUALENVS_IN_PROJECT": "true", "POETRY_CACHE_DIR": str(folder / "cache")}
    settings["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    run([environment.folder / "bin/poetry", "install", "-q", "-n"], cwd=folder, env=settings)
    return label(next((folder / ".venv/lib").glob("python*/site-packages/example.py")))


def install_by_pdm(environment: Environment, url: str, folder: Path) -> str:
    text = '[project]\nname = "p"\nversion = "0"\nrequires-python = ">=3.11"\n'
    text += 'dependencies = ["example>=0.9"]\n[tool.pdm]\ndistribution = false\n'
    text += f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{url}"\n'
    (folder / "pyproject.toml").write_text(text, "utf-8")
    settings = {"PDM_CACHE_DIR": str(folder / "cache"), "PDM_CHECK_UPDATE": "false"}
    pdm = environment.folder / "bin" / "pdm"
    run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"])
    run([pdm, "install", "-q"], cwd=folder, env=settings)
    return label(next((folder / ".venv/lib").glob("python*/site-packages/example.py")))


def install_by_pex(environment: Environment, url: str, folder: Path) -> str:
    made = folder / "example.pex"
    options = ["--no-pypi", "--index-url", url, "--disable-cache", "-c", "example", "-o", made]
    run([environment.folder / "bin/pex", *options, "example"])
    return run([sys.executable, made], env={"PEX_ROOT": str(folder / "root")}).stdout.strip()


def install_by_pipx(environment: Environment, url: str, folder: Path) -> str:
    settings = {"PIPX_HOME": str(folder / "home"), "PIPX_BIN_DIR": str(folder / "bin")}
    settings["PATH"] = f"{environment.folder / 'bin'}:{os.environ['PATH']}"
    backend = ["--backend", "uv"] if (environment.folder / "bin/uv").exists() else []
    options = ["install", "-q", "--index-url", url, *backend, "example"]
    run([environment.folder / "bin/pipx", *options], env=settings)
    return run([folder / "bin" / "example"]).stdout.strip()


def install_by_hatch(environment: Environment, url: str, folder: Path) -> str:
    text = '[project]\nname = "p"\nversion = "0"\n[tool.hatch.envs.default]\n'
    text += 'skip-install = true\ndependencies = ["example"]\n'
    text += f'[tool.hatch.envs.default.env-vars]\nPIP_INDEX_URL = "{url}"\n'
    (folder / "pyproject.toml").write_text(text, "utf-8")
    settings = {f"HATCH_{name}_DIR": str(folder / name) for name in ("DATA", "CACHE")}
    settings |= {"HATCH_CONFIG": str(folder / "hatch.toml"), "PIP_NO_CACHE_DIR": "1"}
    (folder / "hatch.toml").touch()
    done = run([environment.folder / "bin/hatch", "run", "example"], cwd=folder, env=settings)
    return done.stdout.splitlines()[-1]


#: What makes pip install a program with what it required a year ago.
YEAR_AGO = "--uploaded-prior-to=2025-11-28"

#: Installer → what installs it, and how it installs. Of each the newest, and one of a year before.
INSTALLERS: dict[str, tuple[str, Callable[[Environment, str, Path], str]]] = {
    "pip 26.3": ("", install_by_pip),
    "pip 25.3": ("pip==25.3", install_by_pip),
    "uv 0.13.9": ("uv==0.13.9", install_by_uv),
    "uv 0.9.10": ("uv==0.9.10", install_by_uv),
    "uv lock": ("uv==0.13.9", lock_by_uv),
    "uv tool": ("uv==0.13.9", install_by_uv_tool),
    "poetry 2.5": ("poetry>=2.5", install_by_poetry),
    "poetry 2.2": ("poetry==2.2.*", install_by_poetry),
    "pdm 2.29": ("pdm>=2.29 hishel<2", install_by_pdm),
    "pdm 2.26": (f"pdm==2.26.* {YEAR_AGO}", install_by_pdm),
    "hatch 1.18": ("hatch>=1.18", install_by_hatch),
    "hatch 1.16": (f"hatch==1.16.* {YEAR_AGO}", install_by_hatch),
    "pex": ("pex", install_by_pex),
    "pex 2.69": ("pex==2.69.*", install_by_pex),
    "pipx": ("pipx uv", install_by_pipx),
    "pipx 1.8": (f"pipx==1.8.* {YEAR_AGO}", install_by_pipx),
}


def test_the_documentation_lists_these_installers() -> None:
    assert tuple(INSTALLERS) == table.VIEWED


@pytest.mark.parametrize("installer", INSTALLERS)
def test_each_machine_s_view_gives_what_the_hook_takes(
    make_environment: MakeEnvironment,
    tmp_path_factory: pytest.TempPathFactory,
    server: str,
    expected: Callable[[Node], str],
    installer: str,
) -> None:
    required, install = INSTALLERS[installer]
    environment = make_environment(NEWEST, hooked=False)
    if required:
        environment = Environment(tmp_path_factory.mktemp("installer") / "venv", sys.executable)
        base = make_environment(NEWEST, hooked=False)
        base.run("-m", "pip", "--python", environment.python, "install", "-q", *required.split())
    for node in NODES if installer in ("pip 26.3", "uv 0.13.9") else FEW:
        url = f"{server}/for/{node.spelled}/simple/"
        folder = tmp_path_factory.mktemp("installed")
        assert (node, install(environment, url, folder)) == (node, expected(node))


def test_what_conda_passes_to_pip_is_what_the_page_shows(
    make_environment: MakeEnvironment, server: str, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/serve.md").read_text("utf-8")
    (block,) = re.findall("```yaml\n(.*?)```", page, re.DOTALL)
    *_, section = yaml.safe_load(block)["dependencies"]
    lines = "\n".join(section["pip"]).replace("http://127.0.0.1:8080/gpu", f"{server}/for/v3,deb12")
    (tmp_path / "requirements.txt").write_text(lines, "utf-8")
    pip = make_environment(NEWEST, hooked=False)
    pip.pip("install", "-q", "--no-cache-dir", "-t", tmp_path, "-r", tmp_path / "requirements.txt")
    assert label(tmp_path / "example.py") == "linux_x86_64_v3_deb12"


def test_named_machines_and_this_one(folder: Path) -> None:
    profile = Path(__file__).parents[2] / "docs" / "fedora39.json"
    with serving(folder, "--profile", profile, "--machine", f"same={profile}") as url:
        pages = [get(f"{url}{place}/simple/example/")[1] for place in ("", "/same")]
        assert pages[0] == pages[1]
        assert "linux_x86_64.whl" in pages[0]
        assert get(f"{url}/simple/")[0] == 200
        kind = "application/vnd.pypi.simple.v1+json"
        listed = json.loads(get(f"{url}/same/simple/example/", kind)[1])
        shown = {each["filename"]: each for each in listed["files"]}
        real = folder / "example-1.0-py3-none-linux_x86_64_rocm6_0.whl"
        taken = shown["example-1.0-py3-none-linux_x86_64.whl"]
        assert taken["size"] == real.stat().st_size
        assert taken["hashes"].keys() == {"sha256"}
        assert listed["versions"] == ["0.9", "1.0"] or listed["versions"] == ["1.0", "0.9"]


def test_an_address_that_is_taken_is_one_line(server: str, folder: Path) -> None:
    port = server.rpartition(":")[2]
    command = [sys.executable, "-m", "customtags", "serve", folder]
    for arguments in (["--port", port], ["--host", "192.0.2.1"], ["--port", "99999"]):
        done = run([*command, *arguments], status=2)
        assert done.stderr.startswith("customtags: cannot listen on ")
        assert len(done.stderr.splitlines()) == 1
    assert "already in use)" in run([*command, "--port", port], status=2).stderr
    assert "not a number from 1 to 64" in run([*command, "--workers", "0"], status=2).stderr


def test_a_mistake_is_one_line(folder: Path, tmp_path: Path) -> None:
    profile = Path(__file__).parents[2] / "docs" / "fedora39.json"
    (tmp_path / "file").touch()
    for arguments, said in (
        (("serve", folder, *[f"--machine=a={profile}"] * 2), "two machines have the name 'a'"),
        (("serve", folder, f"--machine=for={profile}"), "the name 'for' is reserved"),
        (("serve", tmp_path / "file"), "is not a folder"),
        (("serve", folder, "--profile", tmp_path / "file"), "is not valid JSON"),
        (("view", folder, "-o", tmp_path / "file" / "out"), "cannot be written"),
    ):
        done = run([sys.executable, "-m", "customtags", *arguments], status=2)
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
