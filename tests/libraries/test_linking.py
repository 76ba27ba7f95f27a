"""Flags for linking, RPATHs to a library, and the versions of an ABI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from packaging.specifiers import SpecifierSet

from customtags.errors import CustomtagsError, WheelError
from customtags.libraries import abis, preload
from customtags.libraries.links import origin
from customtags.libraries.supplier import all_installed, from_wheel, installed_path
from customtags.linking import Linking, link
from customtags.wheels.writer import create

if TYPE_CHECKING:
    from pathlib import Path


def install(site: Path, name: str, version: str, *files: str) -> list[str]:
    """Write what an installer would leave of these files; they are empty."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    record = "".join(f"{file},,\n" for file in (*files, f"{info}/RECORD"))
    for file, content in {
        **dict.fromkeys(files, ""),
        f"{info}/METADATA": metadata,
        f"{info}/RECORD": record,
    }.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(content)
    return [str(site)]


#: Files of a distribution named vec-lib, the requested library → include folders, -l, rpath from "mine".
LAYOUTS = {
    "as torch has it": (
        ("vec/lib/libvec.so", "vec/include/vec.h", "vec/include/api/include/more.h"),
        "vec",
        (["vec/include", "vec/include/api/include"], "vec", "$ORIGIN/../vec/lib"),
    ),
    "as pyarrow has it": (
        ("vec/libvec.so.26", "vec/include/vec/api.h"),
        "libvec.so.26",
        (["vec/include"], ":libvec.so.26", "$ORIGIN/../vec"),
    ),
    "as numpy has it": (
        ("vec/_core/_vec.cpython-311-x86_64-linux-gnu.so", "vec/_core/include/vec/api.h"),
        "_vec",
        (["vec/_core/include"], ":_vec.cpython-311-x86_64-linux-gnu.so", "$ORIGIN/../vec/_core"),
    ),
    "headers beside the sources": (
        ("vec/vec.h", "vec/sub/more.h", "vec/libvec.so"),
        "vec",
        (["vec"], "vec", "$ORIGIN/../vec"),
    ),
    "as greenlet has it": (
        ("vec.abi3.so", "../include/site/vec_lib/vec.h"),
        "vec",
        (["../include/site"], ":vec.abi3.so", "$ORIGIN/.."),
    ),
}


@pytest.mark.parametrize(("files", "library_", "expected"), LAYOUTS.values(), ids=LAYOUTS)
def test_what_is_found_of_a_layout(
    tmp_path: Path, files: tuple[str, ...], library_: str, expected: tuple[list[str], str, str]
) -> None:
    site = tmp_path / "site"
    found = link(
        "Vec.Lib",
        package="mine",
        libraries=[library_],
        path=install(site, "vec_lib", "1.2", *files),
    )
    includes, library, rpath = expected
    assert found.include_dirs == [str((site / each).resolve()) for each in includes]
    assert (found.libraries, found.rpaths) == ([library], [rpath])
    assert (found.distribution, found.release) == ("vec-lib", "1.2")
    assert found.segments == ["veclib1_2", "veclib1"]


@pytest.mark.parametrize(
    ("package", "rpath"),
    [("mine", "$ORIGIN/../vec"), ("mine/sub", "$ORIGIN/../../vec"), (".", "$ORIGIN/vec")],
)
def test_the_rpath_depends_on_the_depth_of_the_package(
    tmp_path: Path, package: str, rpath: str
) -> None:
    path = install(tmp_path, "vec", "1", "vec/libvec.so")
    assert link("vec", package=package, libraries=["vec"], path=path).rpaths == [rpath]


def test_the_command_line_prints_the_same(tmp_path: Path) -> None:
    path = install(tmp_path, "vec", "1.2", "vec/libvec.so", "vec/include/vec.h")
    found = link("vec", libraries=["vec"], path=path)
    command = [sys.executable, "-m", "customtags", "link-flags", "vec", "-l", "vec"]
    for option, words in {
        "": [*found.cflags, *found.libs],
        "--cflags": found.cflags,
        "--libs": found.libs,
    }.items():
        assert printed([*command, *filter(None, [option])], tmp_path) == f"{' '.join(words)}\n"
    shown = json.loads(printed([*command, "--json"], tmp_path))
    assert shown == {"version": 1, **found._asdict(), "cflags": found.cflags, "libs": found.libs}


def printed(command: list[str], site: Path) -> str:
    env = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def test_a_missing_distribution_or_library_is_reported(tmp_path: Path) -> None:
    path = install(tmp_path, "vec", "1", "vec/libvec.so")
    with pytest.raises(
        CustomtagsError, match=r"'other' is not installed in this environment; install it"
    ):
        link("other", path=path)
    with pytest.raises(CustomtagsError, match=r"no library 'vector'; choose from libvec\.so"):
        link("vec", libraries=["vector"], path=path)
    with pytest.raises(CustomtagsError, match="neither headers nor libraries"):
        link("pure", path=install(tmp_path, "pure", "1", "pure.py"))


def test_flags_are_words_for_a_compiler() -> None:
    found = Linking("vec", "1", [], ["/i"], ["/l"], ["vec"], ["$ORIGIN/../vec"])
    group = ["-Wl,--push-state,--as-needed", "-lvec", "-Wl,--pop-state"]
    assert found.cflags == ["-I/i"]
    assert found.libs == ["-L/l", "-Wl,-rpath,$ORIGIN/../vec", *group]
    assert found.extension == {"include_dirs": ["/i"], "extra_link_args": found.libs}
    assert found._replace(libraries=[], library_dirs=[], rpaths=[]).libs == []


