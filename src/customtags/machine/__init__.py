"""Facts → ladders → tags: what a machine is, and which extended platform tags follow."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence

from customtags.machine.dimensions import OPTIONAL, builtin, distro, facts_of, optional, record
from customtags.machine.host import Host
from customtags.machine.settings import Settings
from customtags.tags import ladder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from customtags.errors import CustomtagsError, OverrideError
    from customtags.machine.spec import Facts, Page, Profile, Report

__all__ = [
    "accepted",
    "apart",
    "bases",
    "combine",
    "detect",
    "extend",
    "facts_of",
    "ladders",
    "libcs",
    "native_tag",
    "pages_for",
    "platform_tags",
    "read_profile",
    "rungs",
]


def platform_tags(
    stock: Sequence[str], *, native_first: bool, tell: Report | None = None
) -> list[str]:
    """Give a copy of ``packaging.tags`` its platforms: what the hook calls.

    :param stock: the platforms that the copy found itself, best first
    :param native_first: leave ``linux_<arch>`` before the extended tags, because build back ends
        name a wheel after the first tag that is no manylinux
    :param tell: is told which dimensions are left out, and why
    """
    native = native_tag(stock)
    if native is None:
        return list(stock)
    settings, host = Settings.read(os.environ), Host()
    pages = pages_for(settings, tell or _ignore, host=host)
    tags, dropped = extend(stock, detect(host, settings, pages), settings, pages)
    if dropped and tell:
        from customtags.errors import LimitError

        tell(LimitError(len(tags), dropped, settings.limit))
    if tags and native_first and not settings.public_first:
        return [native, *tags, *(tag for tag in stock if tag != native)]
    return [*tags, *stock]


def pages_for(
    settings: Settings, tell: Report, known: Container[str] = (), host: Host | None = None
) -> list[Page]:
    """Give the pages that count, families of one dimension side by side.

    :param known: dimensions of which there are facts already
    :param host: leave out the vendors of which it shows no sign, unless the settings speak of them
    """
    told = settings.profile or settings.overrides.get("accelerator", "none") != "none"
    ours = builtin(None if told else host)
    wanted = [
        name for name in OPTIONAL if settings.profile or name in settings.overrides or name in known
    ]
    if settings.abi and "abi" not in wanted:
        wanted.append("abi")
    if not (wanted or settings.dimensions or settings.variant_providers):
        return ours
    from customtags.machine import plugins

    ours += [plugins.Guarded(optional(name, settings.abi), "customtags", tell) for name in wanted]
    return [*ours, *plugins.pages(settings, tell)]


def native_tag(stock: Sequence[str]) -> str | None:
    """Find the ``linux_<arch>`` of a list of platforms."""
    return next((tag for tag in stock if tag.startswith("linux_")), None)


def extend(
    stock: Sequence[str],
    profile: Profile,
    settings: Settings | None = None,
    pages: Sequence[Page] | None = None,
) -> tuple[list[str], int]:
    """Give the extended tags that a machine accepts, best first, and how many the limit dropped.

    >>> seed = {"isa": {"arch": "x86_64", "features": []}, "distro": {"segment": "fc39"}}
    >>> extend(["manylinux_2_17_x86_64", "linux_x86_64"], seed)
    (['linux_x86_64_fc39'], 0)

    :param settings: bases, order and limit; the usual ones if not given
    :param pages: those that explain the profile; by default the built-in ones
    """
    native = native_tag(stock)
    if native is None:
        return [], 0
    settings = Settings({}) if settings is None else settings
    pages = pages_for(settings, _ignore, profile) if pages is None else pages
    arch = native.removeprefix("linux_")
    accepted = ladders(profile, arch, pages, libcs(stock))
    return combine(accepted, stock, settings, apart(profile, pages, accepted))


def combine(
    accepted: Mapping[str, Sequence[str]],
    stock: Sequence[str],
    settings: Settings,
    apart: Collection[tuple[str, str]],
) -> tuple[list[str], int]:
    """Return the extended tags that follow from ladders, best first, and how many the limit dropped.

    :param accepted: as `ladders` returns them
    :param apart: as `customtags.machine.apart` returns them
    """
    return ladder.combine(
        accepted, bases(stock, settings), settings.limit, settings.priority, apart
    )


def bases(stock: Sequence[str], settings: Settings) -> list[str]:
    """Give what segments may stand behind: the native ``linux_<arch>``, then the policies that the machine has."""
    native = native_tag(stock)
    if native is None:
        return []
    wanted = ladder.POLICIES if settings.bases is None else settings.bases
    policies = [f"{policy}_{native.removeprefix('linux_')}" for policy in wanted]
    return [native, *(policy for policy in policies if policy in stock)]


def libcs(stock: Iterable[str]) -> set[str]:
    """Report by the stock platforms on which kind of C library an interpreter runs; empty if they don't say."""
    return {tag.partition("_")[0] for tag in stock}.intersection(("manylinux", "musllinux"))


