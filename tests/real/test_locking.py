"""What tools that lock write of wheels with extended tags, and what pip takes of that on each machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from customtags.profiles import running
from customtags.profiles.interpreter import read
from customtags.wheels.writer import create
from real.servers import serve_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from real.environments import Environment, MakeEnvironment, Wheelhouse

PYTHON = read(running.python())

#: What the index holds, and the settings of a machine that takes it.
OFFERED = {
    "linux_x86_64_v3_fc39": {"CUSTOMTAGS_ISA": "v3", "CUSTOMTAGS_DISTRO": "fc39"},
    "linux_x86_64_v2": {"CUSTOMTAGS_ISA": "v2", "CUSTOMTAGS_DISTRO": "el9"},
    "linux_x86_64_v3_cuda12_4": {"CUSTOMTAGS_ACCELERATOR": "cuda12.4"},
    "manylinux_2_17_x86_64": {"CUSTOMTAGS_DISABLE": "1"},
}

PROJECT = """
[project]
name = "locked"
version = "0"
requires-python = ">={python}"
dependencies = ["example"]
"""


class Tool(NamedTuple):
    """A tool that locks.

    :ivar requirement: what to install it by, besides pip
    :ivar commands: run in turn; of the last one what is printed is the lock, unless the file is there
    :ivar lock: the file name
    :ivar keeps: the wheels that pip can take by it
    :ivar install: how pip reads it
    """

    requirement: str
    commands: tuple[str, ...]
    lock: str
    keeps: Sequence[str]
    install: str


#: The rows of docs/how-to/locking.md, in its order.
TOOLS = {
    "`uv lock`, `uv export --format pylock.toml`": Tool(
        "uv",
        (
            "uv lock --default-index={url}",
            "uv export --default-index={url} --format pylock.toml -o pylock.toml",
        ),
        "pylock.toml",
        tuple(OFFERED),
        "-r pylock.toml",
    ),
    "`uv pip compile --universal --format pylock.toml`": Tool(
        "uv",
        (
            (
                "uv pip compile --universal --format pylock.toml --index-url={url} -o pylock.toml"
                " requirements.in"
            ),
        ),
        "pylock.toml",
        tuple(OFFERED),
        "-r pylock.toml",
    ),
    "`pip-compile --generate-hashes`": Tool(
        "pip-tools",
        (
            (
                "piptools compile --generate-hashes --no-emit-index-url --index-url={url}"
                " -o requirements.txt requirements.in"
            ),
        ),
        "requirements.txt",
        tuple(OFFERED),
        "--require-hashes --index-url={url} -r requirements.txt",
    ),
    "`uv pip compile --generate-hashes`": Tool(
        "uv",
        ("uv pip compile --generate-hashes --index-url={url} -o requirements.txt requirements.in",),
        "requirements.txt",
        ("manylinux_2_17_x86_64",),
        "--require-hashes --index-url={url} -r requirements.txt",
    ),
    "`pip lock`": Tool(
        "",
        ("pip lock --index-url={url} -o pylock.toml example",),
        "pylock.toml",
        ("linux_x86_64_v3_fc39",),
        "-r pylock.toml",
    ),
}

DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "locking.md"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An index on a real server."""
    folder = tmp_path_factory.mktemp("index")
    major, minor = PYTHON.version
    for platform in OFFERED:
        tag = f"cp{major}{minor}-{PYTHON.abi}-{platform}"
        create(folder / "simple" / "example", "example", "1.0", tag, {})
    with serve_folder(folder) as address:
        yield f"{address}/simple/"


@pytest.fixture(scope="module")
def environment(make_environment: MakeEnvironment, wheelhouse: Wheelhouse) -> Environment:
    """A pip with the hook, and the tools."""
    environment = make_environment()
    for requirement in sorted({tool.requirement for tool in TOOLS.values()} - {""}):
        environment.install(wheelhouse.fetch(requirement), requirement)
    return environment


def lock(environment: Environment, tool: Tool, url: str, folder: Path) -> str:
    """Lock on a machine of the first kind, and give what was written."""
    major, minor = PYTHON.version
    project = PROJECT.format(python=f"{major}.{minor}")
    (folder / "pyproject.toml").write_text(project, encoding="utf-8")
    (folder / "requirements.in").write_text("example\n", encoding="utf-8")
    first, *_ = OFFERED.values()
    variables = {**first, "UV_PYTHON": str(environment.python), "UV_NO_CONFIG": "1"}
    variables["UV_CACHE_DIR"] = str(folder / "cache")
    for command in tool.commands:
        words = command.format(url=url).split()
        environment.run("-m", *words, env=variables, cwd=folder)
    return (folder / tool.lock).read_text("utf-8")


def taken(
    environment: Environment, tool: Tool, url: str, platform: str, folder: Path
) -> str | None:
    """Install what is locked on the machine of that platform, and tell what pip took of it."""
    target = folder / platform
    words = tool.install.format(url=url).split()
    options = ("install", "-q", f"--target={target}", *words)
    variables = {"CUSTOMTAGS_ACCELERATOR": "none", **OFFERED[platform]}
    done = environment.pip(*options, env=variables, cwd=folder, status=None)
    if done.returncode:
        return None
    (metadata,) = target.glob("*.dist-info/WHEEL")
    return metadata.read_text("utf-8").partition("\nTag: ")[2].split("\n")[0].rpartition("-")[2]


@pytest.mark.parametrize("name", TOOLS)
def test_what_is_locked_is_taken_where_it_fits(
    name: str, environment: Environment, url: str, tmp_path: Path
) -> None:
    tool = TOOLS[name]
    written = lock(environment, tool, url, tmp_path)
    assert len(set(re.findall("[0-9a-f]{64}", written))) == len(tool.keeps)
    for platform in {*tool.keeps, "linux_x86_64_v2"}:
        right = platform if platform in tool.keeps else None  # and not silently another one
        assert taken(environment, tool, url, platform, tmp_path) == right


def test_the_documentation_has_these_rows() -> None:
    rows = [line.split(" | ") for line in DOCS.read_text("utf-8").splitlines() if line[:3] == "| `"]
    shown = {row[0].removeprefix("| "): row[2].removesuffix(" |") == "yes" for row in rows}
    assert shown == {name: len(tool.keeps) > 1 for name, tool in TOOLS.items()}
