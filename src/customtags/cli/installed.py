"""The part of doctor about installed distributions: which no longer fit, and of which there is a better wheel."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from customtags.choosing import installed
from customtags.choosing.index import Client
from customtags.choosing.offer import local_path
from customtags.choosing.pip_settings import PipSettings
from customtags.choosing.sources import search_all
from customtags.cli.output import echo, paint, warn
from customtags.cli.progress import progress
from customtags.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.choosing.installed import Distribution
    from customtags.choosing.target import Target

__all__ = ["report", "show"]


def report(target: Target, url: str | None) -> dict[str, Any]:
    """Judge what is installed.

    :param url: the index or folder to search for better wheels; empty for the sources of pip's settings, None for no search
    """
    present = installed.distributions()
    return {
        "unfit": [_unfit(each) for each in installed.unfit(present, target)],
        "better": None if url is None else _better(url, present, target),
    }


def show(report: dict[str, Any]) -> None:
    """Print the report for people."""
    for found in report["unfit"]:
        echo("", f"{paint('no', 'Does not fit this machine')}: {found['name']} {found['version']}")
        echo(*(f"  {miss}" for miss in found["misses"]), f"  help: {found['reinstall']}")
    for found in report["better"] or ():
        echo("", f"{paint('note', 'A better wheel is available')}: {found['wheel']}")
        echo(f"  help: {found['reinstall']}")
    if not report["unfit"]:
        echo("All installed distributions fit this machine.")


def _unfit(found: installed.Unfit) -> dict[str, Any]:
    name, version, tags, _ = found.distribution
    misses = [f"{miss}; {miss.cure}" for miss in found.nearest.misses]
    return {
        "name": name,
        "version": version,
        "tags": tags,
        "misses": misses,
        "reinstall": found.distribution.reinstall(),
    }


def _better(url: str, present: Sequence[Distribution], target: Target) -> list[dict[str, Any]]:
    """Search an index, a folder, or all places of pip's settings, for everything that is installed.

    :raises SourceError: nothing can be read there
    """
    settings = PipSettings.read(os.environ)
    if url:
        path = local_path(url)
        if path and not os.path.isdir(path):
            raise SourceError(url, "is neither a URL nor a folder", "name an index or a folder")
        settings = settings._replace(indexes=(url,), find_links=(path,) if path else ())
    names = [each.project for each in present if not each.direct]
    with progress() as report:
        offers, problems = search_all(names, Client(settings), report)
    if problems:  # an index that cannot be reached fails for every project
        first, *others = problems
        number = f"; {len(others)} more project pages failed" if others else ""
        warn(f"{first}{number}")
    return [
        {
            "name": each.distribution.name,
            "wheel": each.wheel,
            "reinstall": each.distribution.reinstall("==="),
        }
        for each in installed.better(present, target, lambda name: offers[name])
    ]
