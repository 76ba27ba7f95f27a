"""The builds of PyTorch for several accelerators in one folder: pip takes the right pair of torch and torchvision."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from command import run_in
from customtags.wheels.edit import edit
from customtags.wheels.wheel import Wheel
from customtags.wheels.writer import create, write
from real.environments import NEWEST, MakeEnvironment

PYTHON = f"cp{sys.version_info[0]}{sys.version_info[1]}"
TAG = f"{PYTHON}-{PYTHON}-manylinux_2_28_x86_64"
#: The versions that the indexes of PyTorch hold, and what torch requires there besides.
TORCH, VISION = "2.9.0", "0.24.0"
MARKER = 'platform_system == "Linux" and platform_machine == "x86_64"'
BUILDS = {
    "cpu": [],
    "cu128": [f"nvidia-cuda-runtime-cu12==12.8.90; {MARKER}", f"triton==3.5.0; {MARKER}"],
    "cu130": [f"nvidia-cuda-runtime==13.0.48; {MARKER}", f"triton==3.5.0; {MARKER}"],
    "rocm6.4": [f"pytorch-triton-rocm==3.5.0; {MARKER}"],
}
#: What torch requires, which has no local version.
OTHERS = {
    "nvidia_cuda_runtime_cu12": "12.8.90",
    "nvidia_cuda_runtime": "13.0.48",
    "triton": "3.5.0",
    "pytorch_triton_rocm": "3.5.0",
}


class Node(NamedTuple):
    """A machine.

    :ivar accelerator: as the override spells it
    :ivar build: the local version of the build that it takes
    :ivar others: what is installed besides torch and torchvision
    """

    accelerator: str
    build: str
    others: set[str]


NODES = (
    Node("none", "cpu", set()),
    Node("cuda12.4_sm90", "cpu", set()),  # the driver is older than both builds
    Node("cuda12.8_sm90", "cu128", {"nvidia_cuda_runtime_cu12", "triton"}),
    Node("cuda13.0_sm90", "cu130", {"nvidia_cuda_runtime", "triton"}),
    Node("rocm6.4_gfx942", "rocm6.4", {"pytorch_triton_rocm"}),
)


def build(folder: Path, project: str, version: str, requires: list[str]) -> None:
    """Write a small wheel whose module says its version, as torch.version does."""
    text = f"__version__ = {version!r}\n".encode()
    made = create(folder / "made", project, version, TAG, {f"{project}/version.py": text})
    wheel = Wheel(made)
    lines = "".join(f"Requires-Dist: {each}\n" for each in requires).encode()
    metadata = wheel.own("METADATA")
    write(edit(wheel, wheel.name, {metadata: wheel.read(metadata) + lines}, folder))


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What docs/how-to/pytorch.md makes of wheels that are named as in the four indexes."""
    folder = tmp_path_factory.mktemp("pytorch")
    for local, requires in BUILDS.items():
        build(folder, "torch", f"{TORCH}+{local}", requires)
        build(folder, "torchvision", f"{VISION}+{local}", ["numpy", f"torch=={TORCH}+{local}"])
    wheels = sorted(each.name for each in folder.glob("*.whl"))
    done = run_in(folder, "retag", "--from-local", "--fix-requires", *wheels, "-d", "mirror")
    assert (done.returncode, done.stderr) == (0, "")
    for name, version in {**OTHERS, "numpy": "2.3.4"}.items():
        create(folder / "mirror", name, version, "py3-none-any", {})
    return folder / "mirror"


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.accelerator)
def test_one_folder_gives_each_machine_its_pair(
    make_environment: MakeEnvironment, mirror: Path, tmp_path: Path, node: Node
) -> None:
    environment = make_environment(NEWEST)
    options = ["install", "-q", "--no-index", "--find-links", mirror, "--target", tmp_path]
    settings = {"CUSTOMTAGS_ACCELERATOR": node.accelerator, "CUSTOMTAGS_ISA": "v3"}
    environment.pip(*options, "torch", "torchvision", env=settings)
    for project, version in (("torch", TORCH), ("torchvision", VISION)):
        said = (tmp_path / project / "version.py").read_text("utf-8")
        assert said == f"__version__ = '{version}+{node.build}'\n"
    installed = {each.name.partition("-")[0] for each in tmp_path.glob("*.dist-info")}
    assert installed == {"torch", "torchvision", "numpy", *node.others}


def test_without_the_hook_every_machine_takes_the_cpu_pair(
    make_environment: MakeEnvironment, mirror: Path, tmp_path: Path
) -> None:
    environment = make_environment(NEWEST, hooked=False)
    options = ["install", "-q", "--no-index", "--find-links", mirror, "--target", tmp_path]
    environment.pip(*options, "torchvision")
    said = (tmp_path / "torch" / "version.py").read_text("utf-8")
    assert said == f"__version__ = '{TORCH}+cpu'\n"


def test_a_build_of_pypi_gets_its_tag_by_hand(tmp_path: Path) -> None:
    """PyPI allows no local version, so nothing in the name says that the wheel is for CUDA."""
    build(tmp_path, "torch", TORCH, BUILDS["cu128"])
    (wheel,) = tmp_path.glob("*.whl")
    done = run_in(tmp_path, "retag", wheel.name, "--accelerator", "cuda12.8", "-d", "mirror")
    assert (done.returncode, done.stderr) == (0, "")
    assert [each.name for each in (tmp_path / "mirror").iterdir()] == [
        f"torch-{TORCH}-{TAG}_cuda12_8.whl"
    ]
