"""Pure: one reason why pip refuses a wheel, as a value: what is required, what was found instead, and the cure."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PARTS", "STOCK", "Miss"]

#: What can keep a machine from accepting a tag, easiest to cure first: of two tags with equally many misses the one
#: with the easier ones is nearer.
PARTS = (
    *("hook", "limit", "base", "unknown segment", "spelling"),
    *("abi", "distro", "accelerator", "isa"),
    *("libc", "python abi", "python", "implementation", "architecture", "system"),
)

#: Where architecture and C library are read.
STOCK = "its stock tags"


class Miss(NamedTuple):
    """One reason why pip refuses a tag or a file.

    :ivar part: one of `PARTS`, a third party's dimension, or why pip refuses the whole file (``yanked``)
    :ivar segment: the part of the name that fails
    :ivar needs: what it requires; the whole reason where nothing could be found instead
    :ivar has: what was found instead, as a clause; empty if ``needs`` is the whole reason
    :ivar source: where that was read, None if nowhere in particular
    :ivar cure: what would make it fit; empty if nothing is to be done
    :ivar detail: more about what was found, as in ``no avx512f, …``
    """

    part: str
    segment: str
    needs: str
    has: str
    source: str | None
    cure: str
    detail: str = ""

    def __str__(self) -> str:
        if not self.has:
            return self.needs
        source = f"from {self.source}" if self.source else ""
        remark = "; ".join(filter(None, (self.detail, source)))
        return f"{self.segment}: requires {self.needs}; {self.has}" + (
            f" ({remark})" if remark else ""
        )
