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
    ladders: Mapping[str, Sequence[str]],
    bases: Sequence[str],
    limit: int = LIMIT,
    first: Sequence[str] = (),
) -> tuple[list[str], list[str]]:
    """Make the extended tags of a machine.

    :param ladders: dimension → the segments (or runs of them, ``cuda12_4_sm90``) that the machine
        accepts, best first
    :param bases: the native ``linux_<arch>``, then the policies that also serve as bases
    :param limit: how many tags there may be
    :param first: the dimensions that decide before those of `PRIORITY`
    :returns: the tags in the order of preference, and those that the limit cut, likewise
    """
    priority = [d for d in dict.fromkeys((*first, *PRIORITY, *sorted(ladders))) if d in ladders]
    in_name = [d for d in dict.fromkeys((*IN_NAME, *sorted(ladders))) if d in ladders]
    tags: dict[str, tuple[tuple[str, ...], int]] = {}
    for rungs in product(*([*ladders[dimension], ""] for dimension in priority)):
        chosen = dict(zip(priority, rungs))
        segments = [chosen[dimension] for dimension in in_name if chosen[dimension]]
        # A distribution pins the libc, so that a policy beside it would say nothing.
        fitting = bases[:1] if chosen.get("distro") else bases
        for place, base in enumerate(fitting if segments else (), start=1):
            tags[grammar.format(base, segments)] = (rungs, place)
    if len(tags) <= limit:
        return list(tags), []
    places = [_places(ladders[dimension]) for dimension in priority]
    kept = set(sorted(tags, key=lambda tag: _rank(*tags[tag], places))[:limit])
    return [tag for tag in tags if tag in kept], [tag for tag in tags if tag not in kept]


def _rank(rungs: Sequence[str], base: int, places: Sequence[Mapping[str, int]]) -> int:
    """Tell how early a tag is cut: the product of the places of all that it consists of.

    To cut the end of the order instead would, on a machine with an accelerator, take away every tag
    without one before the oldest combination with one. So the segments by themselves stay longest, then
    the combinations that are near the best in every dimension.
    """
    chosen = [rung for rung in rungs if rung]
    if base == 1 and len(chosen) == 1 and grammar.fold(chosen[0]):
        return 0
    rank = base
    for place, rung in zip(places, rungs):
        rank *= place.get(rung, 1)
    return rank


def _places(ladder: Sequence[str]) -> dict[str, int]:
    """Give each rung its place, which counts token by token among those that could stand there.

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
    return places
