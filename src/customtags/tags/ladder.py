"""Pure: from the ladders of a machine to its extended tags, in the order of preference."""

from __future__ import annotations

from itertools import product

from customtags.tags import DIMENSIONS, PRIORITY, fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    #: Of each dimension, in the order of priority, one rung, or an empty string for none.
    Choice = tuple[str, ...]

__all__ = ["GUARD", "MOST_ABIS", "POLICIES", "combine"]

#: The many- and musllinux policies that builders really use, best first.
POLICIES = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "musllinux_1_2")

#: The most tags where the user sets no limit: ladders multiply, and each tag costs pip time and memory (docs/explanation/cost.md).
GUARD = 20_000

#: The most projects whose ABI counts: each multiplies the number of tags by three.
MOST_ABIS = 3


def combine(
    ladders: Mapping[str, Sequence[str]],
    bases: Sequence[str],
    limit: int | None = None,
    first: Sequence[str] = (),
    apart: Collection[tuple[str, str]] = (),
) -> tuple[list[str], int]:
    """Return the extended tags of a machine in the order of preference, and how many the limit dropped.

    :param ladders: dimension → the segments (or runs of them, ``cuda12_4_sm90``) that the machine
        accepts, best first
    :param bases: the native ``linux_<arch>``, then the policies that also serve as bases
    :param limit: the most tags, by default `GUARD`
    :param first: the dimensions that decide before those of `PRIORITY`
    :param apart: the pairs of a rung of ``accelerator`` and one of ``abi`` that no tag may hold together
    """
    # A segment twice would be counted twice, and never found.
    ladders = {name: [*dict.fromkeys(rungs)] for name, rungs in ladders.items() if rungs}
    limit = GUARD if limit is None else limit
    priority = [d for d in dict.fromkeys((*first, *PRIORITY, *sorted(ladders))) if d in ladders]
    in_name = [d for d in dict.fromkeys((*DIMENSIONS, *sorted(ladders))) if d in ladders]
    columns = [priority.index(dimension) for dimension in in_name]
    # A distribution pins the C library, so that a policy beside it would say nothing.
    pinning = priority.index("distro") if "distro" in priority else None
    accelerator, abi = map(priority.index, ("accelerator", "abi")) if apart else (0, 0)

    def spell(choice: Choice) -> list[str]:
        if apart and (choice[accelerator], choice[abi]) in apart:
            return []
        segments = "".join([f"_{choice[column]}" for column in columns if choice[column]])
        fitting = bases if pinning is None or not choice[pinning] else bases[:1]
        return [base + segments for base in fitting] if segments else []

    number = _number(ladders, len(bases), len(apart))
    if number > limit:
        return _nearest(limit, [ladders[name] for name in priority], spell), number - limit
    choices = product(*((*ladders[name], "") for name in priority))
    return [tag for choice in choices for tag in spell(choice)], 0


def _number(ladders: Mapping[str, Sequence[str]], bases: int, apart: int) -> int:
    """Return the number of tags: every choice but the empty one on each base, or with a release on one base."""
    rungs = {name: len(ladders.get(name, ())) for name in (*PRIORITY, *ladders)}
    choices = (rungs.pop("accelerator") + 1) * (rungs.pop("abi") + 1) - apart
    releases = rungs.pop("distro")
    for each in rungs.values():
        choices *= each + 1
    return choices * releases * min(bases, 1) + (choices - 1) * bases


def _nearest(
    limit: int, ladders: Sequence[Sequence[str]], spell: Callable[[Choice], list[str]]
) -> list[str]:
    """Return as many tags as the limit allows, fewer than there are, in the order of preference.

    Dropping the end of the order would remove every tag without an accelerator before the oldest combination with
    one. So the segments by themselves stay longest, then the combinations near the best in every dimension.
    """
    places = [_places(ladder) for ladder in ladders]
    bound = 1
    ranked: list[tuple[int, str]] = []
    while len(ranked) < limit:
        bound *= 4
        ranked = list(_within(bound, places, spell))
    kept = sorted(sorted(range(len(ranked)), key=lambda index: ranked[index][0])[:limit])
    return [ranked[index][1] for index in kept]


def _within(
    bound: int, places: Sequence[Mapping[str, int]], spell: Callable[[Choice], list[str]]
) -> Iterator[tuple[int, str]]:
    """Yield rank and name of every tag whose rank is within a bound, in the order of preference.

    The rank is the product of the places of all that the tag consists of; a segment by itself has 0.
    """
    choices: list[tuple[Choice, int]] = [((), 1)]
    for row in places:
        choices = [
            ((*rungs, rung), rank * place)
            for rungs, rank in choices
            for rung, place in row.items()
            if rank * place <= bound or not rung or not any(rungs)
        ]
    for rungs, rank in choices:
        segments = [rung for rung in rungs if rung]
        alone = len(segments) == 1 and fold(segments[0]) is not None
        for place, tag in enumerate(spell(rungs), start=1):
            weight = 0 if alone and place == 1 else rank * place
            if weight <= bound:
                yield weight, tag


def _places(ladder: Sequence[str]) -> dict[str, int]:
    """Return the place of each rung, which counts token by token among those that could stand there, and none the last.

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
