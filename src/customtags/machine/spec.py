"""The contract of a page, for the built-in dimensions and for third parties.

This module has only types; nothing imports it at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from customtags.errors import CustomtagsError

if TYPE_CHECKING:
    from customtags.machine.host import Host

__all__ = ["Facts", "Page", "Probe", "Profile", "Report"]

#: The findings of one page, as plain JSON. A key ``arch`` restricts them to wheels of that architecture.
Facts = Mapping[str, Any]

#: The facts of one machine: ``version``, ``platform``, ``source``, and one key per dimension.
Profile = dict[str, Any]

#: Receives the error of each dimension that is skipped, at once or whenever a page fails later.
Report = Callable[[CustomtagsError], None]

#: Reads one source; returns None if there are no facts in it.
Probe = Callable[["Host"], "Facts | None"]


class Page(Protocol):
    """One dimension, or one vendor's family of the dimension ``accelerator``.

    Optional, and pure like `ladder`:

    * ``common(several: Sequence[Facts]) -> Iterable[Facts]``: proposals of facts that accept what several machines all
      accept. Without it ``customtags intersect`` takes the facts of the machine that accepts the least, if all
      the others accept that.
    * ``owns(segment: str, arch: str) -> bool``: whether a segment, for an accelerator with its GPU code, is in the ladder
      of some machine. Names are checked with it.
    * ``libc(segment: str) -> str | None``: the kind of policy that the C library of a segment belongs to, ``manylinux`` or
      ``musllinux``; None for any. An interpreter with another C library does not accept the segment.

    A built-in page also has ``examples(arch: str) -> Sequence[str]``: values as users write them, for error messages.
    """

    @property
    def NAME(self) -> str:  # noqa: N802 - a constant of a page's module
        """The key of its facts: ``isa``, ``cuda``."""

    @property
    def DIMENSION(self) -> str:  # noqa: N802
        """The dimension of its segments: ``isa``, ``accelerator``."""

    @property
    def PROBES(self) -> Mapping[str, Probe]:  # noqa: N802
        """The sources of the facts, best first; an override may name one."""

    def override(self, value: str, arch: str | None) -> Facts | None:
        """Return the facts of a user's setting, None if the value is not of this family.

        :raises ValueError: the value is of this family and not valid; the message is the cure
        """

    def ladder(self, facts: Facts) -> list[str]:
        """Return the segments that such a machine accepts, best first. Pure: from the facts alone."""

    def describe(self, facts: Facts) -> str:
        """Return the facts in a few words. Pure."""
