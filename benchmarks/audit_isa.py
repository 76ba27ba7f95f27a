"""What the audit of instructions finds, compared with the truth, and its cost.

``--part real``: wheels from the index. ``--part built``: source distributions, compiled for each level, where the truth is
known. ``--part speed``: one large library, read whole and in part, beside objdump.
"""

from __future__ import annotations

import mmap
import os
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zipfile import ZipFile

import bench
import clock
import report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from results import Row

sys.path[:0] = [str(Path(__file__).parents[1] / "src")]

from customtags.audit.instructions import SAMPLE  # noqa: E402 - it lies in that folder
from customtags.audit.isa.baseline import GUARDED, UNDECIDED, Baseline  # noqa: E402
from customtags.audit.isa.dispatch import implied  # noqa: E402
from customtags.audit.isa.levels import name  # noqa: E402
from customtags.audit.isa.scan import Scan, decoder  # noqa: E402
from customtags.wheels.elf import Elf  # noqa: E402
from customtags.wheels.unpacked import Unpacked  # noqa: E402

#: Wheels of the index: for Python 3.11 on glibc.
REAL = (
    *("numpy==2.4.6", "scipy==1.17.1", "pyarrow==26.0.1", "cryptography==50.0.2"),
    *("polars-runtime-32==2.1.0", "polars-runtime-compat==2.1.0", "polars-lts-cpu==1.33.1"),
    *("opencv-python-headless==5.0.0.93", "torch==2.13.0"),
)

#: Policies, newest first, for which wheels are requested.
POLICIES = ("2_34", "2_28", "2_27", "2_24", "2_17")

#: Source distributions that gcc compiles in less than two minutes. The last five choose code at run time.
SOURCES = (
    *(
        "bitarray",
        "bottleneck",
        "brotli",
        "hiredis",
        "kiwisolver",
        "lz4",
        "markupsafe",
        "mmh3",
        "msgpack",
    ),
    *("numexpr", "python-rapidjson", "regex", "ujson", "zstandard"),
    *("crc32c", "pybase64", "pycryptodome", "pysimdjson", "xxhash"),
)

#: The number of a level → what gcc calls it.
MARCH = {1: "x86-64", 2: "x86-64-v2", 3: "x86-64-v3", 4: "x86-64-v4"}

#: What is read for its speed: the member of the wheel.
LARGE = ("torch==2.13.0", "torch/lib/libtorch_cpu.so")


def main() -> None:
    """Make one of the tables."""
    parts = {"real": real, "built": built, "speed": speed}
    with bench.benchmark(__doc__, part={"choices": [*parts], "default": "speed"}) as this:
        kept = Path(this.options.wheels or this.folder).absolute()
        rows, heading = parts[this.options.part](kept)
        this.table(this.options.part, heading, rows)


def real(kept: Path) -> tuple[list[Row], str]:
    """Audit wheels of the index, every function of each, and a sample."""
    rows: list[Row] = []
    for requirement in REAL:
        wheel = fetch(kept, requirement)
        full, quick = _baselines(wheel, None), _baselines(wheel, SAMPLE)
        levels = [found.level for found in full]
        states = [set(found.above.values()) for found in full]
        rows.append(
            {
                "wheel": requirement,
                "files": len(full),
                "baseline": name(max(levels), "x86_64"),
                "files with it": levels.count(max(levels)),
                "guarded above": states.count({GUARDED}),
                "undecided above": sum(UNDECIDED in each for each in states),
                "other baseline when sampled": sum(a.level != b.level for a, b in zip(full, quick)),
            }
        )
    return (
        rows,
        "The highest baseline of a file in each wheel, and in how many files code requires more",
    )


def _baselines(wheel: Path, most: int | None) -> list[Baseline]:
    """Return the baseline of every file, as for a wheel that claims nothing."""
    reader = decoder("x86_64")
    with Unpacked(wheel) as opened:
        every = ((member, elf) for member, elf in opened.elfs() if elf.machine == "x86_64")
        files = [Scan.of(member, elf, reader, most) for member, elf in every]
        checked = any(file.checks_cpu for file in files)
        return [file.baseline(checked=checked, patterns=()) for file in files]


class Built(NamedTuple):
    """One extension module compiled for a level, and the same one compiled for the base."""

    project: str
    level: int
    file: Scan
    base: Scan
    checked: bool

    def outcome(self) -> str:
        """Compare what was found with the level that it was compiled for."""
        found = self.file.baseline(checked=self.checked, patterns=())
        if found.level != self.level and self.level not in found.above:
            # Nothing needs it that the compiler of the base did not write, too.
            right = found.level < self.level
            return "not visible" if right else "false alarm"
        if found.level == self.level:
            return "right"
        if not self.shows():
            return "not visible"
        if self.level in implied(self.file.member.rpartition("/")[2]):
            return "for its name"
        return "miss" if found.above[self.level] == GUARDED else "undecided"

    def shows(self) -> bool:
        """Return whether the level is in more functions than it is when compiled for the base."""
        counts = [sum(m >> 4 == self.level for m in each.marks) for each in (self.file, self.base)]
        return counts[0] > counts[1]


