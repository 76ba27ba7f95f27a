"""What the functions of the libraries need of the CPU, against the level that the name claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from customtags.audit.finding import FALSE, NOTE, UNDECIDED, Finding, Fix
from customtags.audit.isa.baseline import GUARDED
from customtags.audit.isa.levels import ABOVE, BASE, NAMES, name
from customtags.audit.isa.reading import File, decoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from customtags.audit.isa.baseline import Verdict
    from customtags.audit.isa.reading import Decoder
    from customtags.wheels.claims import NameClaims
    from customtags.wheels.elf import Elf
    from customtags.wheels.opened import Wheel

__all__ = ["CODES", "NAME", "SAMPLE", "check"]

NAME = "isa"

CODES: Mapping[str, str] = {
    "isa-floor": "code that everybody runs needs a higher level than the name claims",
    "isa-refused": "the loader refuses a file on CPUs that the name claims: its GNU property note says so",
    "isa-undecided": "code needs a higher level than claimed, and it can't be told whether everybody runs it",
    "isa-guarded": "code that needs a higher level than claimed is chosen at run time",
    "isa-not-visible": "a level is claimed, and no code needs it: it does not show, or more machines could run it",
    "isa-sampled": "not every function was read",
}

#: How many functions of a file a quick look reads. 1500 gave the same floor as all of them for 329 of 330
#: files, and for the other one none (docs/audit-isa.md).
SAMPLE = 1500


def check(
    wheel: Wheel, claims: NameClaims, *, full: bool = False, dispatched: Sequence[str] = ()
) -> Iterator[Finding]:
    """Compare them.

    :param full: read every function, not only `SAMPLE` of each file
    :param dispatched: patterns (`fnmatch`) of members and functions that the project chooses at run time
    :raises ToolError: iced-x86 is needed, and not installed
    """
    readers: dict[str, Decoder] = {}
    files: dict[str, list[File]] = {}

    def read(member: str, elf: Elf) -> Iterator[Finding]:
        if elf.machine in NAMES:
            if elf.machine not in readers:
                readers[elf.machine] = decoder(elf.machine)
            file = File.read(member, elf, readers[elf.machine], None if full else SAMPLE)
            files.setdefault(elf.machine, []).append(file)
        yield from ()

    yield from wheel.each(read)
    for arch, read_files in files.items():
        yield from _compare(_Bar(arch, _claimed(arch, claims), dispatched), read_files)
        yield from _sampled(read_files)


def _claimed(arch: str, claims: NameClaims) -> int:
    """Give the lowest level at which the wheel may be taken."""
    said = [each.says("isa") or "" for each in claims.platforms if each.arch == arch]
    # One that has no row of its own (v8_2) adds nothing that code shows.
    return min((max(BASE, sum(row <= each for row in NAMES[arch])) for each in said), default=BASE)


class _Bar(NamedTuple):
    """What files are held against: the level that the name claims, and what the project says of itself."""

    arch: str
    claimed: int
    patterns: Sequence[str]

    def name(self, level: int) -> str:
        return name(level, self.arch)


def _compare(bar: _Bar, files: Sequence[File]) -> Iterator[Finding]:
    higher = [file for file in files if file.top > bar.claimed]
    asked = bool(higher) and any(file.asks for file in files)
    verdicts = [file.decide(asked=asked, patterns=bar.patterns) for file in higher]
    needed = max([file.refuses for file in files] + [verdict.floor for verdict in verdicts])
    told = bar.claimed < needed < ABOVE[bar.arch]
    fix = Fix("isa", bar.name(needed)) if told else None
    for file in files:
        if file.refuses > bar.claimed:
            says = f"the loader refuses it on a CPU below {bar.name(file.refuses)}"
            cure = f"name the wheel {bar.name(file.refuses)}, or link without -z x86-64-v…"
            yield Finding("isa-refused", FALSE, says, file.member, cure=cure, fix=fix)
    for file, verdict in zip(higher, verdicts):
        if verdict.floor > bar.claimed:
            yield _floor(bar, file, verdict)._replace(fix=fix)
        yield from _beyond(bar, file, verdict)
    if bar.claimed > BASE and all(max(file.top, file.refuses) < bar.claimed for file in files):
        most = bar.name(max(file.top for file in files))
        says = f"{bar.name(bar.claimed)} is claimed, and no function needs more than {most}"
        yield Finding("isa-not-visible", NOTE, says)


def _floor(bar: _Bar, file: File, verdict: Verdict) -> Finding:
    level = bar.name(verdict.floor)
    says = f"everybody needs {level}: {verdict.why}"
    cure = f"name the wheel {level}, or compile it for {bar.name(bar.claimed)}"
    if verdict.floor == ABOVE[bar.arch]:
        cure = "no name can promise that: compile it for a level, or ask the CPU first"
    return _shown(Finding("isa-floor", FALSE, says, cure=cure), file, verdict.floor)


def _beyond(bar: _Bar, file: File, verdict: Verdict) -> Iterator[Finding]:
    """Tell what is used beyond the floor."""
    beyond = {level: state for level, state in verdict.above.items() if level > bar.claimed}
    guarded = [level for level, state in beyond.items() if state == GUARDED]
    why = verdict.shares or verdict.why
    undecided = [level for level in beyond if level not in guarded]
    if undecided:
        says = f"{_counted(bar, file, undecided)}, and it can't be told who runs them"
        cure = "if they are chosen at run time, list the file in pyproject.toml: [tool.customtags.audit] dispatched"
        finding = Finding("isa-undecided", UNDECIDED, f"{says}: {why}", cure=cure)
        yield _shown(finding, file, undecided[-1])
    if guarded:
        says = f"{_counted(bar, file, guarded)}, chosen at run time: {why}"
        yield _shown(Finding("isa-guarded", NOTE, says), file, guarded[-1])


def _counted(bar: _Bar, file: File, levels: Sequence[int]) -> str:
    """Say how many functions need each level: ``of 8,415 functions 1,221 need v3 and 532 v4``."""
    needs = [mark >> 4 for mark in file.marks]
    each = " and ".join(f"{needs.count(level):,} need {bar.name(level)}" for level in levels)
    return f"of {len(needs):,} functions {each}"


def _shown(finding: Finding, file: File, level: int) -> Finding:
    """Show an instruction that needs a level."""
    symbol, instruction = file.examples[min(each for each in file.examples if each >= level)]
    says = f"{finding.says}; {instruction.text} is {' and '.join(instruction.features)}"
    at = instruction.address
    return finding._replace(says=says, member=file.member, symbol=symbol, address=at)


def _sampled(files: Sequence[File]) -> Iterator[Finding]:
    total = sum(file.functions for file in files)
    read = sum(len(file.marks) for file in files)
    if read < total:
        says = f"{read:,} of {total:,} functions were read, {SAMPLE:,} of a file at most"
        yield Finding("isa-sampled", NOTE, says, cure="read all of them with --full")
