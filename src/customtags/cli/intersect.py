"""The verb intersect: a profile of what several machines all support."""

from __future__ import annotations

import argparse
import json
import os
from typing import TYPE_CHECKING

from customtags import machine
from customtags.cli.output import Verbs, add_verb, save
from customtags.machine.settings import Settings
from customtags.profiles import read
from customtags.profiles.intersect import intersect

if TYPE_CHECKING:
    from customtags.errors import CustomtagsError

__all__ = ["declare"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags intersect``."""
    parser = add_verb(
        verbs,
        name,
        "write a profile of what several machines all support",
        "customtags intersect node1.json node2.json -o cluster.json",
    )
    parser.add_argument(
        "profiles", metavar="PROFILE", nargs="+", help="a profile that 'customtags detect' wrote"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write to this file (default: standard output)"
    )
    parser.set_defaults(run=_intersect)


def _intersect(options: argparse.Namespace) -> int:
    settings = Settings.read(os.environ)
    settings.profile = options.profiles[0]  # so that the optional dimensions count
    problems: list[CustomtagsError] = []
    pages = machine.pages_for(settings, problems.append)
    profiles = {path: read(path, pages) for path in options.profiles}
    together = intersect(profiles, pages)
    if problems:
        together["problems"] = list(dict.fromkeys(map(str, problems)))
    save(json.dumps(together, indent=2) + "\n", options.output)
    return 0