def built(kept: Path) -> tuple[list[Row], str]:
    """Compile projects for each level, and count what is found of it."""
    outcomes = ("right", "not visible", "for its name", "undecided", "false alarm", "miss")
    rows: list[Row] = []
    for project in SOURCES:
        wheels = {level: compiled(kept, project, level) for level in MARCH}
        counts = Counter(each.outcome() for each in _pairs(project, wheels))
        rows.append({"project": project, "files × levels": sum(counts.values())})
        rows[-1].update({outcome: counts[outcome] or None for outcome in outcomes})
    every = {key: sum(int(str(row[key] or 0)) for row in rows) for key in [*rows[0]][1:]}
    rows.append({"project": "all", **every})
    return rows, "Extension modules compiled for each level, by what was found of it"


def _pairs(project: str, wheels: dict[int, Path]) -> list[Built]:
    reader = decoder("x86_64")
    read: dict[int, dict[str, Scan]] = {}
    for level, wheel in wheels.items():
        with Unpacked(wheel) as opened:
            read[level] = {m: Scan.of(m, elf, reader) for m, elf in opened.elfs()}
    return [
        Built(
            project, level, file, read[1][member], any(each.checks_cpu for each in files.values())
        )
        for level, files in read.items()
        for member, file in files.items()
    ]


def speed(kept: Path) -> tuple[list[Row], str]:
    """Read one large library whole and in part, and list it with objdump."""
    requirement, member = LARGE
    wheel = fetch(kept, requirement)
    library = kept / Path(member).name
    # Never in memory as a whole: what a parent has had counts as a child's peak, too.
    with ZipFile(wheel) as archive, archive.open(member) as packed, library.open("wb") as file:
        shutil.copyfileobj(packed, file, 1 << 20)
    with mapped(library) as data:
        code = sum(each.size for each in Elf(data).sections if each.executable) / 1e6
    ways = {"sampled": [str(SAMPLE)], "every function": []}
    commands = {
        way: [sys.executable, __file__, "--read", str(library), *arguments]
        for way, arguments in ways.items()
    }
    commands["objdump -d"] = ["objdump", "-d", str(library)]
    audit = [sys.executable, "-m", "customtags", "audit", "--only=isa", str(wheel)]
    commands["customtags audit --only isa, the wheel"] = audit
    commands["… --full"] = [*audit, "--full"]
    rows = [_row(way, code, command) for way, command in commands.items()]
    return rows, f"{member} of {requirement}, {code:.0f} MB of code, and its whole wheel"


def _row(way: str, code: float, command: list[str]) -> Row:
    """Run a command, and return what the system measured of the child."""
    source = Path(__file__).parents[1] / "src"
    cost = clock.run(command, {**os.environ, "PYTHONPATH": str(source)}, statuses=(0, 1))
    return {
        "way": way,
        "time, s": cost.seconds,
        "CPU time, s": cost.cpu,
        "speed, MB per s of CPU time": code / cost.cpu,
        "memory, MiB": cost.mib,
    }


@contextmanager
def mapped(path: Path) -> Iterator[mmap.mmap]:
    """Map the bytes of a file."""
    with path.open("rb") as file:
        # What was read may refer to the mapping, which goes with the last reference.
        yield mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def read(library: Path, most: int | None) -> None:
    """Read one library and decide its baseline."""
    with mapped(library) as data:
        found = Scan.of(library.name, Elf(data), decoder("x86_64"), most)
        found.baseline(checked=bool(found.checks_cpu), patterns=())


def fetch(kept: Path, requirement: str) -> Path:
    """Return a wheel of the index, fetched once."""
    folder = kept / requirement
    policies = [f"--platform=manylinux_{each}_x86_64" for each in POLICIES]
    if not list(folder.glob("*.whl")):
        _pip(
            "download",
            "--only-binary=:all:",
            "--python-version=3.11",
            *policies,
            "-d",
            folder,
            requirement,
        )
    return next(folder.glob("*.whl"))


def compiled(kept: Path, project: str, level: int) -> Path:
    """Return a wheel that was compiled here for a level, once."""
    folder = kept / f"v{level}" / project
    if not list(folder.glob("*.whl")):
        flags = f"-O3 -march={MARCH[level]}"
        build = ("wheel", "--no-cache-dir", f"--no-binary={project}", "-w", folder, project)
        _pip(*build, CFLAGS=flags, CXXFLAGS=flags)
    return next(folder.glob("*.whl"))


def _pip(verb: str, *arguments: object, **variables: str) -> None:
    command = [sys.executable, "-m", "pip", verb, "-q", "--no-deps", *map(str, arguments)]
    if subprocess.run(command, env={**os.environ, **variables}, check=False).returncode:
        report.missing("what pip could not give", " ".join(command))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(Path(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else None)
    else:
        main()
