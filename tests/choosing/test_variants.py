"""What is said of wheel variants; real uv agrees in tests/real/test_one_build.py and test_uv_variants.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from command import run
from customtags.choosing.explain import explain
from customtags.choosing.index import _offer
from customtags.choosing.offer import Offer, named
from customtags.choosing.rank import Ranking, rank
from customtags.choosing.request import Request
from customtags.errors import CustomtagsError, VariantError
from customtags.machine.dimensions import builtin
from customtags.variants import convert, metadata
from customtags.wheels.writer import create, write
from sample import SEED, seed

if TYPE_CHECKING:
    from pathlib import Path

    from customtags.choosing.variants import Describe

MACHINE = seed(
    accelerator={"cuda": {"cuda": [12, 1], "capabilities": [[9, 0]]}},
    source={"isa": "/proc/cpuinfo", "cuda": "nvidia-smi"},
)

BASE = "cp312-cp312-manylinux_2_17_x86_64"

#: Label → its properties.
LABELS: dict[str, dict[str, dict[str, list[str]]]] = {
    "null": {},
    "v2": {"x86_64": {"level": ["v2"]}},
    "v3": {"x86_64": {"level": ["v3"]}},
    "v4": {"x86_64": {"level": ["v4"]}},
    "cuda": {"nvidia": {"cuda_version_lower_bound": ["12.1"]}},
    "newer": {"nvidia": {"cuda_version_lower_bound": ["12.8"]}},
    "sm": {"nvidia": {"cuda_version_lower_bound": ["12.0"], "sm_arch": ["80_real", "90_real"]}},
    "other": {"nvidia": {"cuda_version_lower_bound": ["12.0"], "sm_arch": ["100_real"]}},
    "rocm": {"amd": {"rocm_version": ["6.0"]}},
    "upper": {"nvidia": {"cuda_version_upper_bound": ["13"]}},
}


def described(_: Offer) -> metadata.Metadata:
    return metadata.merged((label, metadata.made(label, each)) for label, each in LABELS.items())


def ranked(*names: str, describe: Describe = described) -> Ranking:
    offers = named(f"example-{name}.whl" for name in names)
    return rank(offers, Request("example"), MACHINE, lambda _: None, describe)


@pytest.mark.parametrize(
    ("names", "uv"),
    [
        ((f"1.0-{BASE}-v2", f"1.0-{BASE}-v3", f"1.0-{BASE}-v4"), f"1.0-{BASE}-v3"),
        ((f"1.0-{BASE}-v3", f"1.0-{BASE}-cuda", f"1.0-{BASE}-newer"), f"1.0-{BASE}-cuda"),
        ((f"1.0-{BASE}-null", f"1.0-{BASE}"), f"1.0-{BASE}-null"),
        ((f"1.0-{BASE}-v4", f"1.0-{BASE}", f"1.0-{BASE}_v3"), f"1.0-{BASE}"),
        ((f"1.0-{BASE}-v3", f"1.1-{BASE}"), f"1.1-{BASE}"),
        ((f"1.1-{BASE}-v4", f"1.0-{BASE}-v3"), f"1.0-{BASE}-v3"),
        ((f"1.1rc1-{BASE}-v3", f"1.0-{BASE}-v2"), f"1.0-{BASE}-v2"),
        (("1.0-cp313-cp313-manylinux_2_17_x86_64-v3", f"1.0-{BASE}"), f"1.0-{BASE}"),
        (("1.0-py3-none-any-v3", f"1.0-{BASE}"), "1.0-py3-none-any-v3"),
        (("1.0-cp312-cp312-linux_x86_64-v3", f"1.0-{BASE}-v3"), f"1.0-{BASE}-v3"),
        ((f"1.0-2-{BASE}-v3", f"1.0-1-{BASE}-v3"), f"1.0-2-{BASE}-v3"),
        ((f"1.1rc1-{BASE}-v3", f"1.0-{BASE}-v4"), f"1.1rc1-{BASE}-v3"),
        ((f"1.0-{BASE}-rocm", f"1.0-{BASE}-upper"), None),
        ((f"1.0-{BASE}-nothing", f"1.0-{BASE}"), f"1.0-{BASE}"),
    ],
)  # fmt: skip
def test_uv_takes_the_best_variant_of_the_newest_version(
    names: tuple[str, ...], uv: str | None
) -> None:
    ranking = ranked(*names)
    assert (ranking.variants, ranking.uv) == (True, uv and f"example-{uv}.whl")


def test_without_variants_nothing_is_said_of_uv() -> None:
    ranking = ranked(f"1.0-{BASE}_v3", f"1.0-{BASE}")
    assert (ranking.variants, ranking.uv, ranking.traps) == (False, None, ())


def test_pip_refuses_each_with_the_cure() -> None:
    ranking = ranked(f"1.0-{BASE}-v3", f"1.0-{BASE}-v4")
    assert ranking.chosen is None
    first, second = ranking.files
    (miss,) = first.misses
    assert str(miss) == "label v3: pip skips wheel variants (PEP 825, a draft)"
    assert miss.cure == "'customtags retag' writes the same wheel for pip"
    assert [each.segment for each in second.misses] == ["v4", "x86_64 :: level :: v4"]


@pytest.mark.parametrize("level", ["v3", "v4"])
@pytest.mark.parametrize("label", ["x86_64_{}", "my{}"])
def test_a_variant_beside_its_extended_wheel_has_one_reason_and_no_cure(
    level: str, label: str
) -> None:
    label = label.format(level)
    release = metadata.merged([(label, metadata.made(label, LABELS[level]))])
    ranking = ranked(f"1.0-{BASE}-{label}", f"1.0-{BASE}_{level}", describe=lambda _: release)
    reasons = {each.offer.name: each.misses for each in ranking.files}
    (miss,) = reasons[f"example-1.0-{BASE}-{label}.whl"]
    assert str(miss).endswith(f" (PEP 825, a draft), and reads example-1.0-{BASE}_{level}.whl")
    assert miss.cure == ""


@pytest.mark.parametrize(
    ("names", "says", "cure"),
    [
        ((f"1.0-{BASE}-v3", f"1.0-{BASE}_v3"), None, ""),
        ((f"1.0-{BASE}-null", f"1.0-{BASE}"), None, ""),
        ((f"1.0-{BASE}-sm", "1.0-cp312-cp312-linux_x86_64_cuda12_0_sm80.linux_x86_64_cuda12_0_sm90"), None, ""),
        (
            (f"1.0-{BASE}-null", f"1.0-{BASE}_v3"),
            "which requires no property; pip takes",
            f"customtags variant example-1.0-{BASE}_v3.whl writes the same",
        ),
        (
            (f"1.0-{BASE}-v3", f"1.0-{BASE}"),
            "which requires x86_64 :: level :: v3; pip takes",
            f"customtags retag example-1.0-{BASE}-v3.whl writes the same",
        ),
        ((f"1.0-{BASE}-v3", "1.0-cp312-cp312-linux_x86_64_v3_fc39"), "say what no property says", "leave the distribution"),
        ((f"1.0-{BASE}-v3", f"1.1-{BASE}_v3"), "pip takes example-1.1", "make each build of both kinds"),
        ((f"1.0-{BASE}-v3",), "pip takes nothing", "customtags retag"),
        ((f"1.0-{BASE}-v4", f"1.0-{BASE}_v3"), "uv takes nothing; pip takes example", "make each build of both kinds"),
    ],
)  # fmt: skip
def test_a_trap_names_where_pip_and_uv_differ(
    names: tuple[str, ...], says: str | None, cure: str
) -> None:
    traps = [trap for trap in ranked(*names).traps if trap.kind == "uv"]
    assert [says in trap.says for trap in traps if says] == ([True] if says else [])
    assert [trap.cure[: len(cure)] for trap in traps] == ([cure] if says else [])


def test_a_release_that_nothing_describes_is_named_and_its_variants_are_not_taken() -> None:
    def broken(_: Offer) -> metadata.Metadata:
        raise VariantError("it is broken", "write it again")

    ranking = ranked(f"1.0-{BASE}-v3", f"1.0-{BASE}", describe=broken)
    assert ranking.uv == f"example-1.0-{BASE}.whl"
    assert [str(miss) for miss in ranking.files[-1].misses][1:] == ["it is broken"]


def test_metadata_are_read_of_the_version_that_uv_takes_alone() -> None:
    read = []

    def counted(offer: Offer) -> metadata.Metadata:
        read.append(offer.name)
        return described(offer)

    names = [f"1.{minor}-{BASE}-v3" for minor in range(9)]
    assert ranked(*names, describe=counted).uv == f"example-1.8-{BASE}-v3.whl"
    assert read == [f"example-1.8-{BASE}-v3.whl"]


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("v3", None),
        ("sm", None),
        ("v4", "x86_64 :: level :: v4: requires an x86-64-v4 CPU; this CPU supports x86-64-v3 (no avx512f, …; from /proc/cpuinfo)"),
        ("newer", "nvidia :: cuda_version_lower_bound :: 12.8: requires a machine that supports cuda12.8; this one supports cuda12_1_sm90a … cuda11 (driver for CUDA 12.1, 1 GPU of capability 9.0; from nvidia-smi)"),
        ("other", "nvidia :: sm_arch :: 100_real: requires "),
        ("rocm", "amd :: rocm_version :: 6.0: requires a machine that supports rocm6.0; no such accelerator was detected"),
        ("upper", "nvidia :: cuda_version_upper_bound :: 13: requires a machine that supports this property; this one supports no value of this feature"),
    ],
)  # fmt: skip
def test_a_variant_is_explained_by_the_property_that_fails(label: str, says: str | None) -> None:
    found = explain(Offer(f"example-1.0-{BASE}-{label}.whl", ""), [MACHINE], described)
    assert (found.fits, found.verdict.fits) == (False, True)
    assert found.variant is not None
    assert found.variant.properties == LABELS[label]
    *lacking, pip = found.misses
    assert "pip skips wheel variants" in str(pip)
    assert [str(each)[: len(says)] for each in lacking if says] == ([says] if says else [])


def test_a_label_without_meaning_is_refused() -> None:
    with pytest.raises(CustomtagsError, match="label without meaning"):
        explain(Offer(f"example-1.0-{BASE}-nothing.whl", ""), [MACHINE], described)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a v3 and a v4 wheel for pip and for uv, and the metadata of the release."""
    found = []
    (tmp_path / "seed.json").write_text(json.dumps(SEED), encoding="utf-8")
    for end in ("_v3", "_v4"):
        made = create(
            tmp_path / "w", "example", "1.0", f"py3-none-linux_x86_64{end}", {"e.py": b""}
        )
        variant = convert.variant(made, builtin())
        write(variant.edit)
        found.append(("", variant.metadata))
    text = metadata.write(metadata.merged(found))
    (tmp_path / "w" / "example-1.0-variants.json").write_text(text, encoding="utf-8")
    return tmp_path


