"""A retagged wheel agrees with itself, and what would break is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from customtags.errors import CustomtagsError
from customtags.wheels import record
from customtags.wheels.retag import retag
from customtags.wheels.write import write

TAG = "cp312-cp312-linux_x86_64"
FILES = {"example.py": b"", "example-1.2.3.data/scripts/run": b"#!python\n", "a,b.txt": b"c" * 999}


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return write(tmp_path / "built", "example", "1.2.3", TAG, FILES)


def contents(wheel: Path) -> dict[str, bytes]:
    """Give every file of a wheel, and check that RECORD is exact."""
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    listed = next(name for name in found if name.endswith(".dist-info/RECORD"))
    rows = record.parse(found[listed])
    files = {name: content for name, content in found.items() if not name.endswith("/")}
    assert [row.path for row in rows] == list(files)
    for row in rows:
        right = record.digest(files[row.path]), str(len(files[row.path]))
        assert (row.hash, row.size) == (("", "") if row.path == listed else right)
    return found


def test_a_wheel_gets_platforms_and_a_local_version_everywhere(wheel: Path, tmp_path: Path) -> None:
    platforms = ["linux_x86_64_v3_fc39_rocm6_0"]
    made = retag(wheel, platforms=platforms, local="fc39.rocm6.0", folder=tmp_path)
    assert made == tmp_path / f"example-1.2.3+fc39.rocm6.0-{TAG}_v3_fc39_rocm6_0.whl"
    found = contents(made)
    info = "example-1.2.3+fc39.rocm6.0.dist-info"
    assert list(found) == [
        "example.py",
        "example-1.2.3+fc39.rocm6.0.data/scripts/run",
        "a,b.txt",
        *(f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD")),
    ]
    assert b"\nVersion: 1.2.3+fc39.rocm6.0\n" in found[f"{info}/METADATA"]
    assert found[f"{info}/WHEEL"].endswith(f"\nTag: {TAG}_v3_fc39_rocm6_0\n".encode())


def test_undo_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    made = retag(wheel, platforms=["linux_x86_64_v3_fc39"], local="fc39", folder=tmp_path)
    undone = retag(made, platforms=["linux_x86_64"], local="")
    assert undone.name == wheel.name
    assert undone.read_bytes() == wheel.read_bytes()


@pytest.mark.parametrize(
    ("platforms", "message"),
    [
        (["linux_x86_64_v3", "linux_x86_64"], "mixes extended and stock tags"),
        (["linux_x86_64_v9"], "is of no known dimension"),
        (["linux_x86_64_rocm6.0"], "a dot separates platforms"),
        (["linux_aarch64_v8_2"], "is built for x86_64, not for aarch64"),
        (["linuxx86_64_v3"], "is no platform of any system"),
    ],
)
def test_platforms_that_would_fit_no_machine_or_every_one_are_refused(
    wheel: Path, platforms: list[str], message: str
) -> None:
    with pytest.raises(CustomtagsError, match=message):
        retag(wheel, platforms=platforms)
    assert list(wheel.parent.iterdir()) == [wheel]
