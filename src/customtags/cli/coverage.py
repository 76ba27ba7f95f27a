"""The verb coverage: what each of several machines gets of each project, and which builds are missing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags.cli.machine import selected
from customtags.cli.output import Verbs, add_verb, echo, paint, print_json, save, table
from customtags.errors import CustomtagsError
from customtags.profiles import interpreter, running

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from customtags.choosing.coverage import Cell, ProjectCoverage
    from customtags.choosing.target import Target

__all__ = ["FALLBACKS", "declare"]

#: Kind of a cell → the style of its word.
STYLES = {"best": "yes", "lower": "note", "stock": "note", "sdist": "note", "none": "no"}

#: The kinds of cells that may be a gap.
FALLBACKS = ("lower", "stock", "pure", "sdist", "none")


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags coverage``."""
    parser = add_verb(
        verbs,
        name,
        "show which wheel each of several machines gets, and which builds are missing",
        "customtags coverage wheels/ --profile old.json --profile gpu.json --missing",
    )
    what = "a folder of wheels, the URL of an index, or a project of an index"
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help=what)
    parser.add_argument(
        "--profile",
        metavar="FILE",
        action="append",
        default=[],
        help="a machine, by its profile; repeatable (default: this machine)",
    )
    parser.add_argument("--python", metavar="PYTHON", help="the Python, as in 3.12 or 3.13t")
    parser.add_argument(
        "--missing", action="store_true", help="list the variants that would close a gap"
    )
    parser.add_argument(
        "--accept",
        metavar="KIND",
        action="append",
        default=[],
        choices=FALLBACKS,
        help="do not count this as a gap: lower, stock, pure, sdist or none; repeatable",
    )
    parser.add_argument("--html", metavar="FILE", help="write a page with the table")
    parser.set_defaults(run=_coverage)


def _coverage(options: argparse.Namespace) -> int:
    from customtags.choosing import several
    from customtags.choosing.coverage import cover, missing
    from customtags.choosing.coverage_page import page
    from customtags.choosing.offer import requires_python
    from customtags.choosing.pip_settings import PipSettings
    from customtags.cli.progress import progress

    targets = _targets(options.profile, options.python)
    with progress() as report:
        offers = several.find(options.sources, PipSettings.read(os.environ), report)
    rows = list(cover(offers, targets, requires_python))
    gaps = missing(rows, options.accept)
    if options.html:
        save(page(rows, targets), options.html)
    if options.json:
        projects = [
            {"project": row.project, "machines": {n: _json(c) for n, c in row.cells.items()}}
            for row in rows
        ]
        print_json({"projects": projects, "missing": [{"project": p, **v} for p, v in gaps]})
    elif options.missing:
        echo(*(f"{project}: {_variant(values)}" for project, values in gaps))
    elif not options.html:
        echo(*table([_line(row, targets) for row in rows], head=("project", *targets)))
    return int(bool(gaps))


def _targets(profiles: Sequence[str], python: str | None) -> dict[str, Target]:
    """Return each machine by a name: that of its profile's file.

    :raises CustomtagsError: a profile cannot be read, or two have one name
    """
    from customtags.choosing.target import Target

    found: dict[str, Target] = {}
    for each in profiles or ("",):
        seen = selected(each or None)
        name = Path(each).stem if each else "this machine"
        if name in found:
            raise CustomtagsError(f"two profiles are named {name!r}", "rename one of the files")
        named = python or next(iter((seen.profile["platform"] or {}).get("python", ())), None)
        try:
            chosen = interpreter.read(named or running.python())
        except ValueError as error:
            raise CustomtagsError(
                f"{named!r} is not a Python", f"{error}, after --python"
            ) from error
        found[name] = Target(
            seen.profile, seen.stock, chosen, settings=seen.settings, pages=seen.pages
        )
    return found


def _line(row: ProjectCoverage, targets: Mapping[str, Target]) -> list[str]:
    return [row.project, *(_word(row.cells[name]) for name in targets)]


def _word(cell: Cell) -> str:
    said = " ".join(cell.segments.values())
    text = f"{cell.kind}{said and f' ({said})'}"
    return paint(STYLES[cell.kind], text) if cell.kind in STYLES else text


def _json(cell: Cell) -> dict[str, Any]:
    return {**cell._asdict(), "segments": dict(cell.segments), "wanted": dict(cell.wanted)}


def _variant(values: Mapping[str, str]) -> str:
    """Return a row for ``[tool.customtags.variants]``, which build-matrix builds."""
    parts = ", ".join(f'{name} = "{value}"' for name, value in values.items())
    return f'"{"-".join(values.values())}" = {{ {parts} }}'
