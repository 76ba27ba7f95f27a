"""Every pip takes the wheel that fits, however it is run and whatever it is asked."""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
import tarfile
import zipapp
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from needs import lacking, requires
from real import table
from real.environments import NEWEST, Environment, MakeEnvironment, Wheelhouse, run
from real.stand_ins import MEANS, OFF, PLATFORMS, V2, V3, taken, write_wheels

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = requires(platform.machine() == "x86_64", "x86-64")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.mark.parametrize(
    ("row", "python"),
    [(row, python) for row in table.PIPS for python in row.pythons],
    ids=lambda value: getattr(value, "version", value),
)
def test_every_pip_takes_the_fitting_wheel(
    row: table.Pip, python: str, make_environment: MakeEnvironment, wheels: Path
) -> None:
    environment = make_environment(row.version, python)
    found = []
    for env in (V3, V2, OFF):
        install = ("install", "-q", "--force-reinstall", "--no-index", "--find-links", wheels)
        environment.pip(*install, "example", env=env)
        found.append(taken(environment.site))
    assert found == [{"linux_x86_64_v3"}, {"linux_x86_64_v2"}, {row.stock}]


class Given(NamedTuple):
    """What a way to run pip is made of."""

    make: MakeEnvironment
    wheelhouse: Wheelhouse
    folder: Path

    @property
    def pip(self) -> Path:
        return self.wheelhouse.wheel(f"pip=={NEWEST}")


# How pip comes to run: each gives a command that ends where pip's arguments begin.


def script(given: Given) -> list[object]:
    environment = given.make()
    environment.pip("install", "-q", "--no-index", "--force-reinstall", given.pip)
    return [environment.command("pip")]


def wheel(given: Given) -> list[object]:
    return [given.make().python, given.pip / "pip"]


def old_wheel(given: Given) -> list[object]:
    # Python 3.9 imports from zip files by an older protocol of loaders.
    wheel = given.wheelhouse.wheel("pip==26.0")
    return [given.make("26.0", "3.9").python, wheel / "pip"]


def archive(given: Given) -> list[object]:
    shutil.unpack_archive(given.pip, given.folder / "unpacked", "zip")
    start = 'import runpy\nrunpy.run_module("pip", run_name="__main__")\n'
    (given.folder / "unpacked" / "__main__.py").write_text(start, encoding="utf-8")
    zipapp.create_archive(given.folder / "unpacked", given.folder / "pip.pyz")
    return [given.make().python, given.folder / "pip.pyz"]


def ensurepip(given: Given) -> list[object]:
    environment = Environment(given.folder / "venv", sys.executable)
    environment.run("-m", "ensurepip")
    environment.install(given.wheelhouse.customtags(), "customtags")
    return [environment.python, "-m", "pip"]


def virtualenv(given: Given) -> list[object]:
    environment = given.make()
    environment.install(given.wheelhouse.fetch("virtualenv==21.15.8"), "virtualenv")
    seed = ("--seeder", "pip", "--no-setuptools", "--pip", NEWEST)
    search = f"--extra-search-dir={given.pip.parent}"
    environment.run("-m", "virtualenv", *seed, search, given.folder / "seeded", env=V3)
    seeded = given.folder / "seeded" / "bin" / "python"
    environment.pip(
        "--python",
        seeded,
        "install",
        "--no-index",
        "-f",
        given.wheelhouse.customtags(),
        "customtags",
    )
    return [seeded, "-m", "pip"]


def debian(given: Given) -> list[object]:
    if not Path("/usr/lib/python3/dist-packages/pip").is_dir():
        lacking("Debian's python3-pip")
    environment = Environment(given.folder / "venv", "/usr/bin/python3", "--system-site-packages")
    environment.install(given.wheelhouse.customtags(), "customtags")
    return [environment.python, "-m", "pip"]


def debundled(given: Given) -> list[object]:
    environment = Environment(given.folder / "venv", sys.executable)
    environment.unpack(given.pip)
    environment.install(given.wheelhouse.customtags(), "customtags")
    vendor = environment.site / "pip" / "_vendor"
    shutil.rmtree(vendor / "packaging")
    text = (vendor / "__init__.py").read_text(encoding="utf-8")
    text = text.replace("DEBUNDLED = False", "DEBUNDLED = True")
    (vendor / "__init__.py").write_text(text, encoding="utf-8")
    return [environment.python, "-m", "pip"]


def other(given: Given) -> list[object]:
    return [given.make(hooked=False).python, "-m", "pip", "--python", given.make().python]


def unhooked_other(given: Given) -> list[object]:
    return [given.make().python, "-m", "pip", "--python", given.make(hooked=False).python]


def fresh(given: Given) -> list[object]:
    given.make().run("-m", "venv", given.folder / "fresh", env=V3)
    return [given.folder / "fresh" / "bin" / "python", "-m", "pip"]


RUN: dict[str, Callable[[Given], list[object]]] = {
    "script": script,
    "wheel": wheel,
    "wheel on Python 3.9": old_wheel,
    "zipapp": archive,
    "ensurepip": ensurepip,
    "virtualenv": virtualenv,
    "debian": debian,
    "debundled": debundled,
    "other": other,
    "unhooked other": unhooked_other,
    "fresh": fresh,
}


