"""Pure: the order in which pip takes the files of a project, the one that it takes, and why not the others.

Neither the network nor the running machine is read here: files, target and metadata come in as arguments.
https://github.com/pypa/pip/blob/26.3/src/pip/_internal/index/package_finder.py
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.version import Version

from customtags.choosing import candidate as candidates
from customtags.choosing import variants
from customtags.choosing.order import key_of, ordered, resolve
from customtags.choosing.refusals import file_misses, name_miss, not_released, released
from customtags.choosing.traps import Trap, better_platforms, mixed_sets, other_pips

if TYPE_CHECKING:
    from customtags.choosing.candidate import Candidate
    from customtags.choosing.miss import Miss
    from customtags.choosing.offer import Offer
    from customtags.choosing.order import Metadata
    from customtags.choosing.request import Request
    from customtags.choosing.target import Target
    from customtags.choosing.variants import Describe, UvChoice
    from customtags.choosing.verdict import Verdict

__all__ = ["Ranked", "Ranking", "rank"]


class Ranked(NamedTuple):
    """What becomes of one file.

    :ivar tag: the best accepted one, None for a source distribution
    :ivar misses: why pip refuses it; empty if pip could take it
    """

    offer: Offer
    version: str | None
    tag: str | None
    misses: tuple[Miss, ...]


class Ranking(NamedTuple):
    """The files of a project in the order in which pip takes them, and then those that it refuses.

    :ivar chosen: the name of the one that it takes
    :ivar variants: whether there are wheel variants
    :ivar uv: the name of the file that uv takes, None if none; known only if there are wheel variants
    """

    chosen: str | None
    files: tuple[Ranked, ...]
    traps: tuple[Trap, ...]
    variants: bool = False
    uv: str | None = None


def rank(
    offers: Iterable[Offer],
    request: Request,
    target: Target,
    metadata: Metadata = lambda _: None,
    describe: Describe = lambda _: None,
) -> Ranking:
    """Rank the files of one project for one machine.

    :param offers: in the order in which pip finds them, because of equal ones it takes the last
    :param describe: returns what the labels of a variant wheel's release mean
    """
    metadata = functools.cache(metadata)
    fitting, refused, labelled = _sift(offers, request, target)
    kept, left_out = released(fitting, request)
    refused += [_refuse(each, not_released(each)) for each in left_out]
    binary = request.settings.prefer_binary
    order = ordered(kept, key_of(target.pip), target, prefer_binary=binary)
    chosen, unfit = resolve(order, target, metadata)
    refused += [_refuse(each, miss) for each, miss in unfit.items()]
    left = [each for each in order if each not in unfit]
    pools, accepted = _for_uv(labelled, fitting, request, target)
    uv = variants.uv_choice(pools, accepted, target, metadata, describe)
    wheels = [*(each.offer for each in fitting), *(each.offer for each in refused)]
    twins = variants.twins(labelled, wheels, uv.meanings, target) if labelled else {}
    refused += [_variant(each, label, uv, twins) for each, label in labelled.items()]
    taken = tuple(Ranked(each.offer, str(each.version), each.tag, ()) for each in left)
    behind = tuple(sorted(refused, key=_distance))
    traps = (
        *better_platforms(chosen, left, target),
        *other_pips(chosen, kept, target, metadata, prefer_binary=binary),
        *mixed_sets(each.offer for each in taken + behind),
        *(variants.differences(chosen, uv, target) if labelled else ()),
    )
    return Ranking(
        chosen and chosen.offer.name,
        taken + behind,
        traps,
        bool(labelled),
        uv.chosen and uv.chosen.offer.name,
    )


def _sift(
    offers: Iterable[Offer], request: Request, target: Target
) -> tuple[list[Candidate], list[Ranked], dict[Candidate, str]]:
    """Return the candidates, the files that pip refuses whatever else it finds, and the variant wheels with their labels."""
    found: list[Candidate] = []
    refused: list[Ranked] = []
    labelled: dict[Candidate, str] = {}
    verdicts: dict[str, Verdict] = {}
    for offer in offers:
        try:
            variant = variants.split(offer)
            stock = variant[0] if variant else offer
            candidate = candidates.read(stock, request.project, target, verdicts)
        except ValueError as error:  # InvalidWheelFilename and InvalidVersion are
            refused.append(Ranked(offer, None, None, (name_miss(offer, error),)))
            continue
        if candidate is None or not request.takes(candidate.version):
            continue
        miss = next(file_misses(candidate, request, target.release), None)
        if miss:
            refused.append(_refuse(candidate._replace(offer=offer), miss))
        elif variant:
            labelled[candidate._replace(offer=offer)] = variant[1]
        elif candidate.verdict and not candidate.verdict.fits:
            refused.append(_refuse(candidate, *candidate.verdict.tags[0].misses))
        else:
            found.append(candidate)
    return found, refused, labelled


def _for_uv(
    labelled: Mapping[Candidate, str],
    fitting: Sequence[Candidate],
    request: Request,
    target: Target,
) -> tuple[Sequence[Sequence[Candidate]], Mapping[Candidate, str]]:
    """Return the files among which uv chooses, pool by pool, and the labels of those that are variant wheels."""
    accepted = {c: label for c, label in labelled.items() if c.verdict and c.verdict.fits}
    files = [*accepted, *variants.stock(fitting, target)] if labelled else []
    pool, left_out = released(files, request)
    # uv takes a pre-release if no release fits in the end, pip if there is none with its tags.
    return (pool, [each for each in left_out if each.offer.yanked is None]), accepted


def _variant(candidate: Candidate, label: str, uv: UvChoice, twins: Mapping[Offer, str]) -> Ranked:
    """Return a variant wheel as pip refuses it, with what uv lacks for it if that was read.

    :param twins: variant wheel → the extended wheel of the same build, whose own reasons say what the machine lacks
    """
    unsupported = uv.misses.get(candidate.offer, ())
    twin = twins.get(candidate.offer)
    if twin:
        unread = (each for each in unsupported if each.part == "variant")
        return _refuse(candidate, variants.twin_miss(twin, label), *unread)
    tags = candidate.verdict.tags[0].misses if candidate.verdict else ()
    miss = variants.pip_miss(label)
    return _refuse(candidate, miss, *tags, *unsupported)


def _refuse(candidate: Candidate, *misses: Miss) -> Ranked:
    return Ranked(candidate.offer, str(candidate.version), None, misses)


def _distance(ranked: Ranked) -> tuple[_Descending, int]:
    """Return the key that puts newer versions first, then the nearest miss."""
    version = Version(ranked.version) if ranked.version else Version("0")
    return _Descending(version), len(ranked.misses)


class _Descending(NamedTuple):
    version: Version

    def __lt__(self, other: Any) -> bool:
        return bool(self.version > other.version)
