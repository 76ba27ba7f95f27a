"""Reading ELF files: captured ones of each width and endianness, and what is left of them when bytes are changed."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customtags.errors import ElfError
from customtags.wheels.elf import Elf
from customtags.wheels.elf_layout import Segment
from made_elf import shared
from read_elf import everything

FOLDER = Path(__file__).parent / "elf"

#: ``elf/make.sh`` made them and says what is in them; the name of each is its machine.
LIBRARIES = sorted(FOLDER.glob("*.so"))

#: Of what the fuzzer made, the smallest for each thing that is told; its name is that.
BROKEN = sorted((FOLDER / "broken").glob("*"))


def library(name: str) -> bytes:
    return (FOLDER / f"{name}.so").read_bytes()


def without_sections(data: bytes) -> bytes:
    """Clear e_shoff, e_shnum and e_shstrndx, as packers of executables do."""
    wide = data[4] == 2
    start, width, end = (40, 8, 64) if wide else (32, 4, 52)
    return data[:start] + bytes(width) + data[start + width : end - 4] + bytes(4) + data[end:]


def without_entry(data: bytes, tag: int) -> bytes:
    """Return a file with another tag in one entry of the dynamic section."""
    elf = Elf(data)
    part = next(each for each in elf.segments if each.type == 2)
    order, width = ("little" if elf.little else "big"), elf.bits // 8
    for place in range(part.offset, part.offset + part.size, 2 * width):
        if data[place : place + width] == tag.to_bytes(width, order):  # type: ignore[arg-type]
            return data[:place] + b"\x7f" * width + data[place + width :]
    raise AssertionError(tag)


def test_there_is_one_of_each_kind() -> None:
    kinds = {(elf.bits, elf.little) for elf in (Elf(path.read_bytes()) for path in LIBRARIES)}
    assert {(64, True), (64, False), (32, False)} <= kinds


@pytest.mark.parametrize("path", LIBRARIES, ids=lambda path: path.stem)
def test_what_a_library_says_of_itself(path: Path) -> None:
    elf = Elf(path.read_bytes())
    assert elf.machine == path.stem
    assert (elf.needed, elf.soname) == (["libdemo.so.1"], "libthis.so.2")
    assert (elf.rpath, elf.runpath) == (None, "$ORIGIN/there")
    assert elf.needs == {"libdemo.so.1": ["DEMO_1.2"]}
    text = elf.section(".text")
    assert text is not None
    assert text.executable
    assert len(elf.content(text)) == text.size


@pytest.mark.parametrize("path", LIBRARIES, ids=lambda path: path.stem)
def test_the_symbols_of_a_library(path: Path) -> None:
    elf = Elf(path.read_bytes())
    found = {each.name: each for each in elf.dynamic_symbols()}
    needed = found["demo_function"]
    assert (needed.defined, needed.version, needed.library) == (False, "DEMO_1.2", "libdemo.so.1")
    own = found["this_function"]
    assert (own.defined, own.version, own.library) == (True, "THIS_2", None)
    assert own.binding == "GLOBAL"
    weak = found["not_there"]
    assert (weak.binding, weak.defined, weak.version) == ("WEAK", False, None)
    assert found["this_object"].defined
    undefined = [each.name for each in elf.dynamic_symbols(defined=False)]
    assert sorted(undefined) == ["demo_function", "not_there"]


@pytest.mark.parametrize("path", LIBRARIES, ids=lambda path: path.stem)
def test_what_the_loader_sees_needs_no_section_headers(path: Path) -> None:
    whole = Elf(path.read_bytes())
    symbols = [*whole.dynamic_symbols()]
    packed = without_sections(path.read_bytes())
    assert Elf(packed).sections == []
    assert [*Elf(packed).dynamic_symbols()] == symbols
    by_gnu_hash = without_entry(packed, 4)
    assert [*Elf(by_gnu_hash).dynamic_symbols()] == symbols
    assert Elf(packed).needs == whole.needs


def test_a_mapped_file_reads_as_its_bytes_do() -> None:
    for path in LIBRARIES:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        assert everything(mapped) == everything(path.read_bytes())


@pytest.mark.parametrize("path", LIBRARIES, ids=lambda path: path.stem)
def test_a_file_that_is_cut_off_says_so(path: Path) -> None:
    data = path.read_bytes()
    for length in range(0, len(data), 7):
        with pytest.raises(ElfError):
            everything(data[:length])


@pytest.mark.parametrize("data", [b"", b"MZ", b"\x7fELF", b"\x7fELF\x03\x01" + bytes(60)])
def test_what_is_no_elf_file_says_so(data: bytes) -> None:
    with pytest.raises(ElfError):
        Elf(data)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.name)
def test_each_way_to_be_broken_is_told(path: Path) -> None:
    with pytest.raises(ElfError) as caught:
        everything(path.read_bytes())
    words = re.sub(r"'.*?'|0x[0-9a-f]+", "", caught.value.problem.lower())
    assert re.sub("[^a-z]+", "-", words).strip("-")[:70] == path.name


@given(
    path=st.sampled_from(LIBRARIES),
    changes=st.lists(
        st.tuples(st.integers(0, 1 << 14), st.binary(min_size=1, max_size=9)), max_size=6
    ),
)
def test_changed_bytes_give_values_or_an_error(
    path: Path, changes: list[tuple[int, bytes]]
) -> None:
    data = bytearray(path.read_bytes())
    for place, content in changes:
        start = place % len(data)
        data[start : start + len(content)] = content
    try:
        everything(bytes(data))
    except ElfError as error:
        assert error.cure  # noqa: PT017 - most changes do not break it


def test_a_segment_is_no_section() -> None:
    assert all(isinstance(each, Segment) for each in Elf(library("x86_64")).segments)


def test_a_pattern_is_found_once_wherever_the_search_is_cut() -> None:
    cut = 1 << 26
    start = shared()
    content = b"needle" + bytes(cut - 9) + b"needle" + bytes(cut - 6) + b"needle"
    places = [len(start), len(start) + cut - 3, len(start) + 2 * cut - 3]
    elf = Elf(start + content)
    assert [*elf.places(b"needle", len(start), len(elf.data))] == places
    assert [*elf.places(b"needle", len(start) + 1, len(elf.data) - 1)] == places[1:2]
