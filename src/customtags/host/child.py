"""Run a script of ours that calls into a driver, in a process that may crash, hang or print."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

__all__ = ["LIMIT", "ask"]

#: Seconds that a driver may take to answer.
LIMIT = 2.0

#: Marks the one line of a child's output that is the answer.
TAG = b"customtags "


def ask(script: str, *arguments: str, limit: float = LIMIT) -> Any | None:
    """Run a Python file and give the JSON value that it answers.

    The child runs isolated and without site-packages. Its answer is one line, `TAG` and JSON: reading on to the
    end of its output would wait for every helper that inherited it. It is killed with all that it
    started, and never waited for: a process that hangs in a driver cannot be.

    :returns: None if it gave no such line in time
    """
    import contextlib
    import json
    import signal
    import subprocess

    process = subprocess.Popen(
        [sys.executable, "-I", "-S", script, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    output: IO[bytes] = process.stdout  # type: ignore[assignment]  # it is a pipe
    try:
        line = _first_line(output.fileno(), limit)
    finally:
        output.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.poll() is None:
            process.returncode = -signal.SIGKILL  # else it warns that it was not waited for
    return json.loads(line[len(TAG) :]) if line.startswith(TAG) and line.endswith(b"\n") else None


def _first_line(descriptor: int, limit: float) -> bytes:
    import select
    import time

    end = time.monotonic() + limit
    line = b""
    while not line.endswith(b"\n") and len(line) < 65536:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
        read = os.read(descriptor, 4096) if ready else b""
        if not read:  # late, or closed
            break
        line += read
    return line
