"""The cost of importing a module into a new interpreter, which is why customtags's own modules import few."""

from __future__ import annotations

import report
import venvs

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
    options = report.options(__doc__)
    counter = report.counter()
    with venvs.temporary(options.wheels) as (folder, wheelhouse):
        requirements = dict.fromkeys(name for name in MODULES.values() if name)
        environment = venvs.installed(folder / "venv", wheelhouse, *requirements)
        off = {"CUSTOMTAGS_DISABLE": "1"}

        def count(code: str) -> int:
            environment.run("-c", code, env=off)  # caches the bytecode
            return counter.instructions([environment.python, "-c", code], venvs.clean(off))

        nothing = count("pass")
        rows: list[report.Row] = [
            {"import": module, "M": (count(f"import {module}") - nothing) / 1e6, "of": origin}
            for module, origin in MODULES.items()
        ]
    heading = (
        f"Instructions above those of an empty program, {nothing / 1e6:,.1f} M, by {counter.name}"
    )
    report.show(rows, heading, as_json=options.json)


if __name__ == "__main__":
    main()
