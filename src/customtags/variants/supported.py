"""Pure: the properties that a machine supports, in order; which of them a wheel requires and lacks; and PEP 825's order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from customtags.tags import parse
from customtags.variants.properties import BASELINE, Properties, Translation, rows

if TYPE_CHECKING:
    from customtags.machine.spec import Page
    from customtags.variants.metadata import Metadata

__all__ = ["UV", "lacking", "order", "properties", "supported"]

#: Namespace → features in order of preference → values in order of preference.
Supported = Mapping[str, Mapping[str, Sequence[str]]]

#: The namespaces that uv answers for by itself; it skips all others (uv 0.13.9, ``--preview-features wheel-variants``).
UV = ("nvidia", "x86_64", "aarch64")


class Requirement(NamedTuple):
    """A feature of which a wheel names only values that are not supported.

    :ivar values: what the wheel names
    :ivar supported: what the machine supports
    """

    namespace: str
    feature: str
    values: Sequence[str]
    supported: Sequence[str]


def supported(ladders: Mapping[str, Sequence[str]], arch: str, pages: Sequence[Page]) -> Supported:
    """Return the properties that a machine supports, best first.

    >>> supported({"isa": ["v3", "v2"], "accelerator": ["cuda12_1_sm90", "cuda12_1", "cuda12_0"]}, "x86_64", [])
    {'nvidia': {'cuda_version_lower_bound': ['12.1', '12.0'], 'sm_arch': ['90_real']}, 'x86_64': {'level': ['v3', 'v2', 'v1']}}

    :param ladders: dimension → the segments that it accepts, as `customtags.machine.ladders` returns them
    :param pages: those of the ladders; ``abi`` among them names its projects
    """
    found: dict[str, dict[str, list[str]]] = {}
    for row in rows(pages):
        for segment in _segments(ladders.get(row.dimension, ()), row, arch):
            values = found.setdefault(row.namespace, {}).setdefault(row.feature, [])
            if row.value(segment) not in values:
                values.append(row.value(segment))
    for (namespace, feature, value), of in BASELINE.items():
        if of == arch:
            found.setdefault(namespace, {}).setdefault(feature, []).append(value)
    return found


def properties(machine: Supported) -> Iterator[str]:
    """Yield each property as it is written, best first."""
    for namespace, features in machine.items():
        for feature, values in features.items():
            for value in values:
                yield f"{namespace} :: {feature} :: {value}"


def lacking(properties: Properties, machine: Supported) -> Requirement | None:
    """Return the first feature of a variant that a machine does not support, None if it supports all."""
    for namespace, features in properties.items():
        for feature, values in features.items():
            has = machine.get(namespace, {}).get(feature, ())
            if not set(values).intersection(has):
                return Requirement(namespace, feature, values, has)
    return None


def order(metadata: Metadata, machine: Supported) -> list[str]:
    """Return the labels that a machine supports in the order of PEP 825, the best first (Variant ordering)."""

    def key(label: str) -> tuple[list[tuple[int, int, int]], str]:
        ranks = []
        for namespace, features in metadata.variants[label].items():
            for feature, values in features.items():
                has = list(machine[namespace][feature])
                place = min(has.index(value) for value in values if value in has)
                ranks.append(
                    (
                        list(metadata.namespaces).index(namespace),
                        list(machine[namespace]).index(feature),
                        place,
                    )
                )
        # More keys sort before fewer that begin alike, so the end of a list is the largest.
        return [*sorted(ranks), (len(metadata.namespaces), 0, 0)], label

    return sorted(
        (label for label, wants in metadata.variants.items() if lacking(wants, machine) is None),
        key=key,
    )


def _segments(rungs: Sequence[str], row: Translation, arch: str) -> list[str]:
    """Return the single segments of a row in a ladder, whose rungs may be runs of them."""
    if row.arch not in (None, arch):
        return []
    each = (segment for rung in rungs for segment in parse(f"linux_{arch}_{rung}")[1])
    return [segment for segment in each if row.owns(segment)]
