"""What a wheel is: its own .dist-info among others, its fields, and what it becomes."""

from __future__ import annotations

import os
import struct
import zipfile
from email.parser import HeaderParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customtags.errors import WheelError
from customtags.wheels import archive_writer, filename
from customtags.wheels.edit import edit
from customtags.wheels.metadata import Fields, with_requirements
from customtags.wheels.wheel import Wheel
from customtags.wheels.writer import create, write
from unpacked import contents

if TYPE_CHECKING:
    from pathlib import Path

TAG = "cp312-cp312-linux_x86_64"
INFO = "example-1.dist-info"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return create(tmp_path / "built", "example", "1", TAG, {"example.py": b"1", "b/c.txt": b"2"})


def test_a_wheel_is_read(wheel: Path) -> None:
    found = Wheel(wheel)
    assert found.info == INFO
    assert found.names == (
        *("example.py", "b/c.txt"),
        *(found.own(each) for each in ("METADATA", "WHEEL", "RECORD")),
    )
    assert found.read("b/c.txt") == b"2"
    assert (found.text("example.py"), found.text("none.py")) == ("1", "")
    assert found.metadata.get("name") == "example"
    assert found.metadata.get("Requires-Python") is None
    assert found.tags == [TAG]
    assert [row.path for row in found.record.rows] == [*found.names]
    with pytest.raises(WheelError, match=r"does not contain 'none\.py'"):
        found.read("none.py")


def test_a_text_is_read_up_to_one_mebibyte(tmp_path: Path) -> None:
    made = create(tmp_path, "example", "1", TAG, {"long.txt": b"x" * (1 << 21)})
    assert len(Wheel(made).text("long.txt")) == 1 << 20


@pytest.mark.parametrize(
    ("folders", "own"),
    [
        (["example-1"], "example-1"),
        (["Exam.ple-1.0"], "Exam.ple-1.0"),
        (["other-1"], "other-1"),
        (["a-1", "exam_ple-1", "z-1"], "exam_ple-1"),
        (["a-1", "z-1"], None),
        (["example-1", "EXAMPLE-1.0"], None),
        ([], None),
    ],
)
def test_the_own_dist_info_is_that_of_the_name_or_the_only_one(
    folders: list[str], own: str | None, tmp_path: Path
) -> None:
    project = "exam_ple" if any("am" in each and "ple-1" in each for each in folders[1:2]) else ""
    path = tmp_path / f"{project or 'exam_ple'}-1-{TAG}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("example/vendored-1.dist-info/METADATA", "")
        for each in folders:
            archive.writestr(f"{each}.dist-info/METADATA", "")
    found = Wheel(path, filename.parse(f"example-1-{TAG}.whl") if "example-1" in folders else None)
    if own is None:
        with pytest.raises(WheelError, match=f"has {len(folders)} .dist-info folders"):
            found.info  # noqa: B018
    else:
        assert found.info == f"{own}.dist-info"


def test_a_second_dist_info_at_the_top_is_refused_as_pip_refuses_it(tmp_path: Path) -> None:
    made = create(tmp_path, "example", "1", TAG, {"other-1.dist-info/METADATA": b""})
    assert Wheel(made).info == INFO
    with pytest.raises(WheelError, match=r"has 'other-1\.dist-info' beside its own"):
        Wheel(made).check()


#: A line that both parsers must take alike, and the pieces that decide how.
PIECES = st.lists(
    st.sampled_from(
        ["Name", "name", "Tag", ": ", ":", " ", "\t", "x", "ü", "\r\n", "\n", "\n\n", "-"]
    )
)


@given(PIECES)
def test_fields_are_those_of_the_parser_that_pip_uses(pieces: list[str]) -> None:
    text = "".join(pieces)
    fields, message = Fields(text.encode()), HeaderParser().parsestr(text)
    assert list(fields) == message.items()
    assert fields.get("NAME") == (None if message["name"] is None else message["name"].strip())
    assert fields.all("tag") == [value.strip() for value in message.get_all("tag", [])]


