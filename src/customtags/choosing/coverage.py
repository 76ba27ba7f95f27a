"""Pure: which wheel each of several machines gets of each project, and which build would fit better."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from customtags.choosing.rank import rank
from customtags.choosing.request import Request
from customtags.errors import TagError
from customtags.tags import naming

if TYPE_CHECKING:
    from customtags.choosing.offer import Offer
    from customtags.choosing.order import Metadata
    from customtags.choosing.rank import Ranking
    from customtags.choosing.target import Target

__all__ = ["KINDS", "Cell", "ProjectCoverage", "cover", "missing"]

#: Kind of a cell → what it means, from the best to the worst.
KINDS: Mapping[str, str] = {
    "best": "the machine's best segment of every dimension that the project builds for",
    "lower": "an extended wheel, but not the best that the machine accepts",
    "stock": "a stock wheel, although the project builds extended ones",
    "only": "a stock wheel, because the machine or the project has nothing better",
    "pure": "a wheel for any platform",
    "sdist": "a source distribution",
    "none": "no file",
}


class Cell(NamedTuple):
    """What one machine gets of one project.

    :ivar kind: one of `KINDS`
    :ivar file: the file that pip takes, None if there is none
    :ivar version: of that file
    :ivar segments: dimension → the segment in its name
    :ivar wanted: dimension → the machine's best segment, of the dimensions that the project builds for
    """

    kind: str
    file: str | None
    version: str | None
    segments: Mapping[str, str]
    wanted: Mapping[str, str]


class ProjectCoverage(NamedTuple):
    """A project on every machine.

    :ivar cells: machine → what it gets
    """

    project: str
    cells: Mapping[str, Cell]


def cover(
    offers: Mapping[str, Sequence[Offer]],
    targets: Mapping[str, Target],
    metadata: Metadata = lambda _: None,
) -> Iterator[ProjectCoverage]:
    """Yield a row for each project.

    :param offers: project → its files, in the order in which pip finds them
    :param targets: the name of each machine, and what pip chooses for there
    """
    accepted = {
        name: [_segments(tag, target) for tag in target.extended]
        for name, target in targets.items()
    }
    for project, files in sorted(offers.items()):
        cells = {
            name: _cell(rank(files, Request(project), target, metadata), target, accepted[name])
            for name, target in targets.items()
        }
        yield ProjectCoverage(project, cells)


def missing(
    rows: Iterable[ProjectCoverage], accepted: Collection[str] = ()
) -> list[tuple[str, Mapping[str, str]]]:
    """Return project and segments of each wheel that would close a gap, each once.

    :param accepted: the kinds of cells that are no gap, besides those that cannot be better
    """
    found: dict[tuple[str, tuple[tuple[str, str], ...]], None] = {}
    for row in rows:
        for cell in row.cells.values():
            if cell.kind not in ("best", "only", *accepted) and cell.wanted:
                found[row.project, tuple(cell.wanted.items())] = None
    return [(project, dict(wanted)) for project, wanted in found]


def _cell(ranking: Ranking, target: Target, accepted: Sequence[Mapping[str, str]]) -> Cell:
    """Return what a machine gets.

    :param accepted: the segments of each extended tag that it accepts, best first
    """
    chosen = next((each for each in ranking.files if not each.misses), None)
    built = {
        dimension
        for each in ranking.files
        if chosen is None or each.version == chosen.version
        for dimension in _segments(each.offer.name, target)
    }
    wanted = next((each for each in accepted if built.issuperset(each)), {})
    if chosen is None:
        return Cell("none", None, None, {}, wanted)
    if chosen.tag is None:
        return Cell("sdist", chosen.offer.name, chosen.version, {}, wanted)
    segments = _segments(chosen.tag, target)
    if segments:
        kind = "best" if segments == wanted else "lower"
    elif chosen.tag.endswith("-any"):
        kind = "pure"
    else:
        kind = "stock" if wanted else "only"
    return Cell(kind, chosen.offer.name, chosen.version, segments, wanted)


def _segments(name: str, target: Target) -> dict[str, str]:
    """Return dimension → segment of a file name or a tag."""
    platform = name.removesuffix(".whl").rpartition("-")[2].partition(".")[0]
    found: dict[str, list[str]] = {}
    try:
        runs = naming.runs(platform, target.pages)[1]
    except TagError:
        return {}
    for run in runs:
        if run.dimension is not None:
            found.setdefault(run.dimension, []).append(run.text)
    return {dimension: "_".join(texts) for dimension, texts in found.items()}
