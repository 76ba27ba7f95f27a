"""Real additions to customtags as diffs: `python docs/contributing/examples.py` writes them into `docs/contributing/add.md`.

A diff is made from the files as they are: what an addition consists of is taken out of them, and the difference is shown.
`tests/real/test_contributing.py` applies each diff to a copy without the addition, and runs the tests that then pass.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))
import marks

__all__ = ["EXAMPLES", "PAGE", "Example", "changes", "diff", "shown"]

ROOT = Path(__file__).parents[2]
PAGE = Path(__file__).with_name("add.md")

#: The most lines of a new file that the page shows.
MOST = 40


class Example(NamedTuple):
    """One addition.

    :ivar new: the files that it adds
    :ivar edited: file → what it adds there, as the pattern of a text that occurs once
    :ivar tests: the arguments of pytest; these tests fail without the addition, and pass with it
    """

    new: Sequence[str]
    edited: Mapping[str, Sequence[str]]
    tests: Sequence[str]


#: The name of a block of the page → the addition that it shows.
EXAMPLES = {
    "machine": Example(
        ["tests/machines/detected-debian12-epyc--v4_deb12/profile.json"],
        {},
        ["tests/machine/test_machines.py", "-k", "detected-debian12-epyc"],
    ),
    "dimension": Example(
        [
            "examples/customtags-mpi/pyproject.toml",
            "examples/customtags-mpi/src/customtags_mpi.py",
            "examples/customtags-mpi/tests/test_mpi.py",
        ],
        {},
        ["examples/customtags-mpi/tests/test_mpi.py"],
    ),
    "vendor": Example(
        ["src/customtags/machine/dimensions/rocm.py", "tests/machine/test_rocm.py"],
        {"src/customtags/machine/dimensions/__init__.py": [r'    "rocm": .*\n']},
        ["tests/machine/test_rocm.py"],
    ),
    "check": Example(
        ["src/customtags/audit/stable_abi.py"],
        {
            "src/customtags/audit/__init__.py": [
                r", stable_abi(?=, variants\n)",
                r"    stable_abi,\n",
            ],
            "docs/reference/audit.md": [r"### `stable-abi`\n(?:\n|\|.*\n)+"],
        },
        ["tests/real/test_audit_wheels.py", "-k", "against_its_abi_tag"],
    ),
}


def changes(example: Example) -> Iterator[tuple[str, str | None, str]]:
    """Yield each file of an addition: its path, its text without the addition (None: no file), and its text.

    :raises ValueError: what the addition consists of is not found in a file
    """
    for path in example.new:
        yield path, None, (ROOT / path).read_text("utf-8")
    for path, patterns in example.edited.items():
        text = without = (ROOT / path).read_text("utf-8")
        for pattern in patterns:
            without, found = re.subn(pattern, "", without)
            if found != 1:
                raise ValueError(f"{pattern!r} occurs {found} times in {path}, expected once")
        yield path, without, text


def diff(path: str, before: str | None, after: str) -> list[str]:
    """Return the lines of one file's difference, as `git apply` reads it."""
    origin = "/dev/null" if before is None else f"a/{path}"
    old, new = (before or "").splitlines(), after.splitlines()
    return [*difflib.unified_diff(old, new, origin, f"b/{path}", lineterm="")]


def shown(example: Example) -> str:
    """Return the block of the page: the diffs, of long new files the beginning."""
    lines = []
    for path, before, after in changes(example):
        whole = diff(path, before, after)
        most = MOST if before is None else len(whole)
        lines += whole[:most]
        if len(whole) > most:
            lines.append(f" … and {len(whole) - most} more lines")
    return "\n".join(["```diff", *lines, "```"])


def filled(page: str) -> str:
    """Return the text of the page with the diffs of today between its marks."""
    return marks.filled(page, "diff", lambda name, _: shown(EXAMPLES[name]))


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), encoding="utf-8")
