"""The check ``libc``: whether the C and C++ libraries that the name promises have the symbol versions that are required.

The versions that a manylinux policy allows are auditwheel's data; the C library of each distribution is in a table here.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from customtags.audit.finding import FALSE, NOTE, UNDECIDED, Finding, Fix
from customtags.libraries import system
from customtags.machine.dimensions import distro
from customtags.tags.stock import ALIASES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from customtags.wheels.claims import NameClaims, PlatformTag
    from customtags.wheels.elf import Elf
    from customtags.wheels.unpacked import Unpacked

__all__ = ["CODES", "GLIBC", "NAME", "check"]

NAME = "libc"

CODES: Mapping[str, str] = {
    "wrong-libc": "a file requires glibc and the name promises musl, or the reverse",
    "libc-too-new": "a symbol version is required that the claimed policy or release does not have",
    "libc-unclaimed": "a version of the C library is required, and the name promises none",
    "libc-unknown": "the C library of the claimed release is unknown",
    "base-too-narrow": "an older policy has every symbol version that is required",
}

#: Release → its glibc: https://repology.org/project/glibc/versions, and the release notes of each.
GLIBC = {
    "amzn2": (2, 26),
    "amzn2023": (2, 34),
    "deb10": (2, 28),
    "deb11": (2, 31),
    "deb12": (2, 36),
    "deb13": (2, 41),
    "el7": (2, 17),
    "el8": (2, 28),
    "el9": (2, 34),
    "el10": (2, 39),
    **{
        f"fc{number}": (2, number - 1) for number in range(33, 44)
    },  # one of each, half a year later
    "leap15_4": (2, 31),
    "leap15_5": (2, 31),
    "leap15_6": (2, 38),
    "sles15_4": (2, 31),
    "sles15_5": (2, 31),
    "sles15_6": (2, 38),
    "sles15_7": (2, 38),
    "ubuntu18_04": (2, 27),
    "ubuntu20_04": (2, 31),
    "ubuntu22_04": (2, 35),
    "ubuntu24_04": (2, 39),
    "ubuntu25_04": (2, 41),
    "ubuntu25_10": (2, 42),
}

_MUSL = re.compile(r"libc\.musl-.*\.so\.1|libc\.so|ld-musl-.*\.so\.1")

#: A policy: versions of each library's symbols, by the start of their names: ``{"GLIBCXX": {"3.4", …}}``.
Versions = dict[str, frozenset[str]]


class Need(NamedTuple):
    """A symbol version that a file requires of a library outside the wheel."""

    prefix: str
    version: str
    library: str
    member: str

    @property
    def number(self) -> tuple[int, ...]:
        """The version as numbers; empty for the few of glibc that are names."""
        parts = self.version.split(".")
        return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else ()


class Promise(NamedTuple):
    """What one platform promises of the C library.

    :ivar text: the policy or release, empty without any
    """

    text: str
    glibc: bool
    version: tuple[int, int] | None


def check(wheel: Unpacked, claims: NameClaims) -> Iterator[Finding]:
    """Compare what all files require with what each platform promises."""
    needs: list[Need] = []
    inside = {name.rpartition("/")[2] for name in wheel.names}
    promises = {platform: _promise(platform) for platform in claims.platforms}
    yield from wheel.each(partial(_gather, needs, inside, list(promises.values())))
    policies = {arch: _policies(arch) for arch in {platform.arch for platform in promises} if needs}
    numbers = [need for need in needs if need.prefix == "GLIBC" and need.number]
    for platform, promise in promises.items():
        if not promise.text and numbers:
            yield _unclaimed(platform, max(numbers, key=lambda need: need.number))
        elif promise.text and promise.glibc and promise.version is None:
            says = f"the C library of {promise.text} is unknown"
            yield Finding(
                "libc-unknown", UNDECIDED, says, cure="compare it on that system: ldd --version"
            )
        elif promise.version and needs:
            yield from _compared(wheel, platform, promise, needs, policies[platform.arch])
    if needs:
        yield from _narrow(promises, needs, policies)


def _gather(
    needs: list[Need], inside: set[str], promises: list[Promise], name: str, elf: Elf
) -> Iterator[Finding]:
    """Collect what one file requires, and report a requirement of the other C library."""
    for library, versions in elf.needs.items():
        if library not in inside:
            for prefix, _, version in (each.partition("_") for each in versions):
                needs.append(Need(prefix, version, library, name))
    musl = next((each for each in elf.needed if _MUSL.fullmatch(each)), None)
    glibc = next((each for each in elf.needs if each.startswith("libc.so.")), None)
    for promise in promises:
        other = musl if promise.glibc else glibc
        if promise.text and other and not (musl and glibc):
            says = f"requires {other}; {promise.text} has {'glibc' if promise.glibc else 'musl'}"
            yield Finding(
                "wrong-libc",
                FALSE,
                says,
                name,
                cure="build it on a system with that C library, or retag it",
            )


def _promise(platform: PlatformTag) -> Promise:
    kind, _, rest = platform.base.partition("_")
    if kind == "musllinux":
        return Promise(platform.base, glibc=False, version=None)
    if kind in ALIASES:
        return Promise(platform.base, glibc=True, version=ALIASES[kind])
    if kind == "manylinux":
        major, minor = rest.split("_")[:2]
        return Promise(platform.base, glibc=True, version=(int(major), int(minor)))
    release = platform.value("distro") or ""
    glibc = distro.libc(release) == "manylinux"
    major_release = re.sub(r"^(el\d+)_\d+$", r"\1", release)  # minors of RHEL keep their glibc
    return Promise(release, glibc=glibc, version=GLIBC.get(major_release))


def _policies(arch: str) -> dict[tuple[int, int], Versions]:
    """Return the symbol versions of each policy, oldest first."""
    found: dict[tuple[int, int], Versions] = {}
    for policy in system.policies("manylinux"):
        versions = policy["symbol_versions"].get(arch)
        if versions is not None and policy["name"] != "linux":
            _, major, minor = policy["name"].split("_")
            allowed = {prefix: frozenset(each) for prefix, each in versions.items()}
            found[int(major), int(minor)] = allowed
    return dict(sorted(found.items()))


def _compared(
    wheel: Unpacked,
    platform: PlatformTag,
    promise: Promise,
    needs: list[Need],
    policies: dict[tuple[int, int], Versions],
) -> Iterator[Finding]:
    assert promise.version is not None  # noqa: S101 - for the reader of types
    least = _least(needs, policies)
    beyond = [need for need in needs if not _allowed(need, promise.version, policies)]
    reported: dict[tuple[str, str], Need] = {}
    for need in sorted(beyond, key=lambda each: each.number, reverse=True):
        reported.setdefault((need.member, need.prefix), need)
    for need in reported.values():
        # For libraries other than glibc a release counts as the policy for its glibc, which is a guess.
        sure = need.prefix == "GLIBC" or not promise.text.startswith(tuple(GLIBC))
        says = f"requires {need.prefix}_{need.version} of {need.library}, which {promise.text} does not have"
        yield Finding(
            "libc-too-new",
            FALSE if sure else UNDECIDED,
            says,
            need.member,
            _symbol(wheel, need),
            cure=_cure(platform, least),
            fix=_fix(platform, least),
        )


def _narrow(
    promises: Mapping[PlatformTag, Promise],
    needs: list[Need],
    policies: Mapping[str, dict[tuple[int, int], Versions]],
) -> Iterator[Finding]:
    """Report for each architecture an older policy than the oldest that is claimed."""
    for arch, known in policies.items():
        claimed = {
            promise.version: promise.text
            for platform, promise in promises.items()
            if platform.arch == arch and promise.version and promise.text.startswith("manylinux")
        }
        least, oldest = _least(needs, known), min(claimed, default=None)
        if least and oldest and least < oldest:
            older = f"manylinux_{least[0]}_{least[1]}_{arch}"
            says = f"the name claims {claimed[oldest]}; by its symbol versions the wheel fits {older} too"
            yield Finding("base-too-narrow", NOTE, says)


def _allowed(
    need: Need, version: tuple[int, int], policies: dict[tuple[int, int], Versions]
) -> bool:
    """Return whether the policy for a version of glibc has a symbol version."""
    if need.prefix == "GLIBC" and need.number:
        return need.number[:2] <= version
    policy = [each for known, each in policies.items() if known <= version]
    allowed = policy[-1].get(need.prefix) if policy else None
    return allowed is None or need.version in allowed


def _least(needs: list[Need], policies: dict[tuple[int, int], Versions]) -> tuple[int, int] | None:
    """Return the oldest policy that has every symbol version."""
    fits = (each for each in policies if all(_allowed(need, each, policies) for need in needs))
    return next(fits, None)


def _fix(platform: PlatformTag, least: tuple[int, int] | None) -> Fix | None:
    if least is None:
        return None
    release = platform.value("distro")
    if release is None:
        return Fix("base", f"manylinux_{least[0]}_{least[1]}_{platform.arch}")
    word = re.sub(r"\d.*", "", release)
    later = (each for each in GLIBC if re.sub(r"\d.*", "", each) == word and GLIBC[each] >= least)
    found = min(later, key=GLIBC.__getitem__, default=None)
    return Fix("distro", found) if found else None


def _cure(platform: PlatformTag, least: tuple[int, int] | None) -> str:
    fix = _fix(platform, least)
    older = "build it on an older system"
    return f"{older}, or claim {fix.value}" if fix else older


def _symbol(wheel: Unpacked, need: Need) -> str:
    """Return one symbol that is required in that version."""
    text = f"{need.prefix}_{need.version}"
    for name, elf in wheel.elfs():
        if name == need.member:
            symbols = elf.dynamic_symbols(defined=False)
            return next((each.name for each in symbols if each.version == text), "")
    return ""


def _unclaimed(platform: PlatformTag, newest: Need) -> Finding:
    says = f"requires glibc {newest.version}; {platform.tag} promises no C library"
    cure = "repair it for a policy with auditwheel, or claim the release that it is built for"
    return Finding("libc-unclaimed", NOTE, says, newest.member, cure=cure)
