"""The links of made wheels to made libraries: suppliers, RPATHs, symbols and requirements."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from customtags.errors import ElfError
from customtags.libraries import system
from customtags.libraries.links import (
    Link,
    folders,
    links,
    reaches,
    requirements,
    undefined,
)
from customtags.libraries.supplier import Supplier, find, from_wheel, mapped
from customtags.wheels.claims import NameClaims
from customtags.wheels.elf import Elf
from customtags.wheels.metadata import Fields
from customtags.wheels.unpacked import Unpacked
from customtags.wheels.writer import create
from made_elf import shared

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TAG = "py3-none-linux_x86_64"
NATIVE = "mine/_native.so"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def supplier(folder: Path, name: str, files: Mapping[str, bytes]) -> Supplier:
    return from_wheel(create(folder, name, "1.2", TAG, files))


def opened(stack: ExitStack, folder: Path, files: Mapping[str, bytes]) -> Unpacked:
    return stack.enter_context(Unpacked(create(folder, "mine", "1", TAG, files)))


def found(wheel: Unpacked, *suppliers: Supplier) -> list[Link]:
    return links(wheel, NameClaims.of(wheel.path.name), suppliers)


def test_a_link_is_to_what_neither_the_wheel_nor_the_system_has(
    stack: ExitStack, tmp_path: Path
) -> None:
    outside = ["libc.so.6", "libcuda.so.1", "libz.so.1", "libown.so", "libvec.so", "libgone.so"]
    files = {NATIVE: shared(outside), "mine/libown.so": shared(), "mine/none.so": b"text"}
    vec = supplier(tmp_path, "vec", {"vec/lib/libvec.so": shared()})
    first, second = found(opened(stack, tmp_path, files), vec)
    assert (first.member, first.soname, first.supplier) == (NATIVE, "libvec.so", vec)
    assert first.library is not None
    assert first.library.path == "vec/lib/libvec.so"
    assert second == Link(NATIVE, "libgone.so", None, None)


def test_a_wheel_without_links_asks_nobody(stack: ExitStack, tmp_path: Path) -> None:
    assert found(opened(stack, tmp_path, {NATIVE: shared(["libc.so.6"])})) == []


def test_a_wheel_does_not_supply_itself(stack: ExitStack, tmp_path: Path) -> None:
    older = supplier(tmp_path / "old", "Mine", {"mine/libvec.so": shared()})
    (link,) = found(opened(stack, tmp_path, {NATIVE: shared(["libvec.so"])}), older)
    assert link.supplier is None


def test_a_file_name_comes_before_a_soname(tmp_path: Path) -> None:
    renamed = {"a.libs/libvec-1234.so": shared(soname="libvec.so.1"), "a/libvec.so": b"damaged"}
    one, two = supplier(tmp_path, "a", renamed), supplier(tmp_path, "b", {"b/libvec.so.1": b""})
    by_name, by_soname = find("libvec.so.1", [one, two]), find("libvec.so.1", [one])
    assert by_name is not None
    assert by_name[1].path == "b/libvec.so.1"
    assert by_soname is not None
    assert by_soname[1].path == "a.libs/libvec-1234.so"
    assert find("libvec.so.2", [one, two]) is None


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (shared(), []),
        (shared(rpath="/a:$ORIGIN"), ["/a", "$ORIGIN"]),
        (shared(runpath="/b"), ["/b"]),
        (shared(rpath="/a", runpath="/b"), ["/b"]),
    ],
)
def test_a_runpath_overrides_an_rpath(file: bytes, expected: list[str]) -> None:
    assert folders(Elf(file)) == expected


@pytest.mark.parametrize(
    ("rpath", "reached"),
    [
        ("$ORIGIN/../vec/lib", True),
        ("${ORIGIN}/../vec/lib/", True),
        ("/opt:$ORIGIN/x/../../vec/lib", True),
        ("$ORIGIN/vec/lib", False),
        ("/vec/lib", False),
        ("", False),
    ],
)
def test_an_rpath_reaches_a_library_in_the_same_site_packages(
    rpath: str, reached: bool, tmp_path: Path
) -> None:
    vec = supplier(tmp_path, "vec", {"vec/lib/libvec.so": shared()})
    link = Link(NATIVE, "libvec.so", vec, vec.libraries[0])
    assert reaches(Elf(shared(runpath=rpath)), link) == reached
    assert not reaches(Elf(shared(runpath=rpath)), link._replace(soname="libvec.so.1"))
    assert not reaches(Elf(shared(runpath=rpath)), link._replace(library=None))


def test_the_rpath_of_a_damaged_file_reaches_nothing(tmp_path: Path) -> None:
    vec = supplier(tmp_path, "vec", {"vec/libvec.so": shared()})
    whole = shared(rpath="$ORIGIN/../vec")
    damaged = whole.replace(b"$ORIGIN/../vec\0", b"$ORIGIN/../vec.")
    with pytest.raises(ElfError):
        folders(Elf(damaged))
    assert not reaches(Elf(damaged), Link(NATIVE, "libvec.so", vec, vec.libraries[0]))


def test_a_symbol_is_defined_by_the_wheel_the_supplier_or_the_system(
    stack: ExitStack, tmp_path: Path
) -> None:
    """And by what a supplier's library links to in its own distribution, but not by other distributions."""
    native = shared(
        ["libvec.so", "libown.so", "libc.so.6"],
        undefined=["own", "direct", "indirect", "elsewhere", "PyList_New", "strlen"],
    )
    files = {NATIVE: native, "mine/libown.so": shared(defined=["own"])}
    inside = {
        "vec/libvec.so": shared(["libmore.so"], defined=["direct"]),
        "vec/libmore.so": shared(["libvec.so", "libc.so.6"], defined=["indirect"]),
    }
    vec = supplier(tmp_path, "vec", inside)
    other = supplier(tmp_path, "other", {"other/libother.so": shared(defined=["elsewhere"])})
    wheel = opened(stack, tmp_path, files)
    missing, unseen = undefined(wheel, NATIVE, found(wheel, vec, other))
    seen = [name for name, _ in system.here(["libc.so.6"], "x86_64")]
    assert missing == (["elsewhere"] if seen else ["elsewhere", "strlen"])
    assert unseen == ([] if seen else ["libc.so.6"])


