"""The machine that a command is about: this one, that of a profile, or the system below a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from customtags import machine
from customtags.errors import FactError
from customtags.machine.host import Host
from customtags.profiles import running
from customtags.tags import stock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.errors import CustomtagsError
    from customtags.machine.settings import Settings
    from customtags.machine.spec import Page, Profile

__all__ = ["Selection", "select"]


class Selection(NamedTuple):
    """A machine, with what explains it.

    :ivar profile: its facts
    :ivar stock: the stock platforms that it accepts, best first
    :ivar settings: those that were applied
    :ivar pages: the pages that explain the profile
    :ivar problems: why dimensions are skipped; the list grows when a page fails later
    """

    profile: Profile
    stock: list[str]
    settings: Settings
    pages: Sequence[Page]
    problems: list[CustomtagsError]


def select(settings: Settings, root: str | None = None) -> Selection:
    """Return the facts of the machine that the settings name, with its platform and Pythons.

    :param root: the folder that stands for ``/``
    :raises CustomtagsError: the folder, the profile or a setting cannot be used
    """
    if root is not None and not Path(root).is_dir():
        cure = "name the root of a system, as in '--root /srv/image'"
        raise FactError(root, "is not a folder", cure)
    host = Host(root or "/")
    problems: list[CustomtagsError] = []
    pages = machine.pages_for(settings, problems.append)
    found = machine.detect(host, settings, pages)
    if root:
        arch = host.arch() or os.uname().machine
        found["platform"] = {"arch": arch, "libc": None, "libc_version": None}
    elif not settings.profile:
        platform = stock.platform(running.platforms())
        found["platform"] = {**platform, "python": [running.python()]} if platform else {}
    facts = {"version": found["version"], "platform": found.get("platform"), **found}
    if problems:
        facts["problems"] = list(map(str, problems))
    foreign = facts["platform"] and (root or settings.profile)
    platforms = stock.tags(facts["platform"]) if foreign else running.platforms()
    return Selection(facts, platforms, settings, pages, problems)
