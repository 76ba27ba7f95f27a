"""Whether a wheel fits, and what it lacks if not."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customtags import machine
from customtags.choosing.candidate import tags
from customtags.choosing.miss import PARTS, Miss
from customtags.choosing.target import Target
from customtags.choosing.verdict import judge
from customtags.machine.settings import Settings
from customtags.profiles import interpreter
from customtags.tags import ladder
from sample import SEED, seed


class Row(NamedTuple):
    """A tag that the machine of the example refuses.

    :ivar part: what fails, one of PARTS
    :ivar segment: the words that fail
    :ivar says: words of the reason
    :ivar cure: words of the cure
    """

    tag: str
    part: str
    segment: str
    says: str
    cure: str


REFUSED = (
    Row("cp312-cp312-linux_x86_64_v4", "isa", "v4", "supports x86-64-v3 (no avx512f, …; from /proc/cpuinfo)", "use a wheel for v3, or another machine; if the detection is wrong, set CUSTOMTAGS_ISA=v4"),
    Row("cp312-cp312-linux_x86_64_v4_fc39", "isa", "v4", "requires an x86-64-v4 CPU", "use a wheel for v3, or another machine; "),
    Row("cp312-cp312-linux_x86_64_fc40", "distro", "fc40", "this machine accepts fc39", "use a wheel for fc39, or another machine; if the detection is wrong, set CUSTOMTAGS_DISTRO=fc40"),
    Row("cp312-cp312-linux_x86_64_v3_rocm6_3", "accelerator", "rocm6_3", "ROCm 6.0.2", "=rocm6.3 "),
    Row("cp312-cp312-linux_x86_64_rocm6_0_gfx942", "accelerator", "gfx942", "gfx90a", "use a wheel for rocm6.0_gfx90a, or another machine; if the detection is wrong, set CUSTOMTAGS_ACCELERATOR=rocm6.0_gfx942"),
    Row("cp312-cp312-linux_x86_64_cuda12_4_sm90", "accelerator", "cuda12_4", "no such accelerator was detected", "driver"),
    Row("cp312-cp312-linux_x86_64_hardened", "unknown segment", "hardened", "a dimension that defines it", "'site'"),
    Row("cp312-cp312-linux_x86_64_torch2_9", "unknown segment", "torch2_9", "a dimension", "'abi'"),
    Row("cp312-cp312-linux_x86_64_vv3", "unknown segment", "vv3", "a dimension that defines it", "write v3, or add a label"),
    Row("cp312-cp312-linux_x86_64_v9", "unknown segment", "v9", "a dimension that defines it", "write one such as v2, v3, v4, or add"),
    Row("cp312-cp312-linux_x86_64_cuda", "unknown segment", "cuda", "a dimension that defines it", "write one such as cuda12_4, or add"),
    Row("cp312-cp312-linux_x86_64_debian12", "unknown segment", "debian12", "a dimension that defines it", "write deb12, or add"),
    Row("cp312-cp312-linux_x86_64_cu128", "unknown segment", "cu128", "a dimension that defines it", "write cuda12_8, or add"),
    Row("cp312-cp312-linux_x86_64_avx2", "unknown segment", "avx2", "a dimension that defines it", "write v3, or add"),
    Row("cp312-cp312-linux_x86_64_fc39_v3", "spelling", "linux_x86_64_fc39_v3", "out of order", "v3_fc39"),
    Row("cp312-cp312-linux_x86_64_v2_v3", "spelling", "linux_x86_64_v2_v3", "two segments of the dimension isa", "keep one"),
    Row("cp312-cp312-linux_x86_64_3", "spelling", "linux_x86_64_3", "must begin with a letter", "write it"),
    Row("cp312-cp312-manylinux_2_17_x86_64_fc39", "spelling", "manylinux_2_17_x86_64_fc39", "policy", "linux_x86_64_fc39"),
    Row("cp312-cp312-manylinux_2_30_x86_64_v3", "base", "manylinux_2_30_x86_64", "as a base", "'manylinux_2_30'"),
    Row("cp312-cp312-manylinux_2_39_x86_64", "libc", "manylinux_2_39_x86_64", "glibc 2.39; this machine has glibc 2.38", "older glibc"),
    Row("cp312-cp312-musllinux_1_2_x86_64", "libc", "musllinux_1_2_x86_64", "musl 1.2; this machine has glibc", "for glibc"),
    Row("cp312-cp312-manylinux2014_aarch64", "architecture", "manylinux2014_aarch64", "aarch64; this machine is x86_64", "x86_64"),
    Row("cp312-cp312-linux_aarch64_v8_2", "architecture", "linux_aarch64", "aarch64; this machine is x86_64", "x86_64"),
    Row("cp312-cp312-win_amd64", "system", "win_amd64", "Windows; this machine runs Linux", "for Linux"),
    Row("cp312-cp312-macosx_11_0_arm64", "system", "macosx_11_0_arm64", "macOS; this machine runs Linux", "for Linux"),
    Row("cp311-cp311-linux_x86_64", "python", "cp311", "CPython 3.11; this Python is CPython 3.12", "cp312-cp312"),
    Row("cp313-abi3-linux_x86_64", "python", "cp313", "Python 3.13 or later", "Python 3.13 or later"),
    Row("py313-none-any", "python", "py313", "Python 3.13 or later", "Python 3.13 or later"),
    Row("py2-none-any", "python", "py2", "Python 2; this Python is CPython 3.12", "Python 2"),
    Row("cp310-none-any", "python", "cp310", "CPython 3.10", "cp312-cp312"),
    Row("cp312-cp312t-linux_x86_64", "python abi", "cp312t", "free-threaded", "cp312-cp312"),
    Row("cp312-cp312d-linux_x86_64", "python abi", "cp312d", "debug build", "cp312-cp312"),
    Row("py3-abi3-any", "python abi", "abi3", "cp32 or later; this Python is CPython 3.12", "cp312-cp312"),
    Row("cp3-none-any", "python", "cp3", "a minor version", "cp312-cp312"),
    Row("pp310-pypy310_pp73-linux_x86_64", "implementation", "pp310", "PyPy 3.10; this Python is CPython 3.12", "PyPy 3.10"),
    Row("cp312-cp312-any", "python abi", "cp312-cp312-any", "that combination", "retag"),
)  # fmt: skip


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.tag)
def test_a_tag_is_refused_with_its_reason(row: Row) -> None:
    verdict = judge([row.tag], seed())
    assert not verdict.fits
    (miss,) = verdict.tags[0].misses
    assert (miss.part, miss.segment) == (row.part, row.segment)
    assert row.says in str(miss)
    assert row.cure in miss.cure


def test_every_part_has_a_row() -> None:
    told = {row.part for row in REFUSED}
    assert {*told, "hook", "limit", "abi"} == set(PARTS)


def test_a_free_threaded_python_refuses_the_stable_abi() -> None:
    (miss,) = judge(["cp39-abi3-linux_x86_64"], seed("3.13t")).tags[0].misses
    assert miss.part == "python abi"
    assert "cp313-cp313t" in miss.cure


def test_a_newer_driver_is_no_cure_for_another_gpu() -> None:
    (miss,) = judge(["cp312-cp312-linux_x86_64_rocm6_0_gfx942"], seed()).tags[0].misses
    assert "driver" not in miss.cure


@pytest.mark.parametrize(
    ("override", "features", "best"),
    [
        ("CUSTOMTAGS_ISA=v2", "pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm", "v2"),
        ("CUSTOMTAGS_ISA=none", "", "the x86_64 baseline"),
    ],
)
def test_an_override_of_the_cpu_is_removed_or_kept_but_not_raised(
    override: str, features: str, best: str
) -> None:
    facts = {"arch": "x86_64", "features": features.split()} if features else None
    machine = seed(isa=facts, source={"isa": override})
    (miss,) = judge(["cp312-cp312-linux_x86_64_v3"], machine).tags[0].misses
    assert miss.cure == f"remove the override {override}, or use a wheel for {best}"


def test_what_the_configuration_knows_is_named_by_its_dimension() -> None:
    settings = Settings({"site": "acme1", "abi": "torch2.8"}, abi=["torch"])
    facts: dict[str, Any] = {"site": {"labels": ["acme1"]}, "abi": {"segments": ["torch2_8"]}}
    sources = {"site": "CUSTOMTAGS_SITE=acme1", "abi": "CUSTOMTAGS_ABI=torch2.8"}
    machine = seed("3.12", settings, **facts, source=sources)
    (miss,) = judge(["cp312-cp312-linux_x86_64_torch2_9"], machine).tags[0].misses
    assert (miss.part, miss.source) == ("abi", "CUSTOMTAGS_ABI=torch2.8")
    assert miss.cure == "remove the override CUSTOMTAGS_ABI=torch2.8, or change it to torch2.9"
    assert str(miss).startswith("torch2_9: requires torch2.9 to be installed; this environment ")
    assert judge(["cp312-cp312-linux_x86_64_torch2_8_acme1"], machine).fits


@pytest.mark.parametrize(
    ("segments", "part", "cure"),
    [
        ("hardened_acme1", "spelling", "keep one of them"),
        ("torch2_9_numpy2", "spelling", "write 'linux_x86_64_numpy2_torch2_9'"),
        ("acme1_torch2_9", "spelling", "write 'linux_x86_64_torch2_9_acme1'"),
        ("numpy2_torch2_8", "abi", "change it to numpy2,torch2.8"),
    ],
)
def test_parts_that_do_not_go_together_are_no_matter_of_the_limit(
    segments: str, part: str, cure: str
) -> None:
    settings = Settings({}, abi=["torch", "numpy"], limit=10)
    facts: dict[str, Any] = {
        "site": {"labels": ["acme1", "hardened"]},
        "abi": {"segments": ["torch2_9", "numpy2"]},
    }
    machine = seed("3.12", settings, **facts, source={"abi": "CUSTOMTAGS_ABI=torch2.9,numpy2"})
    (miss,) = judge([f"cp312-cp312-linux_x86_64_{segments}"], machine).tags[0].misses
    assert (miss.part, cure in miss.cure) == (part, True)
    assert "GPU" not in str(miss)


def test_what_only_the_limit_leaves_out_says_so() -> None:
    machine = seed(settings=Settings({}, limit=3))
    (miss,) = judge(["cp312-cp312-linux_x86_64_v2_rocm6"], machine).tags[0].misses
    assert (miss.part, miss.cure) == ("limit", "set limit = 71 in customtags.toml")


def test_what_fits_the_machine_may_lack_the_hook_alone() -> None:
    machine = seed(hook=False)
    assert judge(["cp312-cp312-linux_x86_64"], machine).fits
    tags = ["cp312-cp312-linux_x86_64_v3_fc39", "cp312-cp312-linux_x86_64_v4"]
    nearest, other = judge(tags, machine).tags
    (miss,) = nearest.misses
    assert (miss.part, miss.cure) == ("hook", "run 'customtags doctor'")
    assert str(miss) == (
        "linux_x86_64_v3_fc39: requires the hook of customtags; this pip accepts stock tags only"
    )
    assert [miss.part for miss in other.misses] == ["isa"]


def test_the_nearest_miss_comes_first_and_what_fits_before_it() -> None:
    names = tags(
        "example-1.0-cp312-cp312-linux_x86_64_v3.linux_x86_64_v4.linux_x86_64_v4_fc40.win_amd64.whl"
    )
    verdict = judge(names, seed())
    assert verdict.fits
    assert [tag.name.rpartition("-")[2] for tag in verdict.tags] == [
        *("linux_x86_64_v3", "linux_x86_64_v4", "win_amd64", "linux_x86_64_v4_fc40")
    ]
    assert verdict.place == verdict.tags[0].place


LADDERS = machine.ladders(SEED, "x86_64")
SEGMENTS = [
    *(each for ladder in LADDERS.values() for each in ladder),
    "v4",
    "fc40",
    "cuda12",
    "acme2",
]
BASES = [
    *(f"{policy}_x86_64" for policy in ladder.POLICIES),
    "linux_x86_64",
    "manylinux_2_30_x86_64",
]
WHOLE, CUT = seed(), seed(settings=Settings({}, limit=5))


@given(
    st.sampled_from(["cp312-cp312", "cp38-abi3", "py3-none", "cp313-cp313", "cp312-none"]),
    st.sampled_from(BASES),
    st.lists(st.sampled_from(SEGMENTS), max_size=3),
)
def test_what_is_refused_has_a_reason_and_what_is_accepted_none(
    row: str, base: str, segments: list[str]
) -> None:
    platform = "_".join((base, *segments))
    for each in (WHOLE, CUT):
        (tag,) = judge([f"{row}-{platform}"], each).tags
        assert (tag.place is None) == bool(tag.misses)
        assert (tag.place is not None) == (tag.name in each.order)
        only_cut = platform in WHOLE.platforms and platform not in each.platforms
        assert any(miss.part == "limit" for miss in tag.misses) == only_cut


def test_a_reason_is_a_value_and_a_sentence() -> None:
    miss = Miss(
        "isa", "v4", "an x86-64-v4 CPU", "it is old", "/proc/cpuinfo", "buy one", "no avx512f"
    )
    assert str(miss) == "v4: requires an x86-64-v4 CPU; it is old (no avx512f; from /proc/cpuinfo)"
    assert miss._replace(has="", needs="it is wrong").__str__() == "it is wrong"


def test_a_system_that_is_no_linux_is_judged_too() -> None:
    mac = Target(
        {"version": 1},
        ["macosx_14_0_arm64", "macosx_13_0_arm64"],
        interpreter.read("3.12"),
        pages=[],
    )
    assert judge(["cp312-cp312-macosx_13_0_arm64"], mac).fits
    for tag, part in (("macosx_15_0_arm64", "system"), ("linux_aarch64", "system")):
        (miss,) = judge([f"cp312-cp312-{tag}"], mac).tags[0].misses
        assert (miss.part, "macos" in str(miss).lower()) == (part, True)
