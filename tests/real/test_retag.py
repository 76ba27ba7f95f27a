"""Wheels from PyPI, of many builders, are retagged, installed and put back; others' tools read the results."""

from __future__ import annotations

import platform
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from customtags.wheels.retag import retag
from customtags.wheels.writer import create
from needs import requires, unshared
from real.environments import Wheelhouse, clean, run
from unpacked import contents

if TYPE_CHECKING:
    from pathlib import Path

    from real.environments import MakeEnvironment

pytestmark = requires(platform.machine() == "x86_64", "x86-64")

#: Wheels, and what each is here for; those with a bill of materials of auditwheel's.
WHEELS = {
    "argon2-cffi-bindings==26.1.0": "scikit-build-core; a stable ABI",
    "contourpy==1.3.3": "meson-python; RECORD last, entries for folders",
    "cysignals==1.12.5": "meson-python; a .data folder",
    "debugpy==1.8.22": "setuptools; RECORD not last",
    "greenlet==3.5.6": "setuptools; headers in .data",
    "markupsafe==3.0.3": "setuptools; a set of three platforms",
    "ninja==1.13.2": "scikit-build-core; a program in .data, py3-none",
    "numpy==2.2.6": "meson-python; many members",
    "orjson==3.12.0": "maturin; a bill of materials of a crate of the same name",
    "psutil==7.2.2": "setuptools; an old stable ABI",
    "psycopg2-binary==2.9.13": "auditwheel's bill of materials",
    "pymongo==4.18.2": "hatchling",
    "websockets==15.0.1": "the metadata in front",
}


@pytest.mark.parametrize("requirement", WHEELS)
def test_a_real_wheel_is_retagged_installed_and_put_back(
    requirement: str, wheelhouse: Wheelhouse, make_environment: MakeEnvironment, tmp_path: Path
) -> None:
    old = wheelhouse.wheel(requirement)
    made = retag(
        old, platforms=["linux_x86_64_v2_fc39"], local="fc39", folder=tmp_path, verify=True
    )
    found = contents(made)
    version = requirement.partition("==")[2]
    for name, text in found.items():
        if "/sboms/auditwheel" in name:
            assert f"@{version}?".encode() not in text
            assert made.name.replace("+", "%2B").encode() in text
    target = tmp_path / "site"
    machine = {"CUSTOMTAGS_ISA": "v2", "CUSTOMTAGS_DISTRO": "fc39"}
    options = ("-q", "--no-deps", "--no-compile", f"--target={target}")
    make_environment().pip("install", *options, made, env=machine)
    assert [each.name for each in target.glob(f"*-{version}*.dist-info")] == [
        next(name for name in found if name.endswith(".dist-info/RECORD")).partition("/")[0]
    ]
    assert not list(target.glob("*.data"))
    platforms = old.stem.rpartition("-")[2].split(".")
    back = retag(made, platforms=platforms, local="", folder=tmp_path / "back")
    assert not different(old, back) - {"WHEEL", "RECORD"}
    if lines(old) == sorted(lines(old)):  # else WHEEL has its tags in an order of its own
        assert back.read_bytes() == old.read_bytes()
    assert sorted(lines(back)) == sorted(lines(old))


def different(one: Path, other: Path) -> set[str]:
    """Name the files that differ, after checking that all else of the members is the same."""
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(other) as second:
        assert first.namelist() == second.namelist()
        pairs = list(zip(first.infolist(), second.infolist()))
    for a, b in pairs:
        assert (a.date_time, a.external_attr, a.extra) == (b.date_time, b.external_attr, b.extra)
    return {a.filename.rpartition("/")[2] for a, b in pairs if a.CRC != b.CRC}


def lines(wheel: Path) -> list[str]:
    """Return the Tag lines of WHEEL, in order."""
    found = contents(wheel)
    text = next(text for name, text in found.items() if name.endswith(".dist-info/WHEEL"))
    return [line for line in text.decode().splitlines() if line.startswith("Tag:")]


def test_wheel_tags_and_ours_give_each_others_results(
    wheelhouse: Wheelhouse, tmp_path: Path
) -> None:
    old = wheelhouse.wheel("markupsafe==3.0.3")
    made = retag(old, platforms=["linux_x86_64_v3_fc39"], folder=tmp_path / "ours")
    run([sys.executable, "-m", "wheel", "tags", "--platform-tag=linux_x86_64", made])
    theirs = made.with_name(made.name.replace("_v3_fc39", ""))
    ours = retag(made, platforms=["linux_x86_64"], folder=tmp_path / "undone")
    assert ours.name == theirs.name
    assert lines(ours) == lines(theirs)
    again = retag(
        theirs, platforms=["linux_x86_64_v3_fc39"], folder=tmp_path / "again", verify=True
    )
    assert lines(again) == lines(made)
    run([sys.executable, "-m", "wheel", "unpack", f"--dest={tmp_path}", made])


def test_auditwheel_shows_ours(wheelhouse: Wheelhouse, tmp_path: Path) -> None:
    old = wheelhouse.wheel("markupsafe==3.0.3")
    made = retag(old, platforms=["manylinux_2_17_x86_64_v3"], folder=tmp_path)
    done = run([sys.executable, "-m", "auditwheel", "show", made])
    said = " ".join(done.stdout.split())
    assert f'{made.name} is consistent with the following platform tag: "manylinux_2' in said


@pytest.mark.parametrize(
    ("options", "message"),
    [("size=600k", "No space left on device"), ("ro", "Read-only file system")],
)
def test_a_disk_that_is_full_or_read_only_leaves_everything_as_it_was(
    tmp_path: Path, options: str, message: str
) -> None:
    noise = subprocess.run(["head", "-c1m", "/dev/urandom"], capture_output=True, check=True).stdout
    wheel = create(tmp_path, "example", "1", "py3-none-linux_x86_64", {"noise": noise})
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        f"mount -t tmpfs -o {options} none {disk} && "
        f"{sys.executable} -m customtags retag {wheel} --isa=v3 --remove -d {disk}; "
        f"echo $?; ls -A {disk}"
    )
    command = [*unshared(), "sh", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=clean())
    assert done.stdout == "2\n"
    assert message in done.stderr
    assert contents(wheel)["noise"] == noise
