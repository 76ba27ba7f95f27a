"""A machine as an address spells it: ``x86_64,glibc2.34,v3,el9.4,cuda12.4_sm90,abi=torch2.9+cu128,site=acme2``.

A word alone is an architecture, a C library, or a value that a built-in dimension knows. Every other word names what it is a
value of, so that no typing error passes for a label. A name may be repeated, the best value first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from customtags import machine
from customtags.errors import CustomtagsError, TagError
from customtags.machine.dimensions import builtin, cuda, optional
from customtags.machine.plugins import fault_of_segments, is_free
from customtags.machine.settings import CHOICES, Settings
from customtags.tags import DIMENSIONS, naming, stock
from customtags.tags.ladder import GUARD
from customtags.view.machines import Machine

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from customtags.machine.spec import Facts, Page

    #: What the values are of (``arch``, ``libc``, a dimension, or a key of customtags.toml) → the values, best first.
    Values = Mapping[str, Sequence[str]]

__all__ = ["EXAMPLES", "KNOWN", "kind_of", "rungs", "spelled"]

#: The longest spelling of a machine, the most words in it, and the most dimensions of third parties: each multiplies the tags.
LONGEST, MOST, MOST_OTHERS = 800, 60, 4

#: The architectures of Linux for which there are policies.
_ARCHITECTURES = (
    *("x86_64", "aarch64", "ppc64le", "s390x", "riscv64", "loongarch64", "ppc64", "armv7l", "i686"),
)

_LIBC = re.compile(r"(glibc|musl)([0-9]{1,3}\.[0-9]{1,3})")

#: The dimensions whose pages know their own values.
KNOWN = ("isa", "distro", "accelerator")

#: The keys of customtags.toml that change the tags of a machine.
_KEYS = ("cuda-minor", "priority", "bases", "limit")

#: The words of a spelling: examples → what they are.
EXAMPLES = {
    "x86_64, aarch64": "architecture (default: the server's)",
    "glibc2.34, musl1.2": "C library (default: the server's)",
    "v3, v8_2, power10, z16": "level of the CPU",
    "fc39, el9.4, deb12": "distribution and release",
    "cuda12.4, cuda12.4_sm90, rocm6.0_gfx90a": "accelerator, with or without its GPU",
    "abi=torch2.9, abi=torch2.9%2Bcu128": "an installed project, and its build",
    "site=acme2": "a label of the site",
    "mpi=openmpi4.1": "a segment of a third party's dimension",
}

_ACCEPTED = (
    "write x86_64, glibc2.34, a CPU level (v3), a release (el9.4), cuda12.4_sm90, rocm6.0, "
    "or NAME=VALUE as in abi=torch2.9 and site=acme2"
)


def spelled(text: str, platform: stock.Platform) -> Machine:
    """Return the machine that words such as ``v3,el9.4,cuda12.4_sm90`` spell.

    >>> here = {"arch": "x86_64", "libc": "glibc", "libc_version": "2.17"}
    >>> spelled("v2,deb12,site=acme2", here).platforms[:2]
    ['linux_x86_64_v2_deb12_acme2', 'linux_x86_64_v2_deb12']

    :param platform: its architecture and C library where the text does not spell them
    :raises CustomtagsError: a word means nothing, or contradicts another
    """
    if len(text) > LONGEST or text.count(",") >= MOST:
        problem = f"{text[:40]!r}… is too long for a machine"
        raise CustomtagsError(problem, f"write at most {MOST} words and {LONGEST} characters")
    words = [word.removeprefix("arch=") for word in text.split(",")] if text else []
    arch = next((word for word in words if word in _ARCHITECTURES), platform["arch"])
    said = _by_name(words, arch)
    platforms = stock.tags(_platform(said, {**platform, "arch": arch}))
    page = optional("abi", ())
    facts = _facts(page, ",".join(said["abi"]), arch) if "abi" in said else None
    ladders = _ladders(said, arch, machine.libcs(platforms))
    if facts is not None:
        ladders["abi"] = _checked("abi", page.ladder(facts), arch)
    apart = machine.apart({"abi": facts}, [page], ladders)
    settings = _settings(said, ladders, platforms, arch)
    extended = machine.combine(ladders, platforms, settings, apart)[0]
    projects = (value.partition("+")[0].rstrip("0123456789._") for value in said.get("abi", ()))
    return Machine(extended, platforms, list(projects), {})


def _by_name(words: Sequence[str], arch: str) -> dict[str, list[str]]:
    """Return the values of each name.

    :raises CustomtagsError: a word means nothing, or two without a name contradict each other
    """
    found: dict[str, list[str]] = {}
    alone: dict[str, str] = {}
    for word in words:
        name, named, value = word.partition("=")
        if not named:
            name, kind = kind_of(word, arch)
            value = word
            if kind in alone:
                problem = f"{alone[kind]!r} and {word!r} contradict each other"
                raise CustomtagsError(problem, "write one of them")
            alone[kind] = word
        elif name not in (*DIMENSIONS, *_KEYS, "libc") and not is_free(name):
            raise CustomtagsError(f"{name!r} is not the name of a dimension", _ACCEPTED)
        found.setdefault(name, []).append(value)
    return found


def kind_of(word: str, arch: str) -> tuple[str, str]:
    """Return what a word without a name is a value of, and its kind: each vendor of accelerators is one.

    :raises CustomtagsError: it is a value of nothing
    """
    if word in _ARCHITECTURES:
        return "arch", "arch"
    if _LIBC.fullmatch(word):
        return "libc", "libc"
    try:
        _, runs = naming.runs(f"linux_{arch}_{word.replace('.', '_')}", builtin())
    except TagError:
        runs = []
    name = runs[0].dimension if runs else None
    if name is None:
        raise CustomtagsError(f"{word!r} means nothing on {arch}", _ACCEPTED)
    return name, re.split("[0-9]", word)[0] if name == "accelerator" else name


def _platform(said: Values, platform: stock.Platform) -> stock.Platform:
    """Return the architecture and the C library.

    :raises CustomtagsError: it is none
    """
    value = next(iter(said.get("libc", ())), None)
    if value is None:
        return platform
    found = _LIBC.fullmatch(value)
    if found is None and value != "none":
        raise CustomtagsError(f"{value!r} is not a C library", "write glibc2.34, musl1.2 or none")
    kind, version = found.groups() if found else (None, None)
    return {**platform, "libc": kind, "libc_version": version}


def _ladders(said: Values, arch: str, libcs: Collection[str]) -> dict[str, list[str]]:
    """Return the segments of each dimension but ``abi``, whose values count together.

    :raises CustomtagsError: a value is not one of its dimension, or too many dimensions are named
    """
    names = [name for name in said if name not in ("abi", "arch", "libc", *_KEYS)]
    if len(set(names).difference(DIMENSIONS)) > MOST_OTHERS:
        problem = f"more than {MOST_OTHERS} dimensions of third parties are too many"
        raise CustomtagsError(problem, "leave some out")
    policy = next(iter(said.get("cuda-minor", ())), None)
    if policy not in (None, *CHOICES["cuda-minor"][1]):
        cure = "write cuda-minor=strict or cuda-minor=minor"
        raise CustomtagsError(f"cuda-minor={policy} is not a policy", cure)
    return {
        name: [each for value in said[name] for each in rungs(name, value, arch, libcs, policy)]
        for name in names
    }


def rungs(
    name: str, value: str, arch: str, libcs: Collection[str], policy: str | None = None
) -> list[str]:
    """Return the segments that a machine accepts because of one value, best first.

    :param policy: which minor versions of CUDA the driver serves
    :raises CustomtagsError: the dimension has no such value
    """
    for page in builtin() if name in KNOWN else ():
        facts = _facts(page, value, arch) if page.DIMENSION == name else None
        if facts is None:
            continue
        facts = {**facts, "policy": policy} if page.NAME == cuda.NAME else facts
        found = page.ladder(facts)
        if found and not machine.accepted(page, facts, arch, libcs):
            cure = "write its C library too, as in glibc2.34 or musl1.2"
            raise CustomtagsError(f"{value!r} is of another C library", cure)
        return _checked(name, found, arch, value)
    found = [value.replace(".", "_")]
    # A third party's segment must not look like one that a page here would judge.
    if name != "site" and fault_of_segments(found[0]):
        found = []
    return _checked(name, found, arch, value)


def _checked(name: str, found: list[str], arch: str, value: str = "") -> list[str]:
    """Return segments, if there are any and no other dimension has them.

    :raises CustomtagsError: there are none, or another dimension has one
    """
    try:
        runs = [run for rung in found for run in naming.runs(f"linux_{arch}_{rung}", builtin())[1]]
    except TagError:
        runs = []
    if {run.dimension for run in runs} not in ({name}, {None}):
        said = value or ",".join(found)
        raise CustomtagsError(f"{said!r} is not a value of {name!r} on {arch}", _ACCEPTED)
    return found


def _facts(page: Page, value: str, arch: str) -> Facts | None:
    """Return the facts that a value stands for, None if it is of another page.

    :raises CustomtagsError: it is not valid
    """
    try:
        return page.override(value, arch)
    except ValueError as error:
        problem = f"{value!r} is not a value of {page.DIMENSION!r} on {arch}"
        raise CustomtagsError(problem, str(error)) from error


def _settings(
    said: Values, ladders: Collection[str], platforms: Collection[str], arch: str
) -> Settings:
    """Return the settings that change the tags.

    :raises CustomtagsError: one is not valid
    """
    limit, bases = next(iter(said.get("limit", ())), None), said.get("bases")
    if limit is not None and not (limit.isdecimal() and len(limit) < 6 and int(limit) <= GUARD):
        raise CustomtagsError(f"limit={limit} is not a limit", f"write {GUARD} or less")
    for each in bases or ():
        if each != "none" and f"{each}_{arch}" not in platforms:
            cure = "write policies of its C library, as in bases=manylinux_2_28"
            raise CustomtagsError(f"{each!r} is not a policy that the machine has", cure)
    for each in said.get("priority", ()):
        if each not in (*DIMENSIONS, *ladders):
            raise CustomtagsError(f"{each!r} is not the name of a dimension", _ACCEPTED)
    return Settings(
        {},
        priority=said.get("priority", ()),
        limit=None if limit is None else int(limit),
        bases=bases and [each for each in bases if each != "none"],
    )
