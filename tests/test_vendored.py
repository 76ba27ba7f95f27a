"""A wheel may bring other projects along, with their own .dist-info: no verb takes that for the wheel's."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from command import run_in
from customtags.building import prepared
from customtags.choosing.installed import distributions
from customtags.libraries.supplier import all_installed, from_wheel
from customtags.wheels.elf import Elf
from customtags.wheels.wheel import Wheel
from customtags.wheels.writer import create
from made_elf import shared
from unpacked import contents

TAG = "py3-none-linux_x86_64"
VENDORED = "example/_vendor/other-9.dist-info/"

#: What another project says of itself, and what would be wrong of the wheel.
OTHER = {
    f"{VENDORED}METADATA": b"Metadata-Version: 2.1\nName: other\nVersion: 9\nRequires-Python: <3\n",
    f"{VENDORED}WHEEL": b"Wheel-Version: 1.0\nTag: py2-none-win32\n",
    f"{VENDORED}RECORD": b"other.py,sha256=wrong,1\n",
    f"{VENDORED}RECORD.jws": b"{}",
}


@pytest.fixture(params=["before", "behind"])
def wheel(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A wheel with another project's .dist-info before or behind its own."""
    return vendoring(tmp_path / "dist", before=request.param == "before")


def vendoring(folder: Path, *, before: bool) -> Path:
    files = {"example/__init__.py": b"", "example/_native.so": shared(["libvec.so"])}
    made = create(folder, "example", "1", TAG, {**files, **OTHER})
    with zipfile.ZipFile(made) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    order = sorted(found, key=lambda name: (name.startswith(VENDORED) != before, name))
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in order:
            archive.writestr(name, found[name])
    assert order[0 if before else -1].startswith(VENDORED)
    return made


def test_the_reader_and_the_check(wheel: Path) -> None:
    found = Wheel(wheel)
    found.check()
    assert (found.info, found.tags) == ("example-1.dist-info", [TAG])
    assert found.metadata.get("Name") == "example"


def test_retag(wheel: Path, tmp_path: Path) -> None:
    asked = ("--isa=v3", "--local-version=x1", "--verify", "-d", "out")
    done = run_in(tmp_path, "retag", str(wheel), *asked)
    assert done.returncode == 0, done.stderr
    after = contents(tmp_path / "out" / f"example-1+x1-{TAG}_v3.whl")
    assert {name: after[name] for name in OTHER} == OTHER
    assert f"Tag: {TAG}_v3\n".encode() in after["example-1+x1.dist-info/WHEEL"]


def test_repair(wheel: Path, tmp_path: Path) -> None:
    library = create(tmp_path, "vec", "1.2", TAG, {"vec/libvec.so": shared(soname="libvec.so")})
    done = run_in(tmp_path, "repair", "--with", library.name, "-d", "out", str(wheel))
    assert done.returncode == 0, done.stderr
    after = contents(tmp_path / "out" / f"example-1-{TAG}_vec1_2.whl")
    assert {name: after[name] for name in OTHER} == OTHER
    assert Elf(after["example/_native.so"]).rpath == "$ORIGIN/../vec"
    assert b"Requires-Dist: vec==1.2.*\n" in after["example-1.dist-info/METADATA"]


def test_audit(wheel: Path) -> None:
    done = run_in(wheel.parent, "audit", wheel.name, "--json", "--only", "names")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["wheels"][0]["findings"] == []


def test_explain_and_rank(wheel: Path) -> None:
    machine = {"CUSTOMTAGS_ISA": "v3"}
    done = run_in(wheel.parent, "explain", wheel.name, **machine)
    assert done.returncode == 0, done.stdout + done.stderr
    done = run_in(wheel.parent, "rank", ".", "example", "--json", **machine)
    assert json.loads(done.stdout)["chosen"] == wheel.name, done.stdout


def test_the_back_end(wheel: Path, tmp_path: Path) -> None:
    promised = tmp_path / "METADATA"
    promised.write_bytes(contents(wheel)["example-1.dist-info/METADATA"])
    prepared.compare(wheel, str(tmp_path))


def test_what_is_installed_and_what_supplies_libraries(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (found,) = distributions([str(site)])
    assert (found.name, found.tags) == ("example", (TAG,))
    (supplier,) = all_installed([str(site)])
    assert str(supplier) == str(from_wheel(wheel)) == "example 1"
