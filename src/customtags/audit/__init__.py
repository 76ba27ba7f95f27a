"""Whether a wheel contains what its name claims: one page per check, and the table that lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from customtags.audit import accelerator, instructions, libc, libraries, names, stable_abi
from customtags.audit.finding import (
    FALSE,
    NOTE,
    UNDECIDED,
    Finding,
    Fix,
    true_name,
    true_platforms,
)
from customtags.wheels.claims import NameClaims
from customtags.wheels.unpacked import NO_LIBRARY, UNREADABLE, Fault, Limits, Unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Check = Callable[[Unpacked, NameClaims], Iterator[Finding]]

__all__ = [
    "CHECKS",
    "CODES",
    "FALSE",
    "NOTE",
    "UNDECIDED",
    "Finding",
    "Fix",
    "Limits",
    "NameClaims",
    "Unpacked",
    "audit",
    "true_name",
    "true_platforms",
]


class Page(Protocol):
    """One check. It imports what is heavy or optional only when it is called."""

    #: Its name in `CHECKS`.
    NAME: str
    #: Each code that it gives → what that means.
    CODES: Mapping[str, str]

    def check(self, wheel: Unpacked, claims: NameClaims) -> Iterator[Finding]:
        """Compare what the wheel contains with what its name claims."""


#: Every check, in the order in which they are made.
PAGES: tuple[Page, ...] = (
    names,
    instructions,
    libc,
    accelerator,
    stable_abi,
    libraries,
)

#: Name → what makes it.
CHECKS: Mapping[str, Check] = {page.NAME: page.check for page in PAGES}

#: Every code → what it means; the first two are the kinds of faults of single members.
CODES: Mapping[str, str] = {
    UNREADABLE: "a member is a damaged ELF file, or can't be unpacked; what it holds is unknown",
    NO_LIBRARY: "a member has the name of a library and is no ELF file, so that nothing of it was read: one of another system, a linker script",
    **{code: meaning for page in PAGES for code, meaning in page.CODES.items()},
}


def audit(
    path: Path,
    checks: Mapping[str, Check] = CHECKS,
    limits: Limits = Limits(),  # noqa: B008
) -> list[Finding]:
    """Compare a wheel with its name.

    :param checks: which checks are made; one that needs settings is put in its place with those
    :returns: the false claims first, then what is undecided, then notes; within each as they were found
    :raises WheelError: it is no wheel, or unpacks to more than the limits
    :raises ToolError: a check needs a package that is not installed
    """
    claims = NameClaims.of(path.name)
    with Unpacked(path, limits) as wheel:
        found = [finding for check in checks.values() for finding in check(wheel, claims)]
        found += map(_unread, wheel.faults)
    order = (FALSE, UNDECIDED, NOTE)
    return sorted(dict.fromkeys(found), key=lambda finding: order.index(finding.severity))


def _unread(fault: Fault) -> Finding:
    """Return the finding for a member that could not be read."""
    if fault.kind == NO_LIBRARY:
        return Finding(NO_LIBRARY, NOTE, fault.text, fault.member)
    return Finding(UNREADABLE, UNDECIDED, fault.text, fault.member, cure="build the wheel again")
