"""The words by which an address spells a machine, as `customtags.view.spelling` reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from customtags import machine
from customtags.errors import CustomtagsError
from customtags.machine.dimensions import abi, builtin, cuda
from customtags.tags import DIMENSIONS, stock
from customtags.view.spelling import KNOWN, kind_of, rungs, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from customtags.machine.spec import Facts, Page
    from customtags.profiles.selection import Selection

__all__ = ["spell"]


def spell(seen: Selection) -> str:
    """Return the words that spell a machine, as a part of a URL. Their view accepts exactly what the machine accepts.

    :raises CustomtagsError: no words spell it
    """
    platform = stock.platform(seen.stock) or seen.profile["platform"]
    if not platform:
        raise CustomtagsError("this system is not Linux", "name a machine with --profile")
    text = ",".join(_words(seen, platform))
    expected = machine.extend(seen.stock, seen.profile, seen.settings, seen.pages)[0]
    try:
        same = spelled(text, platform).platforms == [*expected, *stock.tags(platform)]
    except CustomtagsError:
        same = False
    if not same:
        problem = f"no address spells this machine exactly ({text!r} is near)"
        cure = "let the server name it, with 'customtags serve --machine NAME=PROFILE'"
        raise CustomtagsError(problem, cure)
    return quote(text, safe=",=")


def _words(seen: Selection, platform: stock.Platform) -> Iterator[str]:
    """Yield the words that spell a machine, or nearly."""
    arch, libcs = platform["arch"], machine.libcs(seen.stock)
    yield arch
    yield f"{platform['libc']}{platform['libc_version']}" if platform["libc"] else "libc=none"
    dimensions = set(DIMENSIONS)
    for page in seen.pages:
        facts = machine.facts_of(seen.profile, page)
        accepted = machine.accepted(page, facts, arch, libcs)
        if facts is None or not accepted:
            continue
        dimensions.add(page.DIMENSION)
        values = list(_values(page, facts, accepted, arch))
        for value in values:
            alone = len(values) == 1 and page.DIMENSION in KNOWN and _knows(value, arch)
            yield value if alone else f"{page.DIMENSION}={value}"
        if page.NAME == cuda.NAME and facts.get("policy") == cuda.MINOR:
            yield f"cuda-minor={cuda.MINOR}"
    settings = seen.settings
    bases = [each for each in settings.bases or () if f"{each}_{arch}" in seen.stock]
    if settings.bases is not None:
        yield from (f"bases={each}" for each in bases or ["none"])
    yield from (f"priority={each}" for each in settings.priority if each in dimensions)
    if settings.limit is not None:
        yield f"limit={settings.limit}"


def _values(page: Page, facts: Facts, accepted: Sequence[str], arch: str) -> Iterator[str]:
    """Yield the values from which `rungs` makes the segments of one page."""
    if page.NAME == cuda.NAME:
        yield cuda.spell(facts)
    elif page.NAME == abi.NAME:
        yield from abi.spell(facts)
    else:
        left = list(accepted)
        while left:
            value = re.sub("_(?=[0-9])", ".", left[0])
            yield value
            known = page.DIMENSION in KNOWN and page in builtin()
            implied = rungs(page.DIMENSION, value, arch, ()) if known else left[:1]
            left = [each for each in left if each not in implied]


def _knows(value: str, arch: str) -> bool:
    """Return whether a value is understood without the name of its dimension."""
    try:
        return bool(kind_of(value, arch))
    except CustomtagsError:
        return False
