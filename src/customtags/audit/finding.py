"""Pure: what an audit says, and the name that would be true."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FALSE", "NOTE", "UNDECIDED", "Finding", "Fix"]

#: A claim of the name does not hold; the audit can't tell; worth knowing.
FALSE, UNDECIDED, NOTE = "false", "undecided", "note"


class Fix(NamedTuple):
    """What the name would have to say for one dimension.

    :ivar dimension: ``base``, ``isa``, ``distro``, ``accelerator`` …, or ``interpreter``
    :ivar value: its text in a name: ``manylinux_2_28_x86_64``, ``v3``, ``cp311-abi3``; empty for saying nothing
    """

    dimension: str
    value: str


class Finding(NamedTuple):
    """One thing that was found.

    :ivar code: a row of the table of codes, ``glibc-too-new``
    :ivar severity: ``false`` for a claim that does not hold, ``undecided``, or ``note``
    :ivar says: what was found, as one clause
    :ivar member: the file in the wheel
    :ivar symbol: the function or symbol
    :ivar address: its virtual address in that file
    :ivar cure: what to do about it, as one clause
    :ivar fix: how the name becomes true; findings of one dimension in one wheel all say the same
    """

    code: str
    severity: str
    says: str
    member: str = ""
    symbol: str = ""
    address: int | None = None
    cure: str = ""
    fix: Fix | None = None
