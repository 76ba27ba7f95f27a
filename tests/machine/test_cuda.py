"""What NVIDIA's machines are read as, and the segments that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from customtags.machine.dimensions import cuda
from customtags.machine.host import Host
from customtags.tags import parse

if TYPE_CHECKING:
    from pathlib import Path


def facts(version: str, *gpus: str) -> dict[str, Any]:
    pairs = [[*map(int, each.split("."))] for each in (version, *gpus)]
    return {"cuda": pairs[0], "capabilities": pairs[1:]}


def codes(accepted: list[str], version: str) -> str:
    """The GPU codes beside one version, best first."""
    begin = f"{version}_sm"
    return " ".join(each.removeprefix(f"{version}_") for each in accepted if each.startswith(begin))


#: GPUs → the code that all of them run, where toolkit and driver are of CUDA 13.0. "Compute Capabilities" in the CUDA
#: Programming Guide, with its table "Family-Specific Compatibility"; "Binary Compatibility" for Tegra.
CODES = {
    "7.5": "sm75",
    "8.0": "sm80",
    "8.6": "sm86 sm80",
    "8.9": "sm89 sm86 sm80",
    "8.7": "sm87",
    "9.0": "sm90a sm90",
    "10.0": "sm100a sm100f sm100",
    "10.3": "sm103a sm103f sm100f sm103 sm100",
    "11.0": "sm110a sm110f sm110",
    "12.0": "sm120a sm120f sm120",
    "12.1": "sm121a sm121f sm120f sm121 sm120",
    "8.0 8.6": "sm80",
    "8.6 8.9 8.6": "sm86 sm80",
    "8.7 8.6": "",
    "9.0 9.0": "sm90a sm90",
    "9.0 8.0": "",
    "10.0 10.3": "sm100f sm100",
    "12.0 12.1": "sm120f sm120",
    "10.0 12.0": "",
    "12.7": "sm127a sm127f sm121f sm120f sm127 sm121 sm120",
}


@pytest.mark.parametrize("gpus", CODES)
def test_gpu_code(gpus: str) -> None:
    accepted = cuda.ladder(facts("13.0", *gpus.split()))
    assert codes(accepted, "cuda13_0") == codes(accepted, "cuda13") == CODES[gpus]


#: A GPU and a toolkit → the code that such a toolkit makes for it: "Release Notes" in the PTX ISA's manual.
TOOLKITS = {
    ("8.6", "cuda11_0"): "sm80",
    ("8.6", "cuda11_1"): "sm86 sm80",
    ("9.0", "cuda11_8"): "sm90",
    ("9.0", "cuda11"): "sm90",
    ("9.0", "cuda12_0"): "sm90a sm90",
    ("10.0", "cuda12_6"): "",
    ("10.0", "cuda12_8"): "sm100a sm100",
    ("10.0", "cuda12_9"): "sm100a sm100f sm100",
    ("10.3", "cuda12_8"): "sm100",
    ("10.3", "cuda12"): "sm103a sm103f sm100f sm103 sm100",
    ("11.0", "cuda12"): "",
}


@pytest.mark.parametrize(("gpu", "toolkit"), TOOLKITS)
def test_gpu_code_that_a_toolkit_makes(gpu: str, toolkit: str) -> None:
    accepted = cuda.ladder(facts("13.0", gpu))
    assert toolkit in accepted
    assert codes(accepted, toolkit) == TOOLKITS[gpu, toolkit]


#: Driver and GPUs → first, number and last of the segments without GPU code.
VERSIONS = {
    ("12.4",): ("cuda12_4", 16, "cuda11"),
    ("12.4", "8.0"): ("cuda12_4", 16, "cuda11"),
    ("11.0",): ("cuda11_0", 2, "cuda11"),
    ("10.2",): (None, 0, None),
    ("13.0",): ("cuda13_0", 23, "cuda11"),
    # Toolkits from 13.0 on make no code for them.
    ("13.0", "7.0"): ("cuda12_9", 21, "cuda11"),
    ("13.0", "7.0", "9.0"): ("cuda12_9", 21, "cuda11"),
    ("12.4", "3.7"): ("cuda11_8", 10, "cuda11"),
}


@pytest.mark.parametrize("machine", VERSIONS, ids=str)
def test_versions(machine: tuple[str, ...]) -> None:
    plain = [each for each in cuda.ladder(facts(*machine)) if "_sm" not in each]
    assert (plain[0] if plain else None, len(plain), plain[-1] if plain else None) == VERSIONS[
        machine
    ]


@pytest.mark.parametrize("gpus", CODES)
def test_every_segment_is_in_the_grammar_and_once(gpus: str) -> None:
    accepted = cuda.ladder(facts("13.2", *gpus.split()))
    assert len(accepted) == len(set(accepted))
    for each in accepted:
        assert len(parse(f"linux_x86_64_{each}")[1]) == (2 if "_sm" in each else 1)


#: A driver's version → what it takes by the policy "minor" only, in this order, which is behind what it takes anyway.
MINORS = {
    "12.6": "cuda12_7 cuda12_8 cuda12_9",
    "12.9": "",
    "11.8": "",
    "13.0": "cuda13_1 cuda13_2",
    "13.7": "",
    "14.1": "",
}


@pytest.mark.parametrize("driver", MINORS)
def test_minor_version_compatibility(driver: str) -> None:
    strict = cuda.ladder(facts(driver))
    lenient = cuda.ladder({**facts(driver), "policy": cuda.MINOR})
    own = lenient.index(f"cuda{driver.split('.', maxsplit=1)[0]}") + 1
    further = MINORS[driver].split()
    assert lenient == [*strict[:own], *further, *strict[own:]]


def test_a_fault_gives_nothing_and_is_told() -> None:
    broken = {"fault": "the driver gave no answer within 2 s"}
    assert cuda.ladder(broken) == []
    assert cuda.describe(broken) == broken["fault"]


def test_description() -> None:
    told = {**facts("12.4", "9.0", "8.6", "9.0"), "driver": "550.54.14", "library": "NVML"}
    assert (
        cuda.describe(told)
        == "driver 550.54.14 for CUDA 12.4 (NVML), 2 GPUs of capability 9.0, 1 GPU of capability 8.6"
    )
    assert cuda.describe(facts("12.4")) == "driver for CUDA 12.4"


#: The kernel's files of machines, as their manuals and bug reports show them → the CUDA version of the driver.
SYSFS, PROC = "sys/module/nvidia/version", "proc/driver/nvidia/version"
KERNELS: dict[tuple[str, str], list[int] | None] = {
    (SYSFS, "550.54.14\n"): [12, 4],
    (SYSFS, "535.104.05\n"): [12, 2],
    (SYSFS, "535.43.02\n"): [12, 1],
    (SYSFS, "565.57.01\n"): [12, 6],
    (SYSFS, "580.65.06\n"): [13, 0],
    (SYSFS, "700.10\n"): [13, 2],
    (SYSFS, "450.36.06\n"): [11, 0],
    (SYSFS, "390.157\n"): None,
    (SYSFS, "\n"): None,
    (SYSFS, "unknown\n"): None,
    # https://www.talos.dev/v1.10/talos-guides/configuration/nvidia-gpu-proprietary/
    (
        PROC,
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  515.65.01  Wed Mar 16 11:24:05 UTC 2022\n",
    ): [11, 7],
    # Open kernel modules, SUSE's manual
    (
        PROC,
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  555.42.06  Release Build  (abuild@host)\n",
    ): [12, 5],
    # Jetson
    (
        PROC,
        "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  540.4.0  Release Build\n",
    ): [12, 2],
    (
        PROC,
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  384.81  Wed Aug 17 22:24:07 PDT 2016\n",
    ): None,
}


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel[1][:60])
def test_the_kernels_driver(kernel: tuple[str, str], tmp_path: Path) -> None:
    path, content = kernel
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(content)
    found = cuda.PROBES["/proc/driver/nvidia"](Host(str(tmp_path)))
    assert (found and found["cuda"]) == KERNELS[kernel]


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ("cuda12.4", facts("12.4")),
        ("cuda12", facts("12.0")),
        ("cuda12.4_sm90", facts("12.4", "9.0")),
        ("cuda12.9_sm100", facts("12.9", "10.0")),
        ("rocm6.0", None),
    ],
)
def test_override(value: str, known: dict[str, Any] | None) -> None:
    assert cuda.override(value, "x86_64") == known


@pytest.mark.parametrize(
    "value", ["cuda", "cuda12.x", "cuda1.2.3", "cuda124", "cuda12.100", "cuda12_sm9", "cuda12_sm9a"]
)
def test_override_that_means_nothing(value: str) -> None:
    with pytest.raises(ValueError, match="write"):
        cuda.override(value, "x86_64")
