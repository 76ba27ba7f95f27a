"""The verb config: every setting, and its source."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from customtags.cli.machine import selected
from customtags.cli.output import Verbs, add_verb, echo, paint, print_json, table
from customtags.machine.settings import files, variable
from customtags.profiles.provenance import present, provenance, unknown_variables

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from customtags.profiles.provenance import Provenance

__all__ = ["declare"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags config``."""
    parser = add_verb(verbs, name, "show every setting and its source", "customtags config")
    parser.set_defaults(run=_config)


def _config(options: argparse.Namespace) -> int:
    read = present(os.environ)
    rows = provenance(os.environ, read)
    unknown = unknown_variables(os.environ, read)
    if options.json:
        settings = [row._asdict() for row in rows]
        found = {path: path in read for path in files(os.environ)}
        print_json({"settings": settings, "files": found, "unknown": unknown})
    else:
        _show(rows, read, unknown)
    selected()  # raises what any other verb would raise
    return int(bool(unknown))


def _show(rows: Sequence[Provenance], read: Sequence[str], unknown: Mapping[str, str]) -> None:
    """Print the settings for people.

    :param read: the files that exist
    """
    cells = [(row.key, _text(row.value), row.origin or paint("quiet", "default")) for row in rows]
    echo(*table(cells, head=("key", "value", "source")))
    echo(
        "",
        f"Environment variables ({variable('…')}) override these files, and each file the next:",
        "",
    )
    states = [
        (path, paint("yes", "read") if path in read else "not found") for path in files(os.environ)
    ]
    echo(*table(states))
    for name, cure in unknown.items():
        echo("", f"{paint('no', 'Unknown variable')}: {name}; {cure}.")


def _text(value: Any) -> str:
    """Return a value as a user writes it, a list with commas."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "-" if value is None else str(value)
