"""site: the labels that an organisation gives its machines; nothing is probed."""

from __future__ import annotations

from types import MappingProxyType

from customtags.tags import fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from customtags.machine.spec import Facts, Probe

__all__ = ["DIMENSION", "NAME", "PROBES", "common", "describe", "ladder", "override"]

NAME = DIMENSION = "site"

#: There is no source but the configuration.
PROBES: Mapping[str, Probe] = MappingProxyType({})


def override(value: str, arch: str | None) -> Facts | None:
    """Return the facts of ``hardened,acme2``: labels, best first."""
    labels = [fold(label.strip()) for label in value.split(",")]
    if None in labels:
        raise ValueError("write labels as in hardened,acme2")
    return {"labels": labels}


def ladder(facts: Facts) -> list[str]:
    """Return each label by itself; a combination of two is a label of its own."""
    return list(facts["labels"])


def common(several: Sequence[Facts]) -> Iterator[Facts]:
    """Yield the labels that all machines have."""
    first, *others = (facts["labels"] for facts in several)
    yield {"labels": [each for each in first if all(each in other for other in others)]}


def describe(facts: Facts) -> str:
    """Return the number of labels, since the labels themselves are shown as segments."""
    return f"{len(facts['labels'])} from the configuration"
