"""Other installers beside the hook: what they take, and that none is disturbed."""

from __future__ import annotations

import functools
import hashlib
import platform
import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest

from needs import requires
from real import table
from real.environments import NEWEST, Environment, MakeEnvironment, Wheelhouse
from real.servers import serve_folder
from real.stand_ins import MEANS, OFF, PLATFORMS, V3, taken, write_wheels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

pytestmark = requires(platform.machine() == "x86_64", "x86-64")

#: PyPI refuses ``linux_<arch>``; other indexes may hold it.
OFFERS = {
    "with native": PLATFORMS,
    "without native": [each for each in PLATFORMS if each != "linux_x86_64"],
}


class Given(NamedTuple):
    """What an installer is run with.

    :ivar make: makes an environment that holds an installer, with or without customtags
    :ivar customtags: the folder with customtags's wheel
    :ivar pip: its wheel
    :ivar url: the address of an index, with a slash at its end
    :ivar folder: an empty one, where `taken` looks
    :ivar env: the settings of customtags
    """

    make: Callable[[str, bool], Environment]
    customtags: Path
    pip: Path
    url: str
    folder: Path
    env: Mapping[str, str]


@pytest.fixture(scope="module")
def make(make_environment: MakeEnvironment, wheelhouse: Wheelhouse) -> Callable[..., Environment]:
    """Make an environment with an installer; the same request gives the same one."""

    @functools.cache
    def make(installer: str, hooked: bool) -> Environment:
        project, _, version = installer.partition(" ")
        requirement = f"{project.lower()}=={version.split(',')[0].split(' ')[0]}"
        environment = make_environment(hooked=hooked)
        environment.install(wheelhouse.fetch(requirement), requirement)
        return environment

    return make


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Serve one index for each offer, with hashes as every index gives them."""
    root = tmp_path_factory.mktemp("indexes")
    for number, offer in enumerate(OFFERS.values()):
        wheels = write_wheels(root / str(number) / "example", offer)
        links = [
            f'<a href="{each.name}#sha256={hashlib.sha256(each.read_bytes()).hexdigest()}">'
            f"{each.name}</a>"
            for each in wheels.glob("*.whl")
        ]
        page = "\n".join(["<!DOCTYPE html>", *links])
        (wheels / "index.html").write_text(page, encoding="utf-8")
    with serve_folder(root) as address:
        yield {offer: f"{address}/{number}/" for number, offer in enumerate(OFFERS)}


def pipenv(given: Given, row: table.Row, *, hooked_project: bool = True) -> None:
    environment = given.make(row.says, True)
    source = f'[[source]]\nurl = "{given.url}"\nverify_ssl = false\nname = "it"\n'
    (given.folder / "Pipfile").write_text(f'{source}[packages]\nexample = "*"\n', encoding="utf-8")
    project = Environment(given.folder / ".venv", str(environment.python))
    if hooked_project:
        project.unpack(given.pip)
        project.install(given.customtags, "customtags")
    env = {**given.env, "PIPENV_VENV_IN_PROJECT": "1", "PIPENV_CACHE_DIR": str(given.folder / "c")}
    environment.run("-m", "pipenv", "install", env=env, cwd=given.folder)


def pipenv_alone(given: Given, row: table.Row) -> None:
    pipenv(given, row, hooked_project=False)


def poetry(given: Given, row: table.Row, *, hooked: bool = True) -> None:
    environment = given.make(row.says, hooked)
    (given.folder / "pyproject.toml").write_text(
        '[project]\nname = "tiny"\nversion = "1"\nrequires-python = ">=3.9"\n'
        'dependencies = ["example"]\n[tool.poetry]\npackage-mode = false\n'
        f'[[tool.poetry.source]]\nname = "it"\nurl = "{given.url}"\npriority = "primary"\n',
        encoding="utf-8",
    )
    if not hooked:
        project = Environment(given.folder / ".venv", str(environment.python))
        project.unpack(given.pip)
        project.install(given.customtags, "customtags")
    settings = {"CACHE_DIR": "cache", "CONFIG_DIR": "config", "DATA_DIR": "data"}
    env = {f"POETRY_{name}": str(given.folder / value) for name, value in settings.items()}
    env["POETRY_VIRTUALENVS_IN_PROJECT"] = "true"
    environment.run("-m", "poetry", "install", env={**given.env, **env}, cwd=given.folder)


def poetry_project(given: Given, row: table.Row) -> None:
    poetry(given, row, hooked=False)


def unearth(given: Given, row: table.Row) -> None:
    environment = given.make(row.says, True)
    command = ("-m", "unearth", "--index-url", given.url, "--link-only", "example")
    found = environment.run(*command, env=given.env).stdout
    (given.folder / "found.json").write_text(found, encoding="utf-8")


def pip_tools(given: Given, row: table.Row) -> None:
    environment = given.make(row.says, True)
    project = Environment(given.folder / "venv", str(environment.python))
    project.unpack(given.pip)
    project.install(given.customtags, "customtags")
    wanted = f"--find-links {given.customtags}\nexample\ncustomtags\n"
    (given.folder / "requirements.in").write_text(wanted, encoding="utf-8")
    index = ("--index-url", given.url)
    for command in (
        ("compile", "-q", "--strip-extras", "--generate-hashes", *index),
        ("sync", "-q", "--python-executable", project.python, *index),
    ):
        environment.run("-m", "piptools", *command, env=given.env, cwd=given.folder)


def shiv(given: Given, row: table.Row) -> None:
    environment = given.make(row.says, True)
    archive = given.folder / "it.pyz"
    command = ("-m", "shiv", "-o", archive, "--index-url", given.url, "example")
    environment.run(*command, env=given.env)
    shutil.unpack_archive(archive, given.folder / "unpacked", "zip")


def uv(given: Given, row: table.Row) -> None:
    environment = given.make(row.says, True)
    options = ("--no-cache", "--target", given.folder / "site", "--index-url", given.url)
    environment.run("-m", "uv", "pip", "install", *options, "example", env=given.env)


RUN: dict[str, Callable[[Given, table.Row], None]] = {
    "pipenv": pipenv,
    "pipenv alone": pipenv_alone,
    "poetry": poetry,
    "poetry project": poetry_project,
    "unearth": unearth,
    "pip-tools": pip_tools,
    "shiv": shiv,
    "uv": uv,
}


@pytest.fixture
def given(
    make: Callable[[str, bool], Environment], wheelhouse: Wheelhouse, tmp_path: Path
) -> Given:
    pip = wheelhouse.wheel(f"pip=={NEWEST}")
    return Given(make, wheelhouse.customtags(), pip, "", tmp_path, OFF)


@pytest.mark.parametrize(
    ("row", "offer"),
    [
        (row, offer)
        for row in table.INSTALLERS
        for offer in (OFFERS if row.takes == table.NATIVE_FIRST else ("with native",))
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_other_installers(
    row: table.Row, offer: str, given: Given, indexes: dict[str, str]
) -> None:
    best = "linux_x86_64" if offer == "with native" else "linux_x86_64_v3"
    means = {**MEANS, table.NATIVE_FIRST: [{best}]}
    for name, env, word in (("hook", V3, row.takes), ("off", OFF, row.without)):
        folder = given.folder / name
        folder.mkdir()
        RUN[row.name](given._replace(url=indexes[offer], folder=folder, env=env), row)
        assert taken(folder) in means[word], name


def test_the_table_and_the_tests_have_the_same_rows() -> None:
    assert [row.name for row in table.INSTALLERS] == list(RUN)
