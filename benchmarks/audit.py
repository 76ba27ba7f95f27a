"""The cost of `customtags audit` compared with tools that check the same things, each in its own process, in one run.

Wheels are fetched from the index if they are not in `--wheels`. The check that decodes instructions is left out.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
import zipfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import report
import venvs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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

#: Every check but the one that decodes instructions.
QUICK = ("names", "libc", "accelerator", "stable-abi")


def main() -> None:
    """Time each tool on each wheel."""
    options = report.options(
        __doc__,
        projects={"nargs": "*", "default": [*PROJECTS], "help": "which wheels"},
        large={"action": "store_true", "help": "also a wheel of 1 GB, made of the largest one"},
    )
    with venvs.temporary(options.wheels) as (folder, wheelhouse):
        requirements = ("auditwheel", "abi3audit", "abi3info", "backports.zstd", "iced-x86")
        environment = venvs.installed(folder / "venv", wheelhouse, "customtags", *requirements)
        wheels = [wheelhouse.wheel(project) for project in options.projects]
        if options.large:
            wheels.append(_grown(folder, max(wheels, key=lambda each: each.stat().st_size)))
        python = str(environment.python)
        rows = [_row(python, wheel) for wheel in wheels]
        heading = "Seconds, and how many times as long as `customtags audit` without instructions"
        report.show(rows, heading, as_json=options.json)
        gpu = [row for wheel in wheels for row in _gpu_rows(python, wheelhouse, wheel)]
        if gpu:
            report.show(gpu, "Listing the GPU code of one file, seconds", as_json=options.json)


def _row(python: str, wheel: Path) -> report.Row:
    only = [argument for check in QUICK for argument in ("--only", check)]
    ours, memory = _timed([python, "-m", "customtags", "audit", *only, str(wheel)])
    row: report.Row = {
        "wheel": wheel.name.partition("-cp")[0].partition("-py3")[0],
        "MB": wheel.stat().st_size / 1e6,
        "audit": ours,
        "MiB": memory,
    }
    for tool, (arguments, wanted) in TOOLS.items():
        theirs = _timed([python, *arguments, str(wheel)])[0] if wanted in wheel.name else None
        row[tool] = theirs
        row[f"× {tool}"] = theirs / ours if theirs else None
    return row


def _gpu_rows(python: str, wheelhouse: venvs.Wheelhouse, wheel: Path) -> Iterator[report.Row]:
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
                "MB": Path(path).stat().st_size / 1e6,
                "customtags": float(said[0]),
                "cuobjdump": seconds,
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


def _timed(command: Sequence[str]) -> tuple[float, float]:
    """Run a command twice; return the shorter time in seconds and the peak memory in MiB."""
    times, most = [], 0
    for _ in range(2):
        start = time.perf_counter()
        child = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=venvs.clean({})
        )
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0  # it was waited for
        times.append(time.perf_counter() - start)
        most = max(most, usage.ru_maxrss)
    return min(times), most / 1024


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
