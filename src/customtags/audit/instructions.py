"""The check ``isa``: what the machine code of the libraries requires of the CPU, against the level in the name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from customtags.audit.finding import FALSE, NOTE, UNDECIDED, Finding, Fix
from customtags.audit.isa import dispatch
from customtags.audit.isa.baseline import GUARDED
from customtags.audit.isa.levels import ABOVE, BASE, NAMES, name, title
from customtags.audit.isa.scan import Scan, decoder
from customtags.audit.names import imported

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from customtags.audit.isa.baseline import Baseline
    from customtags.audit.isa.decoder import Decoder
    from customtags.wheels.claims import NameClaims
    from customtags.wheels.elf import Elf
    from customtags.wheels.unpacked import Unpacked

__all__ = ["CODES", "NAME", "SAMPLE", "check"]

NAME = "isa"

CODES: Mapping[str, str] = {
    "isa-floor": "code that every CPU runs requires a higher level than the name claims",
    "isa-refused": "the loader refuses a file on CPUs that the name claims: its GNU property note",
    "isa-undecided": "code requires a higher level than claimed, and whether every CPU runs it is unknown",
    "isa-guarded": "code that requires a higher level than claimed is chosen at run time",
    "isa-not-visible": "a level is claimed that no instruction shows; perhaps more machines could run the wheel",
    "isa-sampled": "not every function was read",
}

#: How many functions of a file are read without ``--full``. 1500 gave the same level as all of them for 329 of 330
#: files, and for the other one none (docs/explanation/audit-isa.md).
SAMPLE = 1500


def check(
    wheel: Unpacked,
    claims: NameClaims,
    *,
    full: bool = False,
    dispatched: Sequence[str] = (),
    decoders: Mapping[str, Decoder] = MappingProxyType({}),
) -> Iterator[Finding]:
    """Compare the machine code with the level in the name.

    :param full: read every function, not only `SAMPLE` of each file
    :param dispatched: patterns (`fnmatch`) of members and functions that the project chooses at run time
    :param decoders: architecture → decoder, of those that exist already
    :raises ToolError: iced-x86 is required, and not installed
    """
    ready = {**decoders}
    scans: dict[str, list[Scan]] = {}

    def read(member: str, elf: Elf) -> Iterator[Finding]:
        if elf.machine in NAMES:
            if elf.machine not in ready:
                ready[elf.machine] = decoder(elf.machine)
            scan = Scan.of(member, elf, ready[elf.machine], None if full else SAMPLE)
            scans.setdefault(elf.machine, []).append(scan)
        yield from ()

    yield from wheel.each(read)
    for arch, each in scans.items():
        named = any(platform.arch == arch for platform in claims.platforms)
        claim = _LevelClaim(arch, _claimed(arch, claims), dispatched, named)
        yield from _compare(claim, each, _openers(wheel, claim, each))
        yield from _sampled(each)


def _claimed(arch: str, claims: NameClaims) -> int:
    """Return the lowest level at which a machine may take the wheel."""
    said = [each.value("isa") or "" for each in claims.platforms if each.arch == arch]
    # A level without a row here (v8_2) adds nothing that instructions show.
    return min((max(BASE, sum(row <= each for row in NAMES[arch])) for each in said), default=BASE)


class _LevelClaim(NamedTuple):
    """What files are compared with: the level in the name, and what the project lists as chosen at run time.

    :ivar named: whether a platform of the name is of that architecture, so that it can have a level
    """

    arch: str
    level: int
    patterns: Sequence[str]
    named: bool

    def name(self, level: int) -> str:
        return name(level, self.arch)

    def title(self, level: int) -> str:
        return title(level, self.arch)


def _openers(wheel: Unpacked, claim: _LevelClaim, scans: Sequence[Scan]) -> dict[str, str]:
    """Return file → a file that checks the CPU, and has its name as a string to open it by.

    A file that is linked, or imported by Python, is loaded without that.
    """
    linked = {soname for scan in scans for soname in scan.linked}
    sought = {
        scan.file
        for scan in scans
        if scan.top > claim.level and scan.file not in linked and not imported(scan.member)
    }
    openers = {scan.member: scan.file for scan in scans if scan.opens_files and scan.checks_cpu}
    found: dict[str, str] = {}
    for member, elf in wheel.elfs() if sought and openers else ():
        if member in openers:
            others = sought - {openers[member]}
            found.update((name, openers[member]) for name in dispatch.opened(elf, others))
    return found


def _compare(
    claim: _LevelClaim, scans: Sequence[Scan], openers: Mapping[str, str]
) -> Iterator[Finding]:
    higher = [scan for scan in scans if scan.top > claim.level]
    checked = bool(higher) and any(scan.checks_cpu for scan in scans)
    found = [
        scan.baseline(checked=checked, patterns=claim.patterns, opener=openers.get(scan.file, ""))
        for scan in higher
    ]
    required = max([scan.refuses for scan in scans] + [each.level for each in found])
    nameable = claim.named and claim.level < required < ABOVE[claim.arch]
    fix = Fix("isa", claim.name(required)) if nameable else None
    for scan in scans:
        if scan.refuses > claim.level:
            says = (
                f"the loader requires {claim.title(scan.refuses)} for this file (GNU property note)"
            )
            cure = "link it without that note, which no level covers"
            if scan.refuses < ABOVE[claim.arch]:
                level = claim.name(scan.refuses)
                cure = f"claim {level}, or link without -z x86-64-{level}"
            yield Finding("isa-refused", FALSE, says, scan.member, cure=cure, fix=fix)
    for scan, each in zip(higher, found):
        if each.level > claim.level:
            yield _required(claim, scan, each)._replace(fix=fix)
        yield from _beyond(claim, scan, each)
    if claim.level > BASE and all(max(scan.top, scan.refuses) < claim.level for scan in scans):
        top = max(scan.top for scan in scans)
        most = claim.name(top) if top > BASE else f"the {claim.arch} baseline"
        says = (
            f"the name claims {claim.name(claim.level)}, and no function requires more than {most}"
        )
        lower = claim.name(top) if top > BASE else "none"
        cure = f"let more machines take it, with 'customtags retag --isa {lower}'"
        yield Finding("isa-not-visible", NOTE, says, cure=cure)


def _required(claim: _LevelClaim, scan: Scan, found: Baseline) -> Finding:
    """Report what every CPU must have."""
    if found.level == ABOVE[claim.arch]:
        cure = "no name can claim that: compile for a level, or check the CPU at run time"
    else:
        level = claim.name(found.level)
        cure = f"compile it for {claim.title(claim.level)}"
        cure += f", or claim {level}" if claim.named else ""
    example, symbol, address = _example(scan, found.level)
    says = f"requires {claim.title(found.level)} on every CPU: {example}, and {found.why}"
    return Finding("isa-floor", FALSE, says, scan.member, symbol, address, cure=cure)


def _beyond(claim: _LevelClaim, scan: Scan, found: Baseline) -> Iterator[Finding]:
    """Report what is used beyond that."""
    beyond = {level: state for level, state in found.above.items() if level > claim.level}
    guarded = [level for level, state in beyond.items() if state == GUARDED]
    why = found.shares or found.why
    undecided = [level for level in beyond if level not in guarded]
    if undecided:
        example, symbol, address = _example(scan, undecided[-1])
        says = (
            f"{_counted(claim, scan, undecided)}: {example};"
            f" whether every CPU runs such code is unknown: {why}"
        )
        cure = "if it is chosen at run time, list the file in pyproject.toml: [tool.customtags.audit] dispatched"
        yield Finding("isa-undecided", UNDECIDED, says, scan.member, symbol, address, cure=cure)
    if guarded:
        example, symbol, address = _example(scan, guarded[-1])
        says = f"{_counted(claim, scan, guarded)}: {example}; chosen at run time: {why}"
        yield Finding("isa-guarded", NOTE, says, scan.member, symbol, address)


def _counted(claim: _LevelClaim, scan: Scan, levels: Sequence[int]) -> str:
    """Return how many functions require each level: ``of 8,415 functions, 1,221 require x86-64-v3, 1 requires …``."""
    required = [mark >> 4 for mark in scan.marks]
    each = [(required.count(level), claim.title(level)) for level in levels]
    counts = [f"{n:,} {'requires' if n == 1 else 'require'} {title}" for n, title in each]
    return f"of {len(required):,} functions, {', '.join(counts)}"


def _example(scan: Scan, level: int) -> tuple[str, str, int]:
    """Return an instruction that requires a level, the symbol that it belongs to, and its address."""
    symbol, instruction = scan.examples[min(each for each in scan.examples if each >= level)]
    text = f"{instruction.text} at {instruction.address:#x}"
    if level == ABOVE[scan.arch]:
        text += f" ({', '.join(instruction.features)})"
    return text, symbol, instruction.address


def _sampled(scans: Sequence[Scan]) -> Iterator[Finding]:
    total = sum(scan.functions for scan in scans)
    read = sum(len(scan.marks) for scan in scans)
    if read < total:
        says = f"{read:,} of {total:,} functions were read, at most {SAMPLE:,} of each file"
        yield Finding("isa-sampled", NOTE, says, cure="use --full to read every function")
