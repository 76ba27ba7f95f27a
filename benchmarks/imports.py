"""The cost of importing a module into a new interpreter, which is why customtags's own modules import few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bench
import venvs

if TYPE_CHECKING:
    from results import Row

#: What lies ready to be used, and who brings it; None for the standard library.
MODULES = {
    "os": None,
    "ctypes": None,
    "json": None,
    "dataclasses": None,
    "typing": None,
    "threading": None,
    "importlib.util": None,
    "re": None,
    "subprocess": None,
    "platform": None,
    "argparse": None,
    "importlib.abc": None,
    "importlib.metadata": None,
    "importlib.resources": None,
    "distro": "distro",
    "packaging.tags": "packaging",
    "pynvml": "nvidia-ml-py",
    "archspec.cpu": "archspec",
    "cpuinfo": "py-cpuinfo",
    "rich.console": "rich",
    "customtags": "customtags",
    "customtags.machine": "customtags",
    "customtags.cli": "customtags",
}


def main() -> None:
    """Count each import by itself."""
    with bench.benchmark(__doc__) as this:
        requirements = dict.fromkeys(name for name in MODULES.values() if name)
        environment = this.environment(*requirements)
        off = {"CUSTOMTAGS_DISABLE": "1"}

        def count(code: str) -> int:
            environment.run("-c", code, env=off)  # caches the bytecode
            return this.counter.instructions([environment.python, "-c", code], venvs.clean(off))

        nothing = count("pass")
        rows: list[Row] = [
            {"import": module, "of": origin, "M": (count(f"import {module}") - nothing) / 1e6}
            for module, origin in MODULES.items()
        ]
        program = f"those of an empty program, {nothing / 1e6:,.1f} M"
        this.table("imports", f"Instructions above {program}, by {this.counter.name}", rows)


if __name__ == "__main__":
    main()
