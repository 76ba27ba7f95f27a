"""Which machine a verb speaks of: this one, the one of a profile, or the system below a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from customtags import machine
from customtags.errors import CustomtagsError, FactError
from customtags.machine.host import Host
from customtags.machine.settings import Settings
from customtags.profiles import running
from customtags.tags import stock

if TYPE_CHECKING:
    import argparse

    from customtags.machine.spec import Page, Profile

__all__ = ["Look", "add_options", "look"]


class Look(NamedTuple):
    """A machine, and how it is looked at.

    :ivar profile: its facts
    :ivar stock: the stock platforms that it accepts, best first
    :ivar pages: those that explain the profile
    :ivar problems: which dimensions are left out; it grows when one of the pages fails later
    """

    profile: Profile
    stock: list[str]
    settings: Settings
    pages: Sequence[Page]
    problems: list[CustomtagsError]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let a verb speak of another machine."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--profile", metavar="FILE", help="use the machine that this profile describes"
    )
    source.add_argument("--root", metavar="DIR", help="use the system below this folder")


def look(profile: str | None = None, root: str | None = None) -> Look:
    """Look at the machine that the options and the settings name.

    :param profile: the file that describes it
    :param root: the folder that stands for ``/``
    :raises CustomtagsError: one of them, or a setting, means nothing
    """
    settings = Settings.read(os.environ)
    settings.profile = profile or settings.profile
    if root is not None and not Path(root).is_dir():
        raise FactError(
            root, "is not a folder", "name the root of a system, as in '--root /srv/image'"
        )
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
    return Look(facts, platforms, settings, pages, problems)
