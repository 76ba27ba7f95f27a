"""An archive is copied to the byte but for what is changed, and one that two readers could understand differently is refused."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customtags.errors import WheelError
from customtags.wheels.archive import Archive
from customtags.wheels.archive_writer import rewrite
from customtags.wheels.copying import copy, copy_through_memory
from customtags.wheels.zipformat import (
    FULL,
    LOCAL,
    STORED,
    Entry,
    ending,
    moved,
    pack,
    unpack,
    wide_sizes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


#: What a member may carry beside its content.
UNIX_TIME = struct.pack("<2HBL", 0x5455, 5, 1, 1_700_000_000)


def member(
    name: str, mode: int = 0o100644, extra: bytes = b"", comment: bytes = b""
) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, (2020, 2, 29, 12, 34, 56))
    made.external_attr, made.extra, made.comment = mode << 16, extra, comment
    made.compress_type = zipfile.ZIP_DEFLATED
    return made


#: Members of every kind that a wheel may have.
MEMBERS = {
    "package/": member("package/", stat.S_IFDIR | 0o755),
    "package/module.py": member("package/module.py", 0o100755, UNIX_TIME),
    "package/stored.bin": member("package/stored.bin", comment=b"a comment"),
    "package/link": member("package/link", stat.S_IFLNK | 0o777),
    "package/ünï.txt": member("package/ünï.txt"),
    "info/RECORD": member("info/RECORD"),
    "package/last.py": member("package/last.py"),
}
MEMBERS["package/stored.bin"].compress_type = zipfile.ZIP_STORED


def noise(size: int) -> bytes:
    """Give bytes that cannot be compressed, the same each time."""
    return hashlib.shake_256(b"noise").digest(size)


def content(name: str) -> bytes:
    return b"" if name.endswith("/") else noise(999) + name.encode() * 99


def build(path: Path, *, large: bool = False, streamed: bool = False) -> Path:
    """Write an archive of all kinds of members, with wide fields or with descriptors if asked."""
    out = Unseekable() if streamed else io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = b"of the archive"
        for name, info in MEMBERS.items():
            made = zipfile.ZipInfo.__new__(zipfile.ZipInfo)
            for slot in zipfile.ZipInfo.__slots__:
                if hasattr(info, slot):
                    setattr(made, slot, getattr(info, slot))
            with archive.open(made, "w", force_zip64=large) as file:
                file.write(content(name))
    path.write_bytes(out.getvalue())
    return path


class Unseekable(io.BytesIO):
    """Makes zipfile write each member's sizes behind its data."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise OSError

    def tell(self) -> int:
        raise OSError


KINDS = {"usual": {}, "wide": {"large": True}, "descriptors": {"streamed": True}}


