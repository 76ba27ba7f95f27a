"""What AMD's machines are read as, and the segments that follow."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from customtags.machine.dimensions import rocm
from customtags.machine.host import Host
from customtags.tags import parse

if TYPE_CHECKING:
    from pathlib import Path

PROBE = rocm.PROBES["/sys/class/kfd"]

#: What a node of KFD's topology says of a CPU, and of a GPU (drivers/gpu/drm/amd/amdkfd/kfd_topology.c).
CPU = "cpu_cores_count 16\nsimd_count 0\ngfx_target_version 0\nvendor_id 0\n"
GPU = "cpu_cores_count 0\nsimd_count 304\ngfx_target_version {}\nvendor_id 4098\ndomain 0\n"


def machine(root: Path, *versions: int, **files: str) -> Host:
    """Make a machine: one CPU, GPUs by their ``gfx_target_version``, and other files by their path."""
    nodes = "sys/class/kfd/kfd/topology/nodes"
    properties = [CPU, *(GPU.format(version) for version in versions)]
    for number, text in enumerate(properties):
        files[f"{nodes}/{number}/properties"] = text
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Host(str(root))


#: gfx_target_version → the processor (LLVM, "User Guide for AMDGPU Backend").
GFX = {
    90000: "gfx900",
    90006: "gfx906",
    90008: "gfx908",
    90010: "gfx90a",
    90012: "gfx90c",
    90402: "gfx942",
    90500: "gfx950",
    100300: "gfx1030",
    100306: "gfx1036",
    110000: "gfx1100",
    110501: "gfx1151",
    120001: "gfx1201",
}


@pytest.mark.parametrize("number", GFX)
def test_gfx(number: int, tmp_path: Path) -> None:
    found = PROBE(machine(tmp_path, number))
    assert found is not None
    assert found["gpus"] == [GFX[number]]


@pytest.mark.parametrize(
    "text", ["", "gfx_target_version\n", "gfx_target_version x\n", "simd_count 4\n"]
)
def test_a_node_that_says_nothing_is_no_gpu(text: str, tmp_path: Path) -> None:
    nodes = {"sys/class/kfd/kfd/topology/nodes/5/properties": text}
    assert PROBE(machine(tmp_path, **nodes)) is None


def test_a_gpu_of_another_container(tmp_path: Path) -> None:
    # Its properties are there, and reading them gives EPERM; here a folder gives another error to any user.
    host = machine(tmp_path, 90010)
    (tmp_path / "sys/class/kfd/kfd/topology/nodes/2/properties").mkdir(parents=True)
    found = PROBE(host)
    assert found is not None
    assert found["gpus"] == ["gfx90a"]


INFO = ".info/version"

#: Files of a machine → its ROCm.
VERSIONS: dict[tuple[tuple[str, str], ...], str | None] = {
    (): None,
    ((f"opt/rocm/{INFO}", "6.0.2-115\n"),): "6.0.2",
    ((f"opt/rocm/{INFO}", "7.2.0"),): "7.2.0",
    ((f"opt/rocm-6.2.4/{INFO}", "6.2.4-139"),): "6.2.4",
    ((f"opt/rocm-6.9.0/{INFO}", "6.9.0-1"), (f"opt/rocm-6.10.0/{INFO}", "6.10.0-1")): "6.10.0",
    ((f"opt/rocm/{INFO}", "6.0.2-115"), (f"opt/rocm-6.2.4/{INFO}", "6.2.4-139")): "6.0.2",
    ((f"opt/rocm/core-7.12/{INFO}", "7.12.0"), (f"opt/rocm/core-7.9/{INFO}", "7.9.0")): "7.12.0",
    ((f"opt/rocm/{INFO}", "nonsense"), (f"opt/rocm-6.2.4/{INFO}", "6.2.4-139")): "6.2.4",
    (("opt/rocm/lib/libamdhip64.so.6.2.60204", ""), ("opt/rocm/lib/libamdhip64.so.6", "")): "6.2",
    (("usr/lib/x86_64-linux-gnu/libamdhip64.so.5.7.31921", ""),): "5.7",
    (("usr/lib64/libamdhip64.so.7", ""),): "7",
}


@pytest.mark.parametrize("files", VERSIONS, ids=str)
def test_version(files: tuple[tuple[str, str], ...], tmp_path: Path) -> None:
    found = PROBE(machine(tmp_path, 90010, **dict(files)))
    assert found is not None
    assert found["version"] == VERSIONS[files]


def test_variables_of_the_running_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROCM_PATH", "/srv/rocm")
    monkeypatch.setenv("HSA_OVERRIDE_GFX_VERSION", "10.3.0")
    files = {f"srv/rocm/{INFO}": "6.1.0-1", f"opt/rocm/{INFO}": "6.0.2-115"}
    machine(tmp_path, 100301, **files)
    found = PROBE(Host(str(tmp_path), live=True))
    known = {"version": "6.1.0", "gpus": ["gfx1031"], "pretended": "10.3.0"}
    assert found == known
    assert (
        rocm.describe(known)
        == "ROCm 6.1.0, 1 × gfx1031, HSA_OVERRIDE_GFX_VERSION=10.3.0 is ignored"
    )
    assert "rocm6_1_gfx1030" not in rocm.ladder(known)
    found = PROBE(Host(str(tmp_path)))
    assert found == {"version": "6.0.2", "gpus": ["gfx1031"]}


def test_the_runtime_that_pip_installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The dist-info of https://pypi.org/project/rocm-sdk-core/ with its name as wheels spell it.
    machine(tmp_path / "machine", 90010)
    (tmp_path / "site" / "rocm_sdk_core-7.10.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site"), str(tmp_path / "none")])
    found = PROBE(Host(str(tmp_path / "machine"), live=True))
    assert found is not None
    assert found["version"] == "7.10.0"


#: GPUs → what all of them that count run.
CODES = {
    "gfx90a": "gfx90a",
    "gfx90a gfx90a": "gfx90a",
    "gfx942": "gfx942 gfx94generic",
    "gfx942 gfx950": "gfx94generic",
    "gfx1100 gfx1101": "gfx11generic",
    "gfx1100 gfx1201": "",
    # Not served by ROCm: they veto nothing beside one that is.
    "gfx1100 gfx1036": "gfx1100 gfx11generic",
    "gfx90a gfx9999": "gfx90a",
    # Alone, it is what there is.
    "gfx1036": "gfx1036 gfx103generic",
    "gfx900": "gfx900 gfx9generic",
    "gfx1010": "gfx1010 gfx101generic",
    "gfx1200": "gfx1200 gfx12generic",
}


@pytest.mark.parametrize("gpus", CODES)
def test_gpu_code(gpus: str) -> None:
    accepted = rocm.ladder({"version": "6.1.2", "gpus": gpus.split()})
    expected = [
        version + code
        for version in ("rocm6_1", "rocm6_0", "rocm6")
        for code in (*(f"_{each}" for each in CODES[gpus].split()), "")
    ]
    assert accepted == expected
    for each in accepted:
        assert len(parse(f"linux_x86_64_{each}")[1]) == (2 if "_gfx" in each else 1)


def test_without_rocm_there_is_nothing() -> None:
    assert rocm.ladder({"version": None, "gpus": ["gfx90a"]}) == []
    assert rocm.describe({"version": None, "gpus": ["gfx90a"]}) == "no ROCm installed, 1 × gfx90a"


def test_override() -> None:
    known: dict[str, Any] = {"version": "6.0", "gpus": ["gfx90a"]}
    assert rocm.override("rocm6.0_gfx90a", "x86_64") == known
    assert rocm.override("cuda12", "x86_64") is None
    for value in ("rocm", "rocmx", "rocm6.x", "rocm640", "rocm6.100"):
        with pytest.raises(ValueError, match="write"):
            rocm.override(value, "x86_64")


def test_nothing_of_amd(tmp_path: Path) -> None:
    assert PROBE(Host(str(tmp_path))) is None
    assert os.listdir(tmp_path) == []
