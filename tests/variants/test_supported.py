"""What a machine supports, what a variant lacks there, and the order of PEP 825."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customtags import machine
from customtags.machine.dimensions import builtin, cuda, rocm
from customtags.machine.dimensions.abi import Abi
from customtags.tags.ladder import combine
from customtags.variants import metadata
from customtags.variants.properties import Properties, properties_of
from customtags.variants.supported import lacking, order, supported

PROFILE = Path(__file__).parents[2] / "docs" / "fedora39.json"
CUDA = {"cuda": [12, 4], "capabilities": [[9, 0]]}
LADDERS = {"isa": ["v4", "v3", "v2"], "accelerator": cuda.ladder(CUDA)}
HERE = supported(LADDERS, "x86_64", builtin())


def test_a_profile_s_properties_in_order() -> None:
    ladders = machine.ladders(machine.read_profile(str(PROFILE)), "x86_64", builtin())
    assert supported(ladders, "x86_64", builtin()) == {
        "amd": {"rocm_version": ["6.0", "6"], "gfx_arch": ["gfx90a"]},
        "x86_64": {"level": ["v3", "v2", "v1"]},
    }


def test_versions_of_projects() -> None:
    page = Abi(["torch", "flash-attn"])
    found = supported({"abi": ["flashattn2_8_torch2_9", "torch2"]}, "aarch64", [page])
    assert found == {
        "abi_dependency": {"torch": ["2.9", "2"], "flash_attn": ["2.8"]},
        "aarch64": {"version": ["8a"]},
    }


def test_an_amd_machine_supports_no_cuda() -> None:
    ladders = {"accelerator": rocm.ladder({"version": "6.2", "gpus": ["gfx942"]})}
    machine_supports = supported(ladders, "x86_64", builtin())
    wants = {"nvidia": {"cuda_version_lower_bound": ["12.4"]}}
    assert lacking({"amd": {"rocm_version": ["6.1"]}}, machine_supports) is None
    assert lacking(wants, machine_supports) == ("nvidia", "cuda_version_lower_bound", ["12.4"], ())


#: Labels in the order in which uv 0.13.9 took them from a folder, each removed once it was taken
#: (NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION=12.4, …_SM_ARCH=9.0, an x86-64-v4 CPU).
TAKEN: dict[str, Properties] = {
    "smcu": {"nvidia": {"cuda_version_lower_bound": ["12.4"], "sm_arch": ["90_real"]}},
    "v4cu": {"nvidia": {"cuda_version_lower_bound": ["12.4"]}, "x86_64": {"level": ["v4"]}},
    "cu": {"nvidia": {"cuda_version_lower_bound": ["12.4"]}},
    "cu12": {"nvidia": {"cuda_version_lower_bound": ["12"]}},
    "multi": {"nvidia": {"sm_arch": ["80_real", "90_real"]}},
    "one": {"nvidia": {"sm_arch": ["90_real"]}},
    "v4": {"x86_64": {"level": ["v4"]}},
    "x1": {"x86_64": {"level": ["v1"]}},
    "null": {},
}


def test_the_order_is_the_one_that_uv_has() -> None:
    unknown: Properties = {"nvidia": {"cuda_version_lower_bound": ["13.0"]}}
    variants = {**dict(reversed(TAKEN.items())), "cu13": unknown}
    namespaces = list(metadata.PROVIDERS)
    assert order(metadata.Metadata(namespaces, variants, {}), HERE) == list(TAKEN)


@given(st.permutations(combine(LADDERS, ["linux_x86_64"])[0][:200]))
def test_the_order_of_tags_is_the_order_of_their_variants(tags: list[str]) -> None:
    some = tags[:6]
    variants = {f"l{place}": properties_of([tag], builtin())[1] for place, tag in enumerate(some)}
    ranked = order(metadata.Metadata(list(metadata.PROVIDERS), variants, {}), HERE)
    best_first = [tag for tag in combine(LADDERS, ["linux_x86_64"])[0] if tag in some]
    assert [some[int(label[1:])] for label in ranked] == best_first


def test_a_wheel_of_another_architecture_lacks_its_feature() -> None:
    found = lacking({"aarch64": {"version": ["8.2a"]}}, HERE)
    assert found is not None
    assert found.supported == ()


@pytest.mark.parametrize("label", TAKEN)
def test_nothing_is_lacking_of_what_is_supported(label: str) -> None:
    assert lacking(TAKEN[label], HERE) is None