@pytest.fixture(params=KINDS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return build(tmp_path / "a.zip", **KINDS[request.param])


def rewritten(
    path: Path, names: Mapping[str, str] | None = None, contents: Mapping[str, bytes] | None = None
) -> Path:
    result = path.with_suffix(".new")
    with result.open("wb") as out:
        rewrite(Archive(path), out.fileno(), contents or {}, names or {})
    return result


def test_without_a_change_every_byte_is_the_same(path: Path) -> None:
    assert rewritten(path).read_bytes() == path.read_bytes()


def test_what_is_read_is_what_was_written(path: Path) -> None:
    archive = Archive(path)
    assert {each.name: archive.read(each) for each in archive.members} == {
        name: content(name) for name in MEMBERS
    }


@pytest.mark.parametrize("most", [1, 7, 1 << 12])
def test_pieces_of_any_size_make_the_whole(path: Path, most: int) -> None:
    archive = Archive(path)
    for each in archive.members:
        pieces = [*archive.chunks(each, most)]
        assert b"".join(pieces) == content(each.name)
        assert max(map(len, pieces[:-1]), default=0) <= most


def test_names_and_contents_change_and_nothing_else(path: Path) -> None:
    names = {"package/module.py": "packaged/module.py", "package/ünï.txt": "packaged/ünï.txt"}
    contents = {"info/RECORD": b"new" * 99, "package/stored.bin": b"", "package/ünï.txt": b"."}
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(rewritten(path, names, contents)) as new:
        assert new.testzip() is None
        assert new.comment == b"of the archive"
        for before, after in zip(old.infolist(), new.infolist()):
            name = before.filename
            assert after.filename == names.get(name, name)
            assert new.read(after) == contents.get(name, content(name))
            kept = ("date_time", "compress_type", "comment", "external_attr", "create_system")
            for attribute in kept:
                assert getattr(after, attribute) == getattr(before, attribute)
            assert UNIX_TIME in after.extra or UNIX_TIME not in before.extra
            if name not in contents:
                assert (after.CRC, after.compress_size) == (before.CRC, before.compress_size)


def test_changing_there_and_back_gives_the_same_bytes(path: Path) -> None:
    there = rewritten(path, {"info/RECORD": "i/R"})
    there.rename(path.with_suffix(".there"))
    back = rewritten(path.with_suffix(".there"), {"i/R": "info/RECORD"})
    assert back.read_bytes() == path.read_bytes()


@given(st.dictionaries(st.sampled_from(sorted(MEMBERS)[1:]), st.binary(max_size=3000)))
def test_any_contents_are_found_again(contents: dict[str, bytes]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = build(Path(folder) / "a.zip")
        archive = Archive(rewritten(path, contents=contents))
        for each in archive.members:
            assert archive.read(each) == contents.get(each.name, content(each.name))


def patched(old: bytes, new: bytes, number: int = 1) -> Callable[[bytes], bytes]:
    return lambda archive: archive.replace(old, new, number)


def flagged(archive: bytes) -> bytes:
    """Set the flag of encryption, in front of the last member and in its entry."""
    name = b"package/last.py"
    for signature, size, flags in ((b"PK\3\4", 30, 6), (b"PK\1\2", 46, 8)):
        at = archive.index(name, archive.index(signature)) - size
        at = archive.rindex(name) - size if signature == b"PK\1\2" else at
        assert archive[at : at + 4] == signature
        archive = (
            archive[: at + flags] + bytes([archive[at + flags] | 1]) + archive[at + flags + 1 :]
        )
    return archive


def between(archive: bytes) -> bytes:
    """Put bytes in front of the directory, and tell the end that it begins behind them."""
    end = archive.rindex(b"PK\5\6")
    (place,) = struct.unpack_from("<L", archive, end + 16)
    moved = (
        archive[:end] + archive[end : end + 16] + struct.pack("<L", place + 4) + archive[end + 20 :]
    )
    return moved[:place] + b"oops" + moved[place:]


#: What is wrong → how an archive is spoilt, and what is said.
SPOILT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "no zip": (lambda _: b"#!/bin/sh\n" * 99, "is not a zip archive; build or download it again"),
    "empty": (lambda _: b"", "is not a zip archive"),
    "cut": (lambda archive: archive[:-50], "is truncated"),
    "cut in front": (lambda archive: archive[50:], "is truncated"),
    "behind": (lambda archive: archive + b"more", "has bytes after the archive"),
    "before": (lambda archive: b"#!python\n" + archive, "has 9 bytes before the archive"),
    "between": (between, "has bytes after 'package/last.py' that belong to no member"),
    "encrypted": (flagged, "has the encrypted member 'package/last.py'"),
    "nul": (patched(b"package/link", b"package/\0ink", 9), "has the unsafe member path"),
    "traversal": (patched(b"package/last.py", b"../../../etc/pw", 9), "has the unsafe member path"),
    "absolute": (patched(b"package/link", b"/ackage/link", 9), "has the unsafe member path"),
    "drive": (patched(b"package/link", b"C:ckage/link", 9), "has the unsafe member path"),
    "backslash": (
        patched(b"package/last.py", b"a\\..\\..\\last.py", 9),
        "has the unsafe member path",
    ),
    "two names": (patched(b"package/link", b"package/kink", 1), "differently in its directory"),
    "nonsense": (patched(b"PK\1\2", b"PK\1\7"), "has a corrupt directory"),
}


@pytest.mark.parametrize("wrong", SPOILT)
def test_what_a_copy_would_carry_on_is_refused(tmp_path: Path, wrong: str) -> None:
    spoil, message = SPOILT[wrong]
    path = build(tmp_path / "a.whl")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(WheelError, match=message.replace(".", r"\.")):
        Archive(path).check()


def test_duplicate_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.py", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.py", "2")
    with pytest.raises(WheelError, match=r"contains 'a\.py' twice"):
        Archive(path)


