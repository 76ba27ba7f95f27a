"""Pure: from the ladders of a machine to its extended tags, in the order of preference."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

from customtags.tags import fold, format

__all__ = ["LIMIT", "LIMIT_WITHOUT", "POLICIES", "PRIORITY", "combine"]

#: Which dimension decides first between two tags.
PRIORITY = ("accelerator", "abi", "isa", "distro", "site")

#: In which order the segments stand in a name.
IN_NAME = ("isa", "distro", "accelerator", "abi", "site")

#: The many- and musllinux policies that builders really use, best first.
POLICIES = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "musllinux_1_2")

#: How many tags there may be, because each platform costs pip some 25 `Tag` objects, 0.04 % of a small run
#: (docs/cost.md): on a machine with an accelerator, and on any other, where it keeps all below 2 %.
LIMIT, LIMIT_WITHOUT = 85, 25


def combine(
    ladders: Mapping[str, Sequence[str]],
    bases: Sequence[str],
    limit: int | None = None,
    first: Sequence[str] = (),
) -> tuple[list[str], int]:
    """Make the extended tags of a machine.

    To cut the end of the order where there are too many would, on a machine with an accelerator, take away
    every tag without one before the oldest combination with one. So the segments by themselves stay longest, then
    the combinations that are near the best in every dimension.

    :param ladders: dimension → the segments (or runs of them, ``cuda12_4_sm90``) that the machine
        accepts, best first
    :param bases: the native ``linux_<arch>``, then the policies that also serve as bases
    :param limit: how many tags there may be, by default `LIMIT` or `LIMIT_WITHOUT`
    :param first: the dimensions that decide before those of `PRIORITY`
    :returns: the tags in the order of preference, and how many the limit cut
    """
    # A segment twice would be counted twice, and never found.
    ladders = {dimension: list(dict.fromkeys(rungs)) for dimension, rungs in ladders.items()}
    if limit is None:
        limit = LIMIT if ladders.get("accelerator") else LIMIT_WITHOUT
    priority = [d for d in dict.fromkeys((*first, *PRIORITY, *sorted(ladders))) if d in ladders]
    in_name = [d for d in dict.fromkeys((*IN_NAME, *sorted(ladders))) if d in ladders]
    number = _number(ladders, len(bases))
    places = [_places(ladders[dimension]) for dimension in priority]
    columns = [priority.index(dimension) for dimension in in_name]
    # A distribution pins the libc, so that a policy beside it would say nothing.
    pinning = priority.index("distro") if "distro" in priority else None
    bound = 4 if number > limit else sys.maxsize
    ranked: list[tuple[int, str, list[str]]] = []
    while len(ranked) < min(limit, number):
        bound = bound * 4
        ranked = list(_within(bound, places, columns, bases, pinning))
    kept = sorted(sorted(range(len(ranked)), key=lambda index: ranked[index][0])[:limit])
    return [format(*ranked[index][1:]) for index in kept], number - len(kept)


def _number(ladders: Mapping[str, Sequence[str]], bases: int) -> int:
    """Count the tags that there are: every choice but that of nothing on each base, or a release on one."""
    choices = 1
    for dimension, rungs in ladders.items():
        choices *= 1 if dimension == "distro" else len(rungs) + 1
    return choices * len(ladders.get("distro", ())) * min(bases, 1) + (choices - 1) * bases


def _within(
    bound: int,
    places: Sequence[Mapping[str, int]],
    columns: Sequence[int],
    bases: Sequence[str],
    pinning: int | None,
) -> Iterator[tuple[int, str, list[str]]]:
    """Give rank, base and segments of every tag whose rank is within a bound, in the order of preference.

    The rank is the product of the places of all that the tag consists of; a segment by itself has 0.
    """
    choices: list[tuple[tuple[str, ...], int]] = [((), 1)]
    for row in places:
        choices = [
            ((*rungs, rung), rank * place)
            for rungs, rank in choices
            for rung, place in row.items()
            if rank * place <= bound or not rung or not any(rungs)
        ]
    for rungs, rank in choices:
        segments = [rungs[column] for column in columns if rungs[column]]
        alone = len(segments) == 1 and fold(segments[0]) is not None
        fitting = bases if pinning is None or not rungs[pinning] else bases[:1]
        for place, base in enumerate(fitting if segments else (), start=1):
            weight = 0 if alone and place == 1 else rank * place
            if weight <= bound:
                yield weight, base, segments


def _places(ladder: Sequence[str]) -> dict[str, int]:
    """Give each rung its place, which counts token by token among those that could stand there, and none the last.

    Below CUDA 13.0, ``cuda12`` is in the 2nd place, ``cuda12_9`` too, ``cuda12_8`` in 2 × 2 = the 4th.
    """
    siblings: dict[tuple[str, ...], list[str]] = {}
    places = {}
    for rung in ladder:
        tokens = rung.split("_")
        places[rung] = 1
        for depth, token in enumerate(tokens):
            among = siblings.setdefault(tuple(tokens[:depth]), [])
            if token not in among:
                among.append(token)
            places[rung] *= among.index(token) + 1
    return {**places, "": 1}
