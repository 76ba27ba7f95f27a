"""A machine as a view needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from customtags.machine.dimensions import builtin, optional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.machine.spec import Page, Profile

__all__ = ["Machine"]


class Machine(NamedTuple):
    """A machine as a view needs it.

    :ivar platforms: the platform tags that it accepts, best first, the stock ones too
    :ivar projects: those whose installed version counts (the dimension ``abi``)
    :ivar profile: its facts, empty for one that is spelled
    :ivar stock: the stock platform tags among those that it accepts
    """

    platforms: Sequence[str]
    projects: Sequence[str]
    profile: Profile
    stock: Sequence[str]

    @property
    def pages(self) -> list[Page]:
        """The dimensions that name its segments."""
        return [*builtin(), optional("abi", self.projects)]
