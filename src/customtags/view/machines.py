"""Which machine a view is of: this one, that of a profile, or one that is spelled in an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from customtags import machine
from customtags.errors import CustomtagsError, OverrideError, TagError
from customtags.machine.dimensions import builtin, optional
from customtags.machine.host import Host
from customtags.machine.settings import Settings
from customtags.tags import naming, parse, stock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from customtags.machine.spec import Page

__all__ = ["Machine", "spell", "spelled"]

#: The longest spelling of a machine, and the most values in it.
LONGEST, MOST = 300, 12

_ARCHITECTURES = ("x86_64", "aarch64", "ppc64le", "s390x", "riscv64")
_LIBCS = ("glibc", "musl")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_EXAMPLE = "write it as in x86_64,glibc2.34,v3,el9.4,cuda12.4_sm90"


class Machine(NamedTuple):
    """A machine as a view needs it.

    :ivar platforms: the platform tags that it accepts, best first, the stock ones too
    :ivar projects: those whose installed version counts (the dimension ``abi``)
    """

    platforms: Sequence[str]
    projects: Sequence[str]

    @property
    def pages(self) -> list[Page]:
        """The dimensions that name its segments."""
        return [*builtin(), optional("abi", self.projects)]


def spelled(text: str, platform: stock.Platform) -> Machine:
    """Return the machine that values such as ``v3,el9.4,cuda12.4_sm90`` spell.

    >>> here = {"arch": "x86_64", "libc": "glibc", "libc_version": "2.17"}
    >>> spelled("v2,deb12", here).platforms[:2]
    ['linux_x86_64_v2_deb12', 'linux_x86_64_v2']

    :param platform: its architecture and C library where the text does not spell them
    :raises CustomtagsError: a value means nothing
    """
    words = text.split(",")
    if len(text) > LONGEST or len(words) > MOST:
        raise CustomtagsError(f"{text[:40]!r}… is too long for a machine", _EXAMPLE)
    arches = [word for word in words if word in _ARCHITECTURES]
    if len(arches) > 1:
        raise CustomtagsError(f"{' and '.join(arches)} are two architectures", _EXAMPLE)
    arch = next(iter(arches), platform["arch"])
    libcs = [word for word in words if word.startswith(_LIBCS)]
    facts: stock.Platform = {**platform, "arch": arch}
    for word in libcs:
        kind = next(each for each in _LIBCS if word.startswith(each))
        version = word.removeprefix(kind).split(".")
        if len(version) != 2 or not all(part.isdecimal() and len(part) < 4 for part in version):
            raise CustomtagsError(f"{word!r} is not a C library", _EXAMPLE)
        facts = {"arch": arch, "libc": kind, "libc_version": ".".join(version)}
    values = [word for word in words if word and word != arch and word not in libcs]
    pages: list[Page] = [*builtin(), optional("abi", _projects(values)), optional("site", ())]
    settings = Settings(dict(_overrides(values, arch, pages)))
    try:
        profile = machine.detect(_Spelled(arch), settings, pages)
    except OverrideError as error:
        raise CustomtagsError(f"{error.value!r} means nothing", error.cure) from error
    platforms = stock.tags(facts)
    extended = machine.extend(platforms, profile, settings, pages)[0]
    return Machine([*extended, *platforms], _projects(values))


def spell(ladders: Mapping[str, Sequence[str]], platform: stock.Platform) -> str:
    """Return the values that spell a machine, as `spelled` reads them.

    >>> here = {"arch": "x86_64", "libc": "glibc", "libc_version": "2.36"}
    >>> ladders = {"isa": ["v3", "v2"], "distro": ["deb12"], "accelerator": [], "abi": ["numpy2_torch2_9"]}
    >>> spell(ladders, here)
    'x86_64,glibc2.36,v3,deb12,numpy2,torch2_9'

    :param ladders: dimension → the segments that it accepts, best first
    """
    words = [platform["arch"]]
    if platform["libc"]:
        words.append(f"{platform['libc']}{platform['libc_version']}")
    for dimension, rungs in ladders.items():
        # Several vendors' accelerators are of one dimension, each with a word of its own.
        best = {rung: rung for rung in rungs[:1]}
        if dimension == "accelerator":
            best = {_word(rung): rung for rung in reversed(rungs)}
        elif dimension == "abi":
            parts = [parse(f"linux_{words[0]}_{rung}")[1] for rung in best.values()]
            best = {segment: segment for segments in parts for segment in segments}
        elif dimension == "site":
            best = {label: label for label in rungs}
        words += best.values()
    return ",".join(words)


def _word(segment: str) -> str:
    """Return the letters that a segment begins with."""
    return segment[: len(segment) - len(segment.lstrip(_LETTERS))]


class _Spelled(Host):
    """A machine of which nothing is known but the architecture."""

    def __init__(self, arch: str) -> None:
        super().__init__("/dev/null")
        self._spelled = arch

    def arch(self) -> str:
        """Return the architecture."""
        return self._spelled


def _projects(values: Iterable[str]) -> list[str]:
    """Return the words before the versions, as ``torch`` of ``torch2.9``."""
    names = [value.partition("+")[0] for value in values]  # torch2.9+cu128 names a build
    words = (name.rstrip("0123456789._") for name in names)
    return [word for word, name in zip(words, names) if word and word != name]


def _overrides(
    values: Sequence[str], arch: str, pages: Sequence[Page]
) -> Iterable[tuple[str, str]]:
    """Yield each dimension with the value of an override, ``none`` where the text spells nothing.

    :raises CustomtagsError: a value means nothing
    """
    found: dict[str, list[str]] = {page.DIMENSION: [] for page in pages}
    for value in values:
        try:
            name = value.partition("+")[0].replace(".", "_")
            _, runs = naming.runs(f"linux_{arch}_{name}", pages)
        except TagError as error:
            raise CustomtagsError(f"{value!r} is not a segment", _EXAMPLE) from error
        dimensions = {run.dimension or "site" for run in runs}
        if len(dimensions) != 1:
            raise CustomtagsError(f"{value!r} is not of one dimension", _EXAMPLE)
        found[dimensions.pop()].append(value)
    for dimension, said in found.items():
        yield dimension, ",".join(said) or "none"
