"""The indexes that people run are sources: pypiserver, devpi, a static page, another server of views."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from customtags.wheels.writer import create
from needs import requires
from real import index_servers
from real.environments import NEWEST, MakeEnvironment, run
from real.servers import free_port, serve_folder
from real.serving import get, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

pytestmark = requires(sys.version_info >= (3, 11), "Python 3.11, which the server requires")

PLATFORMS = ("linux_x86_64", "linux_x86_64_v2", "linux_x86_64_v3_deb12", "linux_x86_64_v4")


@contextmanager
def pypiserver(wheels: Path) -> Iterator[str]:
    with index_servers.pypiserver(wheels, free_port()) as (url, _):
        yield f"{url}simple/"


@contextmanager
def devpi(wheels: Path) -> Iterator[str]:
    settings = {"type": "stage", "bases": []}
    with index_servers.devpi(wheels.parent / "devpi", free_port(), settings) as (url, _):
        upload = ["upload", "--non-interactive", "--repository-url", url, "-u", "root"]
        run([sys.executable, "-m", "twine", *upload, "-p", "secret", *wheels.glob("*.whl")])
        yield f"{url}+simple/"


@contextmanager
def static(wheels: Path) -> Iterator[str]:
    links = "".join(f'<a href="../../{each.name}">{each.name}</a>' for each in wheels.glob("*.whl"))
    page = wheels / "simple" / "example" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(links, "utf-8")
    (wheels / "simple" / "index.html").write_text('<a href="example/">example</a>', "utf-8")
    with serve_folder(wheels) as address:
        yield f"{address}/simple/"


@contextmanager
def another(wheels: Path) -> Iterator[str]:
    """A view as a source shows the wheels of its machine, whoever asks behind it."""
    with serving(wheels) as url:
        yield f"{url}/for/v3,deb12/simple/"


@pytest.mark.parametrize("source", [pypiserver, devpi, static, another])
def test_a_view_of_an_index_takes_the_wheel_that_fits(
    source: Callable[[Path], AbstractContextManager[str]],
    make_environment: MakeEnvironment,
    tmp_path: Path,
) -> None:
    wheels = tmp_path / "wheels"
    for platform in PLATFORMS:
        code = f"LABEL = {platform!r}\n".encode()
        create(wheels, "example", "1.0", f"py3-none-{platform}", {"example.py": code})
    with source(wheels) as index, serving(index) as url:
        options = ("--no-cache-dir", "--index-url", f"{url}/for/v3,deb12/simple/")
        pip = make_environment(NEWEST, hooked=False)
        pip.pip("install", "-q", "-t", tmp_path / "installed", *options, "example")
        overview = get(f"{url}/")[1]
    assert "v3_deb12" in (tmp_path / "installed" / "example.py").read_text("utf-8")
    assert re.findall(r'<th scope="row" data-key="([^"]*)"', overview) == ["example"]
