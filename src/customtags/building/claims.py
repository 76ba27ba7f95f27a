"""Pure: from what a builder claims of a wheel to the platforms of its name, and to its local version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from customtags.errors import CustomtagsError
from customtags.tags import naming, parse, stock
from customtags.tags.ladder import POLICIES
from customtags.wheels import fromager

if TYPE_CHECKING:
    from customtags.machine.spec import Page
    from customtags.tags.naming import Value
    from customtags.wheels.filename import FileName

__all__ = ["HERE", "NONE", "Claims", "bases", "local_version", "platforms", "resolve", "wanted"]

#: What a builder may write for a segment: the machine's best one, or no claim.
HERE, NONE = "here", "none"

#: What a local version is made of.
_IN_VERSION = ("distro", "accelerator")


class Claims(NamedTuple):
    """What a builder asks for, for wheels of any name.

    :ivar platforms: whole tags; then nothing is asked for by dimension
    :ivar values: dimension → a segment, ``here`` or ``none``
    :ivar all_here: every dimension that is not named is taken from the machine
    :ivar base: the one to use instead of the wheel's own
    :ivar fromager: ``read`` segments from the build tag, or ``write`` them there
    :ivar local: the local version; True for one that is made, None for the one that is there
    :ivar build: the build tag; None for the one that is there
    """

    platforms: Sequence[str] = ()
    values: Mapping[str, Value] = MappingProxyType({})
    all_here: bool = False
    base: str | None = None
    fromager: str | None = None
    local: str | bool | None = None
    build: str | None = None


def wanted(
    name: FileName,
    claims: Claims,
    ladders: Callable[[str], Mapping[str, Sequence[str]]],
    pages: Sequence[Page],
) -> tuple[Sequence[str] | None, str | None, str | None]:
    """Give platforms, local version and build tag for one wheel; None leaves what it has.

    :param ladders: gives what the machine accepts on wheels for an architecture
    :raises CustomtagsError: the claims ask for nothing, or for two things at once
    """
    build, values = claims.build, dict(claims.values)
    by_dimension = values or claims.all_here or claims.fromager == "read"
    if claims.platforms and (by_dimension or claims.base):
        raise CustomtagsError(
            "--platform names the whole tag", "leave out what says it by dimension, or --platform"
        )
    found: Sequence[str] | None = claims.platforms or None
    if claims.fromager == "read":
        if name.build is None:
            raise CustomtagsError(f"{str(name)!r} has no build tag", "leave out --fromager read")
        number, read = fromager.read(name.build, _arch(name, claims), pages)
        build, values = number if build is None else build, {**read, **values}
    if by_dimension:
        known = ladders(_arch(name, claims)) if claims.all_here or HERE in values.values() else {}
        said = resolve(values, known, all_here=claims.all_here)
        found = platforms(name.platforms, said, pages, claims.base)
        _refuse_to_forget(name.platforms, found, values, pages)
    if claims.fromager == "write":
        written = {
            fromager.write(build or name.build or "0", each) for each in found or name.platforms
        }
        if len({tag for tag, _ in written}) != 1:
            raise CustomtagsError("the platforms make different build tags", "retag to one of them")
        build, found = next(iter(written))[0], sorted({base for _, base in written})
    local = claims.local
    if local is True:
        local = local_version(found or name.platforms, pages)
    if found is None and local is None and build is None:
        raise CustomtagsError(
            "there is nothing to change", "name a tag as in --isa v3, or see --help"
        )
    return found, local if local is None else str(local), build


def _refuse_to_forget(
    old: Sequence[str],
    new: Sequence[str],
    values: Mapping[str, Value],
    pages: Sequence[Page],
) -> None:
    """Refuse a name that needs less than the old one did, where nobody said so: the wheel would fail on what lacks it."""
    said = {run.dimension or run.text for each in new for run in naming.runs(each, pages)[1]}
    for run in (run for each in old for run in naming.runs(each, pages)[1]):
        # Without a page's word it may be an ABI's or a site's.
        named = {run.dimension} & {*values} if run.dimension else {"abi", "site"} & {*values}
        if not named and (run.dimension or run.text) not in said:
            option = f"--{run.dimension or 'abi'}"
            raise CustomtagsError(
                f"the name says {run.text!r}, which this would leave out",
                f"say it again, as in {option} {run.text}, or take it back with {option} {NONE}",
            )


def _arch(name: FileName, claims: Claims) -> str:
    return naming.arch(claims.base or parse(name.platforms[0])[0])


def resolve(
    values: Mapping[str, Value], ladders: Mapping[str, Sequence[str]], *, all_here: bool = False
) -> dict[str, Value]:
    """Put the machine's segments where they are asked for.

    >>> resolve({"isa": "v2", "distro": "here"}, {"isa": ["v3", "v2"], "distro": ["fc39"]})
    {'isa': 'v2', 'distro': 'fc39'}

    :param values: dimension → a segment, ``here`` or ``none``
    :param ladders: dimension → what the machine accepts, best first
    :param all_here: take every dimension that is not named from the machine
    :raises CustomtagsError: the machine has no segment where one is asked for
    """
    best = {dimension: rungs[0] for dimension, rungs in ladders.items() if rungs}
    said: dict[str, Value] = dict(best) if all_here else {}
    for dimension, value in values.items():
        if value == HERE and dimension not in best:
            raise CustomtagsError(
                f"this machine has no segment of the dimension {dimension!r}",
                "name one, or leave it out",
            )
        said[dimension] = best[dimension] if value == HERE else value
    return {dimension: value for dimension, value in said.items() if value != NONE}


def platforms(
    wheel: Sequence[str],
    values: Mapping[str, Value],
    pages: Sequence[Page],
    base: str | None = None,
) -> list[str]:
    """Give the platforms of a wheel that claims something of several dimensions.

    >>> from customtags.machine.dimensions import builtin
    >>> platforms(["manylinux_2_17_x86_64", "manylinux2014_x86_64"], {"isa": "v3"}, builtin())
    ['manylinux_2_17_x86_64_v3']
    >>> platforms(["manylinux_2_17_x86_64"], {"isa": "v3", "distro": "fc39"}, builtin())
    ['linux_x86_64_v3_fc39']

    :param wheel: its platforms now, stock or extended
    :param base: the one to use instead of its own
    :raises TagError: a value is nothing that its dimension knows
    """
    found = [base] if base else bases(wheel, pinned="distro" in values)
    return sorted({naming.name(each, values, pages) for each in found})


def bases(wheel: Sequence[str], *, pinned: bool = False) -> list[str]:
    """Give the bases on which machines look for extended tags of a wheel.

    A machine has extended tags for some policies alone; a wheel of another stands on the next stricter one of these.

    :param pinned: the wheel is for one distribution, which pins the C library as well
    """
    found = [parse(each)[0] for each in wheel]
    if "any" in found:
        raise CustomtagsError(
            "a wheel for any platform has no base", "give one with --base linux_x86_64"
        )
    if pinned:
        found = [f"linux_{naming.arch(each)}" for each in found]
    return sorted({_served(each) for each in found})


def local_version(platforms: Sequence[str], pages: Sequence[Page]) -> str:
    """Make the local version that says what the platforms do of distribution and accelerator.

    >>> from customtags.machine.dimensions import builtin
    >>> local_version(["linux_x86_64_v3_fc39_rocm6_0"], builtin())
    'fc39.rocm6.0'

    :returns: empty if they say nothing of these
    :raises CustomtagsError: they say different things
    """
    made = set()
    for platform in platforms:
        _, found = naming.runs(platform, pages)
        made.add(
            ".".join(run.text.replace("_", ".") for run in found if run.dimension in _IN_VERSION)
        )
    if len(made) != 1:
        raise CustomtagsError(
            f"the platforms make different local versions ({', '.join(sorted(made))})",
            "name one with --local-version",
        )
    return made.pop()


def _served(base: str) -> str:
    """Give the policy by which machines look for the wheels of one."""
    arch = naming.arch(base)
    policy = base.removesuffix(f"_{arch}")
    if policy in stock.ALIASES:
        policy = "manylinux_{}_{}".format(*stock.ALIASES[policy])
    family, _, version = policy.partition("_")
    served = [each for each in POLICIES if each.startswith(f"{family}_") and version]
    stricter = [each for each in served if _version(each) >= _version(policy)]
    return f"{min(stricter, key=_version, default=policy)}_{arch}"


def _version(policy: str) -> tuple[int, ...]:
    return tuple(map(int, policy.split("_")[1:]))
