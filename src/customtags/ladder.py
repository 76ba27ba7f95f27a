"""Pure: from the ladders of a machine to its extended tags, in the order of preference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from customtags import grammar

__all__ = ["LIMIT", "POLICIES", "PRIORITY", "combine"]

#: Which dimension decides first between two tags.
PRIORITY = ("accelerator", "abi", "isa", "distro", "site")

#: In which order the segments stand in a name.
IN_NAME = ("isa", "distro", "accelerator", "abi", "site")

#: The many- and musllinux policies that builders really use, best first.
POLICIES = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "musllinux_1_2")

#: Each platform costs pip some 25 `Tag` objects, 0.04 % of a small run (docs/cost.md).
LIMIT = 100


def combine(
    ladders: Mapping[str, Sequence[str]], bases: Sequence[str], limit: int = LIMIT
) -> tuple[list[str], list[str]]:
    """Make the extended tags of a machine.

    :param ladders: dimension → the segments (or runs of them, ``cuda12_4_sm90``) that the machine
        accepts, best first
    :param bases: the native ``linux_<arch>``, then the policies that also serve as bases
    :param limit: how many tags there may be
    :returns: the tags in the order of preference, and those that the limit cut, likewise
    """
    priority = [d for d in PRIORITY if d in ladders] + sorted(set(ladders).difference(PRIORITY))
    in_name = [d for d in IN_NAME if d in ladders] + sorted(set(ladders).difference(IN_NAME))
    places = [_places(ladders[dimension]) for dimension in priority]
    ranked: list[tuple[int, str]] = []
    for rungs in product(*places):
        chosen = dict(zip(priority, rungs))
        segments = [chosen[dimension] for dimension in in_name if chosen[dimension]]
        if not segments:
            continue
        rank = 1
        for place, rung in zip(places, rungs):
            rank *= place[rung]
        # A distribution pins the libc, so that a policy beside it would say nothing.
        for index, base in enumerate(bases[:1] if chosen.get("distro") else bases, start=1):
            tag = grammar.format(base, segments)
            alone = index == 1 and len(grammar.parse(tag)[1]) == 1
            ranked.append((0 if alone else rank * index, tag))
    return _cut(ranked, limit)


def _places(ladder: Sequence[str]) -> dict[str, int]:
    """Give each rung of a ladder, and the empty one that follows them, its place for `_cut`.

    Every token of a rung counts its place among those that stand there on the same ladder, and a rung's place is
    the product: below CUDA 13.0, ``cuda12`` is 2nd, ``cuda12_9`` is 2nd and 1st, ``cuda12_8`` 2nd and 2nd.
    """
    siblings: dict[tuple[str, ...], list[str]] = {}
    places = {}
    for rung in ladder:
        tokens = rung.split("_")
        place = 1
        for depth, token in enumerate(tokens):
            among = siblings.setdefault(tuple(tokens[:depth]), [])
            if token not in among:
                among.append(token)
            place *= among.index(token) + 1
        places[rung] = place
    return {**places, "": 1}


def _cut(ranked: Sequence[tuple[int, str]], limit: int) -> tuple[list[str], list[str]]:
    """Keep the tags of the least rank.

    To cut the end of the order instead would, on a machine with an accelerator, take away every tag without one
    before the first old combination with one. So each segment alone is kept first, then the combinations that
    are near the best in every dimension.
    """
    order = sorted(range(len(ranked)), key=lambda index: (ranked[index][0], index))
    kept = set(order[:limit])
    return (
        [tag for index, (_, tag) in enumerate(ranked) if index in kept],
        [tag for index, (_, tag) in enumerate(ranked) if index not in kept],
    )
