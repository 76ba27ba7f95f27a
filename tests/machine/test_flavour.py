"""For which accelerator an installed distribution is built, and what may stand beside its ABI.

A folder of tests/flavours is named PROJECT-VERSION--FLAVOUR. It holds what a wheel of PyPI or download.pytorch.org has:
METADATA without the description, and PROJECT/version.py as version.txt.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from customtags import machine
from customtags.choosing.target import Target
from customtags.choosing.verdict import judge
from customtags.machine import pages_for
from customtags.machine.dimensions import flavour
from customtags.machine.host import Host
from customtags.machine.settings import Settings
from customtags.profiles.interpreter import read as read_python
from customtags.profiles.intersect import intersect
from customtags.tags import stock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from customtags.errors import CustomtagsError

FLAVOURS = sorted((Path(__file__).parents[1] / "flavours").iterdir())

#: What a wheel may name beside torch on a machine with these drivers.
ACCELERATORS = "cuda12.8,rocm6.4"

STOCK = ["linux_x86_64", "manylinux_2_28_x86_64"]


def fail(problem: CustomtagsError) -> None:
    pytest.fail(str(problem))


def install(site: Path, name: str, version: str, **files: str) -> None:
    """Write what is read of an installed distribution."""
    metadata = site / f"{name}-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(files.get("metadata", f"Metadata-Version: 2.1\nName: {name}\n"))
    if "source" in files:
        (site / name).mkdir()
        (site / name / "version.py").write_text(files["source"])


def described(**facts: Any) -> tuple[Target, list[str]]:
    """The machine with those facts, and its extended tags."""
    profile = {"version": 1, "source": {}, "isa": None, "distro": None, **facts}
    settings = Settings({}, abi=["torch"])
    found = Target(
        profile, STOCK, read_python("3.12"), settings=settings, pages=pages_for(settings, fail)
    )
    return found, [tag for tag in found.extended if "torch2" in tag]


def cuda(version: list[int]) -> dict[str, Any]:
    return {"cuda": {"cuda": version, "capabilities": [[9, 0]]}}


def test_there_are_flavours() -> None:
    assert len(FLAVOURS) >= 10


@pytest.mark.parametrize("folder", FLAVOURS, ids=lambda folder: folder.name)
def test_a_real_wheel_has_the_flavour_of_its_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution, _, expected = folder.name.rpartition("--")
    name, _, version = distribution.partition("-")
    written = folder / "version.txt"
    more = {"source": written.read_text()} if written.exists() else {}
    install(tmp_path, name, version, metadata=(folder / "METADATA").read_text(), **more)
    monkeypatch.syspath_prepend(tmp_path)
    settings = Settings({}, abi=[name])
    pages = pages_for(settings, fail)
    profile = machine.detect(Host(), settings, pages)
    read = profile["abi"].get("flavours", {}).get(name)
    assert (read or flavour.find(name, version) or "none") == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        *(("cpu", "cpu"), ("cpu.cxx11.abi", "cpu"), ("xpu", "xpu"), ("any", "any")),
        *(("cu128", "cuda12_8"), ("cu118", "cuda11_8"), ("cu92", "cuda9_2"), ("cu12", "cuda12")),
        *(("cu121.with.pypi.cudnn", "cuda12_1"), ("cuda12.cudnn89", "cuda12")),
        *(("cuda12.8", "cuda12_8"), ("rocm6.4", "rocm6_4"), ("rocm6.4.1", "rocm6_4")),
        *(("rocm60", "rocm6_0"), ("rocm7.10", "rocm7_10"), ("CU130", "cuda13_0")),
        *(("", None), ("git1a2b3c4", None), ("cxx11.abi", None), ("nv25.10", None)),
        *(("cu12torch2.8cxx11abitrue", None), ("cudax", None), ("custom", None)),
    ],
)
def test_local_versions(label: str, expected: str | None) -> None:
    assert flavour.parse(label) == expected


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        (['nvidia-cuda-runtime-cu12==12.8.90; platform_system == "Linux"'], "cuda12_8"),
        (['nvidia-cublas-cu12==12.8.4.1; platform_system == "Linux"'], "cuda12"),
        (["nvidia-nccl-cu12==2.27.3", "nvidia-cuda-runtime-cu12==12.6.77"], "cuda12_6"),
        (["nvidia-cuda-runtime==13.0.96"], "cuda13_0"),
        (["nvidia_cuda_runtime (==13.0.96)"], "cuda13_0"),
        (["cuda-toolkit[cublas,cudart]==13.0.3"], "cuda13_0"),
        (["nvidia-cuda-runtime-cu12<13,>=12.5"], "cuda12"),
        (["rocm[libraries]==7.9.0"], "rocm7_9"),
        (["pytorch-triton-rocm==3.4.0"], "rocm"),
        (["pytorch-triton-xpu==3.4.0"], "xpu"),
        (["nvidia-cuda-runtime-cu12==12.8.90", "pytorch-triton-rocm==3.4.0"], None),
        (['nvidia-cuda-runtime-cu12==12.8.90; extra == "cuda"'], None),
        (["nvidia-ml-py==13.580.82", "triton==3.4.0", "rocm-docs-core"], None),
        ([], None),
    ],
)
def test_requirements(requirements: list[str], expected: str | None) -> None:
    lines = [f"Requires-Dist: {each}" for each in requirements]
    text = "\n".join(
        ["Name: torch", *lines, "", "Requires-Dist: nvidia-cuda-runtime-cu11==11.8.89"]
    )
    assert flavour.find("torch", "2.8.0", {"METADATA": text}.get) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("cuda: Optional[str] = '12.8'\nhip: Optional[str] = None\n", "cuda12_8"),
        ("cuda = None\nhip = '6.4.43482-a187df25c'\n", "rocm6_4"),
        ("cuda = None\nhip = None\nxpu = '20250101'\n", "xpu"),
        ("cuda = None\nhip = None\n", "cpu"),
        ("cuda = None\n", None),
        ("cuda = _check_cuda_version()\nhip = None\n", None),
        ("cuda = '12.8'\nhip = '6.4'\n", None),
        ("__version__ = '0.29.1+cu130'\n", "cuda13_0"),
        ("\0\ufffd=", None),
    ],
)
def test_what_pytorch_writes(source: str, expected: str | None) -> None:
    assert flavour.find("torch", "2.8.0", {"../torch/version.py": source}.get) == expected


#: torch as it is installed → which rungs of the accelerator may stand beside it; the drivers are those of ACCELERATORS.
BESIDE = {
    "2.8.0+cpu": "",
    "2.8.0+cu128": "cuda12_8 cuda12_7 cuda12_6 cuda12_5 cuda12_4 cuda12_3 cuda12_2 cuda12_1 cuda12_0 cuda12",
    "2.8.0+cu121": "cuda12_1 cuda12_0 cuda12",
    "2.8.0+cu118": " ".join(f"cuda11_{minor}" for minor in range(8, -1, -1)) + " cuda11",
    "2.8.0+cu130": "",
    "2.8.0+rocm6.4": "rocm6_4 rocm6_3 rocm6_2 rocm6_1 rocm6_0 rocm6",
    "2.8.0+rocm6.3": "rocm6_3 rocm6_2 rocm6_1 rocm6_0 rocm6",
    "2.8.0+rocm5.7": "",
    "2.8.0+xpu": "",
    "2.8.0+git1a2b3c4": "",
    "2.8.0": "",
}


@pytest.mark.parametrize("version", BESIDE)
def test_only_wheels_for_the_same_runtime_stand_beside_torch(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "torch", version)
    monkeypatch.syspath_prepend(tmp_path)
    settings = Settings({"isa": "v2", "distro": "none", "accelerator": ACCELERATORS}, abi=["torch"])
    pages = pages_for(settings, fail)
    profile = machine.detect(Host(), settings, pages)
    tags, _ = machine.extend(STOCK, profile, settings, pages)
    found = {tag for tag in tags if "torch" in tag}
    beside = [f"_{rung}" for rung in BESIDE[version].split()]
    assert found == {
        f"{base}{isa}{accelerator}_{torch}"
        for base, isa, accelerator, torch in product(
            STOCK, ("", "_v2"), ("", *beside), ("torch2_8", "torch2")
        )
    }
    # What does not name torch is not concerned.
    assert {"linux_x86_64_cuda12_8", "linux_x86_64_v2_rocm6_4"} <= set(tags)


def test_a_project_with_one_build_for_all_stands_beside_every_accelerator() -> None:
    _, tags = described(
        accelerator=cuda([12, 8]),
        abi={"versions": {"torch": "2.8.0+cpu", "numpy": "2.3.0"}},
    )
    assert not [tag for tag in tags if "cuda" in tag]
    found, _ = described(
        accelerator=cuda([12, 8]),
        abi={"versions": {"torch": "2.8.0+cpu", "numpy": "2.3.0"}},
    )
    assert "linux_x86_64_cuda12_4_sm90_numpy2_3" in found.extended
    assert "linux_x86_64_numpy2_torch2_8" in found.extended


@pytest.mark.parametrize(
    ("version", "accelerator", "reason"),
    [
        ("2.8.0+cpu", "cuda12_8", "torch 2.8.0+cpu is built for no accelerator"),
        ("2.8.0+rocm6.4", "cuda12_8", "torch 2.8.0+rocm6.4 is built for rocm6.4"),
        ("2.8.0+cu126", "cuda12_8", "torch 2.8.0+cu126 is built for cuda12.6"),
        ("2.8.0", "cuda12_8", "torch 2.8.0 does not tell for which accelerator it is built"),
    ],
)
def test_explain_names_the_build(version: str, accelerator: str, reason: str) -> None:
    found, _ = described(accelerator=cuda([12, 8]), abi={"versions": {"torch": version}})
    name = f"cp312-cp312-linux_x86_64_{accelerator}_torch2_8"
    (miss,) = judge([name], found).tags[0].misses
    assert (miss.part, miss.segment, miss.has) == ("abi", "torch2_8", reason)
    assert "torch+cu128" in miss.cure


@pytest.mark.parametrize(
    ("value", "beside"),
    [
        ("torch2.8+cu128", True),
        ("torch2.8+any", True),
        ("torch2.8+cpu", False),
        ("torch2.8+rocm6.4", False),
        ("torch2.8", False),
        ("numpy2", True),
    ],
)
def test_an_override_states_the_build(value: str, beside: bool) -> None:
    settings = Settings(
        {"abi": value, "accelerator": "cuda12.8", "isa": "none", "distro": "none"}, bases=[]
    )
    pages = pages_for(settings, fail)
    profile = machine.detect(Host("/nonexistent"), settings, pages)
    tags, _ = machine.extend(STOCK, profile, settings, pages)
    word = value.partition("+")[0].replace(".", "_")
    assert (f"linux_x86_64_cuda12_4_{word}" in tags) == beside
    assert f"linux_x86_64_{word}" in tags
    assert (
        machine.extend(STOCK, profile, Settings({}, bases=[]))[0] == tags
    )  # the profile says it all


def test_the_configuration_states_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "vectorlib", "1.2")
    monkeypatch.syspath_prepend(tmp_path)
    for stated, beside in (("vectorlib", False), ("vectorlib+any", True), ("vectorlib+cpu", False)):
        settings = Settings({"accelerator": "rocm6.4"}, abi=[stated])
        pages = pages_for(settings, fail)
        profile = machine.detect(Host(), settings, pages)
        tags, _ = machine.extend(STOCK, profile, settings, pages)
        assert ("linux_x86_64_rocm6_4_vectorlib1_2" in tags) == beside
        assert "linux_x86_64_vectorlib1_2" in tags


@pytest.mark.parametrize(
    ("several", "beside"),
    [
        (("2.8.0+cu128", "2.8.1+cu128"), {"cuda12_8", "cuda12_6", "cuda12"}),
        (("2.8.0+cu128", "2.8.0+cu126"), {"cuda12_6", "cuda12"}),
        (("2.8.0+cu128", "2.8.0+cpu"), set()),
        (("2.8.0+cu128", "2.8.0+rocm6.4"), set()),
        (("2.8.0+cu128", "2.8.0"), set()),
    ],
)
def test_a_mixed_cluster_accepts_what_every_build_does(
    several: tuple[str, ...], beside: set[str]
) -> None:
    facts = stock.platform(STOCK)
    profiles: Mapping[str, dict[str, Any]] = {
        str(number): {
            "version": 1,
            "platform": facts,
            "source": {},
            "accelerator": cuda([12, 8]),
            "abi": {"versions": {"torch": version}},
        }
        for number, version in enumerate(several)
    }
    pages = pages_for(Settings({}, abi=["torch"]), fail)
    both = intersect(profiles, pages)
    tags = set(machine.extend(STOCK, both, Settings({}), pages)[0])
    for each in profiles.values():
        assert tags <= set(machine.extend(STOCK, each, Settings({}), pages)[0])
    assert "linux_x86_64_torch2_8" in tags
    for rung in ("cuda12_8", "cuda12_6", "cuda12", "cuda11_8"):
        assert (f"linux_x86_64_{rung}_torch2_8" in tags) == (rung in beside)
