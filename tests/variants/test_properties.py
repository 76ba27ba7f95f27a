"""Segments and the variant properties that mean the same: one table, in both directions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customtags.errors import VariantError
from customtags.machine.dimensions import builtin
from customtags.machine.dimensions.abi import Abi
from customtags.machine.dimensions.isa import LEVELS
from customtags.tags import naming
from customtags.variants.properties import (
    ABI,
    ROWS,
    label_of,
    platforms_of,
    properties_of,
    row_of,
)

PAGES = [*builtin(), Abi(["torch", "flash-attn"])]

#: Platform tags → the properties, and the label.
MEANT = {
    "linux_x86_64": ({}, "null"),
    "linux_x86_64_v3": ({"x86_64": {"level": ["v3"]}}, "x86_64_v3"),
    "linux_aarch64_v8_2": ({"aarch64": {"version": ["8.2a"]}}, "aarch64_v8.2"),
    "linux_aarch64_v9_0": ({"aarch64": {"version": ["9.0a"]}}, "aarch64_v9.0"),
    "linux_x86_64_cuda12_4": ({"nvidia": {"cuda_version_lower_bound": ["12.4"]}}, "cuda12.4"),
    "linux_x86_64_cuda12": ({"nvidia": {"cuda_version_lower_bound": ["12"]}}, "cuda12"),
    "manylinux_2_28_x86_64_v3_cuda12_4_sm90a": (
        {
            "nvidia": {"cuda_version_lower_bound": ["12.4"], "sm_arch": ["90a_real"]},
            "x86_64": {"level": ["v3"]},
        },
        "x86_64_v3_cuda12.4_sm90a",
    ),
    "linux_x86_64_cuda12_9_sm100f": (
        {"nvidia": {"cuda_version_lower_bound": ["12.9"], "sm_arch": ["100f_real"]}},
        "cuda12.9_sm100f",
    ),
    "linux_x86_64_cuda12_4_sm80.linux_x86_64_cuda12_4_sm90": (
        {"nvidia": {"cuda_version_lower_bound": ["12.4"], "sm_arch": ["80_real", "90_real"]}},
        "cuda12.4_sm80_sm90",
    ),
    "linux_x86_64_rocm6_0_gfx90a": (
        {"amd": {"gfx_arch": ["gfx90a"], "rocm_version": ["6.0"]}},
        "rocm6.0_gfx90a",
    ),
    "linux_x86_64_cuda12_flashattn2_8_torch2_9": (
        {
            "abi_dependency": {"flash_attn": ["2.8"], "torch": ["2.9"]},
            "nvidia": {"cuda_version_lower_bound": ["12"]},
        },
        "cuda12_flashattn2.8_torch2.9",
    ),
}

#: Platform tags that no variant can say, and a word of the reason.
REFUSED = {
    "linux_x86_64_deb12": "leave the distribution to the base",
    "linux_ppc64le_power9": "'power9'",
    "linux_s390x_z14": "'z14'",
    "linux_x86_64_hardened": "'hardened'",
    "linux_x86_64_numpy2": "'numpy2'",
    "linux_x86_64_v2.linux_x86_64_cuda12_4": "no single set of properties",
    "linux_x86_64_v2_cuda12_4.linux_x86_64_v3_cuda12_6": "no single set of properties",
    "linux_x86_64_v3__": "'linux_x86_64_v3__'",
}

#: Properties that no platform tag can say, and a word of the reason.
UNSAYABLE = [
    ({"nvidia": {"cuda_version_upper_bound": ["13"]}}, "cuda_version_upper_bound"),
    ({"nvidia": {"cuda_version_lower_bound": ["12.4"], "sm_arch": ["90_virtual"]}}, "90_virtual"),
    ({"nvidia": {"sm_arch": ["90_real"]}}, "no platform tag"),
    ({"x86_64": {"avx512_bf16": ["on"]}}, "avx512_bf16"),
    ({"aarch64": {"version": ["8.2a"]}}, "is not one of x86_64"),
    ({"x86_64": {"level": ["v9"]}}, "no platform tag"),
    ({"blas_lapack": {"library": ["openblas"]}}, "blas_lapack"),
    (
        {"nvidia": {"cuda_version_lower_bound": ["12.4"]}, "amd": {"rocm_version": ["6.0"]}},
        "no platform tag",
    ),
]


@pytest.mark.parametrize("platforms", MEANT)
def test_what_segments_mean(platforms: str) -> None:
    expected, label = MEANT[platforms]
    bases, properties = properties_of(platforms.split("."), PAGES)
    assert (properties, label_of(platforms.split("."), PAGES)) == (expected, label)
    assert ".".join(platforms_of(bases, properties, PAGES)) == platforms


@pytest.mark.parametrize("platforms", REFUSED)
def test_what_has_no_property_is_refused(platforms: str) -> None:
    with pytest.raises(VariantError, match=REFUSED[platforms]):
        properties_of(platforms.split("."), PAGES)


@pytest.mark.parametrize(("properties", "reason"), UNSAYABLE)
def test_what_no_segment_says_is_refused(
    properties: dict[str, dict[str, list[str]]], reason: str
) -> None:
    with pytest.raises(VariantError, match=reason):
        platforms_of(["linux_x86_64"], properties, PAGES)


def test_the_baseline_has_no_segment() -> None:
    assert platforms_of(["linux_x86_64"], {"x86_64": {"level": ["v1"]}}) == ["linux_x86_64"]
    assert platforms_of(["linux_aarch64"], {"aarch64": {"version": ["8a"]}}) == ["linux_aarch64"]


def test_every_row_has_a_source_and_every_level_a_property() -> None:
    assert all(row.source.startswith("https://") for row in ROWS)
    for arch in ("x86_64", "aarch64"):
        for level, _ in LEVELS[arch]:
            tag = f"linux_{arch}_{level}"
            bases, properties = properties_of([tag], PAGES)
            assert platforms_of(bases, properties, PAGES) == [tag]


@st.composite
def platform_sets(draw: st.DrawFn) -> list[str]:
    arch = draw(st.sampled_from(["x86_64", "aarch64"]))
    kinds = ["linux", "manylinux_2_17", "manylinux_2_28", "musllinux_1_2"]
    bases = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=2, unique=True))
    versions = st.tuples(st.integers(1, 19), st.integers(0, 12))
    values: dict[str, naming.Value] = {}
    if draw(st.booleans()):
        values["isa"] = draw(st.sampled_from([level for level, _ in LEVELS[arch]]))
    major, minor = draw(versions)
    accelerators = [f"cuda{major}_{minor}", f"cuda{major}", f"rocm{major}_{minor}"]
    gpus = {"cuda": ["", "_sm90", "_sm90a", "_sm100f"], "rocm": ["", "_gfx90a", "_gfx1030"]}
    accelerator = draw(st.sampled_from(["", *accelerators]))
    codes = draw(
        st.lists(st.sampled_from(gpus.get(accelerator[:4], [""])), min_size=1, unique=True)
    )
    if draw(st.booleans()):
        values["abi"] = [f"torch{major}_{minor}", f"flashattn{minor}"]
    codes = codes if "" not in codes else [""]
    return sorted(
        naming.name(
            f"{base}_{arch}",
            {**values, **({"accelerator": accelerator + code} if accelerator else {})},
            PAGES,
        )
        for base in bases
        for code in codes
    )


@given(platform_sets())
def test_forth_and_back_is_the_identity(platforms: list[str]) -> None:
    bases, properties = properties_of(platforms, PAGES)
    assert platforms_of(bases, properties, PAGES) == platforms


def test_the_table_of_the_documentation_shows_each_row() -> None:
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "variants.md").read_text("utf-8")
    table = page.partition("| segment | property |")[2].partition("\n\n")[0]
    shown = []
    for line in table.splitlines()[2:]:
        _, segment, name, *_ = (cell.strip(" `") for cell in line.split("|"))
        namespace, feature, value = name.split(" :: ")
        row = row_of(namespace, feature)
        assert row is not None
        assert (row.value(segment), row.segment(value)) == (value, segment)
        shown.append(row)
    assert set(shown) == {*ROWS, row_of(ABI, "torch")}


def test_a_project_that_ends_in_a_digit_keeps_its_versions_apart() -> None:
    pages = [*builtin(), Abi(["pybind11"])]
    tag = "linux_x86_64_pybind11_2_13"
    bases, properties = properties_of([tag], pages)
    assert properties == {"abi_dependency": {"pybind11": ["2.13"]}}
    assert platforms_of(bases, properties, pages) == [tag]


def test_too_many_combinations_are_refused() -> None:
    many = [f"{number}.0" for number in range(1, 200)]
    wide = {
        "nvidia": {"cuda_version_lower_bound": many, "sm_arch": [f"{n}_real" for n in range(99)]}
    }
    with pytest.raises(VariantError, match="more than 1,000 platform tags"):
        platforms_of(["linux_x86_64"], wide, PAGES)
