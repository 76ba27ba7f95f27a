"""What doctor says of the distributions that are installed: which do not fit any more, and which could be better."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from customtags.choosing import index, installed, pip_settings
from customtags.cli.output import echo, paint, warn
from customtags.cli.progress import progress
from customtags.profiles import running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.choosing.installed import Distribution
    from customtags.choosing.verdict import Machine

__all__ = ["report", "show"]


def report(machine: Machine, url: str | None) -> dict[str, Any]:
    """Judge what is installed.

    :param url: of the index to look at for something better, empty for all places where pip looks, None for nowhere
    """
    there = installed.distributions()
    return {
        "unfit": [_unfit(each) for each in installed.unfit(there, machine)],
        "better": None if url is None else _better(url, there, machine),
    }


def show(report: dict[str, Any]) -> None:
    """Print it."""
    for found in report["unfit"]:
        echo("", f"{paint('no', 'Does not fit this machine')}: {found['name']} {found['version']}")
        echo(*(f"  {miss}" for miss in found["misses"]))
        echo(f"  {found['reinstall']}")
    for found in report["better"] or ():
        echo("", f"{paint('note', 'There is a better wheel')}: {found['wheel']}")
        echo(f"  {found['reinstall']}")
    if not report["unfit"]:
        echo("Everything that is installed fits this machine.")


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


def _better(url: str, there: Sequence[Distribution], machine: Machine) -> list[dict[str, Any]]:
    """Ask an index, or all places where pip looks, about everything that is installed."""
    settings = pip_settings.PipSettings.of(pip_settings.read(os.environ))
    if url:
        settings = settings._replace(indexes=(url,), find_links=())
    client = index.Client(settings)
    names = [canonicalize_name(each.name) for each in there if not each.direct]
    with progress() as tell, ThreadPoolExecutor(8) as pool:
        pages = dict(zip(names, pool.map(lambda name: index.search(name, client, tell), names)))
    problems = {str(problem): problem for _, found in pages.values() for problem in found}
    if problems and not any(files for files, _ in pages.values()):
        raise next(iter(problems.values()))
    if problems:  # an index that is away fails for every project
        first, *others = problems
        more = f"; {len(others)} other pages fail, too" if others else ""
        warn(f"{first}{more}")
    found = installed.better(
        there,
        machine,
        running.release(machine.python),
        lambda name: pages[canonicalize_name(name)][0],
    )
    return [
        {
            "name": each.distribution.name,
            "wheel": each.wheel,
            "reinstall": each.distribution.reinstall("==="),
        }
        for each in found
    ]
