"""Child processes that may crash, hang or print: programs that call into a driver or run a plugin."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import IO, Any

__all__ = ["LIMIT", "lines", "run"]

#: The time limit of a driver in seconds.
LIMIT = 2.0

#: The beginnings of the lines that hold an answer: one that counts if the child then exceeds its time limit, and the
#: last one. Any other line is ignored.
DRAFT, FINAL = b"customtags draft ", b"customtags final "


def run(
    script: str, *arguments: str, limit: float = LIMIT, hidden: Sequence[str] = ()
) -> tuple[Any | None, str | None]:
    """Run a Python file, isolated and without site-packages, and return the JSON value of its answer.

    :param hidden: environment variables that are removed
    :returns: the answer and the fault: ``([1], None)``, ``(None, "ended …")``, ``(draft, "gave no answer within …")``
    :raises OSError: the process cannot be started
    """
    import json
    from contextlib import closing

    if not sys.executable:
        raise FileNotFoundError("the path of this Python's interpreter is unknown")
    draft = None
    command = [sys.executable, "-I", "-S", script, *arguments]
    try:
        with closing(lines(command, limit, hidden)) as output:
            for line in output:
                if line.startswith(FINAL):
                    return json.loads(line[len(FINAL) :]), None
                if line.startswith(DRAFT):
                    draft = json.loads(line[len(DRAFT) :])
    except TimeoutError:
        return draft, f"gave no answer within {limit:g} s"
    except (ValueError, RecursionError):
        return None, "answered nonsense"
    return None, "ended without an answer"


def lines(
    command: Sequence[str], limit: float, hidden: Sequence[str] = ()
) -> Generator[bytes, None, None]:
    """Run a command and yield the lines of its output as they come.

    When the caller closes the generator, the process and all that it started are killed, and not waited for: a process
    that hangs in a driver does not end. Nor is the end of the output waited for: a helper of the driver may hold it open.

    :raises TimeoutError: the time limit is over before the output ends
    :raises OSError: the command cannot be run
    """
    import contextlib
    import signal
    import subprocess

    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if name not in hidden},
    )
    output: IO[bytes] = process.stdout  # type: ignore[assignment]  # a pipe, by stdout=PIPE
    try:
        yield from _lines(output.fileno(), limit)
    finally:
        output.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.poll() is None:
            process.returncode = -signal.SIGKILL  # otherwise Popen warns that nobody waited for it


def _lines(descriptor: int, limit: float) -> Generator[bytes, None, None]:
    import select
    import time

    end = time.monotonic() + limit
    poll = select.poll()  # select() cannot watch a descriptor above 1023
    poll.register(descriptor, select.POLLIN)
    rest = b""
    while len(rest) < 65536:
        if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
            raise TimeoutError
        read = os.read(descriptor, 4096)
        if not read:
            return
        *whole, rest = (rest + read).split(b"\n")
        yield from whole
