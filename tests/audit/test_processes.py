"""Each item has a process of its own: what it returns, raises or dies of is known, and none is left behind.

They run in a Python of their own: pytest-xdist has threads, and a process with threads is not to be forked.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Defines `outcomes`, which does the work for some items in two processes, and prints what comes, sorted.
PROGRAM = """
import os, sys, time
from contextlib import closing
from customtags.audit import processes
from customtags.errors import WheelError

def work(item):
    if item == "bad":
        raise WheelError("a.whl", "is bad", "build it again")
    if item == "broken":
        return 1 / 0
    if item == "large":
        return "x" * 1_000_000
    if item == "gone":
        os._exit(3)
    if item.isdecimal():
        os.kill(os.getpid(), int(item))
    return item

def outcomes(items, jobs=2):
    for item, outcome in sorted(processes.each(work, items, jobs), key=lambda each: each[0]):
        print(item, type(outcome).__name__, str(outcome)[:200], sep=": ")
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        print("none left")
"""


def run(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_every_item_has_its_outcome(jobs: int) -> None:
    found = run(f"outcomes(['a', 'bad', 'broken', 'gone', '9', '11', 'large', 'z'], {jobs})")
    assert found[:2] == [
        "11: CustomtagsError: its process was killed by signal 11; report it with the wheel",
        "9: CustomtagsError: its process was killed by signal 9; if the memory was exhausted, audit it alone",
    ]
    assert found[2:4] == ["a: str: a", "bad: CustomtagsError: 'a.whl' is bad; build it again"]
    assert found[4].startswith(
        "broken: CustomtagsError: the audit failed with ZeroDivisionError in "
    )
    assert found[5:] == [
        "gone: CustomtagsError: its process ended without a result; report it with the wheel",
        f"large: str: {'x' * 200}",
        "z: str: z",
        "none left",
    ]


def test_the_processes_of_a_closed_iterator_are_killed() -> None:
    assert run("""
def slow(item):
    if item:
        time.sleep(600)

with closing(processes.each(slow, [0, 1, 2, 3], 3)) as found:
    assert next(found) == (0, None)
outcomes([])
""") == ["none left"]


def test_too_many_processes_are_one_line() -> None:
    assert run("""
import resource
from customtags.errors import CustomtagsError
resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
try:
    outcomes([str(number) * 3 for number in range(100, 200)], 100)
except CustomtagsError as error:
    print(error)
outcomes([])
""") == [
        "no more processes can be started (Too many open files); choose a smaller number with -j",
        "none left",
    ]


def test_one_process_does_the_same_without_another() -> None:
    assert run("""
for item, outcome in processes.here(lambda item: os.getpid() if item == "a" else work(item), ["a", "bad"], 1):
    print(item, outcome == os.getpid() or str(outcome))
print(processes.cpus() == len(os.sched_getaffinity(0)))
""") == ["a True", "bad 'a.whl' is bad; build it again", "True"]
