"""What the local versions of real projects say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from command import run_in
from customtags.wheels import filename
from customtags.wheels.edit import edit
from customtags.wheels.local_versions import SPELLINGS, meaning
from customtags.wheels.wheel import Wheel
from customtags.wheels.writer import create, write

#: Local version, as published → the segments.
SAID = {
    # https://download.pytorch.org/whl/torch/
    "cu118": ["cuda11_8"],
    "cu121": ["cuda12_1"],
    "cu128": ["cuda12_8"],
    "cu130": ["cuda13_0"],
    "cu92": ["cuda9_2"],
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


def segments_of(local: str) -> list[str]:
    found = meaning(local)
    return [*found.values.get("accelerator", []), *found.values.get("abi", [])]


@pytest.mark.parametrize("local", SAID)
def test_what_a_local_version_says(local: str) -> None:
    assert segments_of(local) == SAID[local]
    assert meaning(local).unknown == ""


@pytest.mark.parametrize("local", UNKNOWN)
def test_what_is_unknown_is_named(local: str) -> None:
    assert meaning(local).unknown == UNKNOWN[local]


def test_every_spelling_names_who_publishes_it_and_is_tried() -> None:
    for spelling in SPELLINGS:
        assert ":" in spelling.users
        assert any(spelling.pattern.search(local) for local in SAID | UNKNOWN)


def test_the_table_of_the_documentation_shows_each_spelling() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "pytorch.md").read_text("utf-8")
    table = page.partition("| local version |")[2].partition("\n\n")[0]
    shown = {}
    for row in table.splitlines()[2:]:
        _, local, segments, *_ = row.split("|")
        shown[local.strip(" `")] = re.findall("`(.*?)`", segments)
    assert shown == {local: segments_of(local) for local in shown}
    for spelling in SPELLINGS:
        assert any(spelling.pattern.search(local) for local in shown)


#: Wheel → the name that it gets, or a word of the reason.
RETAGGED = {
    "torch-2.9.0+cu128-cp312-cp312-manylinux_2_28_x86_64.whl": "torch-2.9.0-cp312-cp312-manylinux_2_28_x86_64_cuda12_8.whl",
    "torch-2.9.0+rocm6.4-cp312-cp312-manylinux_2_28_x86_64.whl": "torch-2.9.0-cp312-cp312-manylinux_2_28_x86_64_rocm6_4.whl",
    "torch-2.9.0+cpu-cp312-cp312-manylinux_2_28_x86_64.whl": "torch-2.9.0-cp312-cp312-manylinux_2_28_x86_64.whl",
    "torch_scatter-2.1.2+pt28cu128-cp312-cp312-linux_x86_64.whl": "torch_scatter-2.1.2-cp312-cp312-linux_x86_64_cuda12_8_torch2_8.whl",
    "flash_attn-2.8.3+cu12torch2.8cxx11abitrue-cp312-cp312-linux_x86_64.whl": "flash_attn-2.8.3-cp312-cp312-linux_x86_64_cuda12_torch2_8.whl",
    "torch-2.9.0+xpu-cp312-cp312-linux_x86_64.whl": "the part 'xpu' of its local version is unknown",
    "torch-2.9.0-cp312-cp312-manylinux_2_28_x86_64.whl": "has no local version",
}


@pytest.mark.parametrize("name", RETAGGED)
def test_a_wheel_gets_the_tag_that_its_local_version_says(tmp_path: Path, name: str) -> None:
    file = filename.parse(name)
    create(tmp_path, file.project, file.version, f"{file.python}-{file.abi}-{file.platform}", {})
    done = run_in(tmp_path, "retag", "--from-local", name, "-d", "out")
    if RETAGGED[name].endswith(".whl"):
        assert (done.returncode, done.stderr) == (0, "")
        assert [each.name for each in (tmp_path / "out").iterdir()] == [RETAGGED[name]]
    else:
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert RETAGGED[name] in done.stderr


def test_requirements_on_a_local_version_are_named_and_loosened(tmp_path: Path) -> None:
    name = "torchvision-0.24.0+cu128-cp312-cp312-linux_x86_64.whl"
    wheel = create(tmp_path, "torchvision", "0.24.0+cu128", "cp312-cp312-linux_x86_64", {})
    read = Wheel(wheel)
    required = b"Requires-Dist: torch==2.9.0+cu128\nRequires-Dist: numpy\n"
    described = read.read(read.own("METADATA")) + required + b"\nRequires-Dist: a==1+b\n"
    write(edit(read, read.name, {read.own("METADATA"): described}, tmp_path / "in"))
    done = run_in(tmp_path / "in", "retag", "--from-local", name, "-d", "kept")
    assert done.returncode == 0
    assert "requires torch==2.9.0+cu128" in done.stdout
    done = run_in(
        tmp_path / "in", "retag", "--from-local", "--fix-requires", name, "-d", "loose", "--json"
    )
    assert json.loads(done.stdout)["wheels"][0]["local_requirements"] == []
    (loose,) = (tmp_path / "in" / "loose").iterdir()
    made = Wheel(loose)
    made.check()
    assert made.metadata.all("Requires-Dist") == ["torch==2.9.0", "numpy"]
    assert made.read(made.own("METADATA")).endswith(b"\nRequires-Dist: a==1+b\n")
