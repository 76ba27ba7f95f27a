"""Pure: from the value of each dimension to the platform tags of a wheel, and to its local version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from customtags.errors import CustomtagsError, TagError
from customtags.tags import naming, parse, stock
from customtags.tags.ladder import POLICIES
from customtags.wheels.spellings import meant

if TYPE_CHECKING:
    from customtags.machine.spec import Page
    from customtags.tags.naming import Value

__all__ = ["HERE", "NONE", "bases", "local_version", "platform_tags", "resolve"]

#: What may stand for a segment: the machine's best one, or no claim.
HERE, NONE = "here", "none"

#: The dimensions that a local version names.
_IN_VERSION = ("distro", "accelerator")


def resolve(
    values: Mapping[str, Value], ladders: Mapping[str, Sequence[str]], *, all_here: bool = False
) -> dict[str, Value]:
    """Return the values with the machine's best segment in place of ``here``, and without those that are ``none``.

    >>> resolve({"isa": "v2", "distro": "here"}, {"isa": ["v3", "v2"], "distro": ["fc39"]})
    {'isa': 'v2', 'distro': 'fc39'}

    :param values: dimension → a segment, ``here`` or ``none``
    :param ladders: dimension → the segments that the machine accepts, best first
    :param all_here: take every dimension without a value from the machine
    :raises CustomtagsError: ``here`` is requested, and the machine has no segment of that dimension
    """
    best = {dimension: rungs[0] for dimension, rungs in ladders.items() if rungs}
    resolved: dict[str, Value] = dict(best) if all_here else {}
    for dimension, value in values.items():
        if value == HERE and dimension not in best:
            raise CustomtagsError(
                f"this machine has no segment of the dimension {dimension!r}",
                "name one, or leave the dimension out",
            )
        resolved[dimension] = best[dimension] if value == HERE else value
    return {dimension: value for dimension, value in resolved.items() if value != NONE}


def platform_tags(
    wheel: Sequence[str],
    values: Mapping[str, Value],
    pages: Sequence[Page],
    base: str | None = None,
) -> list[str]:
    """Return the platform tags of a wheel, sorted, with these values.

    >>> from customtags.machine.dimensions import builtin
    >>> platform_tags(["manylinux_2_17_x86_64", "manylinux2014_x86_64"], {"isa": "v3"}, builtin())
    ['manylinux_2_17_x86_64_v3']
    >>> platform_tags(["manylinux_2_17_x86_64"], {"isa": "v3", "distro": "fc39"}, builtin())
    ['linux_x86_64_v3_fc39']

    :param wheel: its present platform tags, stock or extended
    :param base: a base that replaces the wheel's own
    :raises CustomtagsError: a value is no segment of its dimension
    """
    found = [base] if base else bases(wheel, pinned="distro" in values)
    try:
        return sorted({naming.name(each, values, pages) for each in found})
    except TagError as error:
        for dimension, value in values.items():
            near = isinstance(value, str) and meant(dimension, value, naming.arch(found[0]))
            if near and value == error.tag:
                raise CustomtagsError(error.problem, f"write {near.replace('_', '.')}") from error
        raise


def bases(wheel: Sequence[str], *, pinned: bool = False) -> list[str]:
    """Return the bases that the extended tags of a wheel can have.

    Machines accept extended tags on some policies only; the base for any other policy is the next stricter of these.

    :param pinned: the wheel is for one distribution, which also determines the C library
    """
    found = [parse(each)[0] for each in wheel]
    if "any" in found:
        raise CustomtagsError(
            "a wheel for any platform has no base", "set one, as in --base linux_x86_64"
        )
    if pinned:
        found = [f"linux_{naming.arch(each)}" for each in found]
    return sorted({_accepted(each) for each in found})


def local_version(platforms: Sequence[str], pages: Sequence[Page]) -> str:
    """Return the local version that names the distribution and the accelerator of the platforms.

    >>> from customtags.machine.dimensions import builtin
    >>> local_version(["linux_x86_64_v3_fc39_rocm6_0"], builtin())
    'fc39.rocm6.0'

    :returns: empty if the platforms have neither
    :raises CustomtagsError: the platforms differ in these
    """
    made = set()
    for platform in platforms:
        _, found = naming.runs(platform, pages)
        made.add(
            ".".join(run.text.replace("_", ".") for run in found if run.dimension in _IN_VERSION)
        )
    if len(made) != 1:
        raise CustomtagsError(
            f"the platforms give different local versions ({', '.join(sorted(made))})",
            "set one with --local-version",
        )
    return made.pop()


def _accepted(base: str) -> str:
    """Return the base of the least strict policy that machines accept and that covers this base."""
    arch = naming.arch(base)
    policy = stock.modern(base).removesuffix(f"_{arch}")
    family, _, version = policy.partition("_")
    accepted = [each for each in POLICIES if each.startswith(f"{family}_") and version]
    stricter = [each for each in accepted if _version(each) >= _version(policy)]
    return f"{min(stricter, key=_version, default=policy)}_{arch}"


def _version(policy: str) -> tuple[int, ...]:
    return tuple(map(int, policy.split("_")[1:]))
