"""Repairs of made wheels that link to made libraries; patchelf and auditwheel are real."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from customtags.cli import main
from customtags.errors import CustomtagsError, ToolError, WheelError
from customtags.libraries import abis, preload
from customtags.libraries.graft import graft, set_rpath
from customtags.libraries.repair import Repaired, RepairOptions, repair
from customtags.libraries.supplier import from_wheel
from customtags.wheels.claims import NameClaims
from customtags.wheels.edit import edit
from customtags.wheels.elf import Elf
from customtags.wheels.metadata import with_requirements
from customtags.wheels.wheel import Wheel
from customtags.wheels.writer import create, write
from made_elf import shared
from unpacked import contents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TAG = "py3-none-linux_x86_64"

#: auditwheel 6.8, the first that prints the policy of a wheel as JSON, requires Python 3.10.
OLD_AUDITWHEEL = sys.version_info < (3, 10)
NATIVE, INIT = "mine/_native.so", "mine/__init__.py"

#: A file that links to vec, of a glibc that auditwheel's policies have.
LINKED = shared(["libvec.so", "libc.so.6"], versions={"libc.so.6": {"rand": "GLIBC_2.2.5"}})


def library(folder: Path, name: str = "vec", version: str = "1.2", **more: bytes) -> Path:
    """Write a wheel of a distribution with one library."""
    soname = f"lib{name}.so"
    files = {f"{name}/__init__.py": b"", f"{name}/lib/{soname}": shared(soname=soname), **more}
    return create(folder, name, version, TAG, files)


def user(
    folder: Path,
    native: bytes = LINKED,
    tag: str = TAG,
    requires: Sequence[str] = (),
    files: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a wheel of the project mine."""
    given = {INIT: b'"""Mine."""\nimport os\n'} if files is None else files
    made = create(folder / "dist", "mine", "1.0", tag, {**given, NATIVE: native})
    if not requires:
        return made
    wheel = Wheel(made)
    own = wheel.own("METADATA")
    described = with_requirements(wheel.read(own), requires)
    return write(edit(wheel, wheel.name, {own: described}), remove=True)


def repaired(
    folder: Path, wheel: Path, *suppliers: Path, **options: Any
) -> tuple[Repaired, dict[str, bytes]]:
    """Repair a wheel, and return the changes and the files."""
    given = [*map(from_wheel, suppliers or [library(folder)])]
    done = repair(wheel, RepairOptions(**options), folder=folder / "out", suppliers=given)
    return done, contents(done.wheel)


def test_rpath_requirement_and_tag(tmp_path: Path) -> None:
    native = shared(["libvec.so"], rpath=f"{tmp_path}::$ORIGIN/own")
    done, files = repaired(tmp_path, user(tmp_path, native))
    assert done == Repaired(
        tmp_path / "out" / "mine-1.0-py3-none-linux_x86_64_vec1_2.whl",
        suppliers=["vec 1.2"],
        segments=["vec1_2"],
        required=["vec==1.2.*"],
        rpaths={NATIVE: "$ORIGIN/own:$ORIGIN/../vec/lib"},
        preloaded={},
        grafted=[],
    )
    elf = Elf(files[NATIVE])
    assert (elf.rpath, elf.runpath) == ("$ORIGIN/own:$ORIGIN/../vec/lib", None)
    assert b"\nRequires-Dist: vec==1.2.*\n" in files["mine-1.0.dist-info/METADATA"]
    assert b"Tag: py3-none-linux_x86_64_vec1_2\n" in files["mine-1.0.dist-info/WHEEL"]
    again, _ = repaired(tmp_path / "again", done.wheel, library(tmp_path))
    assert (again.rpaths, again.required, again.wheel.name) == ({}, [], done.wheel.name)