def test_a_versioned_symbol_counts_if_its_library_is_a_link(
    stack: ExitStack, tmp_path: Path
) -> None:
    versions = {
        "libvec.so": {"vec_norm": "VEC_2"},
        "libc.so.6": {"no_such_function": "GLIBC_2.2.5"},
    }
    wheel = opened(stack, tmp_path, {NATIVE: shared(["libvec.so"], versions=versions)})
    vec = supplier(tmp_path, "vec", {"vec/libvec.so": shared(defined=["vec_norm3"])})
    assert undefined(wheel, NATIVE, found(wheel, vec)) == (["vec_norm"], [])


def test_a_library_that_was_not_found_may_define_a_symbol(stack: ExitStack, tmp_path: Path) -> None:
    wheel = opened(stack, tmp_path, {NATIVE: shared(["libgone.so"], undefined=["gone"])})
    assert undefined(wheel, NATIVE, found(wheel)) == (["gone"], ["libgone.so"])


def test_requirements_are_those_that_apply_here() -> None:
    lines = [
        *("vec==1.*", "extra-vec; extra == 'gpu'", "old-vec; python_version < '3'", "a b c"),
        *("new-vec>=2; python_version > '3'", "odd; unknown_marker == '1'"),
    ]
    text = "Name: mine\n" + "".join(f"Requires-Dist: {line}\n" for line in lines)
    assert [each.name for each in requirements(Fields(text.encode()))] == ["vec", "new-vec"]


def test_an_empty_file_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "empty.so").touch()
    with pytest.raises(ElfError), mapped(tmp_path / "empty.so")():
        pass


def test_every_policy_names_its_libraries() -> None:
    known = system.everywhere()
    assert {"libz.so.1", "libX11.so.6", "libc.so.6"} <= known
    assert not any(name.startswith("libtorch") for name in known)
