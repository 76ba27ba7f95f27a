"""uv takes the variant that our order predicts: real uv, CPUs from captured machines, GPUs by uv's own overrides."""

from __future__ import annotations

import re
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customtags.choosing.descriptions import Descriptions
from customtags.choosing.offer import in_folder
from customtags.choosing.pip_settings import PipSettings
from customtags.choosing.rank import rank
from customtags.choosing.request import Request
from customtags.machine.dimensions import builtin, cuda, isa
from customtags.variants import metadata
from customtags.variants.properties import label_of, properties_of
from customtags.variants.supported import UV, order, supported
from customtags.wheels.writer import create
from real.environments import NEWEST, PROJECT, MakeEnvironment, Wheelhouse, run
from real.projects import PROJECTS
from real.uv import CPUS, HASWELL, MACHINES, PLATFORM, Node, install, installed
from sample import seed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: What may stand in a name, and so in a variant.
LEVELS = ("", "v2", "v3", "v4")
ACCELERATORS = (
    *("", "cuda11_8", "cuda12", "cuda12_0", "cuda12_4", "cuda12_8", "cuda13_0", "rocm6_0"),
    *("cuda12_4_sm80", "cuda12_4_sm90", "cuda12_8_sm90", "rocm6_0_gfx90a"),
)


def offer(folder: Path, tags: Sequence[str]) -> metadata.Metadata:
    """Write a stock wheel, a variant wheel of every tag, and the metadata of the release."""
    found = []
    create(folder, "example", "1.0", f"py3-none-{PLATFORM}", {"example.py": b"LABEL = None\n"})
    for tag in tags:
        _, properties = properties_of([tag], builtin())
        label = label_of([tag], builtin())
        text = metadata.write(metadata.made(label, properties))
        files = {
            "example.py": f"LABEL = {label!r}\n".encode(),
            "example-1.0.dist-info/variant.json": text.encode(),
        }
        made = create(folder / "made", "example", "1.0", f"py3-none-{PLATFORM}", files)
        made.rename(folder / f"{made.stem}-{label}.whl")
        found.append((label, metadata.read(text, label)))
    whole = metadata.merged(found)
    (folder / "example-1.0-variants.json").write_text(metadata.write(whole), "utf-8")
    return whole


@st.composite
def nodes(draw: st.DrawFn) -> Node:
    driver = draw(st.sampled_from(["", "11.8", "12.0", "12.4", "12.8", "13.0"]))
    gpu = draw(st.sampled_from(["", "8.0", "8.6", "9.0"])) if driver else ""
    return Node(draw(st.sampled_from(sorted(CPUS))), driver, gpu)


def taken(uv: Path, folder: Path, node: Node) -> str | None:
    """Return the label of the wheel that uv installs on a machine from a folder."""
    target = folder / "target"
    install(uv, ["--no-index", "--find-links", folder], node, target, "example")
    return installed(target)


def expected(whole: metadata.Metadata, node: Node) -> str | None:
    """Return what our order puts first, of what uv can know."""
    facts = {
        "cuda": [int(part) for part in node.driver.split(".")] if node.driver else [],
        "capabilities": [[int(part) for part in node.gpu.split(".")]] if node.gpu else [],
    }
    ladders = {"isa": CPUS[node.cpu], "accelerator": cuda.ladder(facts) if node.driver else []}
    known = supported(ladders, "x86_64", builtin())
    return next(iter(order(whole, {name: known[name] for name in UV if name in known})), None)


@settings(max_examples=25)
@given(
    chosen=st.lists(
        st.tuples(st.sampled_from(LEVELS), st.sampled_from(ACCELERATORS)), max_size=8, unique=True
    ),
    node=nodes(),
)
def test_uv_takes_what_the_order_puts_first(
    uv: Path,
    tmp_path_factory: pytest.TempPathFactory,
    chosen: list[tuple[str, str]],
    node: Node,
) -> None:
    folder = tmp_path_factory.mktemp("offer")
    tags = ["_".join(filter(None, (PLATFORM, *each))) for each in chosen] or [PLATFORM]
    whole = offer(folder, tags)
    assert taken(uv, folder, node) == expected(whole, node)


def test_the_captured_cpus_have_the_levels_that_their_names_say() -> None:
    for cpu, levels in CPUS.items():
        text = (MACHINES / cpu / "proc/cpuinfo").read_text("utf-8")
        words = text.partition("flags")[2].partition("\n")[0].split()
        assert isa.ladder({"arch": "x86_64", "features": words}) == levels


def test_without_the_preview_uv_takes_the_stock_wheel(uv: Path, tmp_path: Path) -> None:
    offer(tmp_path, [f"{PLATFORM}_v2", f"{PLATFORM}_cuda12_4"])
    command = [uv, "pip", "install", "-q", "--no-cache", "--no-config"]
    command += ["--target", tmp_path / "target", "--python", sys.executable]
    run([*command, "--no-index", "--find-links", tmp_path, "example"])
    assert (tmp_path / "target" / "example.py").read_text("utf-8") == "LABEL = None\n"


