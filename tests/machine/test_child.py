"""A program that misbehaves costs its answer, and no more time than the limit."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from customtags.machine.host import child
from needs import lacking

ANSWER = "import os; os.write(1, b'customtags final [1, 2]\\n')"
DRAFT = "import os, time; os.write(1, b'customtags draft [0]\\n')"

LATE = "gave no answer within 2 s"

#: What a program does → the answer and the fault.
PROGRAMS = {
    ANSWER: ([1, 2], None),
    f"print('noise', flush=True)\n{ANSWER}\nprint('more')": ([1, 2], None),
    f"import time\n{ANSWER}\ntime.sleep(30)": ([1, 2], None),
    f"import os, time\nif os.fork() == 0: time.sleep(30)\n{ANSWER}": ([1, 2], None),
    f"{DRAFT}\n{ANSWER}": ([1, 2], None),
    f"{DRAFT}\ntime.sleep(30)": ([0], LATE),
    f"{DRAFT}\nos.abort()": (None, "ended without an answer"),
    "import time; time.sleep(30)": (None, LATE),
    "while True: print('x' * 100)": (None, LATE),
    "while True: print('x', end='')": (None, "ended without an answer"),
    "import os; os.abort()": (None, "ended without an answer"),
    "": (None, "ended without an answer"),
    "print('customtags final [1')": (None, "answered nonsense"),
    "print('customtags final ' + '[' * 60000)": (None, "answered nonsense"),
    "import os; os.write(1, b'customtags final \\xff\\n')": (None, "answered nonsense"),
    "import os; os.write(1, b'customtags final [1, 2]')": (None, "ended without an answer"),
}


def write(folder: Path, program: str) -> str:
    script = folder / "program.py"
    script.write_text(program)
    return str(script)


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_answer_or_what_went_wrong(program: str, tmp_path: Path) -> None:
    # Those that answer have time: a busy machine may take long to start them.
    limit = 20 if PROGRAMS[program][1] != LATE else 2
    assert child.run(write(tmp_path, program), limit=limit) == PROGRAMS[program]


def test_it_is_isolated_and_its_arguments_arrive(tmp_path: Path) -> None:
    program = """
import json, os, sys
seen = [sys.argv[1:], sys.flags.isolated, sys.flags.no_site, os.getsid(0) == os.getpid(), "HIDDEN" in os.environ]
os.write(1, b"customtags final " + json.dumps(seen).encode() + b"\\n")
"""
    os.environ["HIDDEN"] = "x"
    try:
        answer, _ = child.run(write(tmp_path, program), "a b", "", limit=20, hidden=("HIDDEN",))
    finally:
        del os.environ["HIDDEN"]
    assert answer == [["a b", ""], 1, 1, True, False]


def test_what_it_started_is_killed(tmp_path: Path) -> None:
    program = """
import os, time
helper = os.fork() or time.sleep(60)
os.write(1, b"customtags final %d\\n" % helper)
"""
    helper, _ = child.run(write(tmp_path, program), limit=20)
    # Its parent is gone, so that it stays in the table until init has looked.
    state = Path(f"/proc/{helper}/stat")
    for _ in range(1000):
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] in "ZX":
            return
        os.sched_yield()
        signal.sigtimedwait([], 0.01)
    pytest.fail("the helper lives")


def test_high_descriptors(tmp_path: Path) -> None:
    # select() can't watch a descriptor above 1023; installers have many files open.
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        lacking("a hard limit of 2048 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        assert child.run(write(tmp_path, ANSWER), limit=20) == ([1, 2], None)
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_is_no_program_is_an_os_error() -> None:
    with pytest.raises(OSError, match="nothing"):
        list(child.lines(["/nothing/here"], 1))
