"""Whether one wheel fits a machine, judged by its name and, where that can be read, by its Requires-Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from customtags.choosing import variants
from customtags.choosing.candidate import tags
from customtags.choosing.offer import check_paths, named, requires_python
from customtags.choosing.refusals import python_misses
from customtags.choosing.verdict import judge
from customtags.errors import WheelError

if TYPE_CHECKING:
    from customtags.choosing.miss import Miss
    from customtags.choosing.offer import Offer
    from customtags.choosing.target import Target
    from customtags.choosing.variants import Describe
    from customtags.choosing.verdict import Verdict
    from customtags.variants.properties import Properties

__all__ = ["Explanation", "explain", "wheel"]


class Labelled(NamedTuple):
    """What the label of a variant wheel means.

    :ivar lacking: why the machine does not support it, None if it does
    """

    label: str
    properties: Properties
    lacking: Miss | None


class Explanation(NamedTuple):
    """Why a wheel fits a target, or why not.

    :ivar misses: what the whole file lacks, whatever its tags
    :ivar variant: its label, None if it is not a variant wheel
    """

    offer: Offer
    target: Target
    verdict: Verdict
    misses: tuple[Miss, ...]
    variant: Labelled | None = None

    @property
    def fits(self) -> bool:
        """Whether pip accepts the wheel."""
        return self.verdict.fits and not self.misses

    @property
    def by_name(self) -> bool:
        """Whether there is a name alone, and neither a file on this machine nor a URL."""
        return self.offer.path is None and "://" not in self.offer.origin

    @property
    def distance(self) -> tuple[bool, int]:
        """How near it is: what fits comes first, then what lacks least."""
        return not self.fits, len(self.misses) + len(self.verdict.tags[0].misses)


def explain(
    offer: Offer, targets: Sequence[Target], describe: Describe = lambda _: None
) -> Explanation:
    """Judge a wheel for each Python of a machine, and return the best answer.

    :param describe: returns what the labels of a variant wheel's release mean
    :raises CustomtagsError: the label of a variant wheel has no meaning
    """
    specifier = offer.requires_python or requires_python(offer)
    stock, label = variants.split(offer) or (offer, None)
    wanted = None if label is None else _meaning(offer, label, describe)
    found = []
    for target in targets:
        verdict = judge(tags(stock.name), target)
        misses = [*python_misses(offer.name, specifier, target.release, "its metadata")]
        variant = None
        if label is not None and wanted is not None:
            variant = Labelled(label, wanted, next(variants.misses(wanted, target), None))
            misses += [variant.lacking] if variant.lacking else []
            misses.append(variants.pip_miss(label))
        found.append(Explanation(offer, target, verdict, tuple(misses), variant))
    return min(found, key=lambda each: each.distance)


def _meaning(offer: Offer, label: str, describe: Describe) -> Properties:
    """Return the properties of a label.

    :raises CustomtagsError: it has no meaning
    """
    release = describe(offer)
    if release is None or label not in release.variants:
        miss = variants.no_meaning(offer, label)
        raise WheelError(offer.name, f"has a label without meaning ({miss.needs})", miss.cure)
    return release.variants[label]


def wheel(word: str) -> Offer:
    """Return the wheel that a path, a URL or a file name stands for.

    :raises WheelError: it does not exist, or its name is not that of a wheel
    """
    (offer,) = named([word])
    stock, label = variants.split(offer) or (offer, None)
    check_paths([word] if label is None else [])
    try:
        tags(stock.name)
        parse_wheel_filename(stock.name)
    except (InvalidWheelFilename, ValueError) as error:
        cure = "expected NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl"
        raise WheelError(offer.name, "is not a wheel file name", cure) from error
    return offer
