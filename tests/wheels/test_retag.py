"""A retagged wheel agrees with itself, and what would break is refused."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from command import run_in
from customtags.errors import CustomtagsError, WheelError
from customtags.wheels import filename, metadata, record, sboms
from customtags.wheels.retag import retag
from customtags.wheels.wheel import Wheel
from customtags.wheels.writer import create
from unpacked import contents

if TYPE_CHECKING:
    from collections.abc import Callable

TAG = "cp312-cp312-linux_x86_64"
FILES = {"example.py": b"", "example-1.2.3.data/scripts/run": b"#!python\n", "a,b.txt": b"c" * 999}


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return create(tmp_path / "built", "example", "1.2.3", TAG, FILES)


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


def test_the_same_input_gives_the_same_bytes_and_may_be_there_already(
    wheel: Path, tmp_path: Path
) -> None:
    made = retag(wheel, platforms=["linux_x86_64_v3"], folder=tmp_path)
    first = made.read_bytes()
    assert retag(wheel, platforms=["linux_x86_64_v3"], folder=tmp_path) == made
    assert made.read_bytes() == first


def test_a_set_is_sorted_and_has_one_tag_to_a_line(tmp_path: Path) -> None:
    old = create(tmp_path, "example", "1", "py2.py3-none-linux_x86_64", {})
    made = retag(old, platforms=["linux_x86_64_v3_fc40", "linux_x86_64_v3_fc39"], build="7")
    assert made.name == "example-1-7-py2.py3-none-linux_x86_64_v3_fc39.linux_x86_64_v3_fc40.whl"
    lines = contents(made)["example-1.dist-info/WHEEL"].decode().splitlines()
    assert lines[-5:] == [
        "Build: 7",
        *(
            f"Tag: {python}-none-linux_x86_64_v3_{release}"
            for python in ("py2", "py3")
            for release in ("fc39", "fc40")
        ),
    ]
    undone = retag(made, platforms=["linux_x86_64"], build="", folder=tmp_path / "undone")
    assert undone.read_bytes() == old.read_bytes()


def test_the_old_wheel_is_removed_only_if_asked(wheel: Path) -> None:
    wheel.chmod(0o640)
    made = retag(wheel, platforms=["linux_x86_64_v2"])
    assert sorted(wheel.parent.iterdir()) == [wheel, made]
    again = retag(made, platforms=["linux_x86_64_v3"], remove=True)
    assert sorted(wheel.parent.iterdir()) == [wheel, again]
    assert again.stat().st_mode & 0o777 == 0o640


def test_in_place_a_wheel_is_replaced_by_itself(wheel: Path) -> None:
    """Its WHEEL has another order than ours, so the name stays and the content changes."""
    spoil(wheel, {"WHEEL": lambda text: text.replace(b"Tag:", b"Build: 1\nTag:")})
    wheel = wheel.rename(wheel.with_name(wheel.name.replace("-cp", "-1-cp", 1)))
    spoil(wheel, {"WHEEL": lambda text: text.replace(b"Build: 1\n", b"") + b"Build: 1\n"})
    before = wheel.read_bytes()
    with pytest.raises(WheelError, match="--remove replaces it"):
        retag(wheel, platforms=["linux_x86_64"])
    assert wheel.read_bytes() == before
    folder = Path(os.path.relpath(wheel.parent))
    assert retag(wheel, platforms=["linux_x86_64"], folder=folder, remove=True).samefile(wheel)
    assert contents(wheel)["example-1.2.3.dist-info/WHEEL"].endswith(
        b"Build: 1\nTag: " + TAG.encode() + b"\n"
    )
    assert list(wheel.parent.iterdir()) == [wheel]


def spoil(wheel: Path, changes: dict[str, Callable[[bytes], bytes]]) -> None:
    """Change files of a wheel's .dist-info, and its RECORD with them unless that one is changed."""
    with zipfile.ZipFile(wheel) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    info = next(name for name in members if name.endswith("/RECORD")).removesuffix("RECORD")
    changed = {}
    for name, change in changes.items():
        changed[info + name] = members[info + name] = change(members.get(info + name, b""))
    if "RECORD" not in changes:
        rows = [
            row for row in record.Record(members[f"{info}RECORD"]).rows if row.path not in changed
        ]
        new = [record.described(name, [text]) for name, text in changed.items()]
        members[f"{info}RECORD"] = record.format([*rows, *new])
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)


