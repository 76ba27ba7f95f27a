"""How a reason for a refusal is printed, with its cure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from customtags.cli.output import paint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from customtags.choosing.miss import Miss

__all__ = ["as_json", "lines"]


def as_json(miss: Miss) -> dict[str, Any]:
    """Return a reason as JSON."""
    return {**miss._asdict(), "says": str(miss)}


def lines(misses: Iterable[Miss], indent: str) -> list[str]:
    """Return each reason in a line, and its cure, if it has one, in the next."""
    found = []
    for miss in misses:
        found.append(f"{indent}{miss}")
        if miss.cure:
            found.append(f"{indent}  {paint('quiet', 'help:')} {miss.cure}")
    return found
