"""Real servers take wheels with extended names and local versions: twine uploads, pip installs."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from customtags.wheels.retag import retag
from customtags.wheels.writer import create
from real import index_servers
from real.environments import run, taken
from real.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from real.environments import MakeEnvironment


class Server(NamedTuple):
    """A server that runs: to where twine uploads, as whom, and the index that pip reads."""

    upload: str
    user: str
    password: str
    simple: str


@contextmanager
def pypiserver(folder: Path, port: int) -> Iterator[Server]:
    """It checks nobody."""
    (folder / "packages").mkdir()
    with index_servers.pypiserver(folder / "packages", port) as (url, _):
        yield Server(url, "anybody", "anything", f"{url}simple/")


@contextmanager
def devpi(folder: Path, port: int) -> Iterator[Server]:
    """It requires a login."""
    index = {"type": "stage", "bases": []}
    with index_servers.devpi(folder / "devpi", port, index) as (url, _):
        yield Server(url, "root", "secret", f"{url}+simple/")


@pytest.mark.parametrize("serve", [pypiserver, devpi])
def test_what_is_uploaded_is_installed(
    serve: Callable[[Path, int], AbstractContextManager[Server]],
    make_environment: MakeEnvironment,
    tmp_path: Path,
) -> None:
    plain = create(tmp_path, "example", "1.2.3", "py3-none-linux_x86_64", {"example.py": b""})
    made = [
        retag(plain, platforms=[f"linux_x86_64_{segments}"], local=local, folder=tmp_path / "made")
        for segments, local in (("v3_fc39_rocm6_0", "fc39.rocm6.0"), ("v2", None))
    ]
    with serve(tmp_path, free_port()) as server:
        login = ["--non-interactive", "-u", server.user, "-p", server.password]
        wheels = [plain, *made]
        run(
            [
                sys.executable,
                "-m",
                "twine",
                "upload",
                "--repository-url",
                server.upload,
                *login,
                *wheels,
            ]
        )
        index = f"--index-url={server.simple}"
        for machine, got in (
            (
                {"DISTRO": "fc39", "ACCELERATOR": "rocm6.0", "ISA": "v3"},
                "linux_x86_64_v3_fc39_rocm6_0",
            ),
            ({"DISTRO": "none", "ACCELERATOR": "none", "ISA": "v3"}, "linux_x86_64_v2"),
            ({"DISTRO": "none", "ACCELERATOR": "none", "ISA": "none"}, "linux_x86_64"),
        ):
            variables = {f"CUSTOMTAGS_{name}": value for name, value in machine.items()}
            target = tmp_path / got
            assert taken(make_environment(), target, "example", index, **variables) == got
