"""The time and the memory of a process and its children, as the kernel counts them (wait4(2))."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = ["Cost", "in_turn", "run"]


class Cost(NamedTuple):
    """Of one run.

    :ivar seconds: wall-clock time
    :ivar cpu: the seconds that processors spent on it
    :ivar mib: peak memory of its largest process
    """

    seconds: float
    cpu: float
    mib: float


def run(
    command: Sequence[object], env: Mapping[str, str], statuses: Collection[int] = (0,)
) -> Cost:
    """Run a command without its output, and return its cost.

    :param statuses: the exit statuses that are no failure
    :raises subprocess.CalledProcessError: it failed
    """
    words = [*map(str, command)]
    start = time.perf_counter()
    process = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in statuses:
        raise subprocess.CalledProcessError(process.returncode, words)
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turn(
    commands: Mapping[str, Sequence[object]],
    env: Mapping[str, str],
    runs: int = 10,
    statuses: Collection[int] = (0,),
) -> dict[str, list[Cost]]:
    """Run commands in turn, so that what else the machine does meets all of them, and return the costs of each."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            costs[name].append(run(command, env, statuses))
    return costs