@pytest.mark.parametrize(
    ("platforms", "message"),
    [
        (["linux_x86_64_v3", "linux_x86_64"], "mixes extended and stock tags"),
        (["linux_x86_64_v3.linux_x86_64"], "mixes extended and stock tags"),
        (["linux_x86_64_v9"], "is of no known dimension"),
        (["linux_x86_64_fc39_v3"], "write 'linux_x86_64_v3_fc39'"),
        (["linux_x86_64_rocm6.0"], "a dot separates platforms"),
        (["linux_aarch64_v8_2"], "is built for x86_64, not for aarch64"),
        (["linuxx86_64_v3"], "is not a platform of any system"),
        (["win_a-b"], "'win_a-b' is not a platform; use a-z"),
        (["win_a/b"], "'win_a/b' is not a platform; use a-z"),
    ],
)
def test_platforms_that_would_fit_no_machine_or_every_one_are_refused(
    wheel: Path, platforms: list[str], message: str
) -> None:
    with pytest.raises(CustomtagsError, match=message):
        retag(wheel, platforms=platforms)
    assert list(wheel.parent.iterdir()) == [wheel]


def test_what_is_refused_may_be_forced(wheel: Path, tmp_path: Path) -> None:
    made = retag(wheel, platforms=["linux_x86_64_quantum2"], unknown=True)
    assert made.name.endswith("_quantum2.whl")
    pure = create(tmp_path, "example", "1", "py3-none-any", {})
    with pytest.raises(WheelError, match="runs on any platform"):
        retag(pure, platforms=["linux_x86_64_v3"])
    assert retag(pure, platforms=["linux_x86_64_v3"], force=True).exists()