def test_a_wheel_that_keeps_its_name_is_not_replaced(tmp_path: Path) -> None:
    wheel, given = user(tmp_path, tag=f"{TAG}_vec1_2"), [from_wheel(library(tmp_path))]
    before = wheel.read_bytes()
    with pytest.raises(WheelError, match="would replace it; choose another folder with -d"):
        repair(wheel, suppliers=given)
    assert wheel.read_bytes() == before
    done = repair(wheel, suppliers=given, folder=tmp_path / "out")
    assert repair(done.wheel, suppliers=given).wheel == done.wheel


def test_an_rpath_of_the_build_machine_alone_is_removed(tmp_path: Path) -> None:
    other = shared(["libc.so.6"], runpath="/opt/build")
    done, files = repaired(tmp_path, user(tmp_path, files={INIT: b"", "mine/other.so": other}))
    assert done.rpaths["mine/other.so"] == ""
    elf = Elf(files["mine/other.so"])
    assert (elf.rpath, elf.runpath) == (None, None)


@pytest.mark.parametrize(
    ("tag", "segments", "named"),
    [
        (TAG, (), f"{TAG}_vec1_2"),
        (TAG, ("vec1",), f"{TAG}_vec1"),
        (f"{TAG}_v3_rocm6_0_vec1_acme2", (), f"{TAG}_v3_rocm6_0_vec1_acme2"),
        (f"{TAG}_v3_rocm6_0_vec1_acme2", ("vec1.2",), f"{TAG}_v3_rocm6_0_vec1_2_acme2"),
        (
            "py3-none-manylinux_2_17_x86_64.manylinux_2_28_x86_64",
            ("vec1",),
            "py3-none-manylinux_2_17_x86_64_vec1.manylinux_2_28_x86_64_vec1",
        ),
    ],
)
def test_the_segment_is_requested_or_the_name_s_own_or_the_minor_version(
    tmp_path: Path, tag: str, segments: Sequence[str], named: str
) -> None:
    done, _ = repaired(tmp_path, user(tmp_path, tag=tag), segments=segments)
    assert done.wheel.name == f"mine-1.0-{named}.whl"


@pytest.mark.parametrize(
    ("requires", "added"),
    [
        (["vec==1.2.*"], []),
        (["vec>=1"], ["vec==1.2.*"]),
        (["Vec~=1.2.0"], []),
        (["other"], ["vec==1.2.*"]),
    ],
)
def test_a_requirement_is_added_unless_one_is_limited_to_the_abi(
    tmp_path: Path, requires: Sequence[str], added: Sequence[str]
) -> None:
    done, _ = repaired(tmp_path, user(tmp_path, requires=requires))
    assert done.required == added


def test_a_loader_instead_of_an_rpath(tmp_path: Path) -> None:
    native = shared(["libvec.so"], rpath="/opt/build")
    done, files = repaired(tmp_path, user(tmp_path, native), preload=True)
    assert done.preloaded == {INIT: ["vec/lib/libvec.so"]}
    assert done.rpaths == {NATIVE: ""}
    assert files[INIT].splitlines()[1] == b"from . import _customtags_preload  # noqa: F401"
    loader = files[f"mine/{preload.MODULE}.py"].decode()
    compile(loader, "loader", "exec")
    assert '("vec", "vec/lib/libvec.so"),' in loader
    assert preload.listed(Wheel(done.wheel), NATIVE) == ["vec/lib/libvec.so"]
    again, same = repaired(tmp_path / "again", done.wheel, library(tmp_path), preload=True)
    assert again.preloaded == done.preloaded
    assert same == files


def test_a_path_with_quotes_stays_a_text_in_the_loader(tmp_path: Path) -> None:
    """The wheel of a supplier is untrusted: its paths must not become code."""
    path = 'vec/lib", print("run")) or ("/libvec.so'
    loader = preload.loader([("vec", path)])
    assert f'("vec", {json.dumps(path)}),' in loader
    files = {INIT: b"", f"mine/{preload.MODULE}.py": loader.encode()}
    assert preload.listed(Wheel(user(tmp_path, files=files)), NATIVE) == [path]


