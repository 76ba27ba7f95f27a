"""No text from a wheel, an index, a system or a profile reaches a terminal with its control characters."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import customtags.cli
from command import run_in
from customtags.cli.output import echo, paint, table
from customtags.errors import CustomtagsError, printable
from customtags.wheels.writer import create

#: A colour, a window's title, C1's CSI, DEL, a bidirectional override, an isolate and two line separators.
EVIL = "\x1b[31mred\x1b]0;pwn\x07\x9b1m\x7f\u202e\u2066\u2028\x85"
ESCAPED = r"\x1b[31mred\x1b]0;pwn\x07\x9b1m\x7f\u202e\u2066\u2028\x85"

TAG = "py3-none-linux_x86_64"
NAME = f"evil-1-{TAG}.whl"


def test_every_character_that_a_terminal_obeys_is_escaped() -> None:
    assert printable(EVIL) == ESCAPED
    assert printable("… × ü 漢 \\x1b") == "… × ü 漢 \\x1b"
    assert printable("a\nb\tc\udcff") == r"a\nb\tc\udcff"
    for number in (
        *range(0x20),
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    ):
        assert printable(f"a{chr(number)}") == f"a{chr(number)!r}".replace("'", "")
    assert str(CustomtagsError(EVIL, "x\ny")) == rf"{ESCAPED}; x\ny"


def test_colours_are_ours_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    echo(f"{paint('no', EVIL)} {EVIL}", *table([(EVIL, paint("yes", "x"))]))
    assert capsys.readouterr().out.split("\n") == [
        f"\x1b[31m{ESCAPED}\x1b[0m {ESCAPED}",
        f"  {ESCAPED}  \x1b[32mx\x1b[0m",
        "",
    ]


PROFILE = {
    "version": 1,
    "distro": {"id": "fedora", "version_id": "39", "name": EVIL, "pretty_name": EVIL},
    "source": {"distro": EVIL},
}
#: os-release ends a line where Unicode does.
RELEASE = f'ID=fedora\nVERSION_ID=39\nPRETTY_NAME="{EVIL}"\n'.replace("\u2028\x85", "")

#: What a text comes from → the files, and the command that prints it.
SOURCES = {
    "a member": ({}, ["audit", NAME]),
    "the name of a file": ({f"{EVIL}.whl": ""}, ["audit", f"{EVIL}.whl"]),
    "the name of no file": ({}, ["retag", f"evil-1{EVIL}-{TAG}.whl", "--isa=v3"]),
    "a tag": ({}, ["explain", f"evil-1-{TAG}_{EVIL}.whl"]),
    "a folder as index": ({f"evil-1-py3-none-{EVIL}.whl": ""}, ["rank", ".", "evil"]),
    "a project": ({}, ["rank", ".", f"evil{EVIL}"]),
    "os-release": ({"etc/os-release": RELEASE}, ["show", "--root", "."]),
    "a profile": ({"node.json": json.dumps(PROFILE)}, ["show", "--profile", "node.json"]),
    "a folder": ({}, ["detect", "--root", EVIL]),
    "an option": ({}, ["show", f"--{EVIL}"]),
    "a verb": ({}, [EVIL]),
}


def run_source(source: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Make the files of a source, and run its command without colours."""
    files, arguments = SOURCES[source]
    create(folder, "evil", "1", TAG, {f"evil/{EVIL}.so": b"\x7fELF but no more of it"})
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return run_in(folder, *arguments, *more, FORCE_COLOR="", NO_COLOR="1")


@pytest.mark.parametrize("source", SOURCES)
def test_no_source_reaches_the_terminal_raw(source: str, tmp_path: Path) -> None:
    done = run_source(source, tmp_path)
    shown = done.stdout + done.stderr
    assert r"\x1b[31mred\x1b]0;pwn\x07" in shown
    assert [line for line in shown.split("\n") if not line.isprintable()] == []


@pytest.mark.parametrize("source", ["a member", "os-release", "a profile"])
def test_json_stays_json_and_keeps_the_text(source: str, tmp_path: Path) -> None:
    done = run_source(source, tmp_path, "--json")
    assert [line for line in done.stdout.split("\n") if not line.isprintable()] == []
    assert [text for text in strings(json.loads(done.stdout)) if "\x1b[31mred" in text]


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [each for part in value.values() for each in strings(part)]
    if isinstance(value, list):
        return [each for part in value for each in strings(part)]
    return [value] if isinstance(value, str) else []


def test_everything_for_people_goes_through_one_file() -> None:
    """A `print` elsewhere in the command line would not escape what it prints."""
    files = sorted(Path(customtags.cli.__file__).parent.glob("*.py"))
    assert len(files) > 10
    for path in files:
        if path.name in ("output.py", "progress.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Name) and node.id == "print"), f"{path.name}: print"
            if isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr"):
                assert path.name == "__init__.py", f"{path.name}: {node.attr}"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("show", 0),
        ("show --json", 0),
        ("--help", 0),
        ("--version", 0),
        ("show --root /no/such/folder", 2),
        ("show --nothing", 2),
    ],
)
def test_a_closed_stream_swallows_what_is_written_to_it(
    arguments: str, status: int, closed: str
) -> None:
    """And nothing that belongs to one stream comes out of the other: this is how pip behaves."""
    command = f"{sys.executable} -m customtags {arguments}"
    whole = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} {closed}"], capture_output=True, text=True, check=False
    )
    assert (whole.returncode, done.returncode) == (status, status)
    assert done.stdout == ("" if " >&-" in f" {closed}" else whole.stdout)
    assert done.stderr == ("" if "2>&-" in closed else whole.stderr)
