"""Tables line up, and have colours where a person looks at them and wants them."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from customtags.cli import output
from customtags.cli.output import STYLES, coloured, echo, paint, table
from customtags.errors import FactError
from needs import lacking

PROFILE = str(Path(__file__).parents[2] / "docs" / "fedora39.json")


@pytest.mark.parametrize(
    ("environ", "terminal", "wanted"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": ""}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_whether_colours_are_wanted(environ: dict[str, str], terminal: bool, wanted: bool) -> None:
    assert coloured(environ, terminal=terminal) is wanted


@pytest.mark.parametrize("style", STYLES)
def test_a_painted_cell_takes_no_more_room(
    style: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    echo(*table([("a", "long enough"), (paint(style, "bbb"), "c")], head=("x", "y")))
    plain = capsys.readouterr().out
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    echo(*table([("a", "long enough"), (paint(style, "bbb"), "c")], head=("x", "y")))
    painted = capsys.readouterr().out
    assert painted.split("\n")[2] == f"  \x1b[{STYLES[style]}mbbb\x1b[0m  c"
    assert re.sub("\x1b\\[[0-9;]*m", "", painted) == plain


def test_a_table_is_cut_at_the_edge_and_its_colour_ends_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    line = f"ab{paint('no', 'cdef')}gh"
    assert output._rendered(output._cut(line, 4)) == "ab\x1b[31mcd\x1b[0m"
    assert output._cut(line, 99) == line


def shown_on_a_terminal(**variables: str) -> str:
    """What ``customtags show`` writes to a real terminal."""
    kept = {name: each for name, each in os.environ.items() if not name.endswith("_COLOR")}
    try:
        ours, theirs = pty.openpty()
    except OSError:  # "out of pty devices"
        lacking("/dev/pts")
    with subprocess.Popen(
        [sys.executable, "-m", "customtags", "show", "--profile", PROFILE],
        env={**kept, "TERM": "xterm", "COLUMNS": "50", **variables},
        stdout=theirs,
    ):
        os.close(theirs)
        written = b""
        while True:
            try:
                block = os.read(ours, 65536)
            except OSError:  # EIO: Linux's end of a terminal
                break
            if not block:
                break
            written += block
    os.close(ours)
    return written.decode()


def test_a_terminal_gets_colours_and_lines_that_fit_unless_it_is_told_not_to() -> None:
    assert f"\x1b[{STYLES['head']}mdimension\x1b[0m" in shown_on_a_terminal()
    plain = shown_on_a_terminal(NO_COLOR="1")
    assert "\x1b" not in plain
    rows = [line for line in plain.splitlines() if line.startswith(("  dimension", "  isa"))]
    assert [len(line) <= 50 for line in rows] == [True, True]


def test_an_encoding_that_lacks_a_character_stops_nothing() -> None:
    command = [sys.executable, "-m", "customtags", "show", "--profile", PROFILE]
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    said = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True).stdout
    assert b"? " in said


def test_a_link_or_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    file, link, pipe = (tmp_path / name for name in ("file", "link", "pipe"))
    file.write_text("old", encoding="ascii")
    link.symlink_to(file)
    output.save("new", str(link))
    assert (link.is_symlink(), file.read_text(encoding="ascii")) == (True, "new")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    output.save("new", str(pipe))
    assert os.read(reader, 9) == b"new"
    os.close(reader)
    assert pipe.is_fifo()
    assert sorted(tmp_path.iterdir()) == [file, link, pipe]


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(FactError, match="cannot be written"):
        output.save("new", str(tmp_path))
    with pytest.raises(FactError, match="cannot be written"):
        output.save("new", "")


def test_a_pipe_gets_none_unless_it_is_told_to() -> None:
    command = [sys.executable, "-m", "customtags", "show", "--profile", PROFILE]
    kept = {name: each for name, each in os.environ.items() if not name.endswith("_COLOR")}
    plain = subprocess.run(command, env=kept, stdout=subprocess.PIPE, check=True).stdout
    assert b"\x1b" not in plain
    forced = {**kept, "FORCE_COLOR": "1"}
    assert (
        b"\x1b[1m" in subprocess.run(command, env=forced, stdout=subprocess.PIPE, check=True).stdout
    )
