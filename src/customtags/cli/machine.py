"""The options that select a machine: this one, that of a profile, or the system below a folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from customtags.cli.output import warn
from customtags.machine.settings import Settings
from customtags.profiles.provenance import present, unknown_variables
from customtags.profiles.selection import Selection, select

if TYPE_CHECKING:
    import argparse

__all__ = ["add_options", "selected", "warn_of_variables"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that select another machine."""
    source = parser.add_mutually_exclusive_group()
    what = "use the machine that this profile describes"
    source.add_argument("--profile", metavar="FILE", help=what)
    source.add_argument("--root", metavar="DIR", help="use the system below this folder")


def warn_of_variables() -> dict[str, str]:
    """Warn of each variable that has no meaning, because pip ignores it silently; return them with their cures."""
    found = unknown_variables(os.environ, present(os.environ))
    for name, cure in found.items():
        warn(f"unknown variable {name}; {cure}")
    return found


def selected(profile: str | None = None, root: str | None = None) -> Selection:
    """Return the machine that the options and the settings select."""
    settings = Settings.read(os.environ)
    settings.profile = profile or settings.profile
    return select(settings, root)