@pytest.mark.parametrize("row", table.WAYS, ids=lambda row: row.name)
def test_however_pip_is_run(
    row: table.Row,
    make_environment: MakeEnvironment,
    wheelhouse: Wheelhouse,
    wheels: Path,
    tmp_path: Path,
) -> None:
    pip = RUN[row.name](Given(make_environment, wheelhouse, tmp_path))
    for name, env, word in (("hook", V3, row.takes), ("off", OFF, row.without)):
        target = tmp_path / name
        install = ("install", "--no-index", "--find-links", wheels, "--target", target, "example")
        run([*pip, *install], env=env)
        assert taken(target) in MEANS[word], name


@pytest.fixture(scope="module")
def given(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the table's commands read."""
    folder = tmp_path_factory.mktemp("given")
    hashes = {each: hashlib.sha256(each.read_bytes()).hexdigest() for each in wheels.glob("*.whl")}
    links = (f'<a href="{wheel}#sha256={each}">{wheel.name}</a>' for wheel, each in hashes.items())
    stock = wheels / "example-1.2.3-py3-none-manylinux_2_17_x86_64.whl"
    files = {
        "links.html": ["<!DOCTYPE html>", *links],
        "constraints.txt": ["example==1.2.3"],
        "hashes.txt": ["example==1.2.3", *(f"--hash=sha256:{each}" for each in hashes.values())],
        "one-hash.txt": ["example==1.2.3", f"--hash=sha256:{hashes[stock]}"],
        "pylock.toml": [
            'lock-version = "1.0"\ncreated-by = "a test"\n[[packages]]\nname = "example"',
            'version = "1.2.3"',
            *(
                f'[[packages.wheels]]\nname = "{wheel.name}"\npath = "{wheel}"\n'
                f'hashes = {{ sha256 = "{each}" }}'
                for wheel, each in hashes.items()
            ),
        ],
    }
    for name, lines in files.items():
        glue = " " if name.endswith(".txt") else "\n"
        (folder / name).write_text(glue.join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("row", table.COMMANDS, ids=lambda row: row.name)
def test_whatever_pip_is_asked(
    row: table.Row, make_environment: MakeEnvironment, wheels: Path, given: Path, tmp_path: Path
) -> None:
    for name, env, word in (("hook", V3, row.takes), ("off", OFF, row.without)):
        out = tmp_path / name
        out.mkdir()
        verb, *words = row.says.format(out=out, given=given, wheels=wheels).split()
        environment = make_environment()
        done = environment.pip(
            verb, "--no-index", "--find-links", given / "links.html", *words, env=env, status=None
        )
        assert taken(out) in MEANS[word], done.stderr
        assert (done.returncode != 0) == (word == table.NONE), done.stderr


def test_pip_check_accepts_what_was_installed(
    make_environment: MakeEnvironment, wheels: Path
) -> None:
    environment = make_environment()
    environment.pip("install", "--no-index", "--find-links", wheels, "example", env=V3)
    environment.pip("check", env=V3)
    assert "not supported on this platform" in environment.pip("check", env=OFF, status=1).stdout


def test_a_better_wheel_of_an_installed_version_is_not_taken(
    make_environment: MakeEnvironment, wheels: Path
) -> None:
    environment = make_environment(python="3.13")
    install = ("install", "--no-index", "--find-links", wheels, "example")
    environment.pip(*install, env=OFF)
    environment.pip(*install, "--upgrade", env=V3)
    assert taken(environment.site) in MEANS[table.STOCK]
    environment.pip(*install, "--force-reinstall", env=V3)
    assert taken(environment.site) in MEANS[table.EXTENDED]


@pytest.mark.parametrize("hooked_first", [True, False])
def test_the_wheel_cache_is_shared_with_an_environment_without_the_hook(
    make_environment: MakeEnvironment, wheelhouse: Wheelhouse, tmp_path: Path, *, hooked_first: bool
) -> None:
    (setuptools,) = (each for each in table.BACKENDS if each.name == "setuptools")
    for name, content in setuptools.files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
    (tmp_path / "sdists").mkdir()
    with tarfile.open(tmp_path / "sdists" / "tiny-1.tar.gz", "w:gz") as sdist:
        for name in (*setuptools.files, "PKG-INFO"):
            sdist.add(tmp_path / name, f"tiny-1/{name}")
    built = []
    for hooked in (hooked_first, not hooked_first):
        environment = make_environment(hooked=hooked)
        environment.install(wheelhouse.fetch(setuptools.requires[0]), "setuptools")
        install = ("install", "-v", "--no-build-isolation", "--no-index", "--find-links")
        done = environment.pip(
            *(*install, tmp_path / "sdists", "--target", tmp_path / str(hooked), "tiny"),
            env={**V3, "PIP_CACHE_DIR": str(tmp_path / "cache")},
        )
        built.append("Building wheel" in done.stdout)
        (wheel,) = (tmp_path / "cache").rglob("*.whl")
        assert wheel.name.endswith("-linux_x86_64.whl")
    assert built == [True, False]


def test_the_table_and_the_tests_have_the_same_rows() -> None:
    assert [row.name for row in table.WAYS] == list(RUN)
    assert len(PLATFORMS) == len(set(PLATFORMS))
