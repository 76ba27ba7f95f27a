"""Pure: from one request for wheels of any name to the platforms, local version and build tag of each wheel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from customtags.errors import CustomtagsError
from customtags.tags import naming, parse
from customtags.wheels import fromager
from customtags.wheels.platforms import HERE, NONE, local_version, platform_tags, resolve

if TYPE_CHECKING:
    from customtags.machine.spec import Page
    from customtags.tags.naming import Value
    from customtags.wheels.filename import FileName

__all__ = ["RetagRequest", "changes"]


class RetagRequest(NamedTuple):
    """The tags that are requested for wheels of any name.

    :ivar platforms: whole platform tags; then no dimension has a value
    :ivar values: dimension → a segment, ``here`` or ``none``
    :ivar all_here: take every dimension without a value from the machine
    :ivar base: a base that replaces the wheel's own
    :ivar fromager: ``read`` segments from fromager's build tag, or ``write`` them into it
    :ivar local: the local version; True for one made of the platforms, None to keep the wheel's own
    :ivar build: the build tag; None to keep the wheel's own
    :ivar from_local: take the segments from the local version, and leave that out
    """

    platforms: Sequence[str] = ()
    values: Mapping[str, Value] = MappingProxyType({})
    all_here: bool = False
    base: str | None = None
    fromager: str | None = None
    local: str | bool | None = None
    build: str | None = None
    from_local: bool = False


class Changes(NamedTuple):
    """The parts of one wheel's name that are to change; None keeps a part."""

    platforms: Sequence[str] | None
    local: str | None
    build: str | None


def changes(
    name: FileName,
    request: RetagRequest,
    ladders: Callable[[str], Mapping[str, Sequence[str]]],
    pages: Sequence[Page],
) -> Changes:
    """Return what a request changes in the name of one wheel.

    :param ladders: returns the segments that the machine accepts on an architecture
    :raises CustomtagsError: the request is empty or contradicts itself
    """
    build, values, local = request.build, dict(request.values), request.local
    if request.from_local:
        values, local = {**_said(name), **values}, ""
    by_dimension = values or request.all_here or request.fromager == "read"
    if request.platforms and (by_dimension or request.base):
        raise CustomtagsError(
            "--platform sets the whole tag, and other options set parts of it",
            "remove --platform or the others",
        )
    found: Sequence[str] | None = request.platforms or None
    if request.fromager == "read":
        if name.build is None:
            raise CustomtagsError(f"{str(name)!r} has no build tag", "remove --fromager read")
        number, read = fromager.read(name.build, _arch(name, request), pages)
        build, values = number if build is None else build, {**read, **values}
    if by_dimension:
        here = request.all_here or HERE in values.values()
        known = ladders(_arch(name, request)) if here else {}
        resolved = resolve(values, known, all_here=request.all_here)
        found = platform_tags(name.platforms, resolved, pages, request.base)
        _refuse_dropping(name.platforms, found, values, pages)
    if request.fromager == "write":
        written = {
            fromager.write(build or name.build or "0", each) for each in found or name.platforms
        }
        if len({tag for tag, _ in written}) != 1:
            why = "the platforms give different build tags"
            raise CustomtagsError(why, "choose one of the platforms")
        build, found = next(iter(written))[0], sorted({base for _, base in written})
    if local is True:
        local = local_version(found or name.platforms, pages)
    if found is None and local is None and build is None:
        raise CustomtagsError(
            "no change is requested", "name a segment, as in --isa v3; see --help"
        )
    return Changes(found, local if local is None else str(local), build)


def _said(name: FileName) -> Mapping[str, Value]:
    """Return what the local version of a name says.

    :raises CustomtagsError: it has none, or a part of it is unknown
    """
    from customtags.wheels.local_versions import (
        meaning,  # only for --from-local: it compiles a table
    )

    local = name.version.partition("+")[2]
    said = meaning(local)
    if local and not said.unknown:
        return said.values
    what = (
        f"the part {said.unknown!r} of its local version is unknown"
        if local
        else "has no local version"
    )
    raise CustomtagsError(
        f"{str(name)!r}: {what}",
        "leave it, or name the segments and --local-version ''",
    )


def _refuse_dropping(
    old: Sequence[str],
    new: Sequence[str],
    values: Mapping[str, Value],
    pages: Sequence[Page],
) -> None:
    """Refuse a name that lacks a segment of the old one without a request: machines that lack the feature would take it."""
    kept = {run.dimension or run.text for each in new for run in naming.runs(each, pages)[1]}
    for run in (run for each in old for run in naming.runs(each, pages)[1]):
        # A segment that no page knows may be an ABI's or a site's.
        named = {run.dimension} & {*values} if run.dimension else {"abi", "site"} & {*values}
        if not named and (run.dimension or run.text) not in kept:
            option = f"--{run.dimension or 'abi'}"
            raise CustomtagsError(
                f"the name has the segment {run.text!r}, which the new name would drop",
                f"repeat it with {option} {run.text}, or remove it with {option} {NONE}",
            )


def _arch(name: FileName, request: RetagRequest) -> str:
    return naming.arch(request.base or parse(name.platforms[0])[0])