def test_a_damaged_member_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = build(tmp_path / "a.whl")
    whole = path.read_bytes()
    at = whole.index(content("package/stored.bin"))
    path.write_bytes(whole[:at] + b"\0" + whole[at + 1 :])
    archive = Archive(path)
    (spoilt,) = (each for each in archive.members if each.name == "package/stored.bin")
    with pytest.raises(WheelError, match=r"has the damaged member 'package/stored\.bin'"):
        archive.read(spoilt)


def test_no_more_is_inflated_than_is_announced(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1 << 22))
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", 1 << 22), struct.pack("<L", 99)))
    found = Archive(path)
    given: list[bytes] = []
    with pytest.raises(WheelError, match="has the damaged member 'a'"):
        given.extend(found.chunks(found.members[0]))
    assert sum(map(len, given)) <= 99


def test_a_file_that_changes_meanwhile_is_not_copied(tmp_path: Path) -> None:
    path = build(tmp_path / "a.whl")
    archive = Archive(path)
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(WheelError, match="was changed while it was read"):
        rewrite(archive, 0, {}, {})


@pytest.mark.parametrize("way", [copy, copy_through_memory])
def test_every_way_of_copying_copies(
    tmp_path: Path, way: Callable[[int, int, int, int], None]
) -> None:
    source = tmp_path / "source"
    source.write_bytes(noise(3 << 20))
    with source.open("rb") as one, (tmp_path / "target").open("wb") as other:
        os.write(other.fileno(), b"head")
        way(one.fileno(), other.fileno(), 1000, 3 << 20)
    assert (tmp_path / "target").read_bytes() == b"head" + source.read_bytes()[1000:]


def test_what_the_kernel_does_not_support_goes_through_memory(tmp_path: Path) -> None:
    """copy_file_range(2) refuses a file that is opened for appending."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"0123456789")
    with source.open("rb") as one, target.open("ab") as other:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.copy_file_range(one.fileno(), other.fileno(), 8, 2)
        copy(one.fileno(), other.fileno(), 2, 10)
    assert target.read_bytes() == b"23456789"


def test_a_source_that_has_become_shorter_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"short")
    with source.open("r+b") as one, pytest.raises(OSError, match="has become shorter"):
        copy(one.fileno(), one.fileno(), 5, 99)


def test_an_archive_of_more_than_4_gib_is_read_and_its_members_move(tmp_path: Path) -> None:
    """The first member is a hole in the file, so that it takes no room."""
    path, size = tmp_path / "large.zip", 5 << 30
    small = build(tmp_path / "small.zip")
    (one,) = (each for each in Archive(small).members if each.name == "package/last.py")
    with small.open("rb") as file:
        file.seek(one.offset)
        last = file.read(one.end - one.offset)
    numbers = (b"PK\1\2", 45, 45, 0, STORED, 0, 33, 0, size, size, *[0] * 6, 0)
    hole = pack(Entry._make(numbers), b"hole", b"", b"", frozenset())
    header = LOCAL.pack(b"PK\3\4", 45, 0, STORED, 0, 33, 0, FULL, FULL, 4, 20) + b"hole"
    header += wide_sizes(size, size)
    moved_on = moved(one.entry, len(header) + size)
    with path.open("wb") as out:
        out.write(header)
        out.seek(size, os.SEEK_CUR)
        out.write(last)
        place = out.tell()
        out.write(hole + moved_on + ending(2, len(hole + moved_on), place, b"", large=False))
    archive = Archive(path)
    archive.check()
    assert (archive.members[0].name, archive.members[0].size) == ("hole", size)
    assert archive.read(archive.members[1]) == content("package/last.py")
    with zipfile.ZipFile(path) as theirs:
        assert [each.header_offset for each in theirs.infolist()] == [0, len(header) + size]
        assert theirs.read("package/last.py") == content("package/last.py")
    back = unpack(moved(moved_on, 7))
    assert (back[0].offset, *back[4]) == (7, "offset")
