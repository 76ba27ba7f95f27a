"""Pure: the findings of an audit, and the name that would be true."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from customtags.machine.dimensions import builtin
from customtags.tags import naming

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from customtags.wheels.claims import NameClaims, PlatformTag

__all__ = [
    "FALSE",
    "NOTE",
    "UNDECIDED",
    "Finding",
    "Fix",
    "true_interpreter",
    "true_name",
    "true_platforms",
]

#: A claim of the name does not hold; the audit cannot decide; worth knowing.
FALSE, UNDECIDED, NOTE = "false", "undecided", "note"


class Fix(NamedTuple):
    """What the name should say for one dimension.

    :ivar dimension: ``base``, ``isa``, ``distro``, ``accelerator`` …, or ``interpreter``
    :ivar value: its text in a name: ``manylinux_2_28_x86_64``, ``v3``, ``cp311-abi3``; empty for no segment
    """

    dimension: str
    value: str


class Finding(NamedTuple):
    """One thing that was found.

    :ivar code: as in ``customtags audit --json``: ``libc-too-new``
    :ivar severity: ``false`` for a claim that does not hold, ``undecided``, or ``note``
    :ivar says: what was found, as a predicate of the file if there is one: ``requires glibc 2.34``
    :ivar member: the file in the wheel
    :ivar symbol: the function or symbol
    :ivar address: its virtual address in that file
    :ivar cure: what to do about it, as one clause
    :ivar fix: what makes the name true; findings of one dimension in one wheel all have the same
    """

    code: str
    severity: str
    says: str
    member: str = ""
    symbol: str = ""
    address: int | None = None
    cure: str = ""
    fix: Fix | None = None

    @property
    def sentence(self) -> str:
        """What was found, after the file and the symbol."""
        place = f"{self.member} {self.symbol}" if self.symbol else self.member
        return f"{place}: {self.says}" if place else self.says


def true_platforms(findings: Iterable[Finding], claims: NameClaims) -> list[str]:
    """Return the platform tags that the name should have: those of `claims` with every fix.

    They are sorted, as PEP 425 has compressed sets; without a fix they are as they were.
    """
    fixes = {each.fix.dimension: each.fix.value for each in findings if each.fix}
    if not fixes.keys() - {"interpreter"}:
        return [platform.tag for platform in claims.platforms]
    return sorted({_mended(platform, fixes) for platform in claims.platforms})


def true_name(findings: Sequence[Finding], claims: NameClaims) -> str:
    """Return the file name that would be true."""
    file = claims.file._replace(platform=".".join(true_platforms(findings, claims)))
    interpreter = true_interpreter(findings)
    if interpreter:
        python, _, abi = interpreter.partition("-")
        file = file._replace(python=python, abi=abi)
    return str(file)


def true_interpreter(findings: Iterable[Finding]) -> str | None:
    """Return the Python and ABI tags that the name should have, as in ``cp311-abi3``; None for its own."""
    fixes = [each.fix for each in findings if each.fix]
    return next((fix.value for fix in fixes if fix.dimension == "interpreter"), None)


def _mended(platform: PlatformTag, fixes: dict[str, str]) -> str:
    base = fixes.get("base") or platform.base
    said: dict[str, list[str]] = {}
    for run in platform.runs:
        said.setdefault(run.dimension or "abi", []).append(run.text)
    for dimension in fixes.keys() - {"base", "interpreter"}:
        said[dimension] = [fixes[dimension]] if fixes[dimension] else []
    if not base.startswith("linux_"):  # a release pins the C library, and so does a policy
        said.pop("distro", None)
    return naming.name(base, said, builtin())
