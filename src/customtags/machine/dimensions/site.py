"""site: the labels that an organisation gives its machines; nothing is observed."""

from __future__ import annotations

from types import MappingProxyType

from customtags.tags import fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from customtags.machine.spec import Facts, Probe

__all__ = ["DIMENSION", "NAME", "PROBES", "common", "describe", "ladder", "override"]

NAME = DIMENSION = "site"

#: There is nothing to ask.
PROBES: Mapping[str, Probe] = MappingProxyType({})


def override(value: str, arch: str | None) -> Facts | None:
    """``hardened,acme2``: the labels, the best first."""
    labels = [fold(label.strip()) for label in value.split(",")]
    if None in labels:
        raise ValueError("write labels as in hardened,acme2")
    return {"labels": labels}


def ladder(facts: Facts) -> list[str]:
    """Each label alone: one that says more than one thing is a label of its own."""
    return list(facts["labels"])


def common(several: Sequence[Facts]) -> Iterator[Facts]:
    """The labels that all have."""
    first, *others = (facts["labels"] for facts in several)
    yield {"labels": [each for each in first if all(each in other for other in others)]}


def describe(facts: Facts) -> str:
    """Count the labels, which stand beside it."""
    return f"{len(facts['labels'])} of the configuration"