def test_a_loader_of_another_program_is_not_read(tmp_path: Path) -> None:
    files = {
        INIT: b"",
        f"mine/{preload.MODULE}.py": b'    ("vec", "\\x"),\n    ("vec", "a" + "b"),\n',
    }
    assert preload.listed(Wheel(user(tmp_path, files=files)), NATIVE) == []


def test_a_loader_imports_the_package_beside_the_library(tmp_path: Path) -> None:
    def module(*files: str) -> str:
        made = create(tmp_path, "vec_lib", "1", TAG, dict.fromkeys(files, b""))
        supplier = from_wheel(made)
        return preload.module(supplier, supplier.libraries[0])

    assert module("vec/libvec.so", "vec/__init__.py", "vec_lib/__init__.py") == "vec"
    assert module("vec.libs/libvec.so", "a/__init__.py", "vec_lib/__init__.py") == "vec_lib"
    assert module("vec.libs/libvec.so", "a/__init__.py", "a/b/__init__.py") == "a"
    with pytest.raises(WheelError, match="'vec-lib 1' has no package to import"):
        module("vec.libs/libvec.so", "vec.py")


@pytest.mark.parametrize("tag", [f"{TAG}_v3", "py3-none-manylinux_2_17_x86_64"])
def test_a_library_that_nobody_supplies_is_copied_into_the_wheel(
    tmp_path: Path, tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libother.so.1").write_bytes(shared(soname="libother.so.1"))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path / "lib"))
    monkeypatch.setenv("AUDITWHEEL_PLAT", "nonsense")
    versions = {"libc.so.6": {"rand": "GLIBC_2.2.5"}}
    native = shared(["libvec.so", "libother.so.1", "libc.so.6"], versions=versions)
    if OLD_AUDITWHEEL and tag.startswith(TAG):
        with pytest.raises(ToolError, match="--json"):
            repaired(tmp_path, user(tmp_path, native, tag))
        return
    done, files = repaired(tmp_path, user(tmp_path, native, tag))
    assert done.wheel.name == f"mine-1.0-{tag}_vec1_2.whl"
    assert done.grafted == ["libother.so.1"]
    (copied,) = (name for name in files if name.startswith("mine.libs/libother-"))
    elf = Elf(files[NATIVE])
    assert elf.needed == ["libvec.so", Path(copied).name, "libc.so.6"]
    assert elf.rpath == "$ORIGIN/../mine.libs:$ORIGIN/../vec/lib"
    bills = [content.decode() for name, content in files.items() if "/sboms/" in name]
    assert all(done.wheel.name in bill for bill in bills)
    left, _ = repaired(tmp_path / "left", user(tmp_path, native, tag), excluded=["libother.so.*"])
    assert left.grafted == []


def test_auditwheel_s_error_is_one_line(tmp_path: Path) -> None:
    native = shared(
        ["libvec.so", "libnowhere.so.1", "libc.so.6"],
        versions={"libc.so.6": {"rand": "GLIBC_2.2.5"}},
    )
    with pytest.raises(ToolError, match=r"auditwheel failed \(.*; run auditwheel on this wheel"):
        repaired(tmp_path, user(tmp_path, native))


def test_a_newer_c_library_than_any_policy_s_is_refused(tmp_path: Path) -> None:
    versions = {"libc.so.6": {"rand": "GLIBC_2.999"}}
    wheel = user(tmp_path, shared(["libother.so.1", "libc.so.6"], versions=versions))
    expected = (ToolError, "--json") if OLD_AUDITWHEEL else (WheelError, "newer C library than any")
    with pytest.raises(expected[0], match=expected[1]):
        graft(wheel, NameClaims.of(wheel.name), [], tmp_path)


def test_patchelf_s_error_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "none.so").write_bytes(b"none")
    with pytest.raises(ToolError, match=r"patchelf failed \(.*\); run patchelf"):
        set_rpath(tmp_path / "none.so", "$ORIGIN")


