"""Pure: which files of a project a machine's view shows, and under which names.

Installers order the files of one release differently: uv and pex take ``manylinux_2_17_x86_64`` before ``linux_x86_64``, pip
from 26.3 on the other way. So a view shows one wheel for each pair of Python and ABI: the best that the machine accepts, by
the order of its tags, under its stock name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_version

from customtags.errors import TagError, VariantError, WheelError
from customtags.tags import parse
from customtags.variants import names
from customtags.variants.properties import platforms_of
from customtags.wheels import filename

if TYPE_CHECKING:
    from customtags.machine.spec import Page
    from customtags.variants.properties import Properties
    from customtags.wheels.filename import FileName

__all__ = ["Labels", "selection"]

#: (normalized project, version, label) → the properties of a variant.
Labels = Mapping[tuple[str, str, str], "Properties"]


class _Candidate(NamedTuple):
    """A wheel that the machine accepts.

    :ivar place: of its best platform tag in the machine's order; of equal ones the larger build tag comes first
    :ivar shown: its stock name
    """

    place: int
    build: tuple[int, str]
    real: str
    shown: FileName


def selection(
    files: Iterable[str],
    platforms: Sequence[str],
    labels: Labels | None = None,
    pages: Sequence[Page] = (),
) -> dict[str, str]:
    """Return the files that are shown: the shown name → the real one.

    >>> offered = ["a-1-py3-none-linux_x86_64.whl", "a-1-py3-none-linux_x86_64_v3.whl", "a-1.tar.gz"]
    >>> selection(offered, ["linux_x86_64_v3", "linux_x86_64"])
    {'a-1.tar.gz': 'a-1.tar.gz', 'a-1-py3-none-linux_x86_64.whl': 'a-1-py3-none-linux_x86_64_v3.whl'}

    :param platforms: those that the machine accepts, best first, the stock ones too
    :param labels: what the variants of the project mean
    :param pages: those that name the segments of the variants
    """
    places = {platform: place for place, platform in reversed([*enumerate(platforms)])}
    shown: dict[str, str] = {}
    best: dict[tuple[str, str, str, str], _Candidate] = {}
    for name in files:
        if "/" in name or "\\" in name or not name.isprintable() or name.startswith("."):
            continue  # a page may hold anything
        if not name.endswith(".whl"):
            if not name.endswith(names.INDEX_SUFFIX):
                shown[name] = name
            continue
        candidate = _candidate(name, places, labels or {}, pages)
        if candidate is None:
            continue
        if candidate.shown.platform == "any":
            shown[str(candidate.shown)] = name
            continue
        for key in _pairs(candidate.shown):
            best[key] = _better(best.get(key, candidate), candidate)
    kept: dict[str, list[tuple[str, str]]] = {}
    for (_, _, python, abi), candidate in best.items():
        kept.setdefault(candidate.real, []).append((python, abi))
    for candidate in {each.real: each for each in best.values()}.values():
        shown.update((name, candidate.real) for name in _names(candidate, kept[candidate.real]))
    return shown


def _candidate(
    name: str, places: Mapping[str, int], labels: Labels, pages: Sequence[Page]
) -> _Candidate | None:
    """Return a wheel as a candidate, None where the machine does not accept it."""
    try:
        file, label = names.split(name)
        tags = file.platforms
        if label is not None:
            properties = labels.get((filename.canonical(file.project), file.version, label))
            tags = [] if properties is None else platforms_of(tags, properties, pages)
        bases = {tag: parse(tag) for tag in tags}
        build = _build(file.build or "")
    except (TagError, ValueError, VariantError, WheelError):
        return None
    accepted = [tag for tag in tags if tag in places]
    if not accepted and "any" not in tags:
        return None
    extended = [base for base, segments in map(bases.__getitem__, accepted) if segments]
    stock = file._replace(platform=filename.compressed(extended)) if extended else file
    place = min((places[tag] for tag in accepted), default=len(places))
    return _Candidate(place, build, name, stock)


def _build(tag: str) -> tuple[int, str]:
    """Return a build tag as it sorts: its number, then the rest (PEP 427)."""
    rest = tag.lstrip("0123456789")
    return int(tag[: len(tag) - len(rest)] or 0), rest


def _pairs(file: FileName) -> Iterable[tuple[str, str, str, str]]:
    """Return project and version with each pair of Python and ABI of a file; ``1.0`` and ``1`` are one version."""
    project, version = filename.canonical(file.project), canonicalize_version(file.version)
    for python, abi in product(file.python.split("."), file.abi.split(".")):
        yield project, version, python, abi


def _better(one: _Candidate, other: _Candidate) -> _Candidate:
    """Return the candidate that comes first: the better platform, then the larger build tag, then the name."""
    if one.place != other.place:
        return one if one.place < other.place else other
    return max(one, other, key=lambda each: (each.build, each.real))


def _names(candidate: _Candidate, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return the names under which a wheel is shown, which claim no pair that another wheel serves better."""
    whole = {(python, abi) for _, _, python, abi in _pairs(candidate.shown)}
    if whole == set(pairs):
        return [str(candidate.shown)]
    return [str(candidate.shown._replace(python=python, abi=abi)) for python, abi in pairs]
