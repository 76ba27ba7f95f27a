"""Which Pythons of which machine explain and rank speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customtags.cli.machine import selected, warn_of_variables
from customtags.cli.output import paint
from customtags.errors import CustomtagsError
from customtags.profiles import interpreter, running

if TYPE_CHECKING:
    import argparse

    from customtags.choosing.target import Target

__all__ = ["add_python", "stock_only", "stock_only_note", "targets", "without_digest"]


def add_python(parser: argparse.ArgumentParser) -> None:
    """Add the option that names one Python of the machine."""
    what = "one of the machine's Pythons, as in 3.12, 3.13t or pp310-pypy310_pp73"
    parser.add_argument("--python", metavar="PYTHON", help=what)


def targets(options: argparse.Namespace, *, hook: bool = True) -> list[Target]:
    """Return the machine that the options name, once for each of its Pythons.

    :param hook: whether their pips accept extended tags
    """
    from customtags.choosing.target import Target

    warn_of_variables()
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
            hook=hook,
        )
        for each in pythons
    ]


def stock_only(options: argparse.Namespace) -> tuple[str, str | None] | None:
    """Return why the pip of this environment accepts stock tags only, and the cure; None if it accepts extended tags.

    Of another machine or another Python nothing is known, and its hook is assumed to be active.
    """
    from customtags.choosing.doctor import describe, hook_state

    if options.profile or options.root or options.python not in (None, running.python()):
        return None
    hook = hook_state()
    return None if hook.active else describe(hook)


def stock_only_note(reason: tuple[str, str | None] | None) -> list[str]:
    """Return the lines that say what `stock_only` returned."""
    if reason is None:
        return []
    says, cure = reason
    help_ = [f"  {paint('quiet', 'help:')} {cure}"] if cure else []
    return [f"{paint('note', 'Note')}: {says} pip accepts stock tags only.", *help_]


def without_digest(word: str) -> str:
    """Return a URL without the ``#sha256=…`` that it has on a project page."""
    return word.partition("#")[0] if "://" in word else word
