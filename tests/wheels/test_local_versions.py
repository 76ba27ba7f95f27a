"""What the local versions of real projects say."""

from __future__ import annotations

import pytest

from customtags.wheels.local_versions import SPELLINGS, meaning

#: Local version, as published → the segments.
SAID = {
    # https://download.pytorch.org/whl/torch/
    "cu118": ["cuda11_8"],
    "cu121": ["cuda12_1"],
    "cu128": ["cuda12_8"],
    "cu130": ["cuda13_0"],
    "rocm6.4": ["rocm6_4"],
    "rocm6.2.4": ["rocm6_2"],
    "cpu": [],
    # https://data.pyg.org/whl/
    "pt28cu128": ["cuda12_8", "torch2_8"],
    "pt28cpu": ["torch2_8"],
    "pt113cu117": ["cuda11_7", "torch1_13"],
    "pt210cu130": ["cuda13_0", "torch2_10"],
    # https://github.com/Dao-AILab/flash-attention/releases
    "cu12torch2.8cxx11abiTRUE": ["cuda12", "torch2_8"],
    "cu12torch2.4cxx11abiFALSE": ["cuda12", "torch2_4"],
    "cu122torch2.3cxx11abifalse": ["cuda12_2", "torch2_3"],
    # https://whl.natten.org/
    "torch260cu126": ["cuda12_6", "torch2_6"],
    "torch210cu121": ["cuda12_1", "torch2_1"],
    "torch2100cu130": ["cuda13_0", "torch2_10"],
    # pytorch3d
    "pt2.5.1cu124": ["cuda12_4", "torch2_5"],
    # https://wheels.vllm.ai/rocm/
    "rocm700": ["rocm7_0"],
}

#: Local version → the part that stays.
UNKNOWN = {
    "xpu": "xpu",
    "cuda12.cudnn89": "cudnn89",
    "cu12torch2.6cxx11abitrue": "cxx11abitrue",
    "cu12torch2.8cxx11abifalse": "cxx11abifalse",
    "cxx11abitrue": "cxx11abitrue",
    "g1a2b3c4": "g1a2b3c4",
    "cu128.git1a2b3c4": "git1a2b3c4",
    "cu128.rocm6.4": "cu128.rocm6.4",
    "computecanada": "computecanada",
    "fc39.rocm6.0": "fc39.rocm6.0",
}


@pytest.mark.parametrize("local", SAID)
def test_what_a_local_version_says(local: str) -> None:
    found = meaning(local)
    assert [*found.values.get("accelerator", []), *found.values.get("abi", [])] == SAID[local]
    assert found.unknown == ""


@pytest.mark.parametrize("local", UNKNOWN)
def test_what_is_unknown_is_named(local: str) -> None:
    assert meaning(local).unknown == UNKNOWN[local]


def test_every_spelling_names_who_publishes_it_and_is_tried() -> None:
    for spelling in SPELLINGS:
        assert ":" in spelling.users
        assert any(spelling.pattern.search(local) for local in SAID | UNKNOWN)
