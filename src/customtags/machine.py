"""Facts → ladders → tags: what a machine is, and which extended platform tags follow."""

from __future__ import annotations

import os
from collections.abc import Sequence

from customtags import ladder
from customtags.dimensions import PAGES
from customtags.errors import OverrideError, ProfileError
from customtags.host import Host
from customtags.settings import Settings, variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from customtags.spec import Facts, Page, Profile
    from customtags.spec import Host as AnyHost

__all__ = ["detect", "extend", "facts_of", "ladders", "platform_tags", "read_profile"]

#: The version of the profiles that this release writes, and the latest that it reads.
VERSION = 1


def platform_tags(stock: Sequence[str], *, native_first: bool) -> list[str]:
    """Give a copy of ``packaging.tags`` its platforms: what the hook calls.

    :param stock: the platforms that the copy found itself, best first
    :param native_first: leave ``linux_<arch>`` before the extended tags, because build back ends
        name a wheel after the first tag that is no manylinux
    """
    native = native_tag(stock)
    if native is None:
        return list(stock)
    profile = detect(Host(), Settings.read(os.environ))
    tags, _ = extend(stock, profile)
    if tags and native_first:
        return [native, *tags, *(tag for tag in stock if tag != native)]
    return [*tags, *stock]


def native_tag(stock: Sequence[str]) -> str | None:
    """Find the ``linux_<arch>`` of a list of platforms."""
    return next((tag for tag in stock if tag.startswith("linux_")), None)


def extend(
    stock: Sequence[str], profile: Profile, limit: int = ladder.LIMIT
) -> tuple[list[str], list[str]]:
    """Give the extended tags that a machine accepts, best first, and those that the limit cut.

    >>> seed = {"isa": {"arch": "x86_64", "features": []}, "distro": {"segment": "fc39"}}
    >>> extend(["manylinux_2_17_x86_64", "linux_x86_64"], seed)
    (['linux_x86_64_fc39'], [])
    """
    native = native_tag(stock)
    if native is None:
        return [], []
    arch = native.removeprefix("linux_")
    policies = [f"{policy}_{arch}" for policy in ladder.POLICIES]
    bases = [native, *(policy for policy in policies if policy in stock)]
    return ladder.combine(ladders(profile, arch), bases, limit)


def ladders(profile: Profile, arch: str) -> dict[str, list[str]]:
    """Give the segments of each dimension that a machine accepts, on wheels for one architecture."""
    accepted: dict[str, list[str]] = {}
    for page in PAGES:
        rungs = accepted.setdefault(page.DIMENSION, [])
        facts = facts_of(profile, page)
        if facts is not None and facts.get("arch", arch) == arch:
            rungs += page.ladder(facts)
    return accepted


def detect(host: AnyHost | None = None, settings: Settings | None = None) -> Profile:
    """Find out what the machine is: overrides first, then the profile, then the probes.

    :param host: the running machine if not given
    :param settings: those of the environment if not given
    :raises CustomtagsError: a setting means nothing, or a source is there and can't be used
    """
    host = Host() if host is None else host
    settings = Settings.read(os.environ) if settings is None else settings
    profile: Profile = {"version": VERSION, "source": {}}
    if settings.profile:
        profile = read_profile(settings.profile)
    families: dict[str, list[Page]] = {}
    for page in PAGES:
        families.setdefault(page.DIMENSION, []).append(page)
    for dimension, family in families.items():
        value = settings.overrides.get(dimension)
        if value is not None:
            _override(profile, family, value, host)
        elif not settings.profile:
            for page in family:
                _observe(profile, page, host)
    return profile


def read_profile(path: str) -> Profile:
    """Read the facts of a machine from a file.

    :raises ProfileError: it is missing, no JSON, no profile, of a later version, or of another shape
        than the pages write
    """
    import json

    from customtags import stock

    again = "write it with 'customtags detect -o FILE' on that machine"
    try:
        with open(path, encoding="utf-8") as file:
            profile = json.load(file)
    except OSError as error:
        raise ProfileError(path, f"cannot be read ({error.strerror})", again) from error
    except ValueError as error:
        raise ProfileError(path, f"is not JSON ({error})", again) from error
    version = profile.get("version") if isinstance(profile, dict) else None
    if not isinstance(version, int):
        raise ProfileError(path, "has no version, so it is no profile", again)
    if version > VERSION:
        raise ProfileError(
            path,
            f"is of version {version}, later than {VERSION}",
            "upgrade with 'pip install -U customtags'",
        )
    name = "platform"
    try:
        if profile.setdefault(name, {}):
            stock.tags(profile[name])
        name = "source"
        profile.setdefault(name, {}).get(name)
        for page in PAGES:
            name = page.NAME
            facts = facts_of(profile, page)
            if facts is not None:
                page.ladder(facts)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ProfileError(path, f"makes no sense under {name!r}", again) from error
    checked: Profile = profile
    return checked


def facts_of(profile: Profile, page: Page) -> Facts | None:
    """Find the facts of one page: below its dimension, families of one dimension side by side."""
    facts = profile.get(page.DIMENSION)
    return facts if page.NAME == page.DIMENSION or facts is None else facts.get(page.NAME)


def _record(profile: Profile, page: Page, facts: Facts | None, source: str | None) -> None:
    if page.NAME == page.DIMENSION:
        profile[page.NAME] = facts
    else:
        profile.setdefault(page.DIMENSION, {})[page.NAME] = facts
    profile["source"][page.NAME] = source


def _observe(profile: Profile, page: Page, host: AnyHost) -> None:
    """Ask a page's probes in turn, and record which one answered."""
    for source, probe in page.PROBES.items():
        facts = probe(host)
        if facts is not None:
            _record(profile, page, facts, source)
            return
    _record(profile, page, None, None)


def _override(profile: Profile, family: Sequence[Page], value: str, host: AnyHost) -> None:
    """Record what the user says instead of what could be observed."""
    setting = variable(family[0].DIMENSION)
    arch = profile.get("platform", {}).get("arch") or host.arch()
    for page in family:
        _record(profile, page, None, f"{setting}={value}")
    for part in value.split(",") if value != "none" else ():
        for page in family:
            try:
                probe = page.PROBES.get(part)
                facts = probe(host) if probe else page.override(part, arch)
            except ValueError as error:
                raise OverrideError(setting, value, "means nothing", f"{error}, or none") from error
            if facts is not None:
                _record(profile, page, facts, f"{setting}={value}")
                break
        else:
            known = ", ".join(page.NAME for page in family)
            raise OverrideError(
                setting, value, "means nothing", f"it begins with one of {known}, or is none"
            )
