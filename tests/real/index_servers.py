"""pypiserver and devpi as processes, for tests and benchmarks."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

from real.environments import clean, run
from real.servers import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["ask", "devpi", "pypiserver", "running"]


@contextmanager
def running(command: Sequence[object], url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server that answers at a URL, and yield its process."""
    with subprocess.Popen(
        [*map(str, command)], env=clean(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(lambda: urllib.request.urlopen(url).close(), seconds=120)  # noqa: S310 - the address is ours
            yield process
        finally:
            process.terminate()


@contextmanager
def pypiserver(
    packages: Path, port: int, python: object = sys.executable
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve a folder to which anybody may upload; yield the URL to which twine uploads, and the process."""
    url = f"http://127.0.0.1:{port}/"
    command = [python, "-m", "pypiserver", "run", "-i127.0.0.1", f"-p{port}", "-P.", "-a."]
    with running([*command, packages], f"{url}simple/") as process:
        yield url, process


@contextmanager
def devpi(
    folder: Path, port: int, index: object, python: object = sys.executable
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve an index of root, which devpi's REST interface makes (https://devpi.net/docs); yield its URL, and the process.

    :param index: the settings of the index
    """
    place = f"--serverdir={folder}"
    init = "from devpi_server.init import init; init()"
    serve = "from devpi_server.main import main; main()"
    run([python, "-c", init, place, "--no-root-pypi", "--root-passwd=secret"])
    url = f"http://127.0.0.1:{port}"
    command = [python, "-c", serve, place, "--host=127.0.0.1", f"--port={port}"]
    with running(command, f"{url}/+api") as process:
        credentials = {"user": "root", "password": "secret"}
        token = ask(f"{url}/+login", "POST", credentials)["result"]["password"]
        ask(f"{url}/root/wheels", "PUT", index, f"root:{token}")
        yield f"{url}/root/wheels/", process


def ask(url: str, method: str, value: object, auth: str = "") -> dict[str, dict[str, str]]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if auth:
        headers["X-Devpi-Auth"] = base64.b64encode(auth.encode()).decode()
    body = json.dumps(value).encode()
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - see above
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        answered: dict[str, dict[str, str]] = json.load(answer)
        return answered
