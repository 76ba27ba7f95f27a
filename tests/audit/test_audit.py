"""Wheels against their names: what needs no other package, and what comes of damaged and hostile archives."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customtags.audit import (
    CHECKS,
    CODES,
    MODULES,
    audit,
    gpu,
    runtimes,
    targets,
)
from customtags.audit.finding import Finding, Fix, true_name, true_platforms
from customtags.cli import main
from customtags.errors import CustomtagsError, WheelError
from customtags.libraries.links import requirements
from customtags.wheels.claims import NameClaims
from customtags.wheels.metadata import Fields
from customtags.wheels.unpacked import Limits
from customtags.wheels.writer import create

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parents[1]

#: The checks that need no other package.
ALONE = {name: CHECKS[name] for name in ("names", "accelerator")}


def elf(machine: str = "x86_64") -> bytes:
    return (HERE / "wheels/elf" / f"{machine}.so").read_bytes()


def gpu_code(targets: str) -> bytes:
    return (HERE / "audit/gpu" / f"{targets}.so").read_bytes()


def wheel(folder: Path, tag: str, files: dict[str, bytes] | None = None) -> Path:
    return create(folder, "demo", "1", tag, files or {"demo/lib.so": elf()})


def found(path: Path) -> set[tuple[str, str]]:
    return {(each.code, each.severity) for each in audit(path, ALONE)}


#: The platform → the GPU code in it → what is found, and the platform that would be true.
ACCELERATORS = [
    ("cuda13_0_sm80", "sm80,sm80+PTX", {"accelerator-proved"}, "cuda13_0_sm80"),
    ("cuda13_0", "sm80,sm80+PTX", {"accelerator-proved", "gpu-left-out"}, "cuda13_0"),
    ("cuda13_0_sm90a", "sm90a", {"accelerator-proved"}, "cuda13_0_sm90a"),
    ("cuda13_0", "sm90a", {"gpu-too-wide"}, "cuda13_0_sm90a"),
    ("cuda13_0_sm120", "sm90a", {"gpu-absent", "gpu-too-narrow"}, "cuda13_0_sm120"),
    ("cuda12_4_sm80", "sm80,sm80+PTX", {"toolkit-too-new"}, "cuda13_0_sm80"),
    (
        "rocm6_0_gfx90a",
        "gfx90a,gfx1030",
        {"accelerator-proved", "gpu-too-narrow"},
        "rocm6_0_gfx90a",
    ),
    ("rocm6_0_gfx942", "gfx90a,gfx1030", {"gpu-absent", "gpu-too-narrow"}, "rocm6_0_gfx942"),
    ("rocm6_0", "sm90a", {"accelerator-other"}, "rocm6_0"),
    ("v3", "sm90a", {"accelerator-unclaimed"}, "v3"),
]

#: What is no matter of judgement.
WRONG = {"gpu-too-wide", "gpu-absent", "toolkit-too-new", "accelerator-other", "accelerator-absent"}


@pytest.mark.parametrize(("segments", "targets", "codes", "true"), ACCELERATORS)
def test_a_claimed_accelerator_against_its_code(
    segments: str, targets: str, codes: set[str], true: str, tmp_path: Path
) -> None:
    made = wheel(tmp_path, f"py3-none-linux_x86_64_{segments}", {"demo/gpu.so": gpu_code(targets)})
    findings = audit(made, ALONE)
    assert {each.code for each in findings} == codes
    assert {each.code for each in findings if each.severity == "false"} == codes & WRONG
    assert true_platforms(findings, NameClaims.of(made.name)) == [f"linux_x86_64_{true}"]


def test_a_claimed_accelerator_that_nothing_needs(tmp_path: Path) -> None:
    made = wheel(tmp_path, "py3-none-linux_x86_64_cuda12_4")
    assert found(made) == {("accelerator-absent", "false")}
    assert (
        true_name(audit(made, ALONE), NameClaims.of(made.name))
        == "demo-1-py3-none-linux_x86_64.whl"
    )
    named = {"demo/lib.so": elf() + b"libcudart.so.12\0"}
    assert found(wheel(tmp_path, "py3-none-linux_x86_64_cuda12_4", named)) == {
        ("accelerator-absent", "undecided")
    }


def test_every_gpu_of_a_set_of_claims_is_looked_at(tmp_path: Path) -> None:
    platforms = "linux_x86_64_cuda13_0_sm120.linux_x86_64_cuda13_0_sm90a"
    made = wheel(tmp_path, f"py3-none-{platforms}", {"demo/gpu.so": gpu_code("sm90a")})
    wrong = [each for each in audit(made, ALONE) if each.severity == "false"]
    assert [each.code for each in wrong] == ["gpu-absent"]
    assert "sm120" in wrong[0].says


@pytest.mark.parametrize(
    "path",
    [p for p in sorted((HERE / "audit/gpu").glob("*.so")) if "zstd" not in p.name],
    ids=lambda p: p.stem,
)
def test_gpu_code_is_what_was_compiled(path: Path) -> None:
    from customtags.wheels.elf import Elf

    file = Elf(path.read_bytes())
    codes = [*gpu.fatbins(file), *gpu.bundled(file)]
    assert {targets.spelled(code) for code in codes} == set(path.stem.split(","))


#: SASS and PTX of a target → a segment → whether each machine that accepts it runs the code.
RUNS = [
    ("sass", "sm90", "sm90", True),
    ("sass", "sm90", "sm90a", True),
    ("sass", "sm80", "sm86", True),
    ("sass", "sm86", "sm80", False),
    ("sass", "sm80", "sm90", False),
    ("ptx", "sm80", "sm90", True),
    ("ptx", "sm90", "sm80", False),
    ("sass", "sm90a", "sm90", False),
    ("ptx", "sm90a", "sm100", False),
    ("sass", "sm90a", "sm90a", True),
    ("sass", "sm100f", "sm103", True),
    ("sass", "sm100f", "sm120", False),
    ("object", "gfx90a", "gfx90a", True),
    ("object", "gfx90a", "gfx908", False),
    ("object", "gfx11-generic", "gfx1100", True),
]


@pytest.mark.parametrize(("kind", "target", "segment", "runs"), RUNS)
def test_which_code_runs_for_a_segment(kind: str, target: str, segment: str, runs: bool) -> None:
    assert targets.runs(gpu.Code(kind, target), segment) is runs


def test_libraries_and_their_claims_name_known_vendors() -> None:
    assert {family for family, _ in runtimes.LIBRARIES.values()} == {"cuda", "rocm", "xpu"}


#: A soname, as the toolkit has it or as auditwheel grafts it → whose, and the major versions that have it.
SONAMES = [
    ("libcudart.so.12", [("cuda", (12,))]),
    ("libcudart-9335f6a2.so.12", [("cuda", (12,))]),
    ("libcudart-9335f6a2.so.11.0.221", [("cuda", (11,))]),
    ("libcusolver.so.11", [("cuda", (11, 12))]),
    ("libcublas.so.120", [("cuda", ())]),
    ("libamdhip64-0123abcd.so.6.2.41133", [("rocm", (6,))]),
    ("libcudart-mine.so.12", []),
]


@pytest.mark.parametrize(("soname", "expected"), SONAMES)
def test_what_a_soname_says_of_an_accelerator(
    soname: str, expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    signs = runtimes.signs(soname, "demo/demo.so")
    assert [(each.family, each.majors) for each in signs] == expected


#: A tag, a member, its content → what is found.
NAMES = [
    ("cp312-cp312-linux_x86_64", "d.cpython-312-x86_64-linux-gnu.so", "x86_64", set()),
    (
        "cp312-cp312-linux_x86_64",
        "d.cpython-312-x86_64-linux-gnu.so",
        "ppc",
        {("wrong-arch", "false")},
    ),
    ("cp312-cp312-linux_x86_64", "d/data.so", "aarch64", {("other-arch", "note")}),
    ("cp312-cp312-linux_s390x", "d.abi3.so", "s390x", set()),
    ("py3-none-any", "d.abi3.so", "x86_64", {("wrong-arch", "false")}),
    ("py3-none-any", "d/data.so", "x86_64", set()),
    ("py3-none-linux_x86_64.linux_x86_64_v3", "d/l.so", "x86_64", {("mixed-set", "false")}),
]


@pytest.mark.parametrize(("tag", "member", "machine", "expected"), NAMES)
def test_names_against_contents(
    tag: str, member: str, machine: str, expected: set[tuple[str, str]], tmp_path: Path
) -> None:
    assert found(wheel(tmp_path, tag, {member: elf(machine)})) == expected


def test_a_renamed_wheel_disagrees_with_itself(tmp_path: Path) -> None:
    made = wheel(tmp_path, "py3-none-linux_x86_64")
    renamed = made.rename(tmp_path / "demo-1-py3-none-linux_x86_64_v3.whl")
    (finding,) = audit(renamed, ALONE)
    assert (finding.code, finding.severity) == ("tags-disagree", "false")
    assert finding.member == "demo-1.dist-info/WHEEL"


def test_a_policy_takes_the_place_of_a_release_and_the_other_claims_stay() -> None:
    claims = NameClaims.of("demo-1-cp312-cp312-linux_x86_64_v3_fc39_cuda12_4.whl")
    fixes = [
        Finding("", "false", "", fix=Fix("base", "manylinux_2_28_x86_64")),
        Finding("", "false", "", fix=Fix("accelerator", "cuda12_4_sm90")),
        Finding("", "false", "", fix=Fix("interpreter", "cp311-abi3")),
    ]
    name = "demo-1-cp311-abi3-manylinux_2_28_x86_64_v3_cuda12_4_sm90.whl"
    assert true_name(fixes, claims) == name
    assert true_name([], claims) == str(claims.file)


def test_codes_are_told_once_and_every_one_has_a_meaning() -> None:
    codes = [code for module in MODULES for code in module.CODES]
    assert len(set(codes)) == len(codes)
    assert set(codes) < set(CODES)
    assert set(CHECKS) == {module.NAME for module in MODULES}


def test_the_documentation_has_every_code_and_no_other() -> None:
    page = (HERE.parent / "docs" / "reference" / "audit.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    for code, meaning in CODES.items():
        assert f"| `{code}` | {meaning} |" in rows
    tables = page.partition("## Codes")[2].partition("## What proves what")[0]
    assert tables.count("\n| `") == len(CODES)


def test_a_requirement_that_makes_no_sense_is_left_out() -> None:
    lines = ["first", 'second; python_version ~= "soon"', "third >=", "fourth>=1"]
    metadata = Fields("".join(f"Requires-Dist: {line}\n" for line in lines).encode())
    assert [str(each) for each in requirements(metadata)] == ["first", "fourth>=1"]


def test_a_full_disk_is_not_a_damaged_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Path("/dev/full")  # where every writing fails as on a full disk
    made = wheel(tmp_path, "py3-none-linux_x86_64")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: full.open("r+b"))
    with pytest.raises(WheelError, match="free some space in TMPDIR"):
        audit(made, ALONE)


def test_damaged_members_are_told_and_the_others_looked_at(tmp_path: Path) -> None:
    files = {
        "demo/cut.so": elf()[:3000],
        "demo/text.so": b"INPUT(libdemo.so.1)",
        "demo/gpu.so": gpu_code("sm90a"),
        "demo/empty.so": b"",
    }
    findings = audit(wheel(tmp_path, "py3-none-linux_x86_64", files), ALONE)
    found = {(each.code, each.severity, each.member) for each in findings}
    assert found == {
        ("unreadable", "undecided", "demo/cut.so"),
        ("not-elf", "note", "demo/text.so"),
        ("not-elf", "note", "demo/empty.so"),
        ("accelerator-unclaimed", "note", "demo/gpu.so"),
    }


def test_damaged_members_are_reported_without_any_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = wheel(tmp_path, "py3-none-linux_x86_64", {"demo/cut.so": elf()[:3000]})
    assert main(["audit", str(made), "--only", "unreadable"]) == 0
    out = capsys.readouterr().out
    assert "1 undecided" in out
    assert "demo/cut.so: is truncated" in out


def test_symbols_that_turn_out_broken_later_cost_only_their_file(tmp_path: Path) -> None:
    broken = gpu_code("sm90a").replace(
        b"\x50\xed\x55\xba\x01\x00\x10\x00", b"\x50\xed\x55\xba\x01\x00\xff\xff"
    )
    files = {"demo/a.so": broken, "demo/b.so": gpu_code("gfx90a,gfx1030")}
    findings = audit(wheel(tmp_path, "py3-none-linux_x86_64", files), ALONE)
    assert {(each.code, each.member) for each in findings} == {
        ("unreadable", "demo/a.so"),
        ("accelerator-unclaimed", "demo/b.so"),
    }


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(members=3), "members"),
        (Limits(total=1 << 20), "unpacks to"),
        (Limits(slack=0, ratio=10), "times its size"),
    ],
)
def test_a_bomb_is_refused_before_it_is_unpacked(limits: Limits, why: str, tmp_path: Path) -> None:
    made = wheel(tmp_path, "py3-none-linux_x86_64", {"demo/zeros.so": elf() + bytes(1 << 21)})
    with pytest.raises(WheelError, match=why):
        audit(made, ALONE, limits)


def test_ten_thousand_members(tmp_path: Path) -> None:
    files = {f"demo/{number}.bin": b"text" for number in range(10_000)}
    files["demo/lib.so"] = elf("aarch64")
    assert found(wheel(tmp_path, "py3-none-linux_x86_64", files)) == {("other-arch", "note")}


def test_more_files_than_may_be_open(tmp_path: Path) -> None:
    files = {f"demo/{number}.so": elf("aarch64") for number in range(1500)}
    findings = audit(wheel(tmp_path, "py3-none-linux_x86_64", files), ALONE)
    assert len(findings) == 1500


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    files = {"demo/a.so": elf(), "demo/b.so": gpu_code("sm90a"), "demo/c.py": b"x = 1\n"}
    return wheel(tmp_path_factory.mktemp("whole"), "py3-none-linux_x86_64", files).read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=6)), max_size=4
    ),
    cut=st.integers(0, 200),
)
def test_changed_archives_give_findings_or_one_line(
    whole: bytes, tmp_path: Path, changes: list[tuple[int, bytes]], cut: int
) -> None:
    data = bytearray(whole)
    for place, content in changes:
        start = place % len(data)
        data[start : start + len(content)] = content
    path = tmp_path / "demo-1-py3-none-linux_x86_64.whl"
    path.write_bytes(data[: len(data) - cut])
    try:
        findings = audit(path, ALONE)
    except CustomtagsError as error:
        assert "\n" not in str(error)  # noqa: PT017 - some changes do no harm
    else:
        assert all(each.code in CODES for each in findings)


#: What once broke it, kept.
BROKEN = sorted((HERE / "wheels" / "broken").glob("*.whl"))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.name)
def test_what_once_broke_it_is_told(path: Path, tmp_path: Path) -> None:
    named = tmp_path / "demo-1-py3-none-linux_x86_64.whl"
    named.write_bytes(path.read_bytes())
    try:
        assert all(each.code in CODES for each in audit(named, ALONE))
    except CustomtagsError as error:
        assert "\n" not in str(error)  # noqa: PT017


def test_the_verb_says_it_in_lines_and_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"demo/gpu.so": gpu_code("sm90a")}
    made = str(wheel(tmp_path, "py3-none-linux_x86_64_cuda13_0", files))
    only = ["--only", "accelerator"]
    assert main(["audit", made, *only]) == 1
    out = capsys.readouterr().out
    assert "1 false claim\n" in out
    assert "gpu-too-wide" in out
    assert "help: claim cuda13_0_sm90a" in out
    assert main(["audit", made, *only, "--fix-name"]) == 1
    assert capsys.readouterr().out == "demo-1-py3-none-linux_x86_64_cuda13_0_sm90a.whl\n"
    assert main(["audit", made, "--json", *only]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["version"] == 1
    assert report["wheels"][0]["findings"][0]["fix"]["value"] == "cuda13_0_sm90a"
    assert main(["audit", made, "--only", "gpu-left-out"]) == 0


#: A platform, a library that is not an ELF file → whether the verdict may be read as a yes.
FOREIGN = [
    ("win_amd64", "demo/demo.cp312-win_amd64.pyd", False),
    ("macosx_11_0_arm64", "demo/libdemo.dylib", False),
    ("macosx_10_9_universal2.win_amd64", "demo/demo.so", False),
    ("ios_13_0_arm64_iphoneos", "demo/demo.so", False),
    ("linux_x86_64", "demo/demo.so", True),
    ("any", "demo/demo.dll", True),
]


@pytest.mark.parametrize(("platform", "member", "checked"), FOREIGN)
def test_a_wheel_for_another_system_is_not_called_right(
    platform: str, member: str, checked: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = wheel(tmp_path, f"cp312-none-{platform}", {member: b"MZ", "demo/other.dll": b"MZ"})
    for only in ([], ["--only", "names"], ["--only", "gpu-absent"]):
        assert main(["audit", str(made), *only]) == 0
        first, *rest = capsys.readouterr().out.splitlines()
        assert ("no false claims" in first) == checked
        expected = f"{made.name}: contents not checked for {platform.replace('.', ', ')}: "
        assert first.startswith(expected) == (not checked)
        assert checked or not rest
    codes = [(each.code, each.severity) for each in audit(made)]
    assert codes == ([("not-elf", "note")] * 2 if checked else [("not-checked", "undecided")])


def test_a_false_name_of_another_system_is_told_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = wheel(tmp_path, "cp311-cp311-win_amd64", {"demo.cp312-win_amd64.pyd": b"MZ"})
    assert main(["audit", str(made)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{made.name}: 1 false claim, contents not checked for win_amd64")


@pytest.mark.parametrize("options", [["--only", "nothing"], []])
def test_bad_usage_is_one_line(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "demo-1-py3-none-any.whl"
    if not options:
        path.write_bytes(b"no archive")
    assert main(["audit", str(path), *options]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_member_that_is_packed_in_no_known_way(tmp_path: Path) -> None:
    path = tmp_path / "demo-1-py3-none-linux_x86_64.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        tags = "Tag: py3-none-linux_x86_64\n"
        archive.writestr("demo-1.dist-info/WHEEL", tags, zipfile.ZIP_DEFLATED)
        archive.writestr("demo/lib.so", elf())
    data = bytearray(path.read_bytes())
    for start in (data.find(b"PK\x03\x04"), data.rfind(b"PK\x01\x02")):
        assert start >= 0
    place = data.rfind(b"PK\x01\x02") + 10
    data[place : place + 2] = (99).to_bytes(2, "little")
    path.write_bytes(data)
    assert found(path) == {("unreadable", "undecided")}


@pytest.mark.parametrize(
    ("make", "why"), [(os.mkfifo, "is not a regular file"), (str, "does not exist")]
)
def test_what_is_no_file_is_not_waited_for(
    tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    path = tmp_path / "thing-1-py3-none-any.whl"
    make(path)
    with pytest.raises(WheelError, match=why):
        audit(path)
