"""The audit of many wheels: how many in a minute, beside `auditwheel show`, and the memory for large ones.

The wheels are fetched from the index, for CPython 3.12 and x86_64. All checks run, the one that decodes instructions as well,
which auditwheel does not have. Of each command one run is the default: auditwheel takes minutes.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import bench
import clock
import venvs

if TYPE_CHECKING:
    from pathlib import Path

    import results

#: Popular projects with compiled extensions.
PROJECTS = (
    *("aiohttp", "bcrypt", "cffi", "contourpy", "cryptography", "fonttools", "frozenlist"),
    *("greenlet", "grpcio", "h5py", "kiwisolver", "lxml", "lz4", "markupsafe", "matplotlib"),
    *("msgpack", "multidict", "numpy", "orjson", "pandas", "pillow", "protobuf", "psutil"),
    *("psycopg2-binary", "pyarrow", "pydantic-core", "pynacl", "pyyaml", "regex", "rpds-py"),
    *("safetensors", "scikit-learn", "scipy", "shapely", "sqlalchemy", "tokenizers", "ujson"),
    *("wrapt", "yarl", "zstandard"),
)

#: Wheels whose memory is measured.
LARGE = ("mkl==2026.2.0", "tensorflow-cpu==2.21.0", "torch==2.14.1")

#: For which machine wheels are fetched.
MACHINE = (
    *("--only-binary=:all:", "--implementation=cp", "--python-version=3.12"),
    *(f"--platform=manylinux{policy}_x86_64" for policy in ("_2_28", "_2_27", "_2_26", "2014")),
)


def main() -> None:
    """Measure both."""
    runs = {"type": int, "default": 1, "help": "of each command"}
    with bench.benchmark(__doc__, runs=runs) as this:
        environment = this.environment("customtags", "auditwheel", "abi3info", "iced-x86")
        wheels = [this.wheelhouse.wheel(project, *MACHINE) for project in PROJECTS]
        _speed(this, environment, wheels)
        large = [this.wheelhouse.wheel(each, *MACHINE) for each in LARGE]
        rows: list[results.Row] = []
        for wheel in large:
            cost = clock.run(_audit(environment, [wheel]), venvs.clean())
            name = "-".join(wheel.name.split("-")[:2])
            rows.append({"wheel": name, "MB": wheel.stat().st_size / 1e6, "peak, MiB": cost.mib})
        this.table("memory", "Peak memory of the process that audits a large wheel", rows)


def _speed(this: bench.Benchmark, environment: venvs.Environment, wheels: list[Path]) -> None:
    """Audit all wheels by each command."""
    one_by_one = " ".join(map(shlex.quote, map(str, wheels)))
    show = shlex.quote(str(environment.command("auditwheel")))
    commands = {
        "auditwheel show, one by one": _shell(
            f"for each in {one_by_one}; do {show} show $each; done"
        ),
        **{
            f"customtags audit -j {jobs}": _audit(environment, wheels, f"-j{jobs}")
            for jobs in (1, 2)
        },
    }
    costs = clock.in_turn(commands, venvs.clean(), this.options.runs)
    base = costs["auditwheel show, one by one"]
    rows: list[results.Row] = [
        {
            "command": name,
            "wheels in a minute": max(60 * len(wheels) / cost.seconds for cost in each),
            "time, s": [cost.seconds for cost in each],
            "CPU, s": [cost.cpu for cost in each],
            "× time": min(c.seconds for c in base) / min(c.seconds for c in each),
            "× CPU": min(c.cpu for c in base) / min(c.cpu for c in each),
            "peak, MiB": max(cost.mib for cost in each),
        }
        for name, each in costs.items()
    ]
    size = sum(wheel.stat().st_size for wheel in wheels) / 1e6
    this.table("speed", f"{len(wheels)} wheels of {size:,.0f} MB", rows)


def _audit(environment: venvs.Environment, wheels: list[Path], *options: str) -> list[str]:
    words = [environment.command("customtags"), "audit", "--json-lines", *options, *wheels]
    # Status 1 is a false claim, not a failure.
    return _shell(f"{' '.join(shlex.quote(str(each)) for each in words)} || test $? = 1")


def _shell(script: str) -> list[str]:
    return ["sh", "-c", script]


if __name__ == "__main__":
    main()
