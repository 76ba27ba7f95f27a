"""Real servers take wheels with extended names and local versions: twine uploads, pip installs."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from customtags.wheels.retag import retag
from customtags.wheels.writer import create
from real.environments import clean, run, taken
from real.servers import wait_for

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
def running(command: list[str], url: str) -> Iterator[None]:
    with subprocess.Popen(
        command, env=clean(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(lambda: urllib.request.urlopen(url).close(), seconds=60)  # noqa: S310 - the address is ours
            yield
        finally:
            process.terminate()


@contextmanager
def pypiserver(folder: Path, port: int) -> Iterator[Server]:
    """It checks nobody."""
    (folder / "packages").mkdir()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "pypiserver", "run", "-i127.0.0.1", f"-p{port}", "-P.", "-a."]
    with running([*command, str(folder / "packages")], f"{url}/simple/"):
        yield Server(f"{url}/", "anybody", "anything", f"{url}/simple/")


@contextmanager
def devpi(folder: Path, port: int) -> Iterator[Server]:
    """It needs a user with an index, which its REST interface makes (https://devpi.net/docs)."""
    place = f"--serverdir={folder / 'devpi'}"
    init = "from devpi_server.init import init; init()"
    serve = "from devpi_server.main import main; main()"
    run([sys.executable, "-c", init, place, "--no-root-pypi", "--root-passwd=secret"])
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", serve, place, "--host=127.0.0.1", f"--port={port}"]
    with running(command, f"{url}/+api"):
        credentials = {"user": "root", "password": "secret"}
        token = ask(f"{url}/+login", "POST", credentials)["result"]["password"]
        ask(f"{url}/root/wheels", "PUT", {"type": "stage", "bases": []}, f"root:{token}")
        yield Server(f"{url}/root/wheels/", "root", "secret", f"{url}/root/wheels/+simple/")


def ask(url: str, method: str, value: object, auth: str = "") -> dict[str, dict[str, str]]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if auth:
        headers["X-Devpi-Auth"] = base64.b64encode(auth.encode()).decode()
    body = json.dumps(value).encode()
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - see above
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        answered: dict[str, dict[str, str]] = json.load(answer)
        return answered


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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serve(tmp_path, port) as server:
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