#: What is wrong in a wheel → what changes it so, and what is said.
WRONG: dict[str, tuple[dict[str, Callable[[bytes], bytes]], str]] = {
    "signed": ({"RECORD.jws": lambda _: b"{}"}, "is signed by RECORD.jws.*before it is signed"),
    "signed too": ({"RECORD.p7s": lambda _: b""}, "is signed by RECORD.p7s"),
    "tags": (
        {"WHEEL": lambda text: text.replace(b"linux_x86_64", b"manylinux_2_28_x86_64")},
        "is 'example-1.2.3-cp312-cp312-manylinux_2_28_x86_64.whl' according to its WHEEL; rename",
    ),
    "version": (
        {"METADATA": lambda text: text.replace(b"1.2.3", b"1.2.4")},
        "is 'example-1.2.4-.* according to its METADATA",
    ),
    "project": (
        {"METADATA": lambda text: text.replace(b"example", b"Other.Name")},
        "is 'Other_Name-1.2.3-.* according to its METADATA",
    ),
    "build": (
        {"WHEEL": lambda text: text + b"Build: 4\n"},
        "is 'example-1.2.3-4-cp312.* according to its WHEEL",
    ),
    "later": (
        {"WHEEL": lambda text: text.replace(b"Wheel-Version: 1", b"Wheel-Version: 2")},
        "has the wheel version 2",
    ),
    "unlisted": (
        {"RECORD": lambda text: text[text.index(b"\n") + 1 :]},
        "does not list 'example.py'",
    ),
    "missing": ({"RECORD": lambda text: text + b"b.py,,\n"}, "lists the missing file 'b.py'"),
    "nonsense": ({"RECORD": lambda text: text + b"b.py\n"}, "has an invalid RECORD"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wheel_that_contradicts_itself_is_refused(wheel: Path, wrong: str) -> None:
    changes, message = WRONG[wrong]
    spoil(wheel, changes)
    with pytest.raises(WheelError, match=message):
        retag(wheel, platforms=["linux_x86_64_v3"])
    assert list(wheel.parent.iterdir()) == [wheel]


@pytest.fixture
def renamed_by_hand(tmp_path: Path) -> Path:
    """A wheel as cupy-cuda13x 14.2.0 has one on PyPI: WHEEL says linux_x86_64, and the name a policy."""
    made = create(tmp_path / "cupy", "example", "1.2.3", TAG, FILES)
    return made.rename(made.with_name(made.name.replace("linux", "manylinux2014")))


@pytest.mark.parametrize(
    ("asked", "platform"),
    [
        (["--platform=manylinux_2_17_x86_64_v3"], "manylinux_2_17_x86_64_v3"),
        (["--platform=manylinux2014_x86_64"], "manylinux2014_x86_64"),
        (["--isa=v3", "--trust-name"], "manylinux_2_17_x86_64_v3"),
    ],
)
def test_a_wheel_with_other_platforms_inside_is_mended_on_request(
    renamed_by_hand: Path, asked: list[str], platform: str
) -> None:
    folder = renamed_by_hand.parent
    done = run_in(folder, "retag", renamed_by_hand.name, *asked, "-d", "out")
    assert (done.returncode, done.stderr) == (0, "")
    made = Wheel(folder / "out" / f"example-1.2.3-cp312-cp312-{platform}.whl")
    made.check()
    assert made.tags == [f"cp312-cp312-{platform}"]


def test_a_wheel_with_other_platforms_inside_is_refused_with_what_mends_it(
    renamed_by_hand: Path,
) -> None:
    with pytest.raises(WheelError, match="retag it with --trust-name if its name is right"):
        retag(renamed_by_hand, platforms=["linux_x86_64_v3"])
    retag(renamed_by_hand, platforms=["linux_x86_64_v3"], trust_name=True)


def test_a_trusted_name_must_still_have_the_python_and_the_abi_of_its_wheel(wheel: Path) -> None:
    spoil(wheel, {"WHEEL": lambda text: text.replace(b"cp312-cp312", b"cp311-cp311")})
    with pytest.raises(
        WheelError, match=r"is 'example-1.2.3-cp311-cp311-linux_x86_64\.whl' according to its"
    ):
        retag(wheel, platforms=["linux_x86_64_v3"], trust_name=True)
    spoil(wheel, {"WHEEL": lambda text: text.replace(b"Tag:", b"No-Tag:")})
    with pytest.raises(WheelError, match="has no valid Tag in its WHEEL"):
        retag(wheel, platforms=["linux_x86_64_v3"], trust_name=True)


def test_compressed_tags_in_wheel_are_those_of_the_name(tmp_path: Path) -> None:
    made = create(tmp_path, "example", "1", "cp311.cp312-abi3-linux_x86_64", {})
    compressed = b"Tag: cp311.cp312-abi3-linux_x86_64"
    spoil(made, {"WHEEL": lambda text: text[: text.index(b"Tag:")] + compressed})
    done = run_in(tmp_path, "audit", made.name, "--only=names", "--json")
    assert json.loads(done.stdout)["wheels"][0]["findings"] == []
    found = Wheel(retag(made, platforms=["linux_x86_64_v3"]))
    assert found.text(found.own("WHEEL")).endswith(
        "\nTag: cp311-abi3-linux_x86_64_v3\nTag: cp312-abi3-linux_x86_64_v3"
    )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        *((b"sha256=4", b"sha256=5"), (b"sha256", b"sha1"), (b"sha256", b"shake_128")),
        (b",0\n", b",1\n"),
    ],
)
def test_every_hash_is_checked_if_asked(
    wheel: Path, tmp_path: Path, right: bytes, wrong: bytes
) -> None:
    retag(wheel, platforms=["linux_x86_64_v3"], verify=True, folder=tmp_path / "right")
    spoil(wheel, {"RECORD": lambda text: text.replace(right, wrong)})
    with pytest.raises(WheelError, match="RECORD"):
        retag(wheel, platforms=["linux_x86_64_v3"], verify=True)
    assert retag(wheel, platforms=["linux_x86_64_v3"], folder=tmp_path / "unverified").exists()


