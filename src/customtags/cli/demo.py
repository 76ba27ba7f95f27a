"""The verb demo: real pip installs one of several wheels in several environments."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from customtags import demo
from customtags.cli.output import Verbs, add_verb, echo, print_json, table
from customtags.errors import ToolError
from customtags.profiles import running

__all__ = ["declare"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags demo``."""
    parser = add_verb(
        verbs, name, "build wheels for several machines and let pip choose", "customtags demo"
    )
    parser.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> int:
    stock = running.platforms()
    cc, skipped = _compiler()
    with tempfile.TemporaryDirectory(prefix="customtags-demo-") as name:
        folder = Path(name)
        wheels = folder / "wheels"
        wheels.mkdir()
        built = [demo.build(wheels, *variant, cc).name for variant in demo.variants(stock)]
        runs = (
            demo.choose(wheels, folder / str(number), environment, stock)
            for number, environment in enumerate(demo.SCENARIOS)
        )
        choices = list(runs) if options.json else _show(built, runs)
    wrong = [choice for choice in choices if choice.wheel not in choice.expected]
    if options.json:
        values = [{**choice._asdict(), "as_expected": choice not in wrong} for choice in choices]
        print_json({"wheels": built, "choices": values, "skipped": skipped})
        return int(bool(wrong))
    if skipped:
        echo("", f"The C extension was skipped: {skipped}")
    for choice in wrong:
        echo("", f"Unexpected: {choice.wheel} instead of {' or '.join(choice.expected)}")
    return int(bool(wrong))


def _show(built: Sequence[str], runs: Iterable[demo.Choice]) -> list[demo.Choice]:
    """Print the wheels, and each choice as soon as pip has made it; return the choices."""
    echo(f"An index with {len(built)} wheels of one version:", "")
    echo(*(f"  {each}" for each in built))
    echo("", f"'pip install {demo.PROJECT}' installs:", "", flush=True)
    widths = [max(map(len, map(_setting, demo.SCENARIOS))), max(map(len, map(_short, built)))]
    head: Sequence[str] = ("environment", "wheel", "its module is")
    choices = []
    for choice in runs:
        row = (_setting(choice.environment), _short(choice.wheel), choice.says)
        echo(*table([row], head, widths), flush=True)
        choices.append(choice)
        head = ()
    return choices


def _setting(environment: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in environment.items()) or "this machine"


def _short(wheel: str) -> str:
    return f"…-{wheel.rpartition('-')[2]}"


def _compiler() -> tuple[str | None, str | None]:
    try:
        return demo.compiler(), None
    except ToolError as error:
        return None, str(error)
