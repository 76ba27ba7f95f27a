"""Pure: what several machines all accept, as the profile of one machine.

A page, a third party's too, may propose facts; a proposal counts only if every machine accepts all segments that follow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from customtags import machine
from customtags.errors import ProfileError
from customtags.machine.dimensions import facts_of, record
from customtags.tags import stock

if TYPE_CHECKING:
    from customtags.machine.spec import Facts, Page, Profile

__all__ = ["intersect"]


def intersect(profiles: Mapping[str, Profile], pages: Sequence[Page]) -> Profile:
    """Return the profile of what all machines accept, dimension by dimension.

    It accepts nothing that one of them does not accept, and everything that they have in common, as far as the facts of
    one machine can express it. Keys that no page knows are kept if they are equal.

    :param profiles: file name → the result of `customtags.profiles.read`, at least one
    :param pages: the pages that know the facts
    :raises ProfileError: a profile has no architecture, or another one than the first
    """
    every = list(profiles.values())
    together: Profile = {"version": 1, "platform": _platform(profiles), "source": {}}
    for page in pages:
        facts = _facts(page, every, together["platform"])
        record(together, page, facts, f"{len(every)} profiles" if facts else None)
    for page in pages:
        if page.NAME != page.DIMENSION:  # a family may have members that no page knows
            others = _agreed([profile.get(page.DIMENSION) or {} for profile in every])
            together[page.DIMENSION] = {**others, **together[page.DIMENSION]}
    together = {**_agreed(every), **together}
    together.pop("problems", None)
    return together


def _facts(page: Page, profiles: Sequence[Profile], platform: Any) -> Facts | None:
    """Return the facts that accept the most of what all accept: equal ones, the page's proposals, or those of one machine."""
    several = [facts_of(profile, page) for profile in profiles]
    ladders = [_ladder(page, f, each["platform"]) for f, each in zip(several, profiles)]
    shared = ladders[0].intersection(*ladders[1:])
    known = [facts for facts in several if facts is not None]
    propose = getattr(page, "common", None)
    equal = known if all(facts == known[0] for facts in known) else ()
    best, most = None, 0
    for facts in (*equal, *(propose(known) if propose else ()), *known) if shared else ():
        accepted = _ladder(page, facts, platform)
        if accepted <= shared and len(accepted) > most:
            best, most = facts, len(accepted)
    return best


def _ladder(page: Page, facts: Facts | None, platform: Any) -> set[str]:
    libcs = machine.libcs(stock.tags(platform))
    return set(machine.accepted(page, facts, platform["arch"], libcs))


def _platform(profiles: Mapping[str, Profile]) -> dict[str, Any]:
    """Return the architecture, the oldest C library if all have one kind, and the Pythons that all have."""
    named = {path: profile.get("platform") or {} for path, profile in profiles.items()}
    first = next(iter(named))
    arch = named[first].get("arch")
    for path, each in named.items():
        if not each.get("arch"):
            cure = "write it with 'customtags detect -o FILE' on that machine"
            raise ProfileError(path, "has no architecture", cure)
        if each["arch"] != arch:
            cure = "intersect the profiles of each architecture by themselves"
            raise ProfileError(path, f"is of {each['arch']}, and {first!r} is of {arch}", cure)
    platforms = list(named.values())
    kinds = {each.get("libc") for each in platforms}
    versions = [str(each.get("libc_version") or "") for each in platforms]
    together = {"arch": arch, "libc": None, "libc_version": None}
    if len(kinds) == 1 and all(versions):
        together = {"arch": arch, "libc": kinds.pop(), "libc_version": min(versions, key=_numbers)}
    pythons = [each["python"] for each in platforms if "python" in each]
    if len(pythons) == len(platforms):
        together["python"] = _in_all(pythons)
    return {**_agreed(platforms), **together}


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")[:2]]


def _in_all(several: Sequence[Sequence[str]]) -> list[str]:
    return [each for each in several[0] if all(each in others for others in several)]


def _agreed(several: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the items that all have in common."""
    first, *others = several
    return {
        key: value
        for key, value in first.items()
        if all(key in other and other[key] == value for other in others)
    }
