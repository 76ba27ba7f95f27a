"""The check of every file of a wheel against its hash and its size in RECORD."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from customtags.wheels import record

if TYPE_CHECKING:
    from customtags.wheels.wheel import Wheel
    from customtags.wheels.zipformat import Member

__all__ = ["verify"]

#: Hashes that RECORD must not use, or whose length is not their own.
_WEAK = ("md5", "sha1", "shake_128", "shake_256")


def verify(wheel: Wheel) -> None:
    """Compare every file with its hash and its size in RECORD, on all cores.

    :raises WheelError: one differs, or has no strong hash
    """
    from concurrent.futures import ThreadPoolExecutor

    rows = {row.path: row for row in wheel.record.rows}
    files = [wheel.members[name] for name in wheel.names if name != wheel.own("RECORD")]
    files.sort(key=lambda member: member.size)  # so that each core gets as many large ones

    def verify_part(part: Sequence[Member]) -> None:
        for member in part:
            _verify(wheel, member, rows[member.name])

    cores = os.cpu_count() or 1
    # Inflating and hashing let other threads run.
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(verify_part, [files[core::cores] for core in range(cores)]))


def _verify(wheel: Wheel, member: Member, row: record.Row) -> None:
    algorithm = row.hash.partition("=")[0]
    if algorithm not in hashlib.algorithms_guaranteed or algorithm in _WEAK:
        why = f"has a RECORD without a strong hash of {member.name!r}"
        raise wheel.error(why, "build it again")
    digest = hashlib.new(algorithm)
    for chunk in wheel.archive.chunks(member):
        digest.update(chunk)
    if (row.hash, row.size) != (record.encode(algorithm, digest.digest()), str(member.size)):
        why = f"has {member.name!r} whose content is not that in its RECORD"
        raise wheel.error(why, "download or build it again")
