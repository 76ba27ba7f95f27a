"""The instructions of a command, those of its children included.

Instructions, because their number does not depend on the load of the machine: cachegrind returns the same number each time, in half of the time that callgrind takes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Counter", "find"]


class Counter(NamedTuple):
    """A program that counts instructions in user space.

    :ivar command: what stands before the command that is counted; ``REPORT`` stands for a path
    :ivar result: what a line of a report looks like; several reports, one per process, are added up
    :ivar runs: of how many runs the least is taken
    """

    name: str
    command: tuple[str, ...]
    result: str
    runs: int

    def instructions(self, command: Sequence[object], env: Mapping[str, str]) -> int:
        """Count the instructions of a command and its children.

        :raises RuntimeError: the command failed, or nothing was counted
        """
        return min(self._once([*map(str, command)], env) for _ in range(self.runs))

    def _once(self, command: Sequence[str], env: Mapping[str, str]) -> int:
        with tempfile.TemporaryDirectory() as folder:
            prefix = [word.replace("REPORT", f"{folder}/report") for word in self.command]
            done = subprocess.run(
                [*prefix, *command],
                # Else the order of a set, and with it the count, changes from run to run.
                env={**env, "PYTHONHASHSEED": "0"},
                capture_output=True,
                text=True,
                check=False,
            )
            reports = [path.read_text() for path in Path(folder).iterdir()]
        found = re.findall(self.result, "\n".join(reports), re.MULTILINE)
        if done.returncode or not found:
            raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr[-2000:]}")
        return sum(int(number.replace(",", "")) for number in found)


#: The fastest first. The processor's own counter needs a machine that shows it, and
#: /proc/sys/kernel/perf_event_paranoid ≤ 2; it also counts what an interrupt makes a process repeat.
COUNTERS = (
    Counter(
        "perf",
        ("perf", "stat", "-x,", "-e", "instructions:u", "-o", "REPORT", "--"),
        r"^(\d+),.*instructions",
        10,
    ),
    Counter(
        "cachegrind",
        (
            *("valgrind", "--tool=cachegrind", "--cachegrind-out-file=/dev/null", "--cache-sim=no"),
            *("--trace-children=yes", "--log-file=REPORT.%p"),
        ),
        r"I +refs: +([\d,]+)",
        1,
    ),
)


def find() -> Counter | None:
    """Return the first counter that works on this machine, None if there is none."""
    for counter in COUNTERS:
        if shutil.which(counter.command[0]):
            try:
                counter._replace(runs=1).instructions(["true"], {"PATH": "/usr/bin:/bin"})
            except RuntimeError:
                continue
            return counter
    return None
