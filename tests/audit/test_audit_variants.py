"""Variant wheels against their labels: what variant.json says wrong, and contents that disprove a property."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command import run
from customtags.audit import CHECKS, audit
from customtags.machine.dimensions import builtin
from customtags.variants import convert, metadata
from customtags.wheels.writer import create, write

GPU = (Path(__file__).with_name("gpu") / "sm90a.so").read_bytes()
STEM = "demo-1-cp312-cp312-linux_x86_64"

#: The checks that need no other package.
ALONE = {name: CHECKS[name] for name in ("names", "accelerator")}


def variant(folder: Path, end: str, content: bytes = GPU) -> Path:
    wheel = create(folder, "demo", "1", f"cp312-cp312-linux_x86_64_{end}", {"demo/lib.so": content})
    return write(convert.variant(wheel, builtin()).edit)


def labelled(folder: Path, label: str, text: str | None) -> Path:
    """Write a wheel with a label and a variant.json."""
    files = {"demo/lib.so": GPU}
    if text is not None:
        files["demo-1.dist-info/variant.json"] = text.encode()
    made = create(folder, "demo", "1", "cp312-cp312-linux_x86_64", files)
    return made.rename(folder / f"{STEM}-{label}.whl")


def findings(path: Path) -> set[tuple[str, str]]:
    return {(each.code, each.severity) for each in audit(path, ALONE)}


@pytest.mark.parametrize("end", ["cuda13_0_sm90a", "cuda13_0", "cuda13_0_sm120"])
def test_a_variant_is_checked_as_its_extended_name_is(tmp_path: Path, end: str) -> None:
    path = variant(tmp_path, end)
    assert findings(path) == findings(tmp_path / f"{STEM}_{end}.whl")


def test_the_true_name_is_an_extended_one(tmp_path: Path) -> None:
    path = variant(tmp_path, "cuda13_0")
    (entry,) = json.loads(run("audit", "--only", "accelerator", "--json", str(path)).stdout)[
        "wheels"
    ]
    assert entry["true_name"] == f"{STEM}_cuda13_0_sm90a.whl"
    right = variant(tmp_path, "cuda13_0_sm90a")
    done = run("audit", "--only", "accelerator", "--fix-name", str(right))
    assert (done.returncode, done.stdout) == (0, f"{right.name}\n")


V3: dict[str, Any] = {"x86_64": {"level": ["v3"]}}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "has the label 'fast' and no"),
        ("{", "is not JSON"),
        (metadata.write(metadata.made("slow", V3)), "describes slow"),
        (metadata.write(metadata.Metadata(["x86_64"], {"fast": V3, "slow": {}}, {})), "describes"),
        (metadata.write(metadata.made("fast", V3)).replace("/v0.2.0", "/v9.0.0"), "not understood"),
    ],
)
def test_a_label_that_variant_json_contradicts_is_false(
    tmp_path: Path, text: str | None, says: str
) -> None:
    path = labelled(tmp_path, "fast", text)
    (finding,) = audit(path)
    assert (finding.code, finding.severity) == ("variant-disagrees", "false")
    assert says in finding.says
    assert finding.cure
    done = run("audit", "--only", "libc", str(path))  # reported whatever is selected
    assert done.returncode == 1
    assert "variant-disagrees" in done.stdout


def test_a_property_that_no_segment_says_leaves_the_contents_unchecked(tmp_path: Path) -> None:
    other = {"nvidia": {"cuda_version_upper_bound": ["13"]}}
    path = labelled(tmp_path, "fast", metadata.write(metadata.made("fast", other)))
    assert findings(path) == {("not-checked", "undecided")}
    done = run("audit", str(path))
    assert done.returncode == 0
    assert (
        "contents not compared with the label 'fast': no segment says the property" in done.stdout
    )
    assert "no false claims" not in done.stdout
