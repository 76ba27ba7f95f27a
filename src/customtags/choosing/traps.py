"""Pure: where pip decides otherwise than one might expect of the tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from customtags.choosing.order import OLDER, key_of, newest, ordered, resolve
from customtags.errors import TagError
from customtags.tags import parse

if TYPE_CHECKING:
    from customtags.choosing.candidate import Candidate
    from customtags.choosing.offer import Offer
    from customtags.choosing.order import Key, Metadata
    from customtags.choosing.target import Target

__all__ = ["Trap", "better_platforms", "mixed_sets", "more_sources", "other_pips"]


class Trap(NamedTuple):
    """Something that decides otherwise than one might expect.

    :ivar kind: ``local version``, ``version``, ``row``, ``sdist``, ``mixed set``, ``uv``, ``newer pip``, ``pip before …``, or
        ``more sources``
    :ivar name: the file or the places that it concerns, empty if none
    """

    kind: str
    name: str
    says: str
    cure: str


def better_platforms(
    chosen: Candidate | None, order: Sequence[Candidate], target: Target
) -> Iterator[Trap]:
    """Yield, for each kind of trap, the first file that fits better than the chosen one.

    :param order: the candidates that pip could take
    """
    if chosen is None:
        return
    wheels = [each for each in order if each.verdict is not None]
    if chosen.verdict is None:
        for wheel in wheels[:1]:
            name = wheel.offer.name
            says = f"pip builds {chosen.version} from source although {name} fits: the version decides first"
            yield Trap("sdist", name, says, "use --only-binary=:all: or --prefer-binary")
        return
    seen: set[str] = set()
    best = min(len(target.extended), _platform(chosen, target))
    for wheel in wheels:
        if _platform(wheel, target) >= best or _same_row(wheel, chosen):
            continue
        trap = _trap(wheel, chosen)
        if trap.kind not in seen:
            seen.add(trap.kind)
            yield trap


def _same_row(wheel: Candidate, chosen: Candidate) -> bool:
    """Return whether nothing but a build tag decides between two wheels, as in pips before 21.1; `other_pips` names those."""
    return wheel.version == chosen.version and _row(wheel) == _row(chosen)


def _row(wheel: Candidate) -> str:
    """Return the interpreter and the ABI of its best tag."""
    return str(wheel.tag).rpartition("-")[0]


def _trap(wheel: Candidate, chosen: Candidate) -> Trap:
    """Return what decides against a wheel with the better platform."""
    kind, why, cure = (
        "version",
        f"{chosen.version} is newer, which decides first",
        f"build such a wheel of {chosen.version}, or request =={wheel.version}",
    )
    if wheel.version == chosen.version:
        own, other = _row(chosen), _row(wheel)
        kind, why = "row", f"{own} comes before {other} on every platform"
        cure = f"build it for {own}, or the others for {other} too"
    elif wheel.version.public == chosen.version.public:
        kind = "local version"
        why = f"{chosen.version} is a higher version than {wheel.version}, which decides first"
        cure = (
            "remove the local version (customtags retag --local-version=), "
            f"or request ==={wheel.version} each time"
        )
    return Trap(kind, wheel.offer.name, f"it has the better platform, but {why}", cure)


def _platform(candidate: Candidate, target: Target) -> int:
    """Return the place of its best platform."""
    names = (name.rpartition("-")[2] for name in candidate.accepted)
    return min((target.places[name] for name in names), default=len(target.places))


def other_pips(
    chosen: Candidate | None,
    candidates: Sequence[Candidate],
    target: Target,
    metadata: Metadata,
    *,
    prefer_binary: bool,
) -> Iterator[Trap]:
    """Yield what other pips than the target's take instead: older ones, and the newest if the target's own is older."""

    def takes(key: Key) -> Candidate | None:
        order = ordered(candidates, key, target, prefer_binary=prefer_binary)
        return resolve(order, target, metadata)[0]

    own = key_of(target.pip)
    for older in takewhile(lambda each: each.key is not own, OLDER):
        instead = takes(older.key)
        if instead is not chosen:
            kind, why = f"pip before {older.changed}", f"it {older.differs}"
            yield _other_pip(kind, "such a pip", instead, why, older.changed)
    newer = [each for each in OLDER if target.pip and target.pip < Version(each.changed)]
    instead = takes(newest) if newer else chosen
    if instead is not chosen:
        why = f"pip {target.pip} {' and '.join(each.differs for each in newer)}"
        yield _other_pip("newer pip", "the newest pip", instead, why, newer[-1].changed)


def _other_pip(kind: str, pip: str, instead: Candidate | None, why: str, upgrade: str) -> Trap:
    """Return what a pip takes instead."""
    name = instead.offer.name if instead else ""
    says = f"{pip} takes {'it' if instead else 'nothing'}, because {why}"
    return Trap(kind, name, says, f"upgrade pip to {upgrade} or later")


def mixed_sets(offers: Iterable[Offer]) -> Iterator[Trap]:
    """Yield compressed sets that a pip without customtags accepts by their stock half."""
    for offer in offers:
        platforms = offer.name.removesuffix(".whl").rpartition("-")[2].split(".")
        mixed = len(platforms) > 1 and len(set(map(_is_stock, platforms))) > 1
        if mixed and offer.name.endswith(".whl"):
            says = (
                "it mixes extended and stock tags: a pip without customtags takes it on any machine"
            )
            cure = "give it extended tags only, with 'customtags retag'"
            yield Trap("mixed set", offer.name, says, cure)


def more_sources(places: Sequence[str]) -> Iterator[Trap]:
    """Yield that pip searches places of its configuration besides those that were ranked."""
    if places:
        which, them = ("this source", "it") if len(places) == 1 else ("these sources", "them")
        says = f"pip is configured to search {which} too, and may take a file from there"
        cure = f"name {them} too, as in 'customtags rank URL OTHER PROJECT', or see 'pip config list' and remove {them}"
        yield Trap("more sources", ", ".join(places), says, cure)


def _is_stock(platform: str) -> bool:
    try:
        return not parse(platform)[1]
    except TagError:
        return False
