"""The verb audit over many wheels: folders, lists, lines of JSON, and a file of them that a second run completes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from command import run_in
from customtags.wheels.writer import create

ONLY = ("--only", "names")


def wheels(folder: Path, *names: str) -> list[str]:
    """Write wheels; one whose name begins with ``wrong`` has a false claim."""
    made = []
    for name in names:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        tag = "py3-none-linux_x86_64"
        if place.name.startswith("wrong"):
            tag = "py3-none-linux_x86_64.linux_x86_64_v3"
        made.append(str(create(place.parent, place.name, "1", tag, {}).relative_to(folder)))
    return made


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("jobs", ["1", "2", "auto", "0"])
def test_results_are_in_the_order_of_the_arguments(jobs: str, tmp_path: Path) -> None:
    names = wheels(tmp_path, *(f"a{number}" for number in range(9)))
    done = run_in(tmp_path, "audit", "-j", jobs, *ONLY, *reversed(names))
    assert (done.returncode, done.stderr) == (0, "")
    *each, last = done.stdout.splitlines()
    assert each == [f"{name}: no false claims" for name in reversed(names)]
    assert last == "9 wheels: no false claims"


def test_the_last_line_is_about_all_wheels(tmp_path: Path) -> None:
    names = [*wheels(tmp_path, "a", "wrong", "b"), "missing-1-py3-none-any.whl"]
    (tmp_path / names[2]).rename(tmp_path / "b-1-py3-none-win_amd64.whl")
    names[2] = "b-1-py3-none-win_amd64.whl"
    done = run_in(tmp_path, "audit", "--only", "mixed-set", *names)
    assert done.returncode == 2
    said = "1 with false claims, 1 without false claims, 1 not checked, 1 not read"
    assert done.stdout.splitlines()[-1] == f"4 wheels: {said}"
    done = run_in(tmp_path, "audit", *ONLY, "--fix-name", *names[:2])
    assert done.stdout.splitlines() == names[:2]


def test_a_quiet_audit_prints_no_notes(tmp_path: Path) -> None:
    code = (Path(__file__).parents[1] / "audit/gpu/sm90a.so").read_bytes()
    made = create(tmp_path, "a", "1", "py3-none-linux_x86_64", {"gpu.so": code})
    only = ("audit", "--only", "accelerator", made.name)
    loud, quiet = run_in(tmp_path, *only), run_in(tmp_path, *only, "-q")
    assert (loud.returncode, quiet.returncode) == (0, 0)
    first, *rest = loud.stdout.splitlines()
    assert first == f"{made.name}: no false claims, 1 note"
    assert "  note  accelerator-unclaimed" in rest
    assert quiet.stdout.splitlines() == [first]
    assert (
        run_in(tmp_path, *only, "--json").stdout == run_in(tmp_path, *only, "-q", "--json").stdout
    )
    wrong = create(tmp_path, "wrong", "1", "py3-none-linux_x86_64_cuda12_4", {})
    done = run_in(tmp_path, "audit", *only[1:3], "--quiet", wrong.name, made.name)
    assert done.returncode == 1
    assert "  false  accelerator-absent" in done.stdout
    assert "note  " not in done.stdout


def test_what_no_check_requires_is_not_read(tmp_path: Path) -> None:
    (name,) = wheels(tmp_path, "a")
    (tmp_path / "pyproject.toml").write_text("not TOML", encoding="utf-8")
    done = run_in(tmp_path, "audit", name, "--with", "no.whl", *ONLY)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{name}: no false claims\n", "")


def test_folders_and_lists_name_wheels(tmp_path: Path) -> None:
    names = wheels(tmp_path, "one/b", "one/deep/a", "two/c", "d", "-e")
    (tmp_path / "one" / "README.md").write_text("no wheel", encoding="utf-8")
    (tmp_path / "list").write_text(f"two\n\n{names[4]}\n{names[3]}\n", encoding="utf-8")
    done = run_in(tmp_path, "audit", names[3], "one", "--from-file", "list", "-j2", "--json", *ONLY)
    order = [names[3], names[0], names[1], names[2], names[4]]
    assert [each["wheel"] for each in json.loads(done.stdout)["wheels"]] == order


def test_a_list_comes_from_standard_input_with_names_of_any_bytes(tmp_path: Path) -> None:
    (name,) = wheels(tmp_path, "a")
    strange = os.fsencode(name).replace(b"a", b"\xff", 1)
    os.rename(tmp_path / name, os.fsencode(tmp_path) + b"/" + strange)
    done = subprocess.run(
        [sys.executable, "-m", "customtags", "audit", "--from-file", "-", "--json-lines"],
        input=strange + b"\n",
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )
    (line,) = lines(done.stdout.decode("ascii"))
    assert os.fsencode(line["wheel"]) == strange


def test_each_line_is_one_wheel(tmp_path: Path) -> None:
    names = [*wheels(tmp_path, "a", "wrong"), "missing-1-py3-none-any.whl"]
    done = run_in(tmp_path, "audit", "-j2", "--json-lines", *ONLY, *names)
    found = {each["wheel"]: each for each in lines(done.stdout)}
    assert found.keys() == {*names}
    assert done.returncode == 2
    assert done.stderr == f"customtags: {found[names[2]]['error']}\n"
    stat = (tmp_path / names[0]).stat()
    assert found[names[0]] == {
        "version": 1,
        "wheel": names[0],
        "size": stat.st_size,
        "mtime": stat.st_mtime,
        "settings": {
            "customtags": "0.1.0",
            "only": ["names"],
            "full": False,
            "dispatched": [],
            "with": [],
        },
        "true_name": names[0],
        "findings": [],
    }
    whole = json.loads(run_in(tmp_path, "audit", "--json", *ONLY, names[1]).stdout)
    assert found[names[1]]["findings"] == whole["wheels"][0]["findings"] != []
    assert run_in(tmp_path, "audit", "--json-lines", *ONLY, names[1]).returncode == 1


def resumed(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_in(folder, "audit", "--resume", "lines.jsonl", *ONLY, *arguments)


def test_a_second_run_does_the_rest(tmp_path: Path) -> None:
    names = wheels(tmp_path, "a", "b", "wrong")
    file = tmp_path / "lines.jsonl"
    assert resumed(tmp_path, *names).returncode == 1
    whole = file.read_text("utf-8")
    first, second, third = whole.splitlines(keepends=True)
    for left in ("", first, first + second[:1], first + second[:30], first + second + third[:-1]):
        file.write_text(left, encoding="utf-8")
        done = resumed(tmp_path, *names, "-j2")
        assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
        assert sorted(file.read_text("utf-8").splitlines()) == sorted(whole.splitlines())
    inode = file.stat().st_ino
    assert resumed(tmp_path, *names).returncode == 1
    assert (file.read_text("utf-8"), file.stat().st_ino) == (file.read_text("utf-8"), inode)


def test_what_failed_or_changed_is_audited_again(tmp_path: Path) -> None:
    names = [*wheels(tmp_path, "a", "b"), "c-1-py3-none-linux_x86_64.whl"]
    file = tmp_path / "lines.jsonl"
    assert resumed(tmp_path, *names, "other-1-py3-none-any.whl").returncode == 2
    wheels(tmp_path, "c")
    os.utime(tmp_path / names[0], (1, 1))
    done = resumed(tmp_path, *names)
    assert (done.returncode, done.stderr) == (0, "")
    found = {each["wheel"]: each for each in lines(file.read_text("utf-8"))}
    assert len(found) == file.read_text("utf-8").count("\n") == 4
    assert found[names[0]]["mtime"] == 1
    assert "error" not in found[names[2]]
    assert "error" in found["other-1-py3-none-any.whl"]  # of no wheel of the second run


#: The content of the file → what is said of it.
REFUSED = {
    "hello\n": "has line 1, which is not a line of an audit",
    "hello": "has line 1, which is not a line of an audit",
    '{"version": 1, "wheel": "a.whl", "error": ""}\n{"version": 2, "wheel": "b.whl"}\n': "has version 2 in line 2; expected 1",
    '{"version": 1, "wheel": 3}\n': "has line 1, which is not a line of an audit",
    '{"version": 1, "wheel": "a.whl"}\n': "has line 1, which is not a line of an audit",
    '{"version": 1, "wheel": "a.whl", "findings": 3}\n': "has line 1, which is not a line of an audit",
    '{"wheel": "a.whl", "error": ""}\n': "has line 1, which is not a line of an audit",
    "[" * 100_000 + "\n": "has line 1, which is not a line of an audit",
    "[]\n": "has line 1, which is not a line of an audit",
    '{"version": 1, "wheel": "a\n{"version": 1, "wheel": "b"}\n': "has line 1, which",
    "\0" * 100 + "\n": "has line 1, which is not a line of an audit",
}


@pytest.mark.parametrize("content", REFUSED)
def test_another_file_is_refused_and_kept(content: str, tmp_path: Path) -> None:
    names = wheels(tmp_path, "a")
    (tmp_path / "lines.jsonl").write_text(content, encoding="utf-8")
    done = resumed(tmp_path, *names)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert REFUSED[content] in done.stderr
    assert (tmp_path / "lines.jsonl").read_text("utf-8") == content


def test_lines_that_were_made_with_other_settings_are_refused(tmp_path: Path) -> None:
    names = wheels(tmp_path, "a", "b")
    assert resumed(tmp_path, names[0]).returncode == 0
    kept = (tmp_path / "lines.jsonl").read_text("utf-8")
    done = resumed(tmp_path, *names, "--full")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "made with other settings" in done.stderr
    assert (tmp_path / "lines.jsonl").read_text("utf-8") == kept


#: The arguments → what is said.
BAD = {
    ("-j", "-1"): "-j '-1' is not a number of processes",
    ("-j", "x"): "-j 'x' is not a number of processes",
    ("-j", "9" * 20): "-j '99999999999999999999' is not a number of processes",
    ("-j", "1.5"): "-j '1.5' is not a number of processes",
    ("--json-lines", "--json"): "--json-lines and --resume print neither --json nor --fix-name",
    ("--resume", "lines", "--fix-name"): "--json-lines and --resume print neither",
    ("empty",): "'empty' is a folder without wheels",
    ("--from-file", "missing"): "'missing' cannot be read (No such file or directory)",
    ("--from-file", "zero"): "'zero' has a NUL byte",
    ("--from-file", "empty"): "'empty' cannot be read (Is a directory)",
    ("--resume", "empty"): "'empty' cannot be written (Is a directory)",
    ("--resume", "missing/lines"): "'missing/lines' cannot be written (No such file or directory)",
    ("--resume", "pipe"): "'pipe' is not a regular file",
}


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_bad_input_is_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    names = wheels(tmp_path, "a")
    (tmp_path / "empty").mkdir()
    (tmp_path / "zero").write_bytes(b"a.whl\0b.whl\0")
    os.mkfifo(tmp_path / "pipe")
    done = run_in(tmp_path, "audit", *names, *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert BAD[arguments] in done.stderr


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_alone(terminal: bool, tmp_path: Path) -> None:
    names = wheels(tmp_path, "a", "b", "c")
    ours, theirs = pty.openpty() if terminal else os.pipe()
    command = [sys.executable, "-m", "customtags", "audit", "-j2", "--json-lines", *ONLY, *names]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=True, cwd=tmp_path)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert done.stdout.count(b"\n") == 3
    counts = [f"audited {number} of 3 wheels" for number in (0, 1, 2, 3)]
    assert [each for each in counts if each in shown] == (counts if terminal else [])
    assert shown.endswith("\r\x1b[K" if terminal else "")


def test_no_wheel_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("\n\n", encoding="utf-8")
    done = run_in(tmp_path, "audit", "--from-file", "list")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "customtags: no wheel is named; name wheels or folders, or use --from-file\n"
    )