@pytest.mark.parametrize("end", ["", "\n", "\n\nA description\n", "\r\n\r\nA description"])
def test_requirements_are_added_before_the_description(end: str) -> None:
    old = f"Name: example\nRequires-Dist: a{end}".encode()
    new = with_requirements(old, ["b>=1", "c"])
    assert Fields(new).all("Requires-Dist") == ["a", "b>=1", "c"]
    assert new.replace(b"\nRequires-Dist: b>=1\nRequires-Dist: c", b"") == old


def test_members_change_come_and_go_and_record_follows(wheel: Path, tmp_path: Path) -> None:
    found, file = Wheel(wheel), tmp_path / "file"
    file.write_bytes(b"3" * (3 << 20))
    changes = {"example.py": None, "b/c.txt": file, "b/ü.txt": b"4", f"{INFO}/extra": b"5"}
    made = edit(found, found.name, changes, tmp_path / "out")
    assert made.changed == [*changes, f"{INFO}/RECORD"]
    after = contents(write(made))
    assert list(after) == [
        *("b/c.txt", f"{INFO}/METADATA", f"{INFO}/WHEEL"),
        *("b/ü.txt", f"{INFO}/extra", f"{INFO}/RECORD"),
    ]
    assert (after["b/c.txt"], after["b/ü.txt"]) == (file.read_bytes(), b"4")


def test_a_new_member_of_a_folder_that_carries_the_version_follows_it(
    wheel: Path, tmp_path: Path
) -> None:
    found = Wheel(wheel)
    files = {found.own("variant.json"): b"{}", "example-1.data/data/more": b"1"}
    made = edit(found, found.name._replace(version="1+x"), files, tmp_path)
    after = contents(write(made))
    assert after["example-1+x.dist-info/variant.json"] == b"{}"
    assert after["example-1+x.data/data/more"] == b"1"
    assert not [name for name in after if name.startswith((f"{INFO}/", "example-1.data/"))]
    Wheel(made.target).check()


def test_what_comes_and_goes_again_leaves_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    found = Wheel(wheel)
    there = write(edit(found, found.name, {found.own("variant.json"): b"{}"}, tmp_path / "there"))
    changed = Wheel(there)
    changed.check()
    back = edit(changed, changed.name, {changed.own("variant.json"): None}, tmp_path / "back")
    assert write(back).read_bytes() == wheel.read_bytes()


def test_what_is_given_as_it_was_is_no_change(wheel: Path, tmp_path: Path) -> None:
    found = Wheel(wheel)
    made = edit(found, found.name, {"example.py": b"1", "gone.py": None}, tmp_path)
    assert (made.changed, made.contents) == ([], {})
    assert write(made).read_bytes() == wheel.read_bytes()


def test_a_changed_file_of_the_metadata_gets_the_new_name_too(wheel: Path, tmp_path: Path) -> None:
    found = Wheel(wheel)
    described = found.own("METADATA")
    changed = with_requirements(found.read(described), ["other"])
    made = edit(found, found.name._replace(version="1+x"), {described: changed}, tmp_path)
    fields = Fields(made.metadata)
    assert (fields.get("Version"), fields.get("Requires-Dist")) == ("1+x", "other")
    assert contents(write(made))["example-1+x.dist-info/METADATA"] == made.metadata


def test_a_content_of_more_than_4_gib_has_room_in_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is lowered, so that a small content is a large one."""
    monkeypatch.setattr(archive_writer, "_LARGE", 1 << 10)
    path, found = tmp_path / "a.zip", os.urandom(1 << 11)
    with path.open("wb") as out:
        archive_writer.create(out.fileno(), {"large": found, "small": b"1"})
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert (archive.read("large"), archive.read("small")) == (found, b"1")
    header = path.read_bytes()[: 30 + len("large") + 20]
    assert struct.unpack_from("<2L", header, 18) == (0xFFFFFFFF, 0xFFFFFFFF)
    assert struct.unpack_from("<2HQ", header, 35) == (1, 16, len(found))
