"""Pure: how pips of several ages order candidates, and which one they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from packaging.version import Version

from customtags.choosing.candidate import Candidate
from customtags.choosing.miss import Miss
from customtags.choosing.refusals import python_misses
from customtags.choosing.target import Target

if TYPE_CHECKING:
    from customtags.choosing.offer import Offer

__all__ = ["OLDER", "Metadata", "key_of", "newest", "ordered", "resolve"]

#: How a pip compares two candidates: the greater is taken.
Key = Callable[[Candidate, Target, bool], Any]

#: Returns the Requires-Python of a file's own metadata; None if it has none or cannot be read.
Metadata = Callable[["Offer"], Union[str, None]]


def newest(candidate: Candidate, target: Target, prefer_binary: bool) -> Any:
    """Return the key of the newest pip (``CandidateEvaluator._sort_key``)."""
    binary = prefer_binary and candidate.verdict is not None
    place = candidate.verdict.place if candidate.verdict else len(target.order)
    return binary, candidate.version, -(place or 0), candidate.build


def _native_last(candidate: Candidate, target: Target, prefer_binary: bool) -> Any:
    binary = prefer_binary and candidate.verdict is not None
    place = min((target.older[name] for name in candidate.accepted), default=len(target.older))
    return binary, candidate.version, -place, candidate.build


def _build_first(candidate: Candidate, target: Target, prefer_binary: bool) -> Any:
    *before, place, build = _native_last(candidate, target, prefer_binary)
    return (*before, build, place)


class Older(NamedTuple):
    """A way to compare of older pips.

    :ivar changed: the pip that changed it
    :ivar differs: what those before did, as a clause
    :ivar key: how they compare two candidates
    """

    changed: str
    differs: str
    key: Key


#: Every change to the order of candidates, the oldest first.
OLDER = (
    Older("21.1", "compares build tags before platforms", _build_first),
    Older("26.3", "puts the native linux tag after every manylinux tag", _native_last),
)


def key_of(pip: Version | None) -> Key:
    """Return how a pip compares; None is the newest."""
    older = (each.key for each in OLDER if pip is not None and pip < Version(each.changed))
    return next(older, newest)


def ordered(
    candidates: Sequence[Candidate], key: Key, target: Target, *, prefer_binary: bool
) -> list[Candidate]:
    """Return candidates in the order of a pip; of equal ones the last comes first."""
    return sorted(candidates, key=lambda each: key(each, target, prefer_binary))[::-1]


def resolve(
    order: Sequence[Candidate], target: Target, metadata: Metadata
) -> tuple[Candidate | None, dict[Candidate, Miss]]:
    """Return the first candidate that its own metadata does not forbid, and those that it does.

    pip looks at the best file of each version alone (``_iter_built`` in its resolution/resolvelib/found_candidates.py).
    """
    unfit: dict[Candidate, Miss] = {}
    for candidate in order:
        if candidate in unfit:
            continue
        name = candidate.offer.name
        specifier = metadata(candidate.offer)
        miss = next(python_misses(name, specifier, target.release, "its METADATA"), None)
        if miss is None:
            return candidate, unfit
        unfit[candidate] = miss
        for each in order:
            if each.version == candidate.version and each not in unfit:
                why = f"pip reads one file of a version, here {name}, whose Requires-Python forbids this Python"
                unfit[each] = Miss("requires-python", each.offer.name, why, "", None, miss.cure)
    return None, unfit
