"""The cost of changing the tags of a wheel, compared with a plain copy and with other tools that rewrite wheels.

Each tool has the wheel in the page cache and writes to the same file system. The fast ones run in turn, several times, and the least
counts, because what else the machine does only ever adds; a process's peak memory is what the kernel says of it (wait4(2)).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import bench
import clock
import report
import venvs
from customtags.wheels import record
from customtags.wheels.archive import Archive
from customtags.wheels.archive_writer import rewrite
from customtags.wheels.copying import copy, write_all
from customtags.wheels.retag import retag
from customtags.wheels.zipformat import ending, moved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from results import Row

#: The wheels: of 50 MB; of 400 MB; and of 1.5 GB with 13,000 members, the first with the members of the others before its own.
WHEELS = (
    ("pyarrow==25.0.1",),
    ("nvidia-cublas==13.1.1.3",),
    ("torch==2.14.1", "nvidia-cudnn-cu13==9.24.0.43", "nvidia-cublas==13.1.1.3"),
)

#: Who rewrites a wheel → the command, in which WHEEL, EXTENDED (the same wheel with an extended tag), OUT and PROVIDERS stand for
#: paths; and how often it runs. The start is that of retag with all that it imports.
TOOLS: dict[str, tuple[Sequence[str], int]] = {
    "cp": (("cp", "WHEEL", "OUT"), 11),
    "the start alone": (("PYTHON", "-m", "customtags", "retag", "--help"), 11),
    "retag": (("PYTHON", "-m", "customtags", "retag", "WHEEL", "--isa=v3", "-d", "OUT"), 11),
    "retag --verify": (
        ("PYTHON", "-m", "customtags", "retag", "WHEEL", "--isa=v3", "--verify", "-d", "OUT"),
        2,
    ),
    "variant": (("PYTHON", "-m", "customtags", "variant", "EXTENDED", "-d", "OUT"), 11),
    "wheel tags": (("PYTHON", "-m", "wheel", "tags", "--platform-tag=linux_x86_64_v3", "WHEEL"), 1),
    "make-variant": (
        (
            *("VARIANTLIB", "make-variant", "--null-variant", "--pyproject-toml", "PROVIDERS"),
            *("-f", "WHEEL", "-o", "OUT"),
        ),
        1,
    ),
}

#: Those that take minutes for a large wheel.
SLOW = ("wheel tags", "make-variant")

#: make-variant wants a provider to be named, even for a variant without properties.
PROVIDERS = """
[variant.default-priorities]
namespace = ["none"]
[variant.providers.none]
requires = ["none"]
plugin-api = "none:None"
"""


def main() -> None:
    """Measure each wheel with each tool."""
    fast = {"action": "store_true", "help": "leave out the tools that take minutes"}
    with bench.benchmark(__doc__, fast=fast) as this:
        left_out = SLOW if this.options.fast else ()
        tools = {name: tool for name, tool in TOOLS.items() if name not in left_out}
        environment = this.environment("customtags", "wheel", "variantlib[cli]")
        (this.folder / "providers.toml").write_text(PROVIDERS, encoding="utf-8")
        for projects in WHEELS:
            parts = [this.wheelhouse.wheel(project) for project in projects]
            wheel = joined(this.folder / "in", parts)
            size = f"{wheel.stat().st_size / 1e6:,.0f} MB, {len(Archive(wheel).members):,} members"
            extended = this.folder / "extended"
            retag(wheel, platforms=["linux_x86_64_v3"], folder=extended, force=True)
            rows = measured(tools, environment, this.folder, wheel)
            this.table(wheel.name.partition("-")[0], f"{wheel.name}: {size}", rows)
            wheel.unlink()
            shutil.rmtree(extended)


def measured(
    tools: Mapping[str, tuple[Sequence[str], int]],
    environment: venvs.Environment,
    folder: Path,
    wheel: Path,
) -> list[Row]:
    """Measure every tool on one wheel; the ratios are those of the least."""
    found: dict[str, list[clock.Cost]] = {name: [] for name in tools}
    order = [*tools]
    for turn in range(max(runs for _, runs in tools.values())):
        for name in order:
            command, runs = tools[name]
            if turn < runs:
                found[name].append(cost(environment, folder, wheel, command))
        order = [*order[1:], order[0]]  # what ran before leaves its pages in memory
    best = {name: clock.Cost(*map(min, zip(*costs))) for name, costs in found.items()}
    copied, start = best["cp"], best["the start alone"]
    return [
        {
            "tool": name,
            "time, s": [each.seconds for each in costs],
            "× cp": best[name].seconds / copied.seconds,
            "× cp, less the start": (best[name].seconds - start.seconds) / copied.seconds,
            "CPU time, s": [each.cpu for each in costs],
            "CPU × cp": best[name].cpu / copied.cpu,
            "CPU × cp, less the start": (best[name].cpu - start.cpu) / copied.cpu,
            "memory, MiB": best[name].mib,
        }
        for name, costs in found.items()
    ]


def cost(
    environment: venvs.Environment, folder: Path, wheel: Path, command: Sequence[str]
) -> clock.Cost:
    """Run one command, and remove what it wrote."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    paths = {
        "WHEEL": wheel,
        "EXTENDED": next((folder / "extended").iterdir()),
        "OUT": out,
        "PROVIDERS": folder / "providers.toml",
        "PYTHON": environment.python,
        "VARIANTLIB": environment.command("variantlib"),
    }
    measured = clock.run([paths.get(word, word) for word in command], venvs.clean())
    results = [*out.iterdir(), *(each for each in wheel.parent.iterdir() if each != wheel)]
    if not results and "OUT" in command:
        report.missing(f"a result of {' '.join(command)}", "see what it says")
    for made in results:
        made.unlink()
    return measured


