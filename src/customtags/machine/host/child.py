"""Run a program that calls into a driver, in a process that may crash, hang or print."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import IO, Any

__all__ = ["DRAFT", "FINAL", "LIMIT", "ask", "lines", "listen"]

#: Seconds that a driver may take to answer.
LIMIT = 2.0

#: They begin the lines of a child's output that count: an answer that is used if no better one comes in time, and
#: the last.
DRAFT, FINAL = b"customtags draft ", b"customtags final "


def ask(script: str, *arguments: str, limit: float = LIMIT) -> Any | None:
    """Run a Python file and give the JSON value that it answers, None if it gave none in time."""
    answer, fault = listen(script, *arguments, limit=limit)
    return None if fault else answer


def listen(
    script: str, *arguments: str, limit: float = LIMIT, hidden: Sequence[str] = ()
) -> tuple[Any | None, str | None]:
    """Run a Python file, isolated and without site-packages, and give the JSON value that it answers.

    :param hidden: variables of the environment that it must not see
    :returns: the answer, and what went wrong: ``(None, "ended …")``, ``(draft, "gave no answer within …")``
    :raises OSError: there can be no such process here
    """
    import json
    from contextlib import closing

    if not sys.executable:
        raise FileNotFoundError("this Python does not know its own interpreter")
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
    except ValueError:
        return None, "answered nonsense"
    return None, "ended without an answer"


def lines(
    command: Sequence[str], limit: float, hidden: Sequence[str] = ()
) -> Generator[bytes, None, None]:
    """Run a command and give the lines of its output as they come.

    It and all that it started are killed when no more lines are wanted, and never waited for: a process that hangs in a
    driver cannot be. Nor does anything wait for the end of its output, which a helper of the driver's may hold open.

    :raises TimeoutError: the time was up before the output ended
    :raises OSError: it can't be run
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
    output: IO[bytes] = process.stdout  # type: ignore[assignment]  # it is a pipe
    try:
        yield from _lines(output.fileno(), limit)
    finally:
        output.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.poll() is None:
            process.returncode = -signal.SIGKILL  # else it warns that it was not waited for


def _lines(descriptor: int, limit: float) -> Generator[bytes, None, None]:
    import select
    import time

    end = time.monotonic() + limit
    poll = select.poll()  # select itself can't watch a descriptor above 1023
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
