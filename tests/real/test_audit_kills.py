"""Runs of the audit over several wheels that are killed, interrupted, or have no room: nothing is lost, and the next run does the rest."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from command import run_in
from customtags.wheels.writer import create
from needs import unshared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIBRARY = (Path(__file__).parents[1] / "wheels" / "elf" / "x86_64.so").read_bytes()
TAG = "py3-none-manylinux_2_17_x86_64"

#: An audit of this wheel takes seconds, of any other some milliseconds.
SLOW = f"slow-1-{TAG}.whl"
AUDIT = ("audit", "-j2", "--only", "libc", "--resume", "lines.jsonl", "wheels")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a slow wheel and five others; `wheels` sorts the slow one last but two."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in ("a", "b", "c", "t", "u"):
        create(wheels, name, "1", TAG, {"demo/a.so": LIBRARY})
    create(wheels, "slow", "1", TAG, {f"demo/{each}.so": LIBRARY for each in range(3000)})
    return tmp_path


class Run:
    """A run of the audit in a process group of its own, as a shell starts it."""

    def __init__(self, folder: Path) -> None:
        self.lines = folder / "lines.jsonl"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "customtags", *AUDIT],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A shell that starts the tests in the background lets them ignore the signal.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )

    def until(self, count: int) -> None:
        """Wait until the file has so many lines, and one process is left for the slow wheel."""
        while self.written() < count or len(self.children()) != 1:
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.01)

    def written(self) -> int:
        return self.lines.read_bytes().count(b"\n") if self.lines.exists() else 0

    def children(self) -> list[int]:
        main = self.process.pid
        return [*map(int, Path(f"/proc/{main}/task/{main}/children").read_text().split())]

    def end(self) -> tuple[int, str, str]:
        """Wait until it ends, and check that no process is left."""
        stdout, stderr = self.process.communicate(timeout=60)
        with pytest.raises(ProcessLookupError):
            os.killpg(self.process.pid, 0)
        return self.process.returncode, stdout, stderr


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    started = Run(folder)
    yield started
    if started.process.poll() is None:
        os.killpg(started.process.pid, signal.SIGKILL)
        started.process.communicate()


def lines(folder: Path) -> dict[str, Any]:
    """Return the line of each wheel; none has two."""
    whole = (folder / "lines.jsonl").read_text("utf-8")
    found = [json.loads(line) for line in whole.splitlines()]
    assert whole.endswith("\n")
    assert len({each["wheel"] for each in found}) == len(found)
    return {Path(each["wheel"]).name: each for each in found}


def completed(folder: Path) -> None:
    """Run again, and check that the result is that of one run that nothing stopped."""
    assert run_in(folder, *AUDIT).returncode == 0
    found = lines(folder)
    (folder / "lines.jsonl").unlink()
    assert run_in(folder, *AUDIT).returncode == 0
    assert lines(folder) == found
    assert len(found) == 6


def test_a_killed_process_costs_its_wheel_alone(run: Run, folder: Path) -> None:
    run.until(5)
    os.kill(run.children()[0], signal.SIGKILL)
    status, stdout, stderr = run.end()
    reason = "its process was killed by signal 9; if the memory was exhausted, audit it alone"
    assert (status, stdout) == (2, "")
    assert stderr == f"customtags: wheels/{SLOW}: {reason}\n"
    assert lines(folder)[SLOW] == {"version": 1, "wheel": f"wheels/{SLOW}", "error": reason}
    completed(folder)


def test_a_killed_run_is_completed_by_the_next(run: Run, folder: Path) -> None:
    run.until(5)
    (left,) = run.children()
    run.process.kill()
    run.process.communicate()
    assert len(lines(folder)) == 5
    completed(folder)  # also while a process of the killed run is at its wheel
    with suppress(ProcessLookupError):
        os.kill(left, signal.SIGKILL)


def test_one_run_at_a_time_writes_a_file(run: Run, folder: Path) -> None:
    run.until(5)
    done = run_in(folder, *AUDIT)
    assert done.returncode == 2
    assert done.stderr == "customtags: 'lines.jsonl' is in use by another run; wait until it ends\n"
    assert run.end() == (0, "", "")
    assert len(lines(folder)) == 6


def group(run: Run) -> None:
    """Send the signal to all processes, as a terminal does for Ctrl-C."""
    os.killpg(run.process.pid, signal.SIGINT)


def main(run: Run) -> None:
    """Send the signal to the first process alone, as ``kill -INT`` does."""
    run.process.send_signal(signal.SIGINT)


@pytest.mark.parametrize("interrupt", [group, main])
def test_an_interrupt_ends_all_processes(
    interrupt: Callable[[Run], None], run: Run, folder: Path
) -> None:
    run.until(5)
    interrupt(run)
    assert run.end() == (130, "", "")
    assert len(lines(folder)) == 5


def test_a_full_disk_is_one_line_and_keeps_the_others(folder: Path) -> None:
    """A page of memory is the disk; afterwards the file is copied to where the test can read it."""
    wheels, disk = folder / "many", folder / "disk"
    wheels.mkdir()
    disk.mkdir()
    for number in range(30):
        create(wheels, f"a{number}", "1", TAG, {})
    file = disk / "lines.jsonl"
    script = (
        f'mount -t tmpfs -o size=4k none {disk}; "$@"; status=$?; cp {file} {folder}; exit $status'
    )
    audit = (sys.executable, "-m", "customtags", "audit", "-j2", "--resume", str(file), "many")
    done = subprocess.run(
        [*unshared(), "sh", "-c", script, "sh", *audit],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    why = (
        "(No space left on device); its lines are whole; make room, and run the same command again"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"customtags: {str(file)!r} cannot be written {why}\n"
    assert 0 < len(lines(folder)) < 30
