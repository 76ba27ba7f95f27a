"""Of several sources, an installer gets each project, page and files, from the first that has it."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from customtags.wheels.writer import create
from needs import requires
from real.environments import NEWEST, Environment, MakeEnvironment, run
from real.servers import serve_folder
from real.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    #: Gives a folder's wheels as a source, by the word for the command line.
    Source = Callable[[Path], AbstractContextManager[str]]

pytestmark = requires(sys.version_info >= (3, 11), "Python 3.11, which the server requires")

#: The machine of the views.
SPELLED = "for/v3,site=acme2/simple/"

#: Project → where an installer gets it from: the second source has a higher version of the last one.
EXPECTED = {"first": "one", "second": "two", "both": "one"}


def put(folder: Path, project: str, version: str, *platforms: str) -> None:
    for platform in platforms:
        code = f"LABEL = '{folder.name} {platform}'\n".encode()
        create(folder, project, version, f"py3-none-{platform}", {f"{project}.py": code})


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("sources")
    one, two = root / "one", root / "two"
    put(one, "first", "1.0", "linux_x86_64", "linux_x86_64_v3_acme2")
    put(two, "second", "1.0", "linux_x86_64", "linux_x86_64_v3_acme2")
    put(one, "both", "1.0", "linux_x86_64_v3_acme2")
    put(two, "both", "2.0", "linux_x86_64_v3_acme2")
    return one, two


@pytest.fixture(scope="module")
def installers(make_environment: MakeEnvironment) -> Environment:
    """A pip without the hook, and uv."""
    environment = make_environment(NEWEST, hooked=False)
    make_environment(NEWEST).run(
        *("-m", "pip", "--python", environment.python, "install", "-q", "uv==0.13.9"),
    )
    return environment


@contextmanager
def folder(wheels: Path) -> Iterator[str]:
    yield str(wheels)


@contextmanager
def index(wheels: Path) -> Iterator[str]:
    """Serve the wheels as another server of views shows them, and the wheels of that machine alone."""
    with serving(wheels) as url:
        yield f"{url}/{SPELLED}"


def installed(environment: Environment, url: str, target: Path) -> dict[str, str]:
    """Install every project by pip and by uv; return from where each came, if both agree."""
    pip = ("install", "-q", "--no-cache-dir", "-t", target / "pip", "--index-url", url)
    environment.pip(*pip, *EXPECTED)
    uv = ["--no-cache", "--no-config", "--target", target / "uv", "--default-index", url]
    uv += ["--python", environment.python]
    run([environment.folder / "bin/uv", "pip", "install", "-q", *uv, *EXPECTED])
    found = {}
    for project in EXPECTED:
        by_pip, by_uv = ((target / name / f"{project}.py").read_text() for name in ("pip", "uv"))
        assert by_pip == by_uv
        source, platform = by_pip.split("'")[1].split()
        assert platform == "linux_x86_64_v3_acme2"
        found[project] = source
    return found


@pytest.mark.parametrize("kinds", [(folder, folder), (folder, index), (index, folder)])
def test_pip_and_uv_install_each_project_from_the_first_source_that_has_it(
    installers: Environment,
    wheels: tuple[Path, Path],
    tmp_path: Path,
    kinds: tuple[Source, Source],
) -> None:
    with ExitStack() as stack:
        sources = [
            stack.enter_context(kind(each)) for kind, each in zip(kinds, wheels, strict=True)
        ]
        url = stack.enter_context(serving(*sources))
        assert installed(installers, f"{url}/{SPELLED}", tmp_path) == EXPECTED


def test_a_written_view_of_two_folders_has_the_files_of_both(
    installers: Environment,
    wheels: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    settings = {"CUSTOMTAGS_ISA": "v3", "CUSTOMTAGS_SITE": "acme2"}
    command = [sys.executable, "-m", "customtags", "view", *wheels, "-o", tmp_path / "public"]
    done = run(command, env=settings)
    written = [each.name for each in (tmp_path / "public/simple").glob("*/*.whl")]
    assert sorted(each.split("-")[0] for each in written) == sorted(EXPECTED)
    assert done.stdout == f"{tmp_path / 'public'}: {len(written)} files\n"
    with serve_folder(tmp_path / "public") as url:
        assert installed(installers, f"{url}/simple/", tmp_path) == EXPECTED
