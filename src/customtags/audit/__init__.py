"""Whether a wheel contains what its name claims: one module for each check, and the table that lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from customtags.audit import accelerator, instructions, libc, libraries, names, stable_abi, variants
from customtags.audit.finding import FALSE, NOTE, UNDECIDED, Finding
from customtags.audit.variants import NOT_CHECKED
from customtags.errors import CustomtagsError
from customtags.wheels.unpacked import NO_LIBRARY, UNREADABLE, Fault, Limits, Unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from customtags.wheels.claims import NameClaims

    Function = Callable[[Unpacked, NameClaims], Iterator[Finding]]

__all__ = ["CHECKS", "CODES", "MODULES", "NOT_CHECKED", "audit", "select"]


class Check(Protocol):
    """The module of one check. It imports what is slow or optional only when it runs."""

    #: Its name in `CHECKS`.
    NAME: str
    #: The codes of its findings → what each means.
    CODES: Mapping[str, str]

    def check(self, wheel: Unpacked, claims: NameClaims) -> Iterator[Finding]:
        """Compare what the wheel contains with what its name claims."""


#: Every check, in the order in which they run.
MODULES: tuple[Check, ...] = (
    names,
    instructions,
    libc,
    accelerator,
    stable_abi,
    libraries,
)

#: Name → the function that runs the check.
CHECKS: Mapping[str, Function] = {module.NAME: module.check for module in MODULES}

#: Every code → what it means. The first four belong to no check: they say what could not be read.
CODES: Mapping[str, str] = {
    NOT_CHECKED: "the wheel is for Windows, macOS or another system, whose libraries the audit does not read; or no segment says a property of a variant wheel",
    **variants.CODES,
    UNREADABLE: "a member is a damaged ELF file, or cannot be unpacked; its contents are unknown",
    NO_LIBRARY: "a member has the name of a library and is not an ELF file, so that nothing of it was read: a linker script, or a library of another system",
    **{code: meaning for module in MODULES for code, meaning in module.CODES.items()},
}

#: How the platforms begin whose libraries are ELF files of Linux, or that promise to have none.
_READ = ("linux_", "manylinux", "musllinux_", "any")


def select(only: Sequence[str]) -> tuple[dict[str, Function], set[str]]:
    """Return the checks to run, and the codes to report; no codes for all. `NOT_CHECKED` and a broken ``variant.json`` are always reported.

    :param only: names of checks, and codes; empty for all
    :raises CustomtagsError: one of them is unknown
    """
    for each in only:
        if each not in CHECKS and each not in CODES:
            known = ", ".join([*CHECKS, *CODES])
            raise CustomtagsError(f"{each!r} is neither a check nor a code", f"choose from {known}")
    if not only:
        return dict(CHECKS), set()
    codes = {NOT_CHECKED, *variants.CODES, *(code for code in CODES if code in only)}
    for module in MODULES:
        codes |= set(module.CODES) if module.NAME in only else set()
    named = [module.NAME for module in MODULES if not module.CODES.keys().isdisjoint(codes)]
    return {name: CHECKS[name] for name in named}, codes


def audit(
    path: Path,
    checks: Mapping[str, Function] = CHECKS,
    limits: Limits = Limits(),  # noqa: B008
) -> list[Finding]:
    """Compare a wheel with its name.

    :param checks: the checks that run; a check with settings takes the place of the one without
    :returns: the false claims first, then what is undecided, then notes; within each in the order of the checks
    :raises WheelError: the file is not a wheel, or unpacks to more than the limits
    :raises ToolError: a check requires a package that is not installed
    """
    file, claims, broken = variants.named(path)
    if broken:  # the name does not say what the contents are to be compared with
        checks = {name: check for name, check in checks.items() if name == names.NAME}
    foreign = [each.tag for each in claims.platforms if not each.base.startswith(_READ)]
    with Unpacked(path, limits, file) as wheel:
        found = [finding for check in checks.values() for finding in check(wheel, claims)]
        for (
            _
        ) in wheel.elfs():  # without any check, too, `--only unreadable` reports damaged members
            pass
        faults = [each for each in wheel.faults if each.kind != NO_LIBRARY or not foreign]
    found += [*map(_unread, faults), *([broken] if broken else [])]
    if foreign:
        says = (
            f"contents not checked for {', '.join(foreign)}: the audit reads only the libraries of Linux (ELF);"
            " names, tags and suffixes were compared"
        )
        found.insert(0, Finding(NOT_CHECKED, UNDECIDED, says))
    order = (FALSE, UNDECIDED, NOTE)
    return sorted(dict.fromkeys(found), key=lambda finding: order.index(finding.severity))


def _unread(fault: Fault) -> Finding:
    """Return the finding for a member that could not be read."""
    if fault.kind == NO_LIBRARY:
        return Finding(NO_LIBRARY, NOTE, fault.text, fault.member)
    return Finding(UNREADABLE, UNDECIDED, fault.text, fault.member, cure="build the wheel again")