STOCK = "example-1.0-py3-none-linux_x86_64"


def test_a_folder_is_ranked_for_pip_and_for_uv(folder: Path) -> None:
    options = ("rank", "--profile", str(folder / "seed.json"), "--python", "3.12")
    done = run(*options, str(folder / "w"))
    first, second, *_ = done.stdout.splitlines()
    assert first == f"With Python 3.12, pip takes {STOCK}_v3.whl"
    assert second.startswith(f"uv takes {STOCK}-x86_64_v3.whl (uv ≥ 0.13.8 with --preview-feat")
    assert "Notes:" not in done.stdout
    shown = json.loads(run(*options, "--json", str(folder / "w")).stdout)
    assert shown["uv"] == f"{STOCK}-x86_64_v3.whl"
    for each in (folder / "w").glob("*-x86*.whl"):
        each.unlink()
    assert "uv" not in json.loads(run(*options, "--json", str(folder / "w")).stdout)


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_an_index_is_ranked_by_the_metadata_that_it_links_to(
    folder: Path, text: str | None
) -> None:
    (folder / "simple" / "example").mkdir(parents=True)
    names = sorted(each.name for each in (folder / "w").iterdir())
    links = "".join(f'<a href="../../w/{name}">{name}</a>' for name in names)
    (folder / "simple" / "example" / "index.html").write_text(links, encoding="utf-8")
    if text is not None:
        (folder / "w" / "example-1.0-variants.json").write_text(text, encoding="utf-8")
    options = ("--profile", str(folder / "seed.json"), "--python", "3.12")
    url = (folder / "simple").as_uri()
    shown = json.loads(run("rank", *options, "--json", url, "example").stdout)
    assert shown["chosen"] == f"{STOCK}_v3.whl"
    assert shown["uv"] == (None if text else f"{STOCK}-x86_64_v3.whl")
    done = run("explain", *options, "--json", "--index-url", url, "example==1.0")
    found: list[dict[str, Any]] = json.loads(done.stdout)["wheels"]
    supported = [each["variant"]["supported"] for each in found if "variant" in each]
    assert supported == ([] if text else [True, False])
    assert done.stderr.count("example-1.0-variants.json") == (2 if text else 0)