def test_the_record_of_a_project_that_a_wheel_brings_along_is_checked_too(tmp_path: Path) -> None:
    path = "more/other-1.dist-info/RECORD"
    wheel = create(tmp_path, "example", "1", TAG, {path: b"1"})
    spoil(wheel, {"RECORD": lambda _: b"2"})  # it stands first, and the wheel's own stays
    with pytest.raises(WheelError, match=f"has '{path}' whose content is not that in its RECORD"):
        retag(wheel, platforms=["linux_x86_64_v3"], verify=True)


def test_two_folders_never_become_one(tmp_path: Path) -> None:
    files = {f"example-1{local}.data/scripts/run": b"" for local in ("", "+fc39")}
    wheel = create(tmp_path, "example", "1", TAG, files)
    with pytest.raises(WheelError, match=r"has a folder 'example-1\+fc39.data' already"):
        retag(wheel, platforms=["linux_x86_64_fc39"], local="fc39")
    assert list(tmp_path.iterdir()) == [wheel]


def test_what_is_no_text_in_wheel_stays(wheel: Path) -> None:
    spoil(wheel, {"WHEEL": lambda text: b"Generator: \xff\n" + text})
    made = retag(wheel, platforms=["linux_x86_64_v3"])
    assert contents(made)["example-1.2.3.dist-info/WHEEL"].startswith(b"Generator: \xff\n")


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_no_wheel(wheel: Path, make: Callable[[Path], None]) -> None:
    wheel.unlink()
    make(wheel)
    with pytest.raises(WheelError, match="is not a regular file"):
        retag(wheel, platforms=["linux_x86_64_v3"])


def test_what_cannot_be_removed_is_named_and_the_new_wheel_is_there(wheel: Path) -> None:
    wheel.with_name(f"{wheel.name}.metadata").mkdir()
    with pytest.raises(WheelError, match=f"{wheel.name}' cannot be removed .* is written"):
        retag(wheel, platforms=["linux_x86_64_v3"], remove=True)
    assert wheel.exists()
    assert contents(wheel.with_name(f"example-1.2.3-{TAG}_v3.whl"))


@pytest.mark.parametrize("json_asked", [True, False])
def test_what_was_done_before_an_error_is_told(
    wheel: Path, tmp_path: Path, *, json_asked: bool
) -> None:
    other = create(tmp_path, "other", "1", TAG, {})
    out = tmp_path / "out"
    out.mkdir()
    taken = out / f"other-1-{TAG}_v3.whl"
    taken.write_bytes(b"precious")
    asked = ["--isa=v3", "-d", "out", *(["--json"] if json_asked else [])]
    done = run_in(tmp_path, "retag", str(wheel), str(other), *asked)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert taken.name in done.stderr
    assert f"out/example-1.2.3-{TAG}_v3.whl" in done.stdout
    assert (taken.name in done.stdout) == json_asked  # as an entry with "error"
    assert taken.read_bytes() == b"precious"


def test_one_wheel_by_two_paths_is_one_file(wheel: Path) -> None:
    asked = ("--isa=v3", "--remove")
    done = run_in(wheel.parent, "retag", wheel.name, str(wheel), *asked)
    assert (done.returncode, "would become the same file" in done.stderr) == (2, True)
    assert list(wheel.parent.iterdir()) == [wheel]


