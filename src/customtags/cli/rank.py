"""The verb rank: the files of a project in pip's order, those that it refuses with the reason, and surprises."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from customtags.cli import misses
from customtags.cli.machine import add_options
from customtags.cli.output import Verbs, add_verb, echo, paint, print_json, table, warn
from customtags.cli.targets import add_python, stock_only, stock_only_note, targets, without_digest

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from customtags.choosing.descriptions import Descriptions
    from customtags.choosing.rank import Ranked, Ranking
    from customtags.choosing.sources import Sources
    from customtags.choosing.target import Target
    from customtags.choosing.traps import Trap
    from customtags.errors import CustomtagsError

__all__ = ["declare", "ranked"]

#: How many files are listed of those that fit, and of those that do not, unless all are requested.
SCREEN = 10


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags rank``."""
    purpose = "list wheels in the order in which pip takes them"
    parser = add_verb(
        verbs, name, purpose, "customtags rank https://wheels.example.org/simple example"
    )
    what = (
        "folder, file or URL of an index (default: the sources that pip is configured for), "
        "then a project, as in 'example>=1.2'"
    )
    parser.add_argument("sources", nargs="+", metavar="SOURCE", type=without_digest, help=what)
    add_options(parser)
    add_python(parser)
    parser.add_argument(
        "--all", action="store_true", help=f"list all files, not the first {SCREEN}"
    )
    parser.set_defaults(run=_rank)


def _rank(options: argparse.Namespace) -> int:
    from customtags.choosing.pip_settings import PipSettings
    from customtags.choosing.sources import Sources

    reason = stock_only(options)
    target = targets(options, hook=reason is None)[0]
    sources = Sources.parse(options.sources)
    ranking, problems, _ = ranked(sources, target)
    for problem in problems:
        warn(problem)
    if options.json:
        wheels = [_row(each) for each in ranking.files]
        traps = [trap._asdict() for trap in ranking.traps]
        chosen = {"chosen": ranking.chosen, **({"uv": ranking.uv} if ranking.variants else {})}
        pip = None if target.pip is None else str(target.pip)
        about = {"python": target.name, "pip": pip, "stock_only": reason and reason[0]}
        print_json({**chosen, **about, "wheels": wheels, "traps": traps})
    elif ranking.files:
        _show(ranking, target, None if options.all else SCREEN, stock_only_note(reason))
    else:
        why, cure = sources.not_found(PipSettings.read(os.environ))
        takes = paint("no", f"nothing: {why}")
        echo(_takes(target, takes), f"  {paint('quiet', 'help:')} {cure}", *stock_only_note(reason))
    return int(ranking.chosen is None)


def ranked(
    sources: Sources, target: Target
) -> tuple[Ranking, Sequence[CustomtagsError], Descriptions]:
    """Return the ranking of the files of one project, the sources that failed, and what labels mean."""
    from customtags.choosing.descriptions import Descriptions
    from customtags.choosing.offer import requires_python
    from customtags.choosing.pip_settings import PipSettings
    from customtags.choosing.rank import rank
    from customtags.choosing.traps import more_sources
    from customtags.cli.progress import progress

    settings = PipSettings.read(os.environ)
    with progress() as report:
        request, offers, problems = sources.find(settings, report)
        report(f"ranking {len(offers)} files")
        described = Descriptions(offers, settings, report)
        ranking = rank(offers, request, target, requires_python, described)
        # Of the pip of another machine, the configuration is not known.
        unread = more_sources(sources.unread(settings) if target.pip else ())
        return ranking._replace(traps=(*unread, *ranking.traps)), problems, described


def _row(ranked: Ranked) -> dict[str, Any]:
    return {
        "name": ranked.offer.name,
        "origin": ranked.offer.origin,
        "version": ranked.version,
        "fits": not ranked.misses,
        "tag": ranked.tag,
        "misses": [misses.as_json(miss) for miss in ranked.misses],
    }


def _show(ranking: Ranking, target: Target, most: int | None, note: Sequence[str]) -> None:
    """Print a ranking.

    :param most: how many entries of each list, None for all
    :param note: lines about the pip, printed below its choice
    """
    fitting = [each for each in ranking.files if not each.misses]
    refused = [each for each in ranking.files if each.misses]
    takes = paint("chosen", ranking.chosen) if ranking.chosen else paint("no", "none of them")
    echo(_takes(target, takes), *note)
    if ranking.variants:
        taken = paint("chosen", ranking.uv) if ranking.uv else paint("no", "none of them")
        echo(f"uv takes {taken} (uv ≥ 0.13.8 with --preview-features wheel-variants)")
    if fitting:
        echo("", "In pip's order:", "")
        rows = [(f"{number:>3}", *_cells(each, number)) for number, each in enumerate(fitting, 1)]
        echo(*table(rows[:most]))
        _show_rest(len(rows), most)
    if refused:
        echo("", "Refused, newer versions and nearer misses first:", "")
        for each in refused[:most]:
            echo(f"  {each.offer.name}", *misses.lines(each.misses, "    "))
        _show_rest(len(refused), most)
    if ranking.traps:
        echo("", "Notes:", "")
        echo(*(line for trap in ranking.traps[:most] for line in _trap(trap)))
        _show_rest(len(ranking.traps), most)


def _takes(target: Target, what: object) -> str:
    pip = f"pip {target.pip}" if target.pip else "pip"
    return f"With Python {target.name}, {pip} takes {what}"


def _cells(ranked: Ranked, number: int) -> tuple[str, str]:
    name = ranked.offer.name
    cell = paint("chosen", f"{name} (taken)") if number == 1 else name
    return cell, ranked.tag or "built from source"


def _trap(trap: Trap) -> tuple[str, str, str]:
    head = f"  {paint('note', trap.kind)}: {trap.name or 'nothing'}"
    return head, f"    {trap.says}", f"      {paint('quiet', 'help:')} {trap.cure}"


def _show_rest(number: int, most: int | None) -> None:
    if most is not None and number > most:
        echo(f"    … {number - most} more: --all")
