"""uv on Arm: real uv asks the Python that it installs into, which QEMU runs on several models of CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customtags.machine.dimensions import builtin
from customtags.variants import convert, index
from customtags.wheels.writer import create, write
from real.emulation import MODELS
from real.environments import run
from real.uv import UVS, installed, program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from real.emulation import Emulator
    from real.environments import Wheelhouse

TAG = "py3-none-manylinux_2_17_aarch64"
LEVELS = ("v8_1", "v8_2", "v8_4", "v8_5", "v9_0")

#: QEMU's model → the level of the variant that uv takes. uv reads HWCAP, and from /proc/cpuinfo the number of the core; a core that
#: it does not know gets no level. Of Neoverse N2 QEMU lacks a bit that the real one has.
TAKEN = {
    "cortex-a53": None,
    "cortex-a76": None,
    "neoverse-n1": "v8_2",
    "neoverse-v1": "v8_4",
    "neoverse-n2": "v8_4",
    "a64fx": "v8_2",
    "max": None,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stock wheel, and a variant wheel of every level."""
    folder = tmp_path_factory.mktemp("arm")
    create(folder, "example", "1.0", TAG, {"example.py": b"LABEL = None\n"})
    for level in LEVELS:
        files = {"example.py": f"LABEL = {level!r}\n".encode()}
        wheel = create(folder / "made", "example", "1.0", f"{TAG}_{level}", files)
        made = convert.variant(wheel, builtin(), folder=folder)
        write(made.edit)
        index.update(made.release, index.merged(made.release, [(wheel.name, made.metadata)]))
    return folder


def taken(
    uv: Sequence[object], emulator: Emulator, model: str, folder: Path, place: Path
) -> str | None:
    """Return the level of the wheel that uv installs on a model."""
    root = emulator.root("aarch64")
    python = place / "python"
    command = f"{emulator.qemu('aarch64')} -L {root} -cpu {model} {root}/usr/bin/python3.13"
    python.write_text(f'#!/bin/sh\nexec {command} "$@"\n', "utf-8")
    python.chmod(0o755)
    options = ["--no-cache", "--no-config", "--preview-features", "wheel-variants"]
    sources = ["--no-index", "--find-links", folder]
    target = place / "target"
    run(
        [
            *uv,
            "pip",
            "install",
            *options,
            *sources,
            "--python",
            python,
            "--target",
            target,
            "example",
        ]
    )
    return installed(target)


@pytest.mark.parametrize("model", TAKEN)
def test_uv_takes_no_level_that_the_cpu_lacks(
    uv: Path, emulator: Emulator, folder: Path, tmp_path: Path, model: str
) -> None:
    found = taken([uv], emulator, model, folder, tmp_path)
    assert found == TAKEN[model]
    ours = MODELS["aarch64"][model]
    assert found is None or (ours and LEVELS.index(found) <= LEVELS.index(ours))


def test_uv_for_arm_takes_the_same(
    emulator: Emulator, wheelhouse: Wheelhouse, folder: Path, tmp_path: Path
) -> None:
    options = ("--only-binary=:all:", "--platform=manylinux_2_17_aarch64")
    uv = program(wheelhouse, tmp_path / "uv", UVS[-1], *options)
    model = "neoverse-v1"
    emulated = [emulator.qemu("aarch64"), "-cpu", model, uv]
    assert taken(emulated, emulator, model, folder, tmp_path) == TAKEN[model]