@pytest.fixture(scope="module")
def both(
    make_environment: MakeEnvironment,
    wheelhouse: Wheelhouse,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder of one project, built plain and for v3, with the variant wheel of the second."""
    environment = make_environment(NEWEST)
    required = PROJECTS[0].requires
    links = [f"--find-links={wheelhouse.fetch(each)}" for each in required]
    environment.pip("install", "-q", "--no-index", *links, *required)
    folder = tmp_path_factory.mktemp("both")
    tree = shutil.copytree(PROJECT / "examples" / "levels", folder / "tree")
    out = folder / "wheelhouse"
    for options in ([], ["-C", "isa=v3"]):
        build = ["wheel", "-q", "--no-deps", "--no-build-isolation", "-w", out, *options, tree]
        environment.pip(*build)
    environment.run("-m", "customtags", "variant", *out.glob("*_v3.whl"))
    return out


def level(target: Path) -> str:
    """Return the level that the installed module was compiled for."""
    (module,) = target.glob("levels.*.so")
    found: bytes
    (found,) = re.findall(rb"level=(\w+)", module.read_bytes())
    return found.decode()


def test_one_folder_serves_pip_and_uv(
    make_environment: MakeEnvironment, both: Path, uv: Path, tmp_path: Path
) -> None:
    options = ["install", "-q", "--no-index", "--find-links", both, "levels", "--target"]
    for hooked in (True, False):
        environment = make_environment(NEWEST, hooked=hooked)
        environment.pip(*options, tmp_path / f"pip-{hooked}", env={"CUSTOMTAGS_ISA": "v3"})
    sources = ["--no-index", "--find-links", both]
    install(uv, sources, Node(HASWELL, "", ""), tmp_path / "uv", "levels")
    found = {each.name: level(each) for each in tmp_path.iterdir()}
    assert found == {"pip-True": "v3", "pip-False": "base", "uv": "v3"}
    assert [*(tmp_path / "uv").glob("*.dist-info/variant.json")]
    assert not [*(tmp_path / "pip-True").glob("*.dist-info/variant.json")]


def test_uv_lock_records_no_variant(both: Path, uv: Path, tmp_path: Path) -> None:
    text = '[project]\nname = "p"\nversion = "0"\nrequires-python = ">=3.9"\n'
    text += f'dependencies = ["levels"]\n[tool.uv]\nno-index = true\nfind-links = ["{both}"]\n'
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    command = [uv, "lock", "-q", "--no-cache", "--preview-features", "wheel-variants"]
    run([*command, "--directory", tmp_path, "--python", sys.executable])
    locked = (tmp_path / "uv.lock").read_text("utf-8")
    names = {each.name for each in both.glob("*.whl") if each.name in locked}
    assert names == {each.name for each in both.glob("*.whl") if "-x86_64_v3" not in each.name}


#: The version, interpreter and ABI, and platform of a file, and its level; a file without one is no variant.
FILES = st.tuples(
    st.sampled_from(["1.0", "1.1", "1.2rc1"]),
    st.sampled_from(["py3-none", "cp39-abi3", "cp{0}-cp{0}", "cp399-cp399"]),
    st.sampled_from([PLATFORM, "linux_x86_64", "any"]),
    st.sampled_from([None, "", "v2", "v3", "v4"]),
)


@settings(max_examples=25)
@given(chosen=st.lists(FILES, min_size=1, max_size=6))
def test_uv_takes_what_rank_says(
    uv: Path,
    tmp_path_factory: pytest.TempPathFactory,
    chosen: list[tuple[str, str, str, str | None]],
) -> None:
    folder = tmp_path_factory.mktemp("ranked")
    create(folder, "example", "0.9", "py3-none-any", {"example.py": b"LABEL = 'the oldest'\n"})
    releases: dict[str, metadata.Metadata] = {}
    for version, row, platform, level in chosen:
        tag = f"{row.format(f'3{sys.version_info[1]}')}-{platform}"
        name, files = f"example-{version}-{tag}", {}
        if level is not None:
            label = f"x86_64_{level}" if level else "null"
            own = metadata.made(label, {"x86_64": {"level": [level]}} if level else {})
            files[f"example-{version}.dist-info/variant.json"] = metadata.write(own).encode()
            several = [("", releases[version])] if version in releases else []
            releases[version] = metadata.merged([*several, ("", own)])
            name += f"-{label}"
        files["example.py"] = f"LABEL = '{name}.whl'\n".encode()
        made = create(folder / "made", "example", version, tag, files)
        made.replace(folder / f"{name}.whl")
    for version, whole in releases.items():
        path = folder / f"example-{version}-variants.json"
        path.write_text(metadata.write(whole), "utf-8")
    offers = in_folder(str(folder))
    described = Descriptions(offers, PipSettings(), lambda _: None)
    target = seed(f"3.{sys.version_info[1]}")  # of the level v3
    ranking = rank(offers, Request("example"), target, describe=described)
    if ranking.variants:
        found = taken(uv, folder, Node(HASWELL, "", ""))
        oldest = "example-0.9-py3-none-any.whl"
        assert (oldest if found == "the oldest" else found) == ranking.uv