def test_no_index_on_a_network_names_a_file_of_this_machine() -> None:
    name = "example-1.0-variants.json"
    for page, link, url in (
        ("https://a.invalid/e/", "file:///etc/passwd", ""),
        ("https://a.invalid/e/", f"../{name}", f"https://a.invalid/{name}"),
        (
            "https://me:secret@a.invalid/e/",
            f"https://b.invalid/{name}",
            f"https://b.invalid/{name}",
        ),
        ("file:///srv/e/", f"../{name}", f"file:///srv/{name}"),
    ):
        assert _offer({"filename": name, "url": link}, page).url == url


def test_a_wheel_and_a_name_beside_its_metadata_are_explained(folder: Path) -> None:
    options = ("explain", "--profile", str(folder / "seed.json"), "--python", "3.12")
    wheel = folder / "w" / f"{STOCK}-x86_64_v4.whl"
    for _ in ("the wheel's own variant.json", "the release's variants.json"):
        done = run(*options, str(wheel))
        assert done.returncode == 1
        assert "x86_64 :: level :: v4: requires an x86-64-v4 CPU" in done.stdout
        assert "help: 'customtags retag' writes the same wheel for pip" in done.stdout
        wheel.unlink(missing_ok=True)
    (folder / "w" / "example-1.0-variants.json").unlink()
    done = run(*options, str(wheel))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "has a label without meaning" in done.stderr
    missing = f"neither the wheel nor 'example-1.0-variants.json' exists in '{folder / 'w'}'"
    assert done.stderr.endswith(f"{missing}; check the path\n")
    assert "name the wheel by its path" in run(*options, wheel.name).stderr
