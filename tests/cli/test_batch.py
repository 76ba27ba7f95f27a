"""One bad wheel among several: the others get their verdict, the bad one its line, and the status is 2."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from command import run_in
from customtags.cli.batch import Batch
from customtags.errors import CustomtagsError
from customtags.wheels.writer import create

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TAG = "py3-none-linux_x86_64"

#: Verb → what stands after the wheels, and the key that names a wheel in its entries; explain and repair are tested in their rooms.
VERBS = {
    "audit": ([], "wheel"),
    "retag": (["--isa=v3", "-d", "out"], "source"),
    "variant": (["--null", "-d", "out"], "source"),
}

#: A wheel that cannot be read → how it is made.
BAD: dict[str, Callable[[Path], object]] = {
    f"missing-1-{TAG}.whl": lambda path: None,  # noqa: ARG005
    f"folder-1-{TAG}.whl": lambda path: path.mkdir(),
    f"empty-1-{TAG}.whl": lambda path: path.write_bytes(b""),
    f"loop-1-{TAG}.whl": lambda path: path.symlink_to(path.name),
    f"noise-1-{TAG}.whl": lambda path: path.write_bytes(b"PK\3\4 but no more of it"),
    "README.md": lambda path: path.write_bytes(b"# README"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("verb", VERBS)
def test_every_wheel_gets_its_verdict(verb: str, bad: str, tmp_path: Path) -> None:
    options, key = VERBS[verb]
    good = [create(tmp_path, name, "1", TAG, {}).name for name in ("a", "b")]
    BAD[bad](tmp_path / bad)
    names = [good[0], bad, good[1]]
    done = run_in(tmp_path, verb, *names, *options)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("customtags: ")
    assert bad in done.stderr
    assert [name in done.stdout for name in names] == [True, False, True]
    done = run_in(tmp_path, verb, *names, *options, "--json")
    entries = json.loads(done.stdout)["wheels"]
    assert (done.returncode, [entry[key] for entry in entries]) == (2, names)
    assert [entry.get("error", "") in done.stderr for entry in entries] == [True] * 3
    assert ["error" in entry for entry in entries] == [False, True, False]


@pytest.mark.parametrize("name", ["missing.whl", "missing-1-py3-none-any.whl"])
@pytest.mark.parametrize("verb", ["audit", "audit --json-lines", "retag", "repair", "variant"])
def test_a_missing_file_is_called_missing_whatever_its_name_is(
    verb: str, name: str, tmp_path: Path
) -> None:
    done = run_in(tmp_path, *verb.split(), name)
    assert done.returncode == 2
    assert done.stderr == f"customtags: {name!r} does not exist; check the path\n"


def test_an_error_that_does_not_name_its_wheel_gets_the_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work(wheel: str) -> int:
        if wheel != "b.whl":
            raise CustomtagsError("no" if wheel == "a.whl" else "'c.whl' is bad", "build it again")
        return 3

    batch = Batch(["a.whl", "b.whl", "c.whl"])
    assert list(batch.each(work)) == [("b.whl", 3)]
    assert capsys.readouterr().err.splitlines() == [
        "customtags: a.whl: no; build it again",
        "customtags: 'c.whl' is bad; build it again",
    ]
    assert list(batch.each(len)) == [("b.whl", 5)]
    assert (batch.status(0), batch.status(1)) == (2, 2)
    assert [entry["wheel"] for entry in batch.report()] == ["a.whl", "c.whl"]


def test_a_file_that_is_not_a_wheel_is_not_taken_for_a_project(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"# README")
    done = run_in(tmp_path, "explain", "README.md")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'README.md' is not a wheel file name; expected NAME-VERSION" in done.stderr
