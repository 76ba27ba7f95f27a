"""Pure: from what the functions of a file require to what every CPU must have that loads it.

A compiler that may use AVX writes every vector instruction in the new encodings (VEX, EVEX), and a compiler that may not
writes the old encoding. So the share of functions that are in the new encoding throughout is near 1 or far from it, and
shows how the file was compiled, whatever else was linked to it for better CPUs. Within one encoding the only difference
between SSE2 and SSE4, or AVX2 and AVX-512, is the place: what a compiler may use occurs throughout a file, what is chosen
at run time stands together. Without a run-time CPU check, nothing is chosen. docs/explanation/audit-isa.md has the figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from customtags.audit.isa.levels import BASE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CPUID", "GUARDED", "NEW", "OLD", "UNDECIDED", "Baseline", "decide", "mark", "spread"]

#: One byte for each function: the number of the level that it requires times 16, and these.
OLD, NEW, CPUID = 1, 2, 8

#: Whether a level is used behind a run-time check, perhaps, or by every CPU.
GUARDED, UNDECIDED, REQUIRED = "guarded", "undecided", "required"

#: From which share of functions in the new encoding a file is compiled for it, and up to which it is not.
#: 532 files from PyPI have 96-100 % or 0-67 %.
COMPILED, NOT_COMPILED = 0.9, 0.75

#: In which share of a file's stretches a level occurs if it is compiled for that, and up to which share if not.
EVERYWHERE, TOGETHER = 0.75, 0.5

#: Into how many stretches a file is cut at most, how many functions each has at least, and how few stretches are no proof.
STRETCHES, LENGTH, FEWEST = 16, 8, 3

#: The level at which the new encoding begins.
_NEW_LEVEL = 3


class Baseline(NamedTuple):
    """What a file requires.

    :ivar level: the number of the level without which it dies
    :ivar above: level → `GUARDED` or `UNDECIDED`, for what is used beyond
    :ivar why: the evidence for the level, as one clause
    :ivar shares: the evidence for what is above, where that is another clause
    """

    level: int
    above: Mapping[int, str]
    why: str
    shares: str = ""


def mark(level: int, flags: int = 0) -> int:
    """Return one number for the level that a function requires, and which of `OLD`, `NEW` and `CPUID` it has."""
    return level << 4 | flags


def decide(marks: Sequence[int], *, checked: bool, encodings: bool = True) -> Baseline:
    """Return what every CPU must have that loads a file.

    :param marks: what `mark` returns for each function, in the order in which they stand in the file
    :param checked: whether something in reach checks the CPU at run time
    :param encodings: whether the architecture has an old and a new encoding; without, nothing can be called guarded
    """
    used = {each >> 4 for each in marks} - {0, BASE}
    if not used:
        return Baseline(BASE, {}, "no other function requires more")
    if not checked:
        return Baseline(max(used), {}, "no run-time CPU check")
    if not encodings:
        return Baseline(BASE, dict.fromkeys(used, UNDECIDED), "there may be a run-time CPU check")
    return _by_encoding(marks, used)


def spread(hits: Sequence[bool]) -> float | None:
    """Return the share of stretches of equal length with a hit, None for too few functions.

    >>> spread([True, False] * 12), spread([True] * 8 + [False] * 24), spread([True])
    (1.0, 0.25, None)
    """
    count = min(STRETCHES, len(hits) // LENGTH)
    if count < FEWEST:
        return None
    cuts = [len(hits) * each // count for each in range(count + 1)]
    return sum(any(hits[a:b]) for a, b in zip(cuts, cuts[1:])) / count


def _by_encoding(marks: Sequence[int], used: set[int]) -> Baseline:
    vector = [each for each in marks if each & (OLD | NEW)]
    new = sum(not each & OLD for each in vector)
    share = new / len(vector) if len(vector) >= FEWEST * LENGTH else None
    compiled = share is not None and share >= COMPILED
    own = vector if compiled else [each for each in marks if not each & NEW]
    other = [] if compiled else [each for each in marks if each & NEW]
    required, above = _NEW_LEVEL if compiled else BASE, {}
    for level in sorted(level for level in used if level > required):
        states = {_among_own(level, own), _among_others(level, other, share)} - {GUARDED}
        if REQUIRED in states:
            required = level
        else:
            above[level] = UNDECIDED if states else GUARDED
    above = {level: state for level, state in above.items() if level > required}
    shares = f"{new:,} of {len(vector):,} functions with vectors are compiled for AVX"
    # That a file is compiled for AVX or not is no reason for a level within one encoding.
    why = shares if required in (BASE, _NEW_LEVEL) else "the level is used throughout the file"
    return Baseline(required, above, why, shares)


def _among_own(level: int, own: Sequence[int]) -> str:
    """Return how a level is used among the functions in the file's own encoding."""
    hits = [each >> 4 == level for each in own if each & (OLD | NEW) or each >> 4 == level]
    found = spread(hits) if any(hits) else 0
    if found is None or TOGETHER < found < EVERYWHERE:
        return UNDECIDED
    return GUARDED if found <= TOGETHER else REQUIRED


def _among_others(level: int, other: Sequence[int], share: float | None) -> str:
    """Return the same for functions in the new encoding, in a file that is not compiled for it."""
    sure = share is not None and share <= NOT_COMPILED
    return GUARDED if sure or not any(each >> 4 == level for each in other) else UNDECIDED
