"""What the segments of a name mean, and names that are made or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customtags import machine
from customtags.errors import TagError
from customtags.machine.dimensions import builtin, cuda, distro, isa, rocm
from customtags.machine.dimensions.abi import Abi
from customtags.tags import format, naming
from customtags.tags.naming import Run

#: Tag → what it says; None is a segment that no page knows.
MEANINGS: dict[str, list[tuple[str | None, str]]] = {
    "linux_x86_64": [],
    "any": [],
    "linux_x86_64_v3_fc39_rocm6_0": [("isa", "v3"), ("distro", "fc39"), ("accelerator", "rocm6_0")],
    "linux_x86_64_cuda12_4_sm90a": [("accelerator", "cuda12_4_sm90a")],
    "linux_x86_64_rocm6_gfx90a": [("accelerator", "rocm6_gfx90a")],
    "linux_x86_64_rocm6_0_gfx94generic": [("accelerator", "rocm6_0_gfx94generic")],
    "manylinux_2_28_aarch64_v8_2": [("isa", "v8_2")],
    "linux_aarch64_v3": [(None, "v3")],
    "linux_x86_64_sm90": [(None, "sm90")],
    "linux_x86_64_cuda12_4_gfx90a": [("accelerator", "cuda12_4"), (None, "gfx90a")],
    "linux_x86_64_v3_torch2_9": [("isa", "v3"), (None, "torch2_9")],
    "linux_x86_64_rhel9": [(None, "rhel9")],
    "linux_x86_64_el9_4": [("distro", "el9_4")],
    "linux_x86_64_amzn2023_cuda12": [("distro", "amzn2023"), ("accelerator", "cuda12")],
}

#: Tag → what its refusal says.
REFUSED = {
    "linux_x86_64_rhel9": "unknown",
    "linux_aarch64_v3": "unknown",
    "linux_x86_64_v3_v2": "two segments of the dimension isa",
    "linux_x86_64_cuda12_rocm6": "two segments of the dimension accelerator",
    "linux_x86_64_fc39_v3": "write 'linux_x86_64_v3_fc39'",
    "linux_x86_64_rocm6_0_gfx90a_v3_fc39": "write 'linux_x86_64_v3_fc39_rocm6_0_gfx90a'",
    "manylinux_2_28_x86_64_v3_fc39": "write 'linux_x86_64_v3_fc39'",
    "linux_x86_64_v3__fc39": "begin with a letter",
}

#: Base, what is asked to be said, and the name that says it.
NAMES = [
    ("linux_x86_64", {"accelerator": "rocm6.0", "isa": "v3"}, "linux_x86_64_v3_rocm6_0"),
    ("linux_x86_64", {"distro": "ubuntu24.04"}, "linux_x86_64_ubuntu24_04"),
    ("linux_x86_64", {"accelerator": "cuda12.4_sm90"}, "linux_x86_64_cuda12_4_sm90"),
    ("linux_x86_64", {"accelerator": "CUDA12.4"}, "linux_x86_64_cuda12_4"),
    ("manylinux_2_28_aarch64", {"isa": "v9.0"}, "manylinux_2_28_aarch64_v9_0"),
    ("linux_x86_64", {"abi": ["torch2.9", "numpy2"]}, "linux_x86_64_numpy2_torch2_9"),
    ("linux_x86_64", {"site": "acme2", "abi": "torch2"}, "linux_x86_64_torch2_acme2"),
    ("linux_x86_64", {"mpi": "openmpi4", "isa": "v2"}, "linux_x86_64_v2_openmpi4"),
    ("linux_x86_64", {}, "linux_x86_64"),
]

#: Base, what is asked, and what the refusal says.
NAMELESS = [
    ("linux_x86_64", {"isa": "v5"}, "v2, v3, v4"),
    ("linux_x86_64", {"isa": "fc39"}, "v2, v3, v4"),
    ("linux_riscv64", {"isa": "v3"}, "no segment of isa is known on riscv64"),
    ("linux_x86_64", {"distro": "rhel9"}, "el9.4"),
    ("linux_x86_64", {"accelerator": "v3"}, "cuda12.4"),
    ("linux_x86_64", {"accelerator": "cuda12.4,rocm6"}, "begin with a letter"),
    ("linux_x86_64", {"site": "9lives"}, "begin with a letter"),
]


@pytest.mark.parametrize("tag", MEANINGS)
def test_a_tag_means_this(tag: str) -> None:
    _, found = naming.runs(tag, builtin())
    assert found == [Run(*each) for each in MEANINGS[tag]]


@pytest.mark.parametrize("tag", MEANINGS)
def test_nothing_is_lost(tag: str) -> None:
    base, found = naming.runs(tag, builtin())
    assert format(base, [run.text for run in found]) == tag


@pytest.mark.parametrize("tag", REFUSED)
def test_it_is_refused(tag: str) -> None:
    with pytest.raises(TagError) as refusal:
        naming.check(tag, builtin())
    assert REFUSED[tag].replace("unknown", "of no known dimension") in str(refusal.value)


def test_unknown_segments_may_be_let_pass() -> None:
    naming.check("linux_x86_64_v3_torch2_9_acme2", builtin(), unknown=True)
    with pytest.raises(TagError):
        naming.check("linux_x86_64_v3_v2_acme2", builtin(), unknown=True)


def test_the_configured_abis_are_known() -> None:
    pages = [*builtin(), Abi(["torch", "pybind11"])]
    tag = "linux_x86_64_v3_pybind11_2_13_torch2_9"
    naming.check(tag, pages)
    assert naming.runs(tag, pages)[1][1:] == [Run("abi", "pybind11_2_13"), Run("abi", "torch2_9")]
    with pytest.raises(TagError, match="write 'linux_x86_64_pybind11_2_torch2'"):
        naming.check("linux_x86_64_torch2_pybind11_2", pages)


@pytest.mark.parametrize(("base", "values", "expected"), NAMES)
def test_a_name_says_what_is_asked(base: str, values: dict[str, str], expected: str) -> None:
    assert naming.name(base, values, builtin()) == expected
    naming.check(expected, builtin(), unknown=True)


@pytest.mark.parametrize(("base", "values", "why"), NAMELESS)
def test_what_means_nothing_gets_no_name(base: str, values: dict[str, str], why: str) -> None:
    with pytest.raises(TagError) as refusal:
        naming.name(base, values, builtin())
    assert why in str(refusal.value)


@pytest.mark.parametrize(
    "captured", sorted((Path(__file__).parents[1] / "os-release").glob("*--*"))
)
def test_a_machine_of_a_known_word_has_releases_that_are_known(captured: Path) -> None:
    for segment in captured.name.rpartition("--")[2].split("-"):
        word = segment.rstrip("_0123456789")
        known = word in distro.OTHERS or any(word == each for each, _ in distro.WORDS.values())
        assert distro.owns(segment, "x86_64") == known


GPU = st.lists(st.sampled_from([[7, 5], [8, 0], [9, 0], [10, 0], [12, 0], [8, 7]]), max_size=2)
CUDA = st.fixed_dictionaries(
    {"cuda": st.tuples(st.integers(11, 14), st.integers(0, 9)).map(list), "capabilities": GPU}
)
GFX = st.lists(st.sampled_from(sorted(rocm.SERVED)), max_size=2)
ROCM = st.fixed_dictionaries(
    {"version": st.from_regex(r"[5-7]\.[0-4]", fullmatch=True), "gpus": GFX}
)


@given(CUDA, ROCM, st.sampled_from(sorted(isa.LEVELS)))
def test_every_tag_of_a_machine_is_one_that_is_known(
    nvidia: dict[str, object], amd: dict[str, object], arch: str
) -> None:
    levels = [level for level, _ in isa.LEVELS[arch]]
    assert all(isa.owns(level, arch) for level in levels)
    assert all(cuda.owns(segment, arch) for segment in cuda.ladder(nvidia))
    assert all(rocm.owns(segment, arch) for segment in rocm.ladder(amd))
    seed = {"distro": {"segment": "el9_4"}, "accelerator": {"cuda": nvidia}}
    tags, _ = machine.extend([f"manylinux_2_28_{arch}", f"linux_{arch}"], seed)
    for tag in tags:
        naming.check(tag, builtin())
