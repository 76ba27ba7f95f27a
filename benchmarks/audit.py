"""The cost of `customtags audit` compared with tools that check the same things, each in its own process, in one run.

Wheels are fetched from the index if they are not in `--wheels`. The check that decodes instructions is left out.
"""

from __future__ import annotations

import re
import subprocess
import time
import zipfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import bench
import clock
import venvs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from results import Row

#: The wheels that are compared, and what each is an example of.
PROJECTS = {
    "numpy": "many small files",
    "cryptography": "one file, abi3",
    "pyarrow": "large C++ libraries",
    "cupy-cuda12x": "GPU code",
    "torch": "very large libraries",
}

#: The tool → its arguments, and a part of the names of the wheels that it applies to.
TOOLS: dict[str, tuple[Sequence[str], str]] = {
    "auditwheel show": (("-m", "auditwheel", "show"), ""),
    "abi3audit": (("-m", "abi3audit", "--report"), "-abi3-"),
}

#: How often each tool runs.
RUNS = 3

#: Every check but the one that decodes instructions.
QUICK = ("names", "libc", "accelerator", "stable-abi")


def main() -> None:
    """Time each tool on each wheel."""
    with bench.benchmark(
        __doc__,
        projects={"nargs": "*", "default": [*PROJECTS], "help": "which wheels"},
        large={"action": "store_true", "help": "also a wheel of 1 GB, made of the largest one"},
    ) as this:
        requirements = ("auditwheel", "abi3audit", "abi3info", "backports.zstd", "iced-x86")
        environment = this.environment("customtags", *requirements)
        wheels = [this.wheelhouse.wheel(project) for project in this.options.projects]
        if this.options.large:
            wheels.append(_grown(this.folder, max(wheels, key=lambda each: each.stat().st_size)))
        python = str(environment.python)
        rows = [_row(python, wheel) for wheel in wheels]
        heading = "Each tool by itself; customtags without the check of instructions"
        this.table("checks", heading, rows)
        gpu = [row for wheel in wheels for row in _gpu_rows(python, this.wheelhouse, wheel)]
        if gpu:
            this.table("gpu", "Listing the GPU code of one file", gpu)


def _row(python: str, wheel: Path) -> Row:
    only = [argument for check in QUICK for argument in ("--only", check)]
    commands = {"customtags": [python, "-m", "customtags", "audit", *only, str(wheel)]}
    for tool, (arguments, wanted) in TOOLS.items():
        if wanted in wheel.name:
            commands[tool] = [python, *arguments, str(wheel)]
    costs = clock.in_turn(commands, venvs.clean(), RUNS, statuses=(0, 1))
    times = {tool: [cost.seconds for cost in each] for tool, each in costs.items()}
    row: Row = {
        "wheel": wheel.name.partition("-cp")[0].partition("-py3")[0],
        "size, MB": wheel.stat().st_size / 1e6,
        "customtags audit, s": times["customtags"],
        "memory, MiB": max(cost.mib for cost in costs["customtags"]),
    }
    for tool in TOOLS:
        theirs = times.get(tool)
        row[f"{tool}, s"] = theirs
        row[f"× {tool}"] = min(theirs) / min(times["customtags"]) if theirs else None
    return row


def _gpu_rows(python: str, wheelhouse: venvs.Wheelhouse, wheel: Path) -> Iterator[Row]:
    """Compare with cuobjdump on the file with the most GPU code, if there is one."""
    listing = (
        "import sys, time; from collections import Counter; from pathlib import Path;"
        "from customtags.wheels.elf import Elf; from customtags.audit import gpu; import mmap;"
        "file = open(sys.argv[1], 'rb'); start = time.perf_counter();"
        "elf = Elf(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ));"
        "found = Counter((c.target.rstrip('f'), c.kind) for c in gpu.fatbins(elf));"
        "print(time.perf_counter() - start);"
        "[print(*each, number) for each, number in sorted(found.items())]"
    )
    with _cuobjdump(wheelhouse) as program, TemporaryDirectory() as folder:
        for member in _with_gpu_code(wheel)[:3]:
            with zipfile.ZipFile(wheel) as archive:
                path = archive.extract(member, folder)
            said = _output([python, "-c", listing, path]).splitlines()
            start = time.perf_counter()
            theirs = _output([str(program), "-lelf", "-lptx", path])
            seconds = time.perf_counter() - start
            listed = Counter(re.findall(r"\.sm_(\d+a?)\.(cubin|ptx)$", theirs, re.MULTILINE))
            same = sorted(
                f"sm{target} {'ptx' if kind == 'ptx' else 'sass'} {number}"
                for (target, kind), number in listed.items()
            ) == sorted(said[1:])
            yield {
                "file": member.rpartition("/")[2].partition(".")[0],
                "size, MB": Path(path).stat().st_size / 1e6,
                "customtags, ms": float(said[0]) * 1e3,
                "cuobjdump, ms": seconds * 1e3,
                "×": seconds / float(said[0]),
                "entries": sum(listed.values()),
                "same": "yes" if same else "NO",
            }


def _with_gpu_code(wheel: Path) -> list[str]:
    """Return the largest members with a section of GPU code."""
    with zipfile.ZipFile(wheel) as archive:
        large = sorted(archive.infolist(), key=lambda each: each.file_size, reverse=True)[:6]
        return [each.filename for each in large if b".nv_fatbin" in archive.read(each)]


@contextmanager
def _cuobjdump(wheelhouse: venvs.Wheelhouse) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheelhouse.wheel("nvidia-cuda-cuobjdump")) as archive:
            (name,) = (each for each in archive.namelist() if each.endswith("bin/cuobjdump"))
            program = Path(archive.extract(name, folder))
        program.chmod(0o755)
        yield program


def _grown(folder: Path, wheel: Path) -> Path:
    """Write a wheel of at least 1 GB that repeats the members of another."""
    grown = folder / f"grown-1-{wheel.name.partition('-')[2].partition('-')[2]}"
    with (
        zipfile.ZipFile(wheel) as source,
        zipfile.ZipFile(grown, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
    ):
        copies = -(-(10**9) // wheel.stat().st_size)
        for member in source.infolist():
            content = source.read(member)
            times = copies if content[:4] == b"\x7fELF" else 1
            for number in range(times):
                target.writestr(
                    f"{number}/{member.filename}" if number else member.filename, content
                )
    return grown


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
