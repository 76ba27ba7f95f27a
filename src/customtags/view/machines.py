"""The machines that a server shows an index to, as text that its workers read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from customtags.machine.dimensions import builtin, optional

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from customtags.machine.spec import Page, Profile
    from customtags.tags.stock import Platform

__all__ = ["Machine", "Served"]


class Machine(NamedTuple):
    """A machine as a view needs it.

    :ivar extended: the extended tags that it accepts, best first
    :ivar stock: the stock platform tags that it accepts, best first
    :ivar projects: those whose installed version counts (the dimension ``abi``)
    :ivar profile: its facts, empty for one that is spelled
    """

    extended: Sequence[str]
    stock: Sequence[str]
    projects: Sequence[str]
    profile: Profile

    @property
    def platforms(self) -> list[str]:
        """All platform tags that it accepts, best first."""
        return [*self.extended, *self.stock]

    @property
    def pages(self) -> list[Page]:
        """The dimensions that name its segments."""
        return [*builtin(), optional("abi", self.projects)]


class Served(NamedTuple):
    """What is served.

    :ivar sources: folders and URLs of indexes; of a project, the first that has it
    :ivar here: this machine
    :ivar named: the others, by name
    :ivar platform: the architecture and C library of a spelled machine that does not spell them
    """

    sources: Sequence[str]
    here: Machine
    named: Mapping[str, Machine]
    platform: Platform

    def dump(self) -> str:
        """Return it as text."""
        return json.dumps({**self._asdict(), "named": dict(self.named)})

    @classmethod
    def load(cls, text: str) -> Served:
        """Read what `dump` wrote."""
        value = json.loads(text)
        named = {name: Machine(*each) for name, each in value["named"].items()}
        return cls(value["sources"], Machine(*value["here"]), named, value["platform"])
