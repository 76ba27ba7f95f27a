"""``customtags serve`` as a process, and pages of it."""

from __future__ import annotations

import http.client
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from real.environments import clean
from real.servers import free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["get", "serving"]


def _started(command: list[str], out: IO[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, env=clean(), stdout=out, stderr=out, text=True)


@contextmanager
def serving(
    *arguments: object,
    log: list[str] | None = None,
    processes: list[subprocess.Popen[str]] | None = None,
) -> Iterator[str]:
    """Run ``customtags serve``, and give its address.

    :param log: gets what the server writes
    :param processes: gets the process
    """
    port = free_port()
    command = [sys.executable, "-m", "customtags", "serve", *map(str, arguments), f"--port={port}"]
    with tempfile.TemporaryFile("w+") as out, _started(command, out) as process:
        if processes is not None:
            processes.append(process)
        try:
            wait_for(lambda: str(get(f"http://127.0.0.1:{port}/health")), 30)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)
            out.seek(0)
            written = out.read()
            if log is not None:
                log.append(written)
            assert "Traceback" not in written


def get(url: str, accept: str = "text/html") -> tuple[int, str]:
    """Return status and text of a page; the path is sent as it stands."""
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        connection.request("GET", f"/{path}", headers={"Accept": accept})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()
