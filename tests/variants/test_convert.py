"""A wheel as a variant wheel, and back: the same members, and nothing half-written."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from command import run_in
from customtags.errors import CustomtagsError
from customtags.machine.dimensions import builtin
from customtags.variants import convert, metadata
from customtags.wheels.wheel import Wheel
from customtags.wheels.writer import create, write
from unpacked import contents

VENDORED = "example/_vendor/other-1.0.dist-info"
FILES = {
    f"{VENDORED}/RECORD": b"other/__init__.py,,\n",
    f"{VENDORED}/variant.json": b"{}",
    "example/__init__.py": b"x = 1\n" * 500,
    "example-1.0.data/scripts/run": b"#!python\n",
    "zz-9.dist-info.d/RECORD": b"",
}
PLATFORMS = (
    "manylinux_2_17_x86_64_v3",
    "linux_x86_64_cuda12_4_sm90",
    "linux_x86_64_cuda12_4_sm80.linux_x86_64_cuda12_4_sm90",
    "manylinux_2_17_aarch64_v8_2",
    "manylinux_2_17_x86_64.manylinux2014_x86_64",
)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_forth_and_back_gives_the_same_bytes(tmp_path: Path, platform: str) -> None:
    wheel = create(tmp_path, "example", "1.0", f"cp312-cp312-{platform}", FILES)
    null = "_v" not in platform and "cuda" not in platform
    made = convert.variant(wheel, builtin(), null=null, folder=tmp_path / "out")
    there = write(made.edit)
    back = write(convert.extended(there, builtin(), tmp_path / "back"))
    assert (back.name, back.read_bytes()) == (wheel.name, wheel.read_bytes())
    found = contents(there)
    assert {name: found[name] for name in FILES} == FILES
    assert json.loads(found["example-1.0.dist-info/variant.json"])["variants"].keys() == {
        made.label
    }
    Wheel(there, made.edit.name).check()  # RECORD, WHEEL and METADATA agree
    assert there.name == f"{str(made.edit.name)[:-4]}-{made.label}.whl"


def broken(tmp_path: Path, name: str, inside: dict[str, bytes]) -> Path:
    """Write a wheel and give it the name of a variant."""
    made = create(tmp_path / "made", "example", "1.0", "py3-none-linux_x86_64", inside)
    return made.rename(tmp_path / name)


def text(label: str, properties: Any) -> bytes:
    return metadata.write(metadata.made(label, properties)).encode()


OWN = "example-1.0.dist-info/variant.json"
STEM = "example-1.0-py3-none-linux_x86_64"


@pytest.mark.parametrize(
    ("name", "inside", "reason"),
    [
        (f"{STEM}-x86_64_v3.whl", {}, "has the label 'x86_64_v3' and no"),
        (f"{STEM}-x86_64_v3.whl", {OWN: b"{"}, "is not JSON"),
        (f"{STEM}-x86_64_v3.whl", {OWN: text("x86_64_v2", {})}, "describes x86_64_v2"),
        (f"{STEM}-X86.whl", {OWN: text("x86_64_v2", {})}, "label with other characters"),
        (
            f"{STEM}-cuda.whl",
            {OWN: text("cuda", {"nvidia": {"cuda_version_upper_bound": ["13"]}})},
            "no segment says the property 'nvidia :: cuda_version_upper_bound :: 13'",
        ),
        (f"{STEM}.whl", {}, "is not a variant wheel"),
    ],
)
def test_a_variant_wheel_that_contradicts_itself_is_refused(
    tmp_path: Path, name: str, inside: dict[str, bytes], reason: str
) -> None:
    wheel = broken(tmp_path, name, inside)
    with pytest.raises(CustomtagsError, match=reason):
        convert.extended(wheel, builtin())


def test_two_variant_json_are_refused(tmp_path: Path) -> None:
    wheel = broken(tmp_path, f"{STEM}-x86_64_v3.whl", {OWN: text("x86_64_v3", {})})
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr(OWN, text("x86_64_v3", {"x86_64": {"level": ["v3"]}}))
    with pytest.raises(CustomtagsError, match=r"variant\.json"):
        convert.extended(wheel, builtin())


def test_the_command_keeps_the_labels_of_a_release(tmp_path: Path) -> None:
    for platform in PLATFORMS[:2]:
        create(tmp_path, "example", "1.0", f"py3-none-{platform}", FILES)
    stock = create(tmp_path, "example", "1.0", "py3-none-manylinux_2_17_x86_64", {})
    wheels = sorted(path.name for path in tmp_path.glob("*.whl") if path != stock)
    done = run_in(tmp_path, "variant", *wheels, "-d", "out", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [each["label"] for each in json.loads(done.stdout)["wheels"]] == [
        "cuda12.4_sm90",
        "x86_64_v3",
    ]
    assert run_in(tmp_path, "variant", "--null", stock.name, "-d", "out").returncode == 0
    again = run_in(tmp_path, "variant", *wheels, "-d", "out")
    assert (again.returncode, again.stderr) == (0, "")
    release = tmp_path / "out" / "example-1.0-variants.json"
    found = metadata.read(release.read_text("utf-8"), "release")
    assert set(found.variants) == {"cuda12.4_sm90", "x86_64_v3", "null"}
    assert list(found.namespaces) == list(metadata.PROVIDERS)


def test_of_all_wheels_of_a_build_the_extended_ones_become_variants(tmp_path: Path) -> None:
    for platform in ("any", "linux_x86_64", "linux_x86_64_v3"):
        create(tmp_path, "example", "1.0", f"py3-none-{platform}", {})
    for _ in range(2):  # the second time, the variant wheel is among them
        names = sorted(path.name for path in tmp_path.glob("*.whl"))
        done = run_in(tmp_path, "variant", *names, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        made = {each["source"]: each["label"] for each in json.loads(done.stdout)["wheels"]}
        assert made == {name: "x86_64_v3" if name == f"{STEM}_v3.whl" else None for name in names}
    shown = run_in(tmp_path, "variant", f"{STEM}.whl", f"{STEM}_v3.whl", "-d", "out").stdout
    assert (
        shown.splitlines()[0] == f"{STEM}.whl: left as it is, because no platform tag is extended"
    )
    assert not (tmp_path / "out" / f"{STEM}.whl").exists()


def test_a_label_with_another_meaning_is_refused_and_the_rest_written(tmp_path: Path) -> None:
    for platform in ("linux_x86_64_v2", "linux_x86_64_v3"):
        create(tmp_path, "example", "1.0", f"py3-none-{platform}", {})
    assert run_in(tmp_path, "variant", f"{STEM}_v2.whl", "--label", "fast").returncode == 0
    before = sorted(path.name for path in tmp_path.iterdir())
    done = run_in(tmp_path, "variant", f"{STEM}_v3.whl", "--label", "fast")
    assert (done.returncode, done.stdout) == (2, "")
    assert "another meaning" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    done = run_in(tmp_path, "variant", "missing.whl", f"{STEM}_v3.whl", f"{STEM}_v2.whl")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    labels = metadata.read((tmp_path / "example-1.0-variants.json").read_text("utf-8"), "").variants
    assert set(labels) == {"fast", "x86_64_v2", "x86_64_v3"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["example-1.0-py3-none-linux_x86_64.whl"], "--null makes it the fallback"),
        (["example-1.0-py3-none-linux_x86_64_deb12.whl"], "leave the distribution to the base"),
        (["--null", "example-1.0-py3-none-linux_x86_64_v3.whl"], "leave out --null"),
        (["--label", "X", "example-1.0-py3-none-linux_x86_64_v3.whl"], "'X' is not a label"),
        (["--label", "null", "example-1.0-py3-none-linux_x86_64_v3.whl"], "that of the fallback"),
        (["--label", "a", "b.whl", "c.whl"], "name one wheel"),
    ],
)
def test_what_cannot_be_a_variant_is_one_line(
    tmp_path: Path, arguments: list[str], reason: str
) -> None:
    for platform in ("linux_x86_64", "linux_x86_64_deb12", "linux_x86_64_v3"):
        create(tmp_path, "example", "1.0", f"py3-none-{platform}", {})
    done = run_in(tmp_path, "variant", *arguments, "-d", "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list((tmp_path / "out").glob("*"))


WRITTEN = text("x86_64_v2", {"x86_64": {"level": ["v2"]}}).decode()


@pytest.mark.parametrize(
    ("release", "reason"),
    [
        ("{ oops", "is not JSON"),
        (WRITTEN.replace("default-priorities", "default-priorites"), "default-priorities"),
        (WRITTEN.replace('"level"', '"Level"'), "under the label 'x86_64_v2'"),
        (WRITTEN.replace('"x86_64_v2": {', '"X86_64_v2": {'), "has the label 'X86_64_v2'"),
    ],
)
def test_a_broken_file_of_the_release_stops_the_wheel(
    tmp_path: Path, release: str, reason: str
) -> None:
    create(tmp_path, "example", "1.0", "py3-none-linux_x86_64_v3", {})
    path = tmp_path / "example-1.0-variants.json"
    path.write_text(release, "utf-8")
    done = run_in(tmp_path, "variant", f"{STEM}_v3.whl")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert reason in done.stderr
    assert path.read_text("utf-8") == release
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("verb", "name", "reason"),
    [
        ("retag", f"{STEM}-X86_64_V3.whl", "label with other characters"),
        ("variant", f"{STEM}_V3.whl", "according to its WHEEL"),
    ],
)
def test_names_in_upper_case_are_refused_in_one_line(
    tmp_path: Path, verb: str, name: str, reason: str
) -> None:
    create(tmp_path, "example", "1.0", "py3-none-linux_x86_64_v3", {}).rename(tmp_path / name)
    done = run_in(tmp_path, verb, name)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert reason in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_release_of_ten_thousand_variants_gets_one_more(tmp_path: Path) -> None:
    create(tmp_path, "example", "1.0", "py3-none-linux_x86_64_v3", {})
    many = {f"l{n}": {"nvidia": {"cuda_version_lower_bound": [str(n)]}} for n in range(10_000)}
    release = tmp_path / "example-1.0-variants.json"
    release.write_text(metadata.write(metadata.made("", {})._replace(variants=many)), "utf-8")
    assert run_in(tmp_path, "variant", f"{STEM}_v3.whl").returncode == 0
    found = metadata.read(release.read_text("utf-8"), "release").variants
    assert len(found) == 10_001
    assert found["x86_64_v3"] == {"x86_64": {"level": ["v3"]}}


def test_retag_takes_a_variant_wheel_back(tmp_path: Path) -> None:
    wheel = create(tmp_path, "example", "1.0", "py3-none-linux_x86_64_v3", FILES)
    assert run_in(tmp_path, "variant", wheel.name, "-d", "out").returncode == 0
    name = f"{STEM}-x86_64_v3.whl"
    done = run_in(tmp_path / "out", "retag", name, "--isa", "v2")
    assert (done.returncode, done.stdout) == (2, "")
    assert "retag it alone first" in done.stderr
    done = run_in(tmp_path / "out", "retag", name)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / wheel.name).read_bytes() == wheel.read_bytes()


def test_a_wheel_that_is_not_written_gives_no_label(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        create(tmp_path / folder, "example", "1.0", "py3-none-linux_x86_64_v3", {})
    wheels = [f"{folder}/{STEM}_v3.whl" for folder in ("x", "y")]
    done = run_in(tmp_path, "variant", *wheels, "-d", "out")
    assert done.returncode == 2
    assert not list((tmp_path / "out").glob("*"))
