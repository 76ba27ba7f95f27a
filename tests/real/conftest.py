"""What the tests with real pips share."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import pythons
from needs import lacking
from real import debian
from real.emulation import KEYS, MACHINES, Emulator
from real.environments import NEWEST, Environment, MakeEnvironment, Wheelhouse
from real.uv import UVS, program

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def wheelhouse(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Wheelhouse:
    """Wheels of other projects, kept between runs, and ours, built once per run."""
    run = tmp_path_factory.getbasetemp()
    workers = "PYTEST_XDIST_WORKER" in os.environ
    return Wheelhouse(pytestconfig.cache.mkdir("wheelhouse"), run.parent if workers else run)


@pytest.fixture(scope="module")
def make_environment(
    wheelhouse: Wheelhouse, tmp_path_factory: pytest.TempPathFactory
) -> MakeEnvironment:
    """Make an environment; within a module the same request gives the same one."""
    made: dict[tuple[str, str | None, bool], Environment] = {}

    def make(pip: str = NEWEST, python: str | None = None, *, hooked: bool = True) -> Environment:
        key = (pip, python, hooked)
        if key not in made:
            if python in debian.VERSIONS and not pythons.find(python):
                debian.provide()
            interpreter = sys.executable if python is None else pythons.find(python)
            if interpreter is None:
                lacking(f"Python {python}")
            folder: Path = tmp_path_factory.mktemp("environment")
            environment = Environment(folder / "venv", interpreter)
            environment.unpack(wheelhouse.wheel(f"pip=={pip}"))
            if hooked:
                environment.install(wheelhouse.customtags(), "customtags")
            made[key] = environment
        return made[key]

    return make


@pytest.fixture(scope="session")
def emulator(pytestconfig: pytest.Config) -> Emulator:
    """Pythons and QEMU from Debian's archive, kept between runs."""
    emulator = Emulator(pytestconfig.cache.mkdir("emulation"))
    try:
        for machine in MACHINES:
            emulator.root(machine)
            emulator.qemu(machine)
    except FileNotFoundError as error:
        lacking(f"{error.filename} (Debian's apt, dpkg)")
    except subprocess.CalledProcessError as error:
        lacking(f"Debian's archive, or {KEYS} ({error.stderr.decode().strip()})")
    return emulator


@pytest.fixture(scope="module", params=UVS)
def uv(
    request: pytest.FixtureRequest, wheelhouse: Wheelhouse, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The program of a uv that reads variants."""
    version: str = request.param
    return program(wheelhouse, tmp_path_factory.mktemp("uv"), version)