def test_the_first_of_a_name_counts_as_importing_has_it(tmp_path: Path) -> None:
    one = install(tmp_path / "one", "vec", "1", "vec/libvec.so")
    two = install(tmp_path / "two", "Vec", "2")
    assert [str(each) for each in all_installed([*one, *two])] == ["vec 1"]


def test_a_wheel_supplies_what_it_would_install(tmp_path: Path) -> None:
    files = {"vec-1.data/platlib/vec/libvec.so": b"", "vec/libmore.so.1": b"", "vec/a.py": b""}
    supplier = from_wheel(create(tmp_path, "vec", "1", "py3-none-linux_x86_64", files))
    assert str(supplier) == "vec 1"
    assert {each.path for each in supplier.libraries} == {"vec/libvec.so", "vec/libmore.so.1"}
    for name in ("vec-1-py3-none-any.whl", "vec.whl"):
        (tmp_path / name).write_bytes(b"no archive")
        with pytest.raises(WheelError, match=r"is not a (zip archive|wheel file name)"):
            from_wheel(tmp_path / name)


def test_rpaths_start_where_files_are_installed() -> None:
    assert origin("a-1.data/platlib/a/b/c.so", "x/lib/libx.so") == "$ORIGIN/../../x/lib"
    assert origin("c.so", "libx.so") == "$ORIGIN/."
    assert installed_path("a-1.data/scripts/c.so") == "a-1.data/scripts/c.so"


@pytest.mark.parametrize(
    ("specifier", "segment", "kept"),
    [
        ("==2.9.*", "torch2_9", True),
        ("~=2.9.1", "torch2_9", True),
        (">=2.9.1,<2.10", "torch2_9", True),
        ("==2.9.1", "torch2_9", True),
        (">=2.9", "torch2_9", False),
        ("<2.10", "torch2_9", False),
        ("", "torch2_9", False),
        ("~=2.9", "torch2_9", False),
        ("~=2.9", "torch2", True),
        ("<3", "torch2", False),
        (">=2,<3", "torch2", True),
        (">=2,<3", "", True),
        (">=2", "", False),
    ],
)
def test_a_requirement_keeps_to_an_abi_or_not(specifier: str, segment: str, kept: bool) -> None:
    numbers = abis.numbers("torch", segment)
    assert (abis.beyond(SpecifierSet(specifier), numbers) is None) == kept
    assert abis.meets(SpecifierSet(specifier), numbers)


@pytest.mark.parametrize("specifier", ["==2.8.*", ">=2.10", "<2.9"])
def test_a_requirement_that_allows_no_version_of_an_abi(specifier: str) -> None:
    assert not abis.meets(SpecifierSet(specifier), ["2", "9"])


#: An __init__.py, and which line of it the loader comes to.
SOURCES = {
    "empty": (b"", 0),
    "code": (b"import os\n", 0),
    "docstring": (b'"""Says.\n\nMore."""\nimport os\n', 3),
    "docstring and future": (b"# one\n'x'\nfrom __future__ import annotations\n\nimport os\n", 3),
    "no end of line": (b'"""Says."""', 1),
    "other lines": (b'"""Says."""\r\nimport os\r\n', 1),
    "form feed": (b'"""Says."""\n\x0c\nimport os\n', 1),
}


@pytest.mark.parametrize(("source", "line"), SOURCES.values(), ids=SOURCES)
def test_the_loader_is_imported_before_all_other_code(source: bytes, line: int) -> None:
    found = preload.importing(source, "__init__.py")
    compile(found, "__init__.py", "exec")
    assert preload.MODULE in found.splitlines()[line].decode()
    kept = found.replace(f"from . import {preload.MODULE}  # noqa: F401\n".encode(), b"")
    assert kept.rstrip() == source.rstrip()
    assert preload.importing(found, "__init__.py") == found


@pytest.mark.parametrize("source", [b'"""Says."""; import os\n', b"print 1\n", b"\0"])
def test_an_init_without_a_place_for_the_loader_is_refused(source: bytes) -> None:
    with pytest.raises(WheelError, match=r"__init__\.py"):
        preload.importing(source, "__init__.py")


def test_the_loader_names_a_missing_library(tmp_path: Path) -> None:
    for package in ("mine", "vec"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    loader = preload.loader([("vec", "vec/lib/libvec.so")])
    (tmp_path / "mine" / f"{preload.MODULE}.py").write_text(loader)
    (tmp_path / "mine" / "__init__.py").write_bytes(preload.importing(b"", "__init__.py"))
    done = subprocess.run(
        [sys.executable, "-c", "import mine"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "vec/lib/libvec.so, which this package links to, does not exist" in done.stderr
    assert "install a version of vec that has it" in done.stderr


@pytest.mark.parametrize("package", ["/mine", "../mine", "mine/../../other"])
def test_a_package_is_below_site_packages(package: str) -> None:
    with pytest.raises(CustomtagsError, match="not a folder below site-packages"):
        link("pip", package=package)


@pytest.mark.parametrize("metadata", [None, "", "Name: part\n", "Name: part\nVersion: none\n"])
def test_the_remains_of_an_uninstall_supply_nothing(metadata: str | None, tmp_path: Path) -> None:
    (tmp_path / "part-1.dist-info").mkdir()
    if metadata is not None:
        (tmp_path / "part-1.dist-info" / "METADATA").write_text(metadata, encoding="utf-8")
    assert [*all_installed([str(tmp_path)])] == []
