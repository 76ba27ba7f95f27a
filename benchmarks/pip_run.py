"""The cost that customtags adds to a small run of pip: start-up, facts, tags, and pip's own work on each tag.

The run is a dry one that finds one tiny wheel in a folder. Overrides stand in for machines, so that every machine can
measure them all; "this machine" has none, and is asked. It is compared with an environment where only the .pth is gone,
because pip also reads the metadata of whatever is installed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import bench
import clock
import venvs
from customtags.wheels.writer import create

if TYPE_CHECKING:
    from collections.abc import Mapping

    from results import Row

DIMENSIONS = (
    *("CUSTOMTAGS_ISA", "CUSTOMTAGS_DISTRO", "CUSTOMTAGS_ACCELERATOR"),
    "CUSTOMTAGS_ABI",
)

#: Machine → the values of the overrides that stand for it.
MACHINES: Mapping[str, tuple[str, ...]] = {
    "nothing known": ("none", "none", "none"),
    "Debian 12": ("v3", "deb12", "none"),
    "Debian 12, v4": ("v4", "deb12", "none"),
    "RHEL 9.4": ("v3", "el9.4", "none"),
    "RHEL 8.10": ("v3", "el8.10", "none"),
    "Debian 12, ROCm 6.0": ("v3", "deb12", "rocm6.0"),
    "Debian 12, ROCm 6.4, gfx90a": ("v3", "deb12", "rocm6.4_gfx90a"),
    "Debian 12, CUDA 12.4": ("v3", "deb12", "cuda12.4"),
    "Debian 12, v4, CUDA 12.8": ("v4", "deb12", "cuda12.8"),
    "Debian 12, v4, CUDA 13.0, one H100": ("v4", "deb12", "cuda13.0_sm90"),
    "RHEL 9.4, ROCm 6.4, gfx90a": ("v3", "el9.4", "rocm6.4_gfx90a"),
    "RHEL 9.4, v4, CUDA 12.8": ("v4", "el9.4", "cuda12.8"),
    "RHEL 9.4, v4, CUDA 13.0, one H100": ("v4", "el9.4", "cuda13.0_sm90"),
    "Debian 12, torch and numpy": ("v3", "deb12", "none", "torch2.8+cpu,numpy2.3"),
    "Debian 12, v4, CUDA 12.8, torch and numpy": (
        *("v4", "deb12", "cuda12.8"),
        "torch2.8+cu128,numpy2.3",
    ),
}

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "switched off": {"CUSTOMTAGS_DISABLE": "1"},
    "this machine": {},
    **{machine: dict(zip(DIMENSIONS, values)) for machine, values in MACHINES.items()},
}

#: How often the time of each is measured.
RUNS = 5

PLATFORMS = """
from pip._vendor.packaging import tags
print(len([*getattr(tags, "platform_tags", getattr(tags, "_platform_tags", None))()]))
"""


def main() -> None:
    """Measure every machine."""
    with bench.benchmark(
        __doc__,
        machine={"action": "append", "choices": SETTINGS, "help": "only this one; repeatable"},
        pip={
            "default": venvs.PIP.partition("==")[2],
            "metavar": "VERSION",
            "help": "the pip, 22.2 or later",
        },
        python={"metavar": "VERSION", "help": "the Python, by default the running one"},
    ) as this:
        pip, version = f"pip=={this.options.pip}", this.options.python
        python = (version and venvs.pythons.find(version)) or sys.executable
        bare = this.environment("customtags", name="bare", pip=pip, python=python)
        (bare.site / "customtags.pth").unlink()
        hooked = this.environment("customtags", name="hooked", pip=pip, python=python)
        offered = this.folder / "offer"
        create(offered, "example", "1.0", "py3-none-any", {"example.py": b""})
        offer = ("--no-index", f"--find-links={offered}", "example")
        command = ("-m", "pip", "install", "-q", "--dry-run", *offer)

        def measure(environment: venvs.Environment, settings: Mapping[str, str]) -> tuple[int, int]:
            environment.run(*command, env=settings)  # caches the bytecode of all that takes part
            platforms = environment.run("-c", PLATFORMS, env=settings).stdout
            counted = this.counter.instructions(
                [environment.python, *command], venvs.clean(settings)
            )
            return counted, int(platforms)

        def row(machine: str, environment: venvs.Environment, settings: Mapping[str, str]) -> Row:
            counted, accepted = measure(environment, settings)
            costs = [
                clock.run([environment.python, *command], venvs.clean(settings))
                for _ in range(RUNS)
            ]
            return {
                "machine": machine,
                "more instructions, M": (counted - stock) / 1e6,
                "%": 100 * (counted - stock) / stock,
                "CPU time, ms": [cost.cpu * 1e3 for cost in costs],
                "more platforms": accepted - platforms,
            }

        stock, platforms = measure(bare, {})
        machines = this.options.machine or SETTINGS
        rows = [
            row("without customtags", bare, {}),
            *(row(machine, hooked, SETTINGS[machine]) for machine in machines),
        ]
        counted_by = f"{stock / 1e6:,.0f} M instructions by {this.counter.name}"
        heading = f"A dry run of {pip}: {counted_by}, {platforms} platforms"
        name = f"{pip}, Python {version}" if version else pip
        this.table(name, heading, rows)


if __name__ == "__main__":
    main()
