"""Pure: wheel variants (PEP 825, a draft): why pip takes none, what a machine lacks for one, and what uv takes instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from customtags.choosing import segments
from customtags.choosing.miss import Miss
from customtags.choosing.order import resolve
from customtags.choosing.traps import Trap
from customtags.errors import CustomtagsError, VariantError, WheelError
from customtags.tags import naming
from customtags.variants import names
from customtags.variants.properties import label_of, platforms_of, properties_of, row_of
from customtags.variants.supported import UV, lacking, order, properties
from customtags.wheels.filename import compressed

if TYPE_CHECKING:
    from packaging.version import Version

    from customtags.choosing.candidate import Candidate
    from customtags.choosing.offer import Offer
    from customtags.choosing.order import Metadata
    from customtags.choosing.target import Target
    from customtags.variants import metadata
    from customtags.variants.properties import Properties
    from customtags.variants.supported import Requirement, Supported

__all__ = [
    "Describe",
    "UvChoice",
    "differences",
    "misses",
    "no_meaning",
    "pip_miss",
    "split",
    "stock",
    "twin_miss",
    "twins",
    "uv_choice",
]

#: Returns what the labels of a variant wheel's release mean, None if that is unknown; raises CustomtagsError if it is broken.
Describe = Callable[["Offer"], Union["metadata.Metadata", None]]


class UvChoice(NamedTuple):
    """What uv takes of the files of a project (uv ≥ 0.13.8, ``--preview-features wheel-variants``).

    :ivar chosen: None if it takes none
    :ivar properties: what the chosen file requires; empty for a stock file
    :ivar meanings: a variant wheel that was considered → what its label means, if it means anything
    :ivar misses: a variant wheel that was considered → what the machine lacks for it, or why its label has no meaning
    """

    chosen: Candidate | None
    properties: Properties
    meanings: Mapping[Offer, Properties]
    misses: Mapping[Offer, Sequence[Miss]]


def split(offer: Offer) -> tuple[Offer, str] | None:
    """Return a variant wheel as it would be without a label, and its label; None for any other file."""
    if not offer.name.endswith(".whl") or offer.name.count("-") < 5:
        return None
    try:
        file, label = names.split(offer.name)
    except WheelError:
        return None
    return None if label is None else (offer._replace(name=str(file)), label)


def pip_miss(label: str) -> Miss:
    """Return why pip refuses every variant wheel."""
    why = f"label {label}: pip skips wheel variants (PEP 825, a draft)"
    cure = "'customtags retag' writes the same wheel for pip"
    return Miss("variant", label, why, "", None, cure)


def twins(
    labelled: Iterable[Candidate],
    wheels: Iterable[Offer],
    meanings: Mapping[Offer, Properties],
    target: Target,
) -> dict[Offer, str]:
    """Return the variant wheels of which there is an extended wheel of the same build, and the name of that one.

    :param meanings: of labels that were read; of others, those count that ``customtags variant`` chooses by itself
    """
    made: dict[
        object, str
    ] = {}  # by the name of the variant wheel, and by its stock name and properties
    for wheel in wheels:
        try:
            file, label = names.split(wheel.name)
            bases, wanted = properties_of(file.platforms, target.pages)
            stock = file._replace(platform=compressed(bases))
            if wanted and label is None:
                made[names.join(stock, label_of(file.platforms, target.pages))] = wheel.name
                made[str(stock), frozenset(properties(wanted))] = wheel.name
        except CustomtagsError:  # a source distribution, or no property says what a tag does
            continue
    found = {}
    for each in (candidate.offer for candidate in labelled):
        key: object = each.name
        if each in meanings:
            key = str(names.split(each.name)[0]), frozenset(properties(meanings[each]))
        if key in made:
            found[each] = made[key]
    return found


def twin_miss(twin: str, label: str) -> Miss:
    """Return why pip refuses a variant wheel beside the extended wheel of the same build."""
    why = f"label {label}: pip skips wheel variants (PEP 825, a draft), and reads {twin}"
    return Miss("variant", label, why, "", None, "")


def misses(wanted: Properties, target: Target) -> Iterator[Miss]:
    """Yield the first feature of a variant that a machine does not support, if there is one."""
    requirement = lacking(wanted, target.properties)
    if requirement is not None:
        yield _property(requirement, wanted, target)


def _property(requirement: Requirement, wanted: Properties, target: Target) -> Miss:
    """Return the reason for a property, which is that for the segments that mean the same."""
    namespace, feature, values, has = requirement
    name = f"{namespace} :: {feature} :: {' or '.join(values)}"
    row = row_of(namespace, feature)
    try:
        platforms = platforms_of(target.stock[:1], {namespace: wanted[namespace]}, target.pages)
        runs = [run for each in platforms[:1] for run in naming.runs(each, target.pages)[1]]
    except CustomtagsError:  # no segment says it
        runs = []
    for miss in segments.misses([segments.owned(run, target) for run in runs], target):
        if row is not None and row.dimension == miss.part:
            return miss._replace(segment=name)
    part = "variant" if row is None else row.dimension
    supports = f"this one supports {' '.join(has) or 'no value of this feature'}"
    cure = "choose another variant, or install by a tool that runs the provider of that namespace"
    return Miss(part, name, "a machine that supports this property", supports, None, cure)


def stock(candidates: Sequence[Candidate], target: Target) -> list[Candidate]:
    """Return the files that uv could take: source distributions, and wheels with an accepted stock tag."""
    return [each for each in candidates if each.verdict is None or _stock(each, target)]


def uv_choice(
    pools: Sequence[Sequence[Candidate]],
    labelled: Mapping[Candidate, str],
    target: Target,
    metadata: Metadata,
    describe: Describe,
) -> UvChoice:
    """Return what uv takes: of the newest version the variant that is first in PEP 825's order, else a stock file.

    The metadata of a release are read only if uv would read them.

    :param pools: the files that uv could take, variant wheels included; a later pool counts if uv takes nothing of those before
    :param labelled: variant wheel → its label
    """
    known = {name: target.properties[name] for name in UV if name in target.properties}
    reader = _Reader(describe, known, target)
    for several in [each for pool in pools for each in _versions(pool)]:
        read = {
            each: reader.read(each.offer, labelled[each]) for each in several if each in labelled
        }
        fitting = [each for each in several if each not in read or read[each].place is not None]
        fitting.sort(key=lambda each: _key(each, read.get(each), target), reverse=True)
        chosen, _ = resolve(fitting, target, metadata)
        if chosen is not None:
            wanted = read[chosen].properties if chosen in read else {}
            return UvChoice(chosen, wanted, reader.meanings, reader.misses)
    return UvChoice(None, {}, reader.meanings, reader.misses)


def _versions(pool: Sequence[Candidate]) -> list[list[Candidate]]:
    """Return the files of each version, the newest first."""
    found: dict[Version, list[Candidate]] = {}
    for each in pool:
        found.setdefault(each.version, []).append(each)
    return [found[version] for version in sorted(found, reverse=True)]


class _Label(NamedTuple):
    """What a label means.

    :ivar place: in the order of the release; None if uv does not take it
    """

    place: int | None
    properties: Properties


class _Reader:
    """Reads the labels of a project's releases, and orders those of each release once.

    :ivar meanings: every variant wheel whose label has a meaning → that
    :ivar misses: every variant wheel that was read → why its label is not supported, or has no meaning
    """

    def __init__(self, describe: Describe, known: Supported, target: Target) -> None:
        self.meanings: dict[Offer, Properties] = {}
        self.misses: dict[Offer, Sequence[Miss]] = {}
        self._describe = describe
        self._known = known
        self._target = target
        self._places: dict[int, tuple[metadata.Metadata, dict[str, int]]] = {}

    def read(self, offer: Offer, label: str) -> _Label:
        """Return what a label means, and keep why it is not supported."""
        try:
            release = self._describe(offer)
        except CustomtagsError as error:
            self.misses[offer] = [Miss("variant", label, error.problem, "", None, error.cure)]
            return _Label(None, {})
        if release is None or label not in release.variants:
            self.misses[offer] = [no_meaning(offer, label)]
            return _Label(None, {})
        wanted = self.meanings[offer] = release.variants[label]
        self.misses[offer] = [*misses(wanted, self._target)]
        if id(release) not in self._places:  # the release is kept, so that its id stays its own
            best = {each: place for place, each in enumerate(order(release, self._known))}
            self._places[id(release)] = release, best
        return _Label(self._places[id(release)][1].get(label), wanted)


def no_meaning(offer: Offer, label: str) -> Miss:
    """Return why a label means nothing although its release is described."""
    file, _ = names.split(offer.name)
    why = f"{names.index_name(file)} does not describe the label {label!r}"
    cure = "write it again: customtags variant"
    return Miss("variant", label, why, "", None, cure)


def _key(candidate: Candidate, label: _Label | None, target: Target) -> Any:
    """Return the key of uv: a variant before a stock file, then the tags, of which uv puts the native one last."""
    variant = label is not None and label.place is not None
    place = -label.place if label is not None and label.place is not None else 0
    return variant, place, -_stock_place(candidate, target), candidate.build


def _stock(candidate: Candidate, target: Target) -> list[str]:
    """Return the accepted tags of a candidate that uv accepts, too."""
    platforms = {*target.stock, "any"}
    return [name for name in candidate.accepted if name.split("-", 2)[2] in platforms]


def _stock_place(candidate: Candidate, target: Target) -> int:
    places = (target.older[name] for name in _stock(candidate, target))
    return min(places, default=len(target.older))


def differences(chosen: Candidate | None, uv: UvChoice, target: Target) -> Iterator[Trap]:
    """Yield a trap if pip and uv take files that mean different things: other versions, or other properties.

    :param chosen: what pip takes
    """
    ours: set[str] | None = set()
    cure = (
        "make each build of both kinds: customtags variant, and customtags retag for variant wheels"
    )
    if chosen is not None and chosen.verdict is not None:
        platforms = {tag.name.split("-", 2)[2] for tag in chosen.verdict.tags}
        try:
            ours = set(properties(properties_of(platforms, target.pages)[1]))
        except VariantError as error:
            ours, cure = None, error.cure
    theirs = set(properties(uv.properties))
    versions = [each and each.version for each in (chosen, uv.chosen)]
    if versions[0] == versions[1] and ours == theirs:
        return
    if uv.chosen is not None and ours and not theirs:
        unread = [miss for each in uv.misses.values() for miss in each if miss.part == "variant"]
        made = f"customtags variant {chosen.offer.name if chosen else ''}"
        cure = unread[0].cure if unread else f"{made} writes the same wheel for uv"
    elif uv.chosen is not None and theirs and not ours and ours is not None:
        cure = f"customtags retag {uv.chosen.offer.name} writes the same wheel for pip"
    file = uv.chosen.offer.name if uv.chosen else ""
    says = f"uv takes it, {_said(theirs)}" if file else "uv takes nothing"
    says += "; pip takes "
    says += f"{chosen.offer.name}, {_said(ours)}" if chosen else "nothing"
    yield Trap("uv", file, says, cure)


def _said(found: set[str] | None) -> str:
    if found is None:
        return "whose tags say what no property says"
    return f"which requires {', '.join(sorted(found)) or 'no property'}"
