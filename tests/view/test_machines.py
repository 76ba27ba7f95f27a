"""Machines that are spelled in an address."""

from __future__ import annotations

from pathlib import Path

import pytest

from customtags import machine
from customtags.errors import CustomtagsError
from customtags.tags import stock
from customtags.view.machines import spell, spelled

HERE: stock.Platform = {"arch": "x86_64", "libc": "glibc", "libc_version": "2.36"}
PROFILES = sorted(Path(__file__).parents[2].glob("examples/cluster/*.json"))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("v3,el9.4,cuda12.4_sm90", "linux_x86_64_v3_el9_4_cuda12_4_sm90a"),
        ("aarch64,glibc2.28,v8_2", "linux_aarch64_v8_2"),
        ("rocm6.0_gfx90a,v2", "linux_x86_64_v2_rocm6_0_gfx90a"),
        ("v3,torch2.9", "linux_x86_64_v3_torch2_9"),
        ("hardened", "linux_x86_64_hardened"),
        ("musl1.2,alpine3.20", "linux_x86_64_alpine3_20"),
        ("", "linux_x86_64"),
    ],
)
def test_a_machine_is_spelled_by_its_values(text: str, first: str) -> None:
    assert spelled(text, HERE).platforms[0] == first


def test_the_c_library_decides_the_stock_tags() -> None:
    assert "manylinux_2_36_x86_64" in spelled("v3", HERE).platforms
    found = spelled("v3,glibc2.17", HERE).platforms
    assert "manylinux_2_17_x86_64_v3" in found
    assert not [tag for tag in found if tag.startswith("manylinux_2_28")]


@pytest.mark.parametrize(
    "text",
    [
        *("zz zz", "v3,v2", "el9.4,deb12", "glibcx", "glibc2", "-", "x86_64,aarch64", "\x1b[31m"),
        *("v" * 400, ",".join(["v3"] * 20), "cuda12.4/sm90", "é", "cuda12.4_rocm6.0"),
    ],
)
def test_what_means_nothing_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(CustomtagsError) as caught:
        spelled(text, HERE)
    assert "CUSTOMTAGS_" not in str(caught.value)


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_what_a_profile_accepts_can_be_spelled(path: Path) -> None:
    profile = machine.read_profile(str(path))
    platform = profile["platform"]
    ladders = machine.ladders(profile, platform["arch"])
    platforms = stock.tags(platform)
    expected = [*machine.extend(platforms, profile)[0], *platforms]
    assert list(spelled(spell(ladders, platform), HERE).platforms) == expected


def test_there_are_profiles() -> None:
    assert PROFILES


def test_the_build_of_an_abi_decides_about_its_accelerator() -> None:
    pair = "linux_x86_64_v3_cuda12_8_torch2_9"
    assert pair in spelled("v3,cuda12.8,torch2.9+cu128", HERE).platforms
    assert pair not in spelled("v3,cuda12.8,torch2.9+cpu", HERE).platforms
    assert pair not in spelled("v3,cuda12.8,torch2.9", HERE).platforms
