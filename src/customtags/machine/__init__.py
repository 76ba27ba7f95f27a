"""Facts → ladders → tags: what a machine is, and the extended platform tags that follow."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence

from customtags.machine.dimensions import OPTIONAL, builtin, facts_of, optional, record
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
    stock: Sequence[str], *, native_first: bool, report: Report | None = None
) -> list[str]:
    """Return the platforms for a copy of ``packaging.tags``. The hook calls this.

    :param stock: the copy's own platforms, best first
    :param native_first: put ``linux_<arch>`` before the extended tags, because build back ends name a wheel after the
        first tag that is not a policy's
    :param report: receives the error of each dimension that is skipped, and of tags that the limit drops
    """
    native = native_tag(stock)
    if native is None:
        return list(stock)
    settings, host = Settings.read(os.environ), Host()
    pages = pages_for(settings, report or _ignore, host=host)
    tags, dropped = extend(stock, detect(host, settings, pages), settings, pages)
    if dropped and report:
        from customtags.errors import LimitError

        report(LimitError(len(tags), dropped, settings.limit))
    if tags and native_first and not settings.public_first:
        return [native, *tags, *(tag for tag in stock if tag != native)]
    return [*tags, *stock]


def pages_for(
    settings: Settings, report: Report, known: Container[str] = (), host: Host | None = None
) -> list[Page]:
    """Return the built-in pages and those that the settings switch on, families of one dimension side by side.

    :param report: receives the error of each page that is skipped, now or later
    :param known: dimensions whose facts are known already
    :param host: skip the vendors whose driver it shows no sign of, unless a setting names an accelerator
    """
    named = settings.profile or settings.overrides.get("accelerator", "none") != "none"
    ours = builtin(None if named else host)
    extra = [
        name for name in OPTIONAL if settings.profile or name in settings.overrides or name in known
    ]
    if settings.abi and "abi" not in extra:
        extra.append("abi")
    if not (extra or settings.dimensions or settings.variant_providers):
        return ours
    from customtags.machine import plugins

    ours += [plugins.Guarded(optional(name, settings.abi), "customtags", report) for name in extra]
    return [*ours, *plugins.pages(settings, report)]


def native_tag(stock: Sequence[str]) -> str | None:
    """Return the ``linux_<arch>`` of a list of platforms, None without one."""
    return next((tag for tag in stock if tag.startswith("linux_")), None)


def extend(
    stock: Sequence[str],
    profile: Profile,
    settings: Settings | None = None,
    pages: Sequence[Page] | None = None,
) -> tuple[list[str], int]:
    """Return the extended tags that a machine accepts, best first, and how many the limit dropped.

    >>> seed = {"isa": {"arch": "x86_64", "features": []}, "distro": {"segment": "fc39"}}
    >>> extend(["manylinux_2_17_x86_64", "linux_x86_64"], seed)
    (['linux_x86_64_fc39'], 0)

    :param settings: bases, order and limit; by default the default ones
    :param pages: the pages that know the facts; by default the built-in ones
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
    """Return the bases of extended tags: the native ``linux_<arch>``, then the policies that the machine accepts."""
    native = native_tag(stock)
    if native is None:
        return []
    names = ladder.POLICIES if settings.bases is None else settings.bases
    policies = [f"{policy}_{native.removeprefix('linux_')}" for policy in names]
    return [native, *(policy for policy in policies if policy in stock)]


def libcs(stock: Iterable[str]) -> set[str]:
    """Return the kinds of policies among the stock platforms, which depend on the interpreter's C library."""
    return {tag.partition("_")[0] for tag in stock}.intersection(("manylinux", "musllinux"))


def ladders(
    profile: Profile,
    arch: str,
    pages: Sequence[Page] | None = None,
    libcs: Collection[str] = (),
) -> dict[str, list[str]]:
    """Return the segments of each dimension that a machine accepts.

    :param arch: the architecture of the wheels
    :param libcs: the result of `libcs`; empty for any C library
    """
    accepted: dict[str, list[str]] = {}
    for page in builtin() if pages is None else pages:
        accepted.setdefault(page.DIMENSION, []).extend(rungs(profile, page, arch, libcs))
    # Two pages may return the same segment.
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
    """Return the segments of one page that a machine accepts."""
    return accepted(page, facts_of(profile, page), arch, libcs)


def accepted(page: Page, facts: Facts | None, arch: str, libcs: Collection[str]) -> list[str]:
    """Return the segments that follow from a page's facts; none from facts of another architecture."""
    if facts is None or facts.get("arch", arch) != arch:
        return []
    found = page.ladder(facts)
    libc = getattr(page, "libc", None)
    if libcs and libc:  # an interpreter may bring another C library than its distribution's
        return [each for each in found if libc(each) in (None, *libcs)]
    return found


def detect(
    host: Host | None = None,
    settings: Settings | None = None,
    pages: Sequence[Page] | None = None,
) -> Profile:
    """Return the facts of a machine: from overrides first, then from the profile, else from the probes.

    :param host: by default the running machine
    :param settings: by default those of the environment and the configuration
    :param pages: by default those that the settings switch on
    :raises CustomtagsError: a setting is not valid, or a source cannot be read
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

    :raises ProfileError: the file cannot be read, is not a profile, or is of a later version
    """
    from customtags.profiles import read

    return read(path, pages_for(Settings({}, path), _ignore))


def _ignore(problem: CustomtagsError) -> None:
    """Ignore a skipped dimension."""


def _observe(profile: Profile, page: Page, host: Host) -> None:
    """Record the facts of the first probe that returns some, and its source."""
    for source, probe in page.PROBES.items():
        facts = probe(host)
        if facts is not None:
            record(profile, page, facts, source)
            return
    record(profile, page, None, None)


def _override(profile: Profile, family: Sequence[Page], settings: Settings, host: Host) -> None:
    """Record the facts of an override; the families of one dimension share its value, separated by commas."""
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
                raise _invalid(setting, value, f"{error}, or none") from error
            if facts is not None:
                record(profile, page, facts, source)
                break
        else:
            known = ", ".join(page.NAME for page in family)
            raise _invalid(
                setting, value, f"write a value that begins with one of {known}, or none"
            )


def _invalid(setting: str, value: str, cure: str) -> OverrideError:
    from customtags.errors import OverrideError

    return OverrideError(setting, value, "is not valid", cure)
