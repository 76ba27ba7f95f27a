"""Whether one wheel fits a machine, judged by its name and, where that can be read, by its Requires-Python."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from customtags.choosing.candidate import tags
from customtags.choosing.offer import named, requires_python
from customtags.choosing.refusals import python_misses
from customtags.choosing.verdict import judge
from customtags.errors import WheelError

if TYPE_CHECKING:
    from customtags.choosing.miss import Miss
    from customtags.choosing.offer import Offer
    from customtags.choosing.target import Target
    from customtags.choosing.verdict import Verdict

__all__ = ["Explanation", "explain", "wheel"]


class Explanation(NamedTuple):
    """Why a wheel fits a target, or why not.

    :ivar misses: what the whole file lacks, whatever its tags
    """

    offer: Offer
    target: Target
    verdict: Verdict
    misses: tuple[Miss, ...]

    @property
    def fits(self) -> bool:
        """Whether pip accepts the wheel."""
        return self.verdict.fits and not self.misses

    @property
    def distance(self) -> tuple[bool, int]:
        """How near it is: what fits comes first, then what lacks least."""
        return not self.fits, len(self.misses) + len(self.verdict.tags[0].misses)


def explain(offer: Offer, targets: Sequence[Target]) -> Explanation:
    """Judge a wheel for each Python of a machine, and return the best answer."""
    specifier = offer.requires_python or requires_python(offer)
    found = []
    for target in targets:
        verdict = judge(tags(offer.name), target)
        misses = python_misses(offer.name, specifier, target.release, "its metadata")
        found.append(Explanation(offer, target, verdict, tuple(misses)))
    return min(found, key=lambda each: each.distance)


def wheel(word: str) -> Offer:
    """Return the wheel that a path, a URL or a file name stands for.

    :raises WheelError: it does not exist, or its name is not that of a wheel
    """
    if "://" not in word and "/" in word and not os.path.isfile(word):
        raise WheelError(word, "does not exist", "name a file, or a file name without a folder")
    (offer,) = named([word])
    try:
        tags(offer.name)
        parse_wheel_filename(offer.name)
    except (InvalidWheelFilename, ValueError) as error:
        cure = "expected NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl"
        raise WheelError(offer.name, "is not a wheel file name", cure) from error
    return offer