def ladders(
    profile: Profile,
    arch: str,
    pages: Sequence[Page] | None = None,
    libcs: Collection[str] = (),
) -> dict[str, list[str]]:
    """Give the segments of each dimension that a machine accepts.

    :param arch: of the wheels
    :param libcs: the interpreter's, as `libcs` tells them, if they are known
    """
    accepted: dict[str, list[str]] = {}
    for page in builtin() if pages is None else pages:
        accepted.setdefault(page.DIMENSION, []).extend(rungs(profile, page, arch, libcs))
    # Two strangers' pages may give the same segment.
    return {dimension: list(dict.fromkeys(found)) for dimension, found in accepted.items()}


def apart(
    profile: Profile, pages: Sequence[Page], accepted: Mapping[str, Sequence[str]]
) -> dict[tuple[str, str], str]:
    """Return the pairs of an accelerator's rung and an ABI's that no tag may hold together, and why.

    :param accepted: what `ladders` returns
    """
    accelerators = accepted.get("accelerator", ())
    found: dict[tuple[str, str], str] = {}
    for page in pages if accelerators and accepted.get("abi") else ():
        facts = facts_of(profile, page) if page.DIMENSION == "abi" else None
        if facts is not None and hasattr(page, "apart"):
            found.update(page.apart(facts, accelerators))
    known = set(accepted["abi"]) if found else ()
    return {pair: why for pair, why in found.items() if pair[1] in known}


def rungs(profile: Profile, page: Page, arch: str, libcs: Collection[str] = ()) -> list[str]:
    """Give the part of that which follows from one page."""
    return accepted(page, facts_of(profile, page), arch, libcs)


def accepted(page: Page, facts: Facts | None, arch: str, libcs: Collection[str]) -> list[str]:
    """Give the same from a page's facts; those that name another architecture say nothing."""
    if facts is None or facts.get("arch", arch) != arch:
        return []
    found = page.ladder(facts)
    if (
        libcs and page is distro
    ):  # an interpreter may bring another C library than its distribution's
        return [each for each in found if distro.libc(each) in libcs]
    return found


def detect(
    host: Host | None = None,
    settings: Settings | None = None,
    pages: Sequence[Page] | None = None,
) -> Profile:
    """Find out what the machine is: overrides first, then the profile, then the probes.

    :param host: the running machine if not given
    :param settings: those of the environment and the configuration if not given
    :param pages: those that the settings ask for if not given
    :raises CustomtagsError: a setting means nothing, or a source is there and can't be used
    """
    host = Host() if host is None else host
    settings = Settings.read(os.environ) if settings is None else settings
    pages = pages_for(settings, _ignore) if pages is None else pages
    profile: Profile = {"version": 1, "source": {}}
    if settings.profile:
        from customtags.profiles import read

        profile = read(settings.profile, pages)
    families: dict[str, list[Page]] = {}
    for page in pages:
        families.setdefault(page.DIMENSION, []).append(page)
    for dimension, family in families.items():
        if dimension in settings.overrides:
            _override(profile, family, settings, host)
        elif not settings.profile:
            for page in family:
                _observe(profile, page, host)
    for page in pages if settings.choices else ():
        facts, policy = facts_of(profile, page), settings.choices.get(page.NAME)
        if facts and policy:
            record(profile, page, {**facts, "policy": policy}, profile["source"].get(page.NAME))
    return profile


def read_profile(path: str) -> Profile:
    """Read the facts of a machine from a file.

    :raises ProfileError: it is missing, no JSON, no profile, of a later version, or of another shape
        than the built-in pages write
    """
    from customtags.profiles import read

    return read(path, pages_for(Settings({}, path), _ignore))


def _ignore(problem: CustomtagsError) -> None:
    """Be told and say nothing."""


def _observe(profile: Profile, page: Page, host: Host) -> None:
    """Ask a page's probes in turn, and record which one answered."""
    for source, probe in page.PROBES.items():
        facts = probe(host)
        if facts is not None:
            record(profile, page, facts, source)
            return
    record(profile, page, None, None)


def _override(profile: Profile, family: Sequence[Page], settings: Settings, host: Host) -> None:
    """Record what the user says instead of what could be observed; of several families, each its part."""
    setting, value = settings.override(family[0].DIMENSION)
    source = f"{setting}={value}"
    arch = profile.get("platform", {}).get("arch") or host.arch()
    for page in family:
        record(profile, page, None, source)
    parts = value.split(",") if len(family) > 1 else [value]
    for part in parts if value != "none" else ():
        for page in family:
            probe = page.PROBES.get(part)
            try:
                facts = probe(host) if probe else page.override(part, arch)
            except ValueError as error:
                raise _meaningless(setting, value, f"{error}, or none") from error
            if facts is not None:
                record(profile, page, facts, source)
                break
        else:
            known = ", ".join(page.NAME for page in family)
            raise _meaningless(setting, value, f"it begins with one of {known}, or is none")


def _meaningless(setting: str, value: str, cure: str) -> OverrideError:
    from customtags.errors import OverrideError

    return OverrideError(setting, value, "is not valid", cure)
