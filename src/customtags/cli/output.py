"""How values are printed: JSON, and tables that line up."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no public name
else:
    Verbs = Any

__all__ = ["Verbs", "add_verb", "print_json", "table"]


def add_verb(verbs: Verbs, name: str, purpose: str, example: str) -> argparse.ArgumentParser:
    """Declare a verb with what all verbs have."""
    parser = verbs.add_parser(name, help=purpose, description=purpose, epilog=f"example: {example}")
    parser.add_argument("--json", action="store_true", help="print the same as JSON")
    return parser


def print_json(value: dict[str, Any]) -> None:
    """Print a value with the version of its shape in front."""
    print(json.dumps({"version": 1, **value}, indent=2))


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Line up the columns, each line indented by two, and cut at the terminal's edge if there is one."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows)]
    edge = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    lines = ("  " + "  ".join(map(str.ljust, row, widths)) for row in rows)
    return [line.rstrip()[:edge] for line in lines]
