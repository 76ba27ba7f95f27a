"""Machines that are spelled in an address."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customtags import machine
from customtags.errors import CustomtagsError
from customtags.machine.dimensions import builtin, optional
from customtags.machine.settings import Settings
from customtags.profiles.selection import Selection, select
from customtags.tags import stock
from customtags.view.address import spell
from customtags.view.spelling import spelled
from sample import CUDAS, MACHINES, V3

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from customtags.machine.spec import Page

HERE: stock.Platform = {"arch": "x86_64", "libc": "glibc", "libc_version": "2.36"}
ROOT = Path(__file__).parents[2]
PROFILES = sorted([*ROOT.glob("examples/**/profiles/*.json"), *ROOT.glob("docs/**/fedora39.json")])
RELEASES = sorted(ROOT.glob("tests/os-release/*--*"))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("v3,el9.4,cuda12.4_sm90", "linux_x86_64_v3_el9_4_cuda12_4_sm90a"),
        ("aarch64,glibc2.28,v8_2", "linux_aarch64_v8_2"),
        ("rocm6.0_gfx90a,v2", "linux_x86_64_v2_rocm6_0_gfx90a"),
        ("v3,abi=torch2.9", "linux_x86_64_v3_torch2_9"),
        ("site=hardened", "linux_x86_64_hardened"),
        ("site=hardened,site=acme2", "linux_x86_64_hardened"),
        ("mpi=openmpi4.1,v2", "linux_x86_64_v2_openmpi4_1"),
        ("accelerator=tpu4,v2", "linux_x86_64_v2_tpu4"),
        ("distro=coreos899.15.0", "linux_x86_64_coreos899_15_0"),
        ("musl1.2,alpine3.20", "linux_x86_64_alpine3_20"),
        ("cuda12.9_sm100_sm103", "linux_x86_64_cuda12_9_sm100f"),
        ("priority=isa,v3,cuda12.4", "linux_x86_64_v3_cuda12_4"),
        ("arch=aarch64", "linux_aarch64"),
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
    assert spelled("libc=none", HERE).platforms == ["linux_x86_64"]


#: Spellings that are refused: typing errors, contradictions, and what would cost the server too much.
REFUSED = (
    *(
        "v9",
        "cuda12,4",
        "el9.4x",
        "acme2",
        "torch2.9",
        "V3",
        "v3,",
        ",",
        "e19.4",
        "x8664",
        "rhel9.4",
    ),
    *("sit=v9", "acc=cuda12.4", "dist=el9.4", "site=v3", "distro=v3", "abi=v3", "isa=el9", "=v3"),
    *("zz zz", "v3,v2", "el9.4,deb12", "cuda12.4,cuda12.5", "x86_64,aarch64", "glibc2.34,musl1.2"),
    *("glibcx", "glibc2", "glibc2.34.1", "libc=bionic", "arch=vax", "alpine3.20", "v3,musl1.2,el9"),
    *("-", "\x1b[31m", "v3\n", "cuda12.4/sm90", "é", "cuda12.4_rocm6.0", "cuda12.4_sm90_foo"),
    *("cuda10.2", "cuda12.99999999", "rocm6.99999999", "accelerator=cuda12.99999999"),
    *("site=", "site=a-b", "isa=none", "accelerator=gfx90a", "Name=a", "profile=a"),
    *(
        "limit=99999",
        "limit=x",
        "limit=",
        "priority=speed",
        "bases=manylinux_2_99",
        "cuda-minor=all",
    ),
    *("v" * 900, ",".join(["v3"] * 80), "a=p,b=p,c=p,d=p,e=p", "abi=a1,abi=b1,abi=c1,abi=d1"),
)


@pytest.mark.parametrize("text", REFUSED)
def test_what_means_nothing_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(CustomtagsError) as caught:
        spelled(text, HERE)
    assert "CUSTOMTAGS_" not in str(caught.value)
    assert str(caught.value).isprintable()


def test_what_is_accepted_is_named() -> None:
    with pytest.raises(CustomtagsError, match=r"'v9' means nothing on x86_64; write .*site=acme2"):
        spelled("v9", HERE)


def same(seen: Selection) -> None:
    """Check that the view at the address of a machine accepts what the machine accepts, in the same order."""
    extended = machine.extend(seen.stock, seen.profile, seen.settings, seen.pages)[0]
    assert spelled(unquote(spell(seen)), HERE).platforms == [*extended, *seen.stock]


@pytest.mark.parametrize("folder", MACHINES, ids=lambda folder: folder.name)
def test_a_captured_machine_can_be_spelled(folder: Path) -> None:
    same(select(Settings({}), str(folder)))


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_every_distribution_can_be_spelled(release: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").write_bytes(release.read_bytes())
    same(select(Settings({}), str(tmp_path)))


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_a_profile_can_be_spelled(path: Path) -> None:
    same(select(Settings({}, str(path))))


def test_there_are_machines() -> None:
    assert len(PROFILES) > 3
    assert len(MACHINES) > 40
    assert len(RELEASES) > 50


def listed(name: str, dimension: str) -> Page:
    """Return the page of a third party."""
    page: Any = SimpleNamespace(NAME=name, DIMENSION=dimension, PROBES={}, override=None)
    page.ladder = lambda facts: facts["segments"]
    page.describe = str
    return page  # type: ignore[no-any-return]


def subsets(*values: object) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), max_size=2, unique_by=str)


facts = st.fixed_dictionaries(
    {},
    optional={
        "isa": st.just({"arch": "x86_64", "features": V3.split()}),
        "distro": st.sampled_from(
            [
                {"id": "linuxmint", "version_id": "22", "ubuntu_codename": "noble"},
                {"segment": "el9_4"},
                {"segment": "leap15_5"},
                {"id": "coreos", "version_id": "899.15.0"},
            ]
        ),
        "accelerator": st.fixed_dictionaries(
            {},
            optional={
                "cuda": st.fixed_dictionaries(
                    {
                        "cuda": st.sampled_from(CUDAS),
                        "capabilities": subsets([7, 0], [8, 7], [9, 0], [10, 0], [10, 3], [12, 1]),
                        "policy": st.sampled_from(["strict", "minor"]),
                    }
                ),
                "rocm": st.fixed_dictionaries(
                    {
                        "version": st.sampled_from(["6.0.2", "5.7", None]),
                        "gpus": subsets("gfx90a", "gfx1100", "gfx1101", "gfx1036"),
                    }
                ),
                "tpu": st.fixed_dictionaries({"segments": subsets("tpu5", "tpu4", "tpux_lite2")}),
            },
        ),
        "abi": st.one_of(
            st.fixed_dictionaries(
                {
                    "versions": st.dictionaries(
                        st.sampled_from(["torch", "numpy", "cupy-cuda12x"]),
                        st.sampled_from(["2.9.1+cu128", "2.0", "13", "2.8.0+rocm6.4", "2.1rc1"]),
                    ),
                    "flavours": st.dictionaries(
                        st.just("torch"),
                        st.sampled_from(["cpu", "cuda9_2", "xpu", "any", "cuda12"]),
                    ),
                }
            ),
            st.just(
                {"projects": [["torch2"], ["numpy2_1", "numpy2"]], "flavours": {"torch2": "any"}}
            ),
        ),
        "site": st.fixed_dictionaries({"labels": subsets("hardened", "acme2")}),
        "mpi": st.fixed_dictionaries({"segments": subsets("openmpi4_1", "openmpi4", "mpich3")}),
    },
)
configured = st.fixed_dictionaries(
    {},
    optional={
        "priority": subsets("isa", "mpi", "distro"),
        "bases": subsets("manylinux_2_28", "manylinux_2_31", "manylinux_2_99", "manylinux2014"),
        "limit": st.integers(0, 200),
    },
)


@given(facts, configured)
def test_every_machine_can_be_spelled(found: Mapping[str, Any], chosen: Mapping[str, Any]) -> None:
    pages: Sequence[Page] = [
        *(*builtin(), listed("tpu", "accelerator"), optional("abi", ("torch",))),
        *(optional("site", ()), listed("mpi", "mpi")),
    ]
    profile = {"version": 1, "platform": HERE, "source": {}, **found}
    same(Selection(profile, stock.tags(HERE), Settings({}, **chosen), pages, []))


def test_what_cannot_be_spelled_is_said() -> None:
    names = [f"extra{letter}" for letter in "abcde"]
    profile = {"platform": HERE, **{name: {"segments": [name]} for name in names}}
    pages = [listed(name, name) for name in names]
    seen = Selection(profile, stock.tags(HERE), Settings({}), pages, [])
    with pytest.raises(CustomtagsError, match=r"no address spells .* --machine NAME=PROFILE"):
        spell(seen)


def test_the_build_of_an_abi_decides_about_its_accelerator() -> None:
    pair = "linux_x86_64_v3_cuda12_8_torch2_9"
    assert pair in spelled("v3,cuda12.8,abi=torch2.9+cu128", HERE).platforms
    assert pair not in spelled("v3,cuda12.8,abi=torch2.9+cpu", HERE).platforms
    assert pair not in spelled("v3,cuda12.8,abi=torch2.9", HERE).platforms


def test_an_abi_s_build_is_in_the_address_of_the_machine() -> None:
    facts = {"versions": {"torch": "2.9.1+cu128", "numpy": "2.0"}}
    profile = {"platform": HERE, "abi": facts}
    seen = Selection(profile, stock.tags(HERE), Settings({}), [optional("abi", ("torch",))], [])
    assert spell(seen) == "x86_64,glibc2.36,abi=numpy2.0,abi=torch2.9%2Bcu128"
