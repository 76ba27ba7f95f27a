"""Every block of the documentation and of the README is run, or read by its tool, or says why neither can be.

A page is run as a reader does it: in a new folder and a new environment, from the first block to the last. With RECORD=1 in
the environment, what a page shows is replaced by what its commands print.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from blocks import PAGES, ROOT, SAVED, SHELL, Block, read
from command import run as customtags
from customtags.building import project
from customtags.machine.documents import read_toml
from needs import lacking, requires
from real.environments import NEWEST, Environment, Wheelhouse
from real.terminal import Printed, in_order, run

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What the readers of all pages install from PyPI.
INSTALLED = (
    *(
        "build",
        "devpi-client",
        "devpi-server",
        "hatchling",
        "pip-tools",
        "pypiserver",
        "setuptools",
        "twine",
    ),
    # As docs/explanation/comparison.md pins them.
    *("abi3audit==0.0.26", "archspec==0.2.7", "pip-custom-platform==0.5.0"),
    *("provider-variant-x86-64==0.0.1.post2", "py-rattler==0.28.0", "uv==0.13.9"),
    "variantlib==0.2.2",
)

#: The file with the jobs for GitLab.
GITLAB = ".gitlab-ci.yml"

#: Pages whose reader has no environment yet.
BARE = {ROOT / "README.md", ROOT / "docs" / "index.md", *(ROOT / "docs" / "tutorials").iterdir()}

BLOCKS = {page: read(page) for page in PAGES}
TYPED = [page for page in PAGES if any(block.kind in SHELL for block in in_order(page))]
FILES = [each for blocks in BLOCKS.values() for each in blocks if "not run" not in each.notes]


@pytest.fixture(scope="session")
def pypi(wheelhouse: Wheelhouse, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An index with customtags and what the pages install, as a folder, so that no page asks the network."""
    table = read_toml(str(ROOT / "pyproject.toml")) or {}
    extras = table["project"]["optional-dependencies"]
    required = [
        each
        for name in ("audit", "completion", "index", "matrix", "serve")
        for each in extras[name]
    ]
    folders = (wheelhouse.customtags(), wheelhouse.fetch(*INSTALLED, *required))
    index = tmp_path_factory.mktemp("pypi")
    for file in (file for folder in folders for file in folder.iterdir()):
        name = file.name.partition("-")[0].lower().replace("_", "-")
        place = index / name.replace(".", "-")
        place.mkdir(exist_ok=True)
        with (place / "index.html").open("a", encoding="utf-8") as page:
            page.write(f'<a href="{file.as_uri()}">{file.name}</a>\n')
    return index.as_uri()


@pytest.fixture
def reader(
    wheelhouse: Wheelhouse, pypi: str, tmp_path: Path
) -> Callable[[Path, Sequence[Block]], Sequence[Printed]]:
    """Return a function that runs blocks as the reader of a page does."""

    def follow(page: Path, blocks: Sequence[Block]) -> Sequence[Printed]:
        programs = tmp_path / "programs"
        programs.mkdir()
        (programs / "python3").symlink_to(Path(sys.base_prefix, "bin", "python3"))
        path = f"{programs}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        if page not in BARE:
            environment = Environment(tmp_path / "reader" / "home" / "venv", sys.executable)
            pip = wheelhouse.wheel(f"pip=={NEWEST}")
            environment.unpack(pip)
            environment.pip("install", "-q", "--force-reinstall", "--no-index", pip)
            environment.pip("install", "-q", f"--index-url={pypi}", "customtags")
            path = f"{environment.folder / 'bin'}:{path}"
        variables = {
            "LC_ALL": "C.UTF-8",
            "PATH": path,
            "PIP_INDEX_URL": pypi,
            "PIP_REQUIRE_VIRTUALENV": "1",  # or a mistake would change the system's Python
            "PYTHONUNBUFFERED": "1",
        }
        return run(blocks, tmp_path / "reader", variables)

    return follow


