"""Ctrl-C at any moment: status 130, no traceback, and no file that is half made."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from customtags.wheels.writer import create

if TYPE_CHECKING:
    from pathlib import Path

#: Sends SIGINT to itself at the first audit event (PEP 578) of a name whose first argument ends so, and then runs an entry.
INTERRUPTED = """
import os, signal, sys
event, end, entry, *sys.argv[1:] = sys.argv[1:]

def interrupt(name, arguments):
    global event
    if name == event and str(arguments[0]).endswith(end):
        event = ""
        os.write(1, b"interrupted\\n")
        os.kill(os.getpid(), signal.SIGINT)

# A shell that starts the tests in the background lets them ignore the signal.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.addaudithook(interrupt)
exec(entry)
"""

#: As `python -m customtags` and the script that pip writes run it; the package itself is imported by Python's own code.
ENTRIES = {
    "module": "import customtags, runpy; runpy.run_module('customtags.__main__', run_name='__main__')",
    "script": "import re, customtags.cli; from customtags.cli import main; sys.exit(main())",
}

#: Moments: while our modules and others are imported, while a wheel is read, and while one is written.
MOMENTS = [
    ("import", "argparse"),
    ("import", "customtags.errors"),
    ("import", "customtags.cli.output"),
    ("import", "customtags.cli.batch"),
    ("import", "customtags.wheels.retag"),
    ("import", "zlib"),
    ("open", ".whl"),
    ("open", ".part"),
    ("os.rename", ".part"),
]


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize(("event", "end"), MOMENTS)
def test_an_interrupt_ends_with_130_and_leaves_nothing(
    event: str, end: str, entry: str, tmp_path: Path
) -> None:
    wheel = create(tmp_path, "a", "1", "py3-none-linux_x86_64", {"a.py": b"x = 1"})
    code = [sys.executable, "-c", INTERRUPTED, event, end, ENTRIES[entry]]
    done = subprocess.run(
        [*code, "retag", wheel.name, "--isa=v3", "--remove"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "interrupted\n", "")
    assert list(tmp_path.iterdir()) == [wheel]


def test_an_interrupt_while_main_is_imported_has_no_traceback() -> None:
    code = [sys.executable, "-c", INTERRUPTED, "import", "customtags.cli", ENTRIES["module"]]
    done = subprocess.run([*code, "show"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "interrupted\n", "")