def test_what_is_there_with_other_content_stays(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / f"example-1.2.3-{TAG}_v3.whl"
    target.write_bytes(b"precious")
    with pytest.raises(WheelError, match="exists already, with other content; remove it"):
        retag(wheel, platforms=["linux_x86_64_v3"], folder=tmp_path, remove=True)
    assert target.read_bytes() == b"precious"
    assert wheel.exists()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["built", target.name]


def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """A limit on the size of files stops a write as a full disk does."""
    big = create(tmp_path, "big", "1", TAG, {"noise": os.urandom(1 << 20)})

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, 1 << 18))

    before = {path: path.read_bytes() for path in tmp_path.glob("*.whl")}
    command = [sys.executable, "-m", "customtags", "retag", str(big), "--isa=v3", "--remove"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)
    assert done.returncode == 2
    assert "cannot be written (File too large); free" in done.stderr
    assert done.stderr.count("\n") == 1
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_an_index_gets_the_new_metadata_and_is_told_of_void_attestations(wheel: Path) -> None:
    """PEP 658 and PEP 740."""
    old = wheel.with_name(f"{wheel.name}.metadata")
    old.write_bytes(contents(wheel)["example-1.2.3.dist-info/METADATA"])
    void = wheel.with_name(f"{wheel.name}.publish.attestation")
    void.write_bytes(b"{}")
    done = run_in(wheel.parent, "retag", wheel.name, "--distro=fc39", "--local-version", "--remove")
    assert done.returncode == 0, done.stderr
    made = wheel.with_name(f"example-1.2.3+fc39-{TAG}_fc39.whl")
    described = made.with_name(f"{made.name}.metadata")
    assert set(wheel.parent.iterdir()) == {made, described, void}
    assert described.read_bytes() == contents(made)["example-1.2.3+fc39.dist-info/METADATA"]
    assert f"void: {void.name} attests the old wheel" in done.stdout
    assert str(described.name) in done.stdout


#: As auditwheel writes it (auditwheel.sboms, 6.8).
PURL = "pkg:pypi/{0}@{1}?file_name={2}"


def bill(name: str, version: str, file_name: str) -> dict[str, Any]:
    url = PURL.format(name, version.replace("+", "%2B"), file_name.replace("+", "%2B"))
    wheel = {"type": "library", "bom-ref": url, "name": name, "version": version, "purl": url}
    crate = {**wheel, "version": "1.2.3", "purl": "pkg:cargo/my-example@1.2.3"}
    other = {**wheel, "version": "1.2.3", "purl": "pkg:pypi/my-example-more@1.2.3"}
    del crate["bom-ref"], other["bom-ref"]
    return {"metadata": {"component": wheel}, "components": [wheel, crate, other], "ref": [url]}


@pytest.mark.parametrize("style", [{}, {"indent": 2}, {"indent": 4, "ensure_ascii": False}])
def test_a_bill_of_materials_that_names_the_wheel_names_the_new_one(
    tmp_path: Path, style: dict[str, Any]
) -> None:
    names = f"my_example-1.2.3-{TAG}.whl", f"my_example-1.2.3+fc39-{TAG}_fc39.whl"
    before = json.dumps(bill("my-example", "1.2.3", names[0]), **style).encode() + b"\n"
    after = json.dumps(bill("my-example", "1.2.3+fc39", names[1]), **style).encode() + b"\n"
    path = "my_example-1.2.3.dist-info/sboms/auditwheel.cdx.json"
    wheel = create(tmp_path, "my_example", "1.2.3", TAG, {path: before, "b/sboms/x.json": before})
    made = retag(wheel, platforms=["linux_x86_64_fc39"], local="fc39", folder=tmp_path / "made")
    found = contents(made)
    assert found["my_example-1.2.3+fc39.dist-info/sboms/auditwheel.cdx.json"] == after
    assert found["b/sboms/x.json"] == before
    back = retag(made, platforms=["linux_x86_64"], local="")
    assert back.read_bytes() == wheel.read_bytes()


@pytest.mark.parametrize(
    "text", [b"\xff", b"SPDXVersion: SPDX-2.3\n", b'{"name": "a", "version": "2"}']
)
def test_a_bill_that_names_something_else_stays(text: bytes) -> None:
    old, new = (filename.parse(f"a-{version}-py3-none-any.whl") for version in ("1", "1+x"))
    assert sboms.patched(text, old, new) == text