@requires("avx2" in Path("/proc/cpuinfo").read_text("utf-8"), "an x86-64-v3 CPU, as the pages show")
@pytest.mark.parametrize("page", TYPED, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_prints_what_it_shows(
    page: Path, reader: Callable[[Path, Sequence[Block]], Sequence[Printed]]
) -> None:
    printed = [each for each in reader(page, in_order(page)) if each.block.page == page]
    if os.environ.get("RECORD"):
        record(page, printed)
    for each in printed:
        assert each.is_shown(), f"{each.block}: {each.command.text}{each.as_shown()}"


def record(page: Path, printed: Sequence[Printed]) -> None:
    """Replace what a page shows by what its commands printed."""
    lines = page.read_text("utf-8").splitlines(keepends=True)
    for each in reversed(printed):
        if each.command.shown is not None and not each.is_shown():
            start = each.command.line - 1
            end = start + each.command.shown.count("\n")
            lines[start:end] = each.as_shown().splitlines(keepends=True)
    page.write_text("".join(lines), encoding="utf-8")


def check_toml(block: Block, folder: Path) -> None:
    name = block.notes.get("file", block.text.partition("\n")[0].removeprefix("# "))
    ours = Path(name).name == "customtags.toml"
    path = folder / "customtags" / name if ours else folder / "pyproject.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(block.text, encoding="utf-8")
    table = read_toml(str(path))
    assert table
    if ours:
        done = customtags("config", XDG_CONFIG_HOME=str(folder))
        assert done.returncode == 0, done.stderr
        assert str(path) in done.stdout
    elif "customtags" in table.get("tool", {}):
        project.read(folder)


def check_yaml(block: Block, folder: Path) -> None:
    read = yaml.safe_load(block.text)
    assert read
    commands: list[str] = []
    if "runs-on" in block.text:
        check(["actionlint", "-"], block.text)
        commands = re.findall(r"- run: (.+)$", block.text, re.MULTILINE)
    elif block.notes.get("file") == GITLAB:
        file = folder / GITLAB
        file.write_text(block.text, encoding="utf-8")
        check(["check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(file)])
        commands = [each for job in read.values() for each in scripts(job)]
    typed = "".join(each.text for each in BLOCKS[block.page] if each.kind in SHELL)
    for command in commands:
        assert "$" in command or command in typed, f"{block}: no block of the page runs {command}"


def scripts(job: Any) -> list[str]:
    """Return the commands of a job of GitLab."""
    return job.get("script", []) if isinstance(job, dict) else []


@requires("avx2" in Path("/proc/cpuinfo").read_text("utf-8"), "an x86-64-v3 CPU, as the pages show")
def test_the_jobs_for_gitlab_run_and_can_be_run_again(
    reader: Callable[[Path, Sequence[Block]], Sequence[Printed]],
) -> None:
    """The machine has no GitLab. Each job is a shell in a checkout, with its variables, and artifacts are passed on."""
    (page,) = {each.page for each in FILES if each.notes.get("file") == GITLAB}
    (file,) = [each for each in BLOCKS[page] if each.notes.get("file") == GITLAB]
    (server,) = [each for each in BLOCKS[page] if "server" in each.notes]
    port = server.notes["server"]
    jobs = yaml.safe_load(file.text)
    lines = ["pip install pypiserver", "mkdir packages artifacts"]
    for variant in jobs["wheel"]["parallel"]["matrix"][0]["VARIANT"]:
        lines.append(
            f'cp -r "$CHECKOUT/examples/levels" {variant}; cd {variant}; VARIANT={variant}'
        )
        lines += [*scripts(jobs["wheel"]), "cp dist/*.whl ../artifacts; cd .."]
    building = file._replace(kind="sh", text="\n".join(lines), notes={})
    lines = ["mv artifacts dist", "export UV_PUBLISH_USERNAME=any UV_PUBLISH_PASSWORD=any"]
    for name, value in jobs["publish"]["variables"].items():
        own = value.replace("https://wheels.example.com/", f"http://127.0.0.1:{port}/")
        lines.append(f"export {name}={own}")
    lines += [*scripts(jobs["publish"]), "ls packages", *scripts(jobs["publish"])]
    publishing = building._replace(text="\n".join(lines))
    *_, last = reader(page, [building, server, publishing])
    tag = last.names["cp311"]
    assert f"levels-1.2.3-{tag}-{tag}-linux_x86_64.whl\n" in last.text
    assert f"levels-1.2.3-{tag}-{tag}-linux_x86_64_v3.whl\n" in last.text
    assert last.text.count("already exists, skipping") == 2


def check_nginx(block: Block, folder: Path) -> None:
    (folder / "site.conf").write_text(block.text, encoding="utf-8")
    whole = f"pid {folder}/pid; events {{}} http {{ access_log off; include {folder}/site.conf; }}"
    (folder / "nginx.conf").write_text(whole, encoding="utf-8")
    check(["nginx", "-t", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")])


def check_unit(block: Block, folder: Path) -> None:
    (program,) = re.findall(r"^ExecStart=(\S+)", block.text, re.MULTILINE)
    unit = folder / Path(block.notes["file"]).name
    unit.write_text(block.text.replace(program, sys.executable), encoding="utf-8")
    assert unit.name not in check(["systemd-analyze", "verify", str(unit)])


def check_is_used(block: Block, _: Path) -> None:
    name = Path(block.notes["file"]).name
    later = [each for each in BLOCKS[block.page] if each.line > block.line]
    assert any(name in each.text for each in later), f"{block}: no later block uses {name}"


def check(command: list[str], given: str = "") -> str:
    """Run a tool, and return what it writes to stderr."""
    program = shutil.which(
        command[0], path=f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin"
    )
    if program is None:
        lacking(command[0])
    done = subprocess.run(
        [program, *command[1:]], capture_output=True, text=True, check=False, input=given
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stderr


#: How a fence names its language → what checks a block of it; those of a shell are run.
CHECKS: Mapping[str, Callable[[Block, Path], object]] = {
    "c": check_is_used,
    "dockerfile": check_is_used,
    "ini": check_unit,
    "json": lambda block, _: json.loads(block.text),
    "nginx": check_nginx,
    "python": lambda block, _: compile(block.text, str(block), "exec"),
    "toml": check_toml,
    "yaml": check_yaml,
}


@pytest.mark.parametrize("block", [each for each in FILES if each.kind in CHECKS], ids=str)
def test_a_file_is_what_it_should_be(block: Block, tmp_path: Path) -> None:
    CHECKS[block.kind](block, tmp_path)


def test_every_language_has_its_check() -> None:
    assert {*CHECKS} == {*SAVED}
    assert TYPED
    assert FILES
