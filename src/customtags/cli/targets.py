"""Which Pythons of which machine explain and rank speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customtags.cli.machine import selected
from customtags.errors import CustomtagsError
from customtags.profiles import interpreter, running

if TYPE_CHECKING:
    import argparse

    from customtags.choosing.target import Target

__all__ = ["add_python", "targets", "without_digest"]


def add_python(parser: argparse.ArgumentParser) -> None:
    """Add the option that names one Python of the machine."""
    what = "one of the machine's Pythons, as in 3.12, 3.13t or pp310-pypy310_pp73"
    parser.add_argument("--python", metavar="PYTHON", help=what)


def targets(options: argparse.Namespace) -> list[Target]:
    """Return the machine that the options name, once for each of its Pythons."""
    from customtags.choosing.target import Target

    profile, stock, settings, pages, _ = selected(options.profile, options.root)
    named = [options.python] if options.python else (profile["platform"] or {}).get("python")
    try:
        pythons = list(map(interpreter.read, named or [running.python()]))
    except ValueError as error:
        problem = f"{options.python!r} is not a Python"
        raise CustomtagsError(problem, f"{error}, after --python") from error
    here = not (options.profile or options.root)
    return [
        Target(
            profile,
            stock,
            each,
            settings=settings,
            pages=pages,
            release=running.release(each),
            pip=running.pip(each) if here else None,
        )
        for each in pythons
    ]


def without_digest(word: str) -> str:
    """Return a URL without the ``#sha256=…`` that it has on a project page."""
    return word.partition("#")[0] if "://" in word else word