def joined(folder: Path, parts: Sequence[Path]) -> Path:
    """Return a wheel with the members of several, as compressed as there.

    The members of the others get a folder each, so that no two have one name, and the first one's RECORD lists them. Its members come
    last, so that RECORD is where it is in a wheel as it is built.
    """
    folder.mkdir(exist_ok=True)
    wheel = folder / parts[0].name
    first, *others = map(Archive, parts)
    listed = next(each for each in first.members if each.name.endswith(".dist-info/RECORD"))
    rows = record.Record(first.read(listed)).rows
    names: list[dict[str, str]] = [{}]
    for number, other in enumerate(others, start=2):
        renamed = {each.name: f"part{number}/{each.name}" for each in other.members}
        own = next(each for each in other.members if each.name.endswith(".dist-info/RECORD"))
        content = other.read(own)
        rows += [
            row._replace(path=renamed[row.path]) for row in record.Record(content).rows if row.hash
        ]
        rows.append(record.described(renamed[own.name], [content]))
        names.append(renamed)
    pieces = [wheel.with_suffix(f".{number}") for number, _ in enumerate(parts)]
    for piece, archive, renamed in zip(pieces, (first, *others), names):
        changed = {listed.name: record.format(rows)} if archive is first else {}
        with piece.open("wb") as out:
            rewrite(archive, out.fileno(), changed, renamed)
    concatenate(wheel, [*pieces[1:], pieces[0]])
    return wheel


def concatenate(target: Path, pieces: Sequence[Path]) -> None:
    """Make one archive of several, which are removed."""
    entries: list[bytes] = []
    place = 0
    with target.open("wb") as out:
        for piece in pieces:
            members = Archive(piece).members
            end = max(each.end for each in members)
            with piece.open("rb") as file:
                copy(file.fileno(), out.fileno(), 0, end)
            entries += [moved(each.entry, place + each.offset) for each in members]
            place += end
            piece.unlink()
        directory = b"".join(entries)
        write_all(
            out.fileno(), directory + ending(len(entries), len(directory), place, b"", large=False)
        )


if __name__ == "__main__":
    main()