def test_record_keeps_its_order_its_line_ends_and_quoted_names() -> None:
    old = b'"a\n,b.py",sha256=x,1\r\na/RECORD,,\r\n\r\nc.py,"",\r\n'
    new = record.Record(old).rewritten({"c.py": "d,e.py"}, {}, "a/RECORD")
    assert new == old.replace(b'c.py,""', b'"d,e.py",')
    row = record.described("a\n,b.py", [b"1"])
    changed = old.replace(b"sha256=x", row.hash.encode())
    assert record.Record(old).rewritten({}, {row.path: row}, "a/RECORD") == changed
    another = record.Row("new.py", "sha256=y", "2")
    added = old.replace(b"a/RECORD", b"new.py,sha256=y,2\r\na/RECORD")
    assert record.Record(old).rewritten({}, {"new.py": another}, "a/RECORD") == added
    assert record.Record(added).rewritten({}, {"new.py": None}, "a/RECORD") == old


def test_metadata_changes_its_version_alone() -> None:
    old = b"Metadata-Version: 2.1\r\nname: a\r\nVERSION : 1.2+old.1 \r\n\r\nVersion: 9\r\n"
    assert metadata.with_local(old, "+fc39") == old.replace(b"+old.1", b"+fc39")
    assert metadata.with_local(old, "") == old.replace(b"+old.1", b"")


def test_wheels_that_would_become_the_same_file_are_refused(wheel: Path, tmp_path: Path) -> None:
    copy = create(tmp_path / "copy", "example", "1.2.3", TAG, {})
    done = run_in(tmp_path, "retag", str(wheel), str(copy), "--isa=v3", "-d", "out")
    assert (done.returncode, done.stderr.count("would become the same file")) == (2, 2)
    assert not (tmp_path / "out").exists()
    done = run_in(tmp_path, "retag", str(wheel), "--isa=v3", "-d", "out", "--json")
    shown = json.loads(done.stdout)
    name = f"out/example-1.2.3-{TAG}_v3.whl"
    assert [each["wheel"] for each in shown["wheels"]] == [name]
    assert shown["version"] == 1
    assert (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.whl", "--isa=v3"], "'no.whl' is not a wheel file name"),
        (["missing-1-py3-none-linux_x86_64.whl", "--isa=v3"], "does not exist; check the path"),
        (["--local-version", "a.whl", "b.whl"], "after the wheels"),
        (["a-1-py3-none-linux_x86_64.whl"], "no change is requested"),
        (["a-1-py3-none-linux_x86_64.whl", "--build=x"], "begin with a digit"),
        (["a-1-py3-none-linux_x86_64.whl", "--local-version=ü"], "use letters and digits"),
    ],
)
def test_bad_input_gets_one_line_with_the_cure(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    for each in arguments:
        if each.endswith(".whl") and not each.startswith("missing"):
            (tmp_path / each).touch()
    done = run_in(tmp_path, "retag", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr


def test_a_folder_that_cannot_be_made_is_not_called_full(wheel: Path) -> None:
    done = run_in(wheel.parent, "retag", wheel.name, "--isa=v3", "-d", "/proc/out")
    assert done.returncode == 2
    assert done.stderr.endswith(
        " cannot be written (No such file or directory); give another folder with -d\n"
    )


def test_here_is_the_machine_of_the_settings(wheel: Path) -> None:
    machine = {
        "CUSTOMTAGS_ISA": "v2",
        "CUSTOMTAGS_DISTRO": "el9.4",
        "CUSTOMTAGS_ACCELERATOR": "rocm6.2",
        "CUSTOMTAGS_SITE": "acme2",
    }
    done = run_in(wheel.parent, "retag", wheel.name, "--here", "--isa=none", "--json", **machine)
    assert done.returncode == 0, done.stderr
    (made,) = json.loads(done.stdout)["wheels"]
    assert made["wheel"] == f"example-1.2.3-{TAG}_el9_4_rocm6_2_acme2.whl"
    asked = ("--isa=here", "--abi=torch2.9", "--abi=numpy2", "--json")
    (made,) = json.loads(run_in(wheel.parent, "retag", wheel.name, *asked, **machine).stdout)[
        "wheels"
    ]
    assert made["wheel"] == f"example-1.2.3-{TAG}_v2_numpy2_torch2_9.whl"
