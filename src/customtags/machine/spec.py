"""The contract between the parts, and for third parties: what a page is, and what it is given.

Only types live here; nothing imports this module at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from customtags.errors import CustomtagsError

if TYPE_CHECKING:
    from customtags.machine.host import Host

__all__ = ["Facts", "Page", "Probe", "Profile", "Tell"]

#: What one page found out, as plain JSON. A key ``arch`` restricts it to that architecture.
Facts = Mapping[str, Any]

#: Everything known about one machine: ``version``, ``platform``, ``source``, and one key per dimension.
Profile = dict[str, Any]


#: Is told of everything that is left out, now and whenever one of the pages fails later.
Tell = Callable[[CustomtagsError], None]

#: Asks one source; None means that it says nothing.
Probe = Callable[["Host"], "Facts | None"]


class Page(Protocol):
    """One dimension, or one vendor's family of the dimension ``accelerator``.

    It may have ``common(several: Sequence[Facts]) -> Iterable[Facts]``, too. Pure: guesses at facts that accept what
    several machines all accept, which is something. Without it `customtags.profiles.intersect` takes the facts of the
    machine that accepts the least, if all the others accept that.

    A page may also have ``owns(segment: str, arch: str) -> bool``: whether a segment, with the code for a GPU behind
    it if it is an accelerator's, can be one of its ladder's on some machine. Names are checked by it. And
    ``examples(arch: str) -> Sequence[str]``: values as users write them, for the error message about a wrong one.
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
        """Give the facts that a setting of the user's stands for, None if it is not of this family.

        :raises ValueError: it is, but means nothing; the message is the cure
        """

    def ladder(self, facts: Facts) -> list[str]:
        """Pure: give the segments that such a machine accepts, best first."""

    def describe(self, facts: Facts) -> str:
        """Pure: say in a few words what was found."""
