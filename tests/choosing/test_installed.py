"""Which installed distributions no longer fit, and of which an index has better wheels; with real pip in tests/real."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from command import run
from customtags.choosing.installed import Distribution, better, distributions, unfit
from customtags.choosing.offer import named
from sample import seed

if TYPE_CHECKING:
    from pathlib import Path

TARGET = seed()
V3, V4, ANY = (
    f"cp312-cp312-linux_x86_64{end}" if end else "py3-none-any" for end in ("_v3", "_v4", "")
)


def installed(tag: str, *, direct: bool = False) -> Distribution:
    return Distribution("Example", "1.0", (tag,), direct)


def test_remains_of_an_uninstall_and_other_kinds_are_skipped(tmp_path: Path) -> None:
    files = {
        "left": {"WHEEL": "Tag: py3-none-any"},
        "broken": {"WHEEL": "\xff", "METADATA": "Name: broken\nVersion: 1\n"},
        "egg": {"METADATA": "Name: egg\nVersion: 1\n"},
        "whole": {
            "METADATA": "Name: whole\nVersion: 1.0\n",
            "WHEEL": "Wheel-Version: 1.0\nTag: cp311.CP312-abi3-linux_x86_64\nTag: nonsense\n",
            "direct_url.json": "{}",
        },
    }
    for name, texts in files.items():
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        for file, text in texts.items():
            (folder / file).write_bytes(text.encode("latin-1"))
    tags = ("cp311-abi3-linux_x86_64", "cp312-abi3-linux_x86_64")
    assert distributions([str(tmp_path)]) == [Distribution("whole", "1.0", tags, direct=True)]


def test_what_the_machine_no_longer_accepts_is_found_with_its_nearest_tag() -> None:
    old = Distribution("old", "1.0", ("cp312-cp312-win_amd64", V4), direct=False)
    nothing = Distribution("nothing", "1.0", (), direct=False)
    (found,) = unfit([installed(V3), installed(ANY), old, nothing], TARGET)
    assert (found.distribution, found.nearest.name) == (old, V4)
    assert found.distribution.reinstall() == "pip install --force-reinstall --no-deps old==1.0"


@pytest.mark.parametrize(
    ("own", "direct", "offers", "wheel"),
    [
        (ANY, False, [f"example-1.0-{V3}.whl"], f"example-1.0-{V3}.whl"),
        (V4, False, [f"example-1.0-{V3}.whl"], f"example-1.0-{V3}.whl"),
        (V3, False, [f"example-1.0-{V3}.whl"], None),
        (ANY, True, [f"example-1.0-{V3}.whl"], None),
        (ANY, False, [f"example-1.0-{V4}.whl", f"example-1.1-{V3}.whl"], None),
        (ANY, False, [f"example-1.0+cpu-{V3}.whl"], None),
        (V4, False, ["example-1.0-cp312-cp312-linux_x86_64.whl"], None),
        (ANY, False, [], None),
    ],
)
def test_a_better_wheel_is_of_the_same_version_and_has_an_extended_tag(
    own: str, direct: bool, offers: list[str], wheel: str | None
) -> None:
    found = list(better([installed(own, direct=direct)], TARGET, lambda _: named(offers)))
    assert [each.wheel for each in found] == ([wheel] if wheel else [])
    for each in found:
        command = "pip install --force-reinstall --no-deps Example===1.0"
        assert each.distribution.reinstall("===") == command


def test_doctor_names_an_index_that_cannot_be_read() -> None:
    done = run("doctor", "--index", "ftp://me:secret@wheels.invalid/simple")
    assert done.returncode == 2
    assert "is neither https nor a trusted host" in done.stderr
    assert "secret" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_doctor_names_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    none = tmp_path / "none"
    done = run("doctor", "--index", str(none))
    message = f"customtags: {none} is neither a URL nor a folder; name an index or a folder\n"
    assert (done.returncode, done.stderr) == (2, message)