@pytest.mark.parametrize(
    ("wheel", "options", "message"),
    [
        ({"native": shared(["libc.so.6"])}, {}, "links to no library of another distribution"),
        ({"native": shared(["libgone.so"])}, {}, "links to no library of another distribution"),
        ({}, {"segments": ["vec2"]}, "vec 1.2, which does not have the ABI 'vec2'; .* --abi vec1$"),
        ({}, {"segments": ["numpy2"]}, "links to vec 1.2, not to 'numpy2'"),
        ({"tag": f"{TAG}_vec3"}, {}, "does not have the ABI 'vec3'"),
        ({"requires": ["vec>=2"]}, {}, "requires 'vec>=2', which excludes the ABI 'vec1_2'"),
        ({"files": {}}, {"preload": True}, "no __init__.py above 'mine/_native.so'"),
        ({"tag": "py3-none-musllinux_1_2_x86_64"}, {"preload": True}, "is for musl"),
        (
            {"files": {INIT: b"'''Mine.'''; x = 1"}},
            {"preload": True},
            "on the line of its docstring",
        ),
    ],
)
def test_a_wheel_that_cannot_be_repaired_is_refused(
    tmp_path: Path, wheel: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(CustomtagsError, match=message):
        repaired(tmp_path, user(tmp_path, **wheel), **options)
    assert not (tmp_path / "out").exists()


def test_a_library_without_the_soname_cannot_be_loaded_first(tmp_path: Path) -> None:
    files = {"vec/__init__.py": b"", "vec/libvec.so": shared()}
    nameless = create(tmp_path, "vec", "1.2", TAG, files)
    with pytest.raises(WheelError, match="has the SONAME None, so the loader would not use it"):
        repaired(tmp_path, user(tmp_path), nameless, preload=True)


def test_a_pre_release_has_no_segment(tmp_path: Path) -> None:
    early = library(tmp_path, version="2.0rc1")
    with pytest.raises(WheelError, match=r"'none'; name with --with the wheel .* against$"):
        repaired(tmp_path, user(tmp_path), early)
    assert abis.rungs("vec", "2.0rc1") == []


def command(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    status = main(["repair", *map(str, words)])
    return status, *capsys.readouterr()


def test_one_bad_wheel_among_several(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = user(tmp_path)
    bad = create(tmp_path / "dist", "bad", "1", TAG, {NATIVE: shared()})
    last = create(tmp_path / "dist", "last", "1", TAG, {"last/a.so": LINKED})
    words = (
        "--with",
        library(tmp_path),
        "-d",
        tmp_path / "out",
        good,
        bad,
        tmp_path / "x.whl",
        last,
    )
    status, out, err = command(capsys, *words)
    names = ("mine-1.0-py3-none-linux_x86_64_vec1_2.whl", "last-1-py3-none-linux_x86_64_vec1_2.whl")
    assert status == 2
    assert [line for line in out.splitlines() if line.endswith(".whl")] == [
        str(tmp_path / "out" / name) for name in names
    ]
    assert out.count("  Requires-Dist: vec==1.2.*\n") == 2
    assert err.count("\n") == 2
    assert "links to no library" in err
    assert {each.name for each in (tmp_path / "out").iterdir()} == {*names}
    status, out, _ = command(capsys, "--json", *words)
    entries = json.loads(out)["wheels"]
    assert status == 2
    assert [each["source"] for each in entries] == [*map(str, words[4:])]
    assert ["error" in each for each in entries] == [False, True, True, False]
    assert entries[0]["segments"] == ["vec1_2"]


def test_every_change_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = command(capsys, "--preload", "--with", library(tmp_path), user(tmp_path))
    assert status == 0
    assert out.splitlines() == [
        str(tmp_path / "dist" / "mine-1.0-py3-none-linux_x86_64_vec1_2.whl"),
        "  links to vec 1.2; segments vec1_2",
        "  mine/__init__.py: loads vec/lib/libvec.so",
        "  Requires-Dist: vec==1.2.*",
    ]
