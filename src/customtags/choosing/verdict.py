"""Pure: whether a wheel fits, judged by the tags of its name, and what each tag lacks, the nearest miss first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from customtags.choosing import interpreters, platforms
from customtags.choosing.miss import PARTS, Miss

if TYPE_CHECKING:
    from collections.abc import Iterable

    from customtags.choosing.target import Target

__all__ = ["TagVerdict", "Verdict", "judge"]


class TagVerdict(NamedTuple):
    """Whether one tag of a name is accepted.

    :ivar place: in the order of the target, from 0; None if it is not accepted
    :ivar misses: what it lacks; empty if it is accepted
    """

    name: str
    place: int | None
    misses: tuple[Miss, ...]


class Verdict(NamedTuple):
    """Whether one of a wheel's tags is accepted.

    :ivar place: of the best tag in the order of the target, None if none is accepted
    :ivar tags: the accepted ones, best first, then the others, the nearest miss first
    """

    fits: bool
    place: int | None
    tags: tuple[TagVerdict, ...]


def judge(names: Iterable[str], target: Target) -> Verdict:
    """Judge the tags of one wheel.

    :param names: as in ``cp312-cp312-linux_x86_64_v3``, one by one
    """
    found = sorted((_judge(name, target) for name in names), key=_distance)
    place = found[0].place if found else None
    return Verdict(place is not None, place, tuple(found))


def _judge(name: str, target: Target) -> TagVerdict:
    python, abi, platform = name.split("-", 2)
    place = target.order.get(name)
    if place is not None:
        return TagVerdict(name, place, ())
    misses = [*interpreters.misses(python, abi, target), *platforms.misses(platform, target)]
    if not misses:  # pip accepts each part, but not together
        needs, has = f"{python}-{abi} with {platform}", "pip does not accept that combination"
        misses = [Miss("python abi", name, needs, has, None, "retag the wheel")]
    return TagVerdict(name, None, tuple(misses))


def _distance(tag: TagVerdict) -> tuple[int, int, list[int]]:
    worst = sorted((_hardness(miss.part) for miss in tag.misses), reverse=True)
    return len(tag.misses), tag.place or 0, worst


def _hardness(part: str) -> int:
    return PARTS.index(part) if part in PARTS else PARTS.index("isa")  # a third party's dimension
