"""Machines for tests: the one of the README's example, and those captured from real ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from customtags import machine
from customtags.choosing.target import Target
from customtags.machine.dimensions.cuda import DRIVERS
from customtags.machine.settings import Settings
from customtags.profiles import interpreter
from customtags.tags import stock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.machine.spec import Profile

__all__ = ["CUDAS", "DETECTED", "MACHINES", "SEED", "V3", "named", "seed", "write"]

#: The flags of /proc/cpuinfo that make the level v3.
V3 = "pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm xsave avx avx2 bmi1 bmi2 f16c fma abm movbe"

#: The machine of the example in the README.
SEED: dict[str, Any] = {
    "version": 1,
    "platform": {"arch": "x86_64", "libc": "glibc", "libc_version": "2.38"},
    "isa": {"arch": "x86_64", "features": V3.split()},
    "distro": {"id": "fedora", "version_id": "39", "platform_id": "platform:f39"},
    "accelerator": {"rocm": {"version": "6.0.2", "gpus": ["gfx90a"]}},
    "source": {"isa": "/proc/cpuinfo"},
}

#: The folders of machines that were captured; a name ends in the segments of the best tag.
CAPTURED = sorted(Path(__file__).with_name("machines").glob("*--*"))

#: Those with a profile that `customtags detect` wrote, and those with files of the machine.
DETECTED = [folder for folder in CAPTURED if (folder / "profile.json").exists()]
MACHINES = [folder for folder in CAPTURED if folder not in DETECTED]

#: Every release of CUDA whose driver is known.
CUDAS = [[*map(int, each.split("."))] for each in DRIVERS.split()[::2]]


def seed(
    python: str = "3.12",
    settings: Settings | None = None,
    pip: str | None = None,
    *,
    hook: bool = True,
    **facts: Any,
) -> Target:
    """Return the machine of the README's example, with other facts or settings, or a pip of its own, maybe without the hook."""
    profile: Profile = {**SEED, **facts}
    settings = settings or Settings({})
    pages = machine.pages_for(settings, lambda _: None, profile)
    platforms = stock.tags(profile["platform"])
    return Target(
        profile,
        platforms,
        interpreter.read(python),
        settings=settings,
        pages=pages,
        pip=Version(pip) if pip else None,
        hook=hook,
    )


def named(profiles: Sequence[Profile]) -> dict[str, Profile]:
    """Return profiles under the names of files."""
    return {f"{number}.json": each for number, each in enumerate(profiles)}


def write(folder: Path, files: dict[str, str]) -> str:
    """Write the files of a machine below a folder, and return the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return str(folder)
