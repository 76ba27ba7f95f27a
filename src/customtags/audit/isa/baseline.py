"""Pure: from what the functions of a file need to what everybody needs who loads it.

A compiler that may use AVX writes every vector instruction in the new encodings (VEX, EVEX), and one that may not writes
the old one. So over the functions of a file the share that is new throughout is near 1 or far from it, and tells how
the file was compiled, whatever else was linked to it for CPUs that have more. Within one encoding nothing tells SSE2 from
SSE4, or AVX2 from AVX-512, but where: what a compiler may use turns up all over a file, what is
chosen at run time stands together. Where nothing asks the CPU, nothing is chosen. docs/audit-isa.md has the figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from customtags.audit.isa.levels import BASE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ASKS", "GUARDED", "NEW", "OLD", "UNDECIDED", "Verdict", "decide", "mark", "spread"]

#: One byte for each function: the number of the level that it needs times 16, and these.
OLD, NEW, ASKS = 1, 2, 8

#: What is behind a question at run time, what may be, and what is not.
GUARDED, UNDECIDED, FLOOR = "guarded", "undecided", "floor"

#: The share of functions in the new encoding from which on a file is compiled for it, and up to which it is not.
#: 532 files from PyPI have 96-100 % or 0-67 %.
COMPILED, NOT_COMPILED = 0.9, 0.75

#: The share of a file's stretches in which a level turns up, from which on it is compiled for that, and up to which not.
EVERYWHERE, TOGETHER = 0.75, 0.5

#: How many stretches a file is cut into at most, how many functions each has at least, and how few stretches tell nothing.
STRETCHES, LENGTH, FEWEST = 16, 8, 3

#: How the vector level is called where the old encoding ends.
_NEW_LEVEL = 3


class Verdict(NamedTuple):
    """What a file needs.

    :ivar floor: the number of the level without which it dies
    :ivar above: level → whether it is guarded or undecided, for what is used beyond the floor
    :ivar why: how the floor is known, as one clause
    :ivar shares: how it is known what is above, where that is another clause
    """

    floor: int
    above: Mapping[int, str]
    why: str
    shares: str = ""


def mark(level: int, flags: int = 0) -> int:
    """Write down what a function needs, and of `OLD`, `NEW` and `ASKS` what it has."""
    return level << 4 | flags


def decide(marks: Sequence[int], *, asks: bool, encodings: bool = True) -> Verdict:
    """Tell what everybody needs who loads a file.

    :param marks: for each function what `mark` gives, in the order in which they stand in the file
    :param asks: whether something in reach asks the CPU what it has
    :param encodings: whether the architecture has an old and a new encoding; without, what is guarded can't be told
    """
    used = {each >> 4 for each in marks} - {0, BASE}
    if not used:
        return Verdict(BASE, {}, "no other function needs more")
    if not asks:
        return Verdict(max(used), {}, "nothing asks the CPU what it has")
    if not encodings:
        return Verdict(BASE, dict.fromkeys(used, UNDECIDED), "something asks the CPU what it has")
    return _by_encoding(marks, used)


def spread(hits: Sequence[bool]) -> float | None:
    """Give the share of stretches of equal length in which there is a hit, None where too few functions tell.

    >>> spread([True, False] * 12), spread([True] * 8 + [False] * 24), spread([True])
    (1.0, 0.25, None)
    """
    count = min(STRETCHES, len(hits) // LENGTH)
    if count < FEWEST:
        return None
    cuts = [len(hits) * each // count for each in range(count + 1)]
    return sum(any(hits[a:b]) for a, b in zip(cuts, cuts[1:])) / count


def _by_encoding(marks: Sequence[int], used: set[int]) -> Verdict:
    vector = [each for each in marks if each & (OLD | NEW)]
    new = sum(not each & OLD for each in vector)
    share = new / len(vector) if len(vector) >= FEWEST * LENGTH else None
    compiled = share is not None and share >= COMPILED
    own = vector if compiled else [each for each in marks if not each & NEW]
    other = [] if compiled else [each for each in marks if each & NEW]
    floor, above = _NEW_LEVEL if compiled else BASE, {}
    for level in sorted(level for level in used if level > floor):
        states = {_among_own(level, own), _among_others(level, other, share)} - {GUARDED}
        if FLOOR in states:
            floor = level
        else:
            above[level] = UNDECIDED if states else GUARDED
    above = {level: state for level, state in above.items() if level > floor}
    shares = f"of {len(vector):,} functions with vectors {new:,} are compiled for AVX"
    # That a file is compiled for AVX or not is no reason for a level beside that one.
    why = shares if floor in (BASE, _NEW_LEVEL) else "it is used all over the file"
    return Verdict(floor, above, why, shares)


def _among_own(level: int, own: Sequence[int]) -> str:
    """Tell where a level stands among the functions in the file's own encoding."""
    hits = [each >> 4 == level for each in own if each & (OLD | NEW) or each >> 4 == level]
    found = spread(hits) if any(hits) else 0
    if found is None or TOGETHER < found < EVERYWHERE:
        return UNDECIDED
    return GUARDED if found <= TOGETHER else FLOOR


def _among_others(level: int, other: Sequence[int], share: float | None) -> str:
    """Tell the same of functions in the new encoding, in a file that is not compiled for it."""
    told = share is not None and share <= NOT_COMPILED
    return GUARDED if told or not any(each >> 4 == level for each in other) else UNDECIDED
