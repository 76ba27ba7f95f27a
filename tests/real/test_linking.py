"""An extension links to the library of another distribution: built, audited, repaired, chosen by pip, imported."""

from __future__ import annotations

import json
import platform
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from needs import requires
from real import vectors
from real.environments import PROJECT, run

if TYPE_CHECKING:
    from pathlib import Path

    from real.environments import Environment, MakeEnvironment, Wheelhouse

pytestmark = requires(platform.machine() == "x86_64", "x86-64")

#: ABI → what the extension that was built against it computes.
ABIS = {1: "25.0", 2: "169.0"}
SAYS = "import vectoruser; print(vectoruser.norm())"


class Built(NamedTuple):
    """Wheels of one ABI: as they were built, and repaired."""

    library: Path
    user: Path
    reached: Path
    preloading: Path


def customtags(*words: object, status: int = 0) -> str:
    return run([sys.executable, "-m", "customtags", *words], status=status, cwd=PROJECT).stdout


@pytest.fixture(scope="module")
def environment(make_environment: MakeEnvironment) -> Environment:
    environment = make_environment()
    environment.folder.joinpath("customtags.toml").write_text('abi = ["vectorlib"]\n')
    return environment


@pytest.fixture(scope="module")
def built(
    environment: Environment, wheelhouse: Wheelhouse, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, Built]:
    """Both ABIs of both projects, by pip and setuptools in pip's own build environment."""
    folder = tmp_path_factory.mktemp("vectors")
    links = [
        f"--find-links={wheelhouse.fetch('setuptools==84.2.1')}",
        f"--find-links={wheelhouse.customtags()}",
    ]
    found = {}
    for abi in ABIS:
        out = folder / str(abi)
        words = ("wheel", "-q", "--no-index", "--no-deps", *links, f"--find-links={out}", "-w", out)
        environment.pip(*words, vectors.library_project(folder / f"library{abi}", abi))
        environment.pip(*words, vectors.user_project(folder / f"user{abi}", abi))
        (library,), (user,) = out.glob("vectorlib-*.whl"), out.glob("vectoruser-*.whl")
        mend = ("repair", "--json", "--with", library, "--abi", f"vectorlib{abi}", user)
        reached, preloading = (
            json.loads(customtags(*mend, "-d", folder / name, *more))["wheels"][0]["wheel"]
            for name, more in (("reached", []), ("preloading", ["--preload"]))
        )
        found[abi] = Built(library, user, folder / reached, folder / preloading)
    return found


@pytest.mark.parametrize("abi", ABIS)
def test_what_was_built_is_audited_and_repaired(built: dict[int, Built], abi: int) -> None:
    audit = ("audit", "--only", "libraries", "--json", "--with", built[abi].library)
    before = json.loads(customtags(*audit, built[abi].user, status=1))["wheels"][0]["findings"]
    severities = {each["code"]: each["severity"] for each in before}
    severities.pop("rpath-absolute", None)  # some interpreters' own flags have one
    assert severities == {"requirement-missing": "false", "abi-unnamed": "note"}
    for repaired in (built[abi].reached, built[abi].preloading):
        assert repaired.stem.endswith(f"-linux_x86_64_vectorlib{abi}")
        assert json.loads(customtags(*audit, repaired))["wheels"][0]["findings"] == []


def test_another_abi_is_reported(built: dict[int, Built]) -> None:
    audit = ("audit", "--only", "libraries", "--json", "--with", built[2].library, built[1].user)
    findings = json.loads(customtags(*audit, status=1))["wheels"][0]["findings"]
    (missing,) = (each for each in findings if each["code"] == "symbol-missing")
    assert missing["severity"] == "false"
    assert missing["symbol"] == "vectorlib_norm"
    assert "vectorlib 2.0 does not define" in missing["says"]


def test_pip_takes_what_fits_the_installed_abi(
    built: dict[int, Built], environment: Environment
) -> None:
    index = built[1].reached.parent
    assert len([*index.glob("*.whl")]) == len(ABIS)
    for abi, says in ABIS.items():
        environment.pip("install", "-q", "--no-index", built[abi].library)
        offer = ("--no-index", "--force-reinstall", "--no-deps", f"--find-links={index}")
        environment.pip("install", "-q", *offer, "vectoruser")
        assert environment.run("-c", SAYS).stdout == f"{says}\n"
        (fields,) = environment.site.glob("vectoruser-1.0.dist-info/WHEEL")
        assert f"-linux_x86_64_vectorlib{abi}\n" in fields.read_text()
        environment.pip("check")


def test_the_wrong_one_does_not_even_load(
    built: dict[int, Built], environment: Environment, tmp_path: Path
) -> None:
    for wheel in (built[1].reached, built[2].library):
        environment.pip(
            "install",
            "-q",
            "--no-index",
            "--no-deps",
            f"--target={tmp_path}",
            wheel,
            env={"CUSTOMTAGS_ABI": "vectorlib1"},
        )
    done = environment.run("-c", SAYS, env={"PYTHONPATH": str(tmp_path)}, status=1)
    assert "undefined symbol: vectorlib_norm" in done.stderr


@pytest.mark.parametrize("abi", ABIS)
def test_in_two_folders_it_is_found_by_loading_it_first(
    built: dict[int, Built], environment: Environment, tmp_path: Path, abi: int
) -> None:
    there = {"CUSTOMTAGS_ABI": f"vectorlib{abi}"}
    install = ("install", "-q", "--no-index", "--no-deps")
    environment.pip("uninstall", "-q", "-y", "vectorlib", "vectoruser")
    wheels = {
        "library": built[abi].library,
        "reached": built[abi].reached,
        "preloading": built[abi].preloading,
    }
    for name, wheel in wheels.items():
        environment.pip(*install, f"--target={tmp_path / name}", wheel, env=there)
    for name, status in (("reached", 1), ("preloading", 0)):
        path = f"{tmp_path / name}:{tmp_path / 'library'}"
        done = environment.run("-c", SAYS, env={"PYTHONPATH": path}, status=status)
        assert done.stdout == (f"{ABIS[abi]}\n" if status == 0 else "")
        assert status == 0 or "libvectorlib.so: cannot open shared object file" in done.stderr
    done = environment.run("-c", SAYS, env={"PYTHONPATH": str(tmp_path / "preloading")}, status=1)
    assert "No module named 'vectorlib'" in done.stderr


def test_the_flags_are_enough_for_a_plain_compiler(
    built: dict[int, Built], environment: Environment, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    environment.pip(
        "install", "-q", "--no-index", "--no-deps", f"--target={site}", built[1].library
    )
    flags = run(
        [sys.executable, "-m", "customtags", "link-flags", "vectorlib", "--package", "mine"],
        env={"PYTHONPATH": str(site)},
    ).stdout.split()
    vectors.compiled(site / "mine", vectors.EXTENSION, "_native.so", *flags)
    done = environment.run(
        "-c", "from mine import _native; print(_native.norm())", env={"PYTHONPATH": str(site)}
    )
    assert done.stdout == "25.0\n"
