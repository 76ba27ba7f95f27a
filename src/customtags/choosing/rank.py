"""Pure: the order in which pip takes the files of a project, the one that it takes, and why not the others.

https://github.com/pypa/pip/blob/26.3/src/pip/_internal/index/package_finder.py: ``evaluate_link`` refuses,
``CandidateEvaluator._sort_key`` orders. Where older pips order otherwise, `PIPS` says so.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from customtags.choosing.index import ARCHIVES
from customtags.choosing.pip_settings import PipSettings
from customtags.choosing.verdict import Machine, Miss, Verdict, judge, split
from customtags.errors import TagError
from customtags.tags import parse

if TYPE_CHECKING:
    from customtags.choosing.index import File

__all__ = ["PIPS", "Ranked", "Ranking", "Trap", "Wanted", "projects", "python_misses", "rank"]


class Wanted(NamedTuple):
    """What pip is asked for.

    :ivar project: the normalized name
    :ivar specifier: the versions that will do
    :ivar release: the whole version of the Python that is installed into
    """

    project: str
    specifier: SpecifierSet
    release: str
    settings: PipSettings = PipSettings()


class Candidate(NamedTuple):
    """A file whose name is understood.

    :ivar build: the build tag (PEP 427), empty without one
    :ivar verdict: None for a source distribution, which is built here and fits
    """

    file: File
    version: Version
    build: tuple[()] | tuple[int, str]
    verdict: Verdict | None


class Ranked(NamedTuple):
    """What becomes of one file.

    :ivar tag: the best one of those that the machine accepts, None for a source distribution
    :ivar misses: why pip refuses it; nothing if it could take it
    """

    file: File
    version: str | None
    tag: str | None
    misses: tuple[Miss, ...]


class Trap(NamedTuple):
    """Something that decides otherwise than one might expect.

    :ivar kind: ``local version``, ``version``, ``row``, ``sdist``, ``mixed set``, or ``pip before …``
    :ivar name: the file that it concerns, empty if none
    """

    kind: str
    name: str
    says: str
    cure: str


class Ranking(NamedTuple):
    """The files of a project in the order in which pip takes them, those that it refuses behind.

    :ivar chosen: the name of the one that it takes
    """

    chosen: str | None
    files: tuple[Ranked, ...]
    traps: tuple[Trap, ...]


#: How a pip compares two candidates: the greater is taken.
Key = Callable[[Candidate, Machine, bool], Any]


def _newest(candidate: Candidate, machine: Machine, prefer_binary: bool) -> Any:
    binary = prefer_binary and candidate.verdict is not None
    place = candidate.verdict.place if candidate.verdict else len(machine.order)
    return binary, candidate.version, -(place or 0), candidate.build


def _native_last(candidate: Candidate, machine: Machine, prefer_binary: bool) -> Any:
    binary = prefer_binary and candidate.verdict is not None
    names = (
        [tag.name for tag in candidate.verdict.tags if not tag.misses] if candidate.verdict else []
    )
    place = min((machine.older[name] for name in names), default=len(machine.older))
    return binary, candidate.version, -place, candidate.build


def _build_first(candidate: Candidate, machine: Machine, prefer_binary: bool) -> Any:
    *before, place, build = _native_last(candidate, machine, prefer_binary)
    return (*before, build, place)


#: The first pip that orders as the newest does → what its predecessors did, and how they compared, the oldest first.
PIPS: Mapping[str, tuple[str, Key]] = {
    "21.1": ("looks at build tags before platforms", _build_first),
    "26.3": ("puts the native linux tag behind every manylinux", _native_last),
}


def rank(
    files: Iterable[File],
    wanted: Wanted,
    machine: Machine,
    requires: Callable[[File], str | None] = lambda _: None,
) -> Ranking:
    """Rank the files of one project.

    :param files: in the order in which pip finds them, because of equal ones it takes the last
    :param requires: gives the Requires-Python of a file's own metadata, None where it says nothing or is not at hand
    """
    requires = functools.cache(requires)
    candidates, refused = _sift(files, wanted, machine)
    keep, left_out = _released(candidates, wanted)
    refused += [_refuse(each, _not_released(each)) for each in left_out]
    order = _ordered(keep, _newest, machine, wanted)
    chosen, unfit = _resolve(order, wanted, requires)
    refused += [_refuse(each, miss) for each, miss in unfit.items()]
    left = [each for each in order if each not in unfit]
    taken = tuple(Ranked(each.file, str(each.version), _tag(each), ()) for each in left)
    behind = tuple(sorted(refused, key=_distance))
    traps = (
        *_traps(chosen, left, machine),
        *_older(chosen, keep, machine, wanted, requires),
        *_mixed(each.file for each in taken + behind),
    )
    return Ranking(chosen.file.name if chosen else None, taken + behind, traps)


def projects(files: Iterable[File]) -> set[str]:
    """Name the projects that files are of; of a source distribution what stands before the last ``-``."""
    found: set[str] = set()
    for file in files:
        dash = file.name.find("-") if file.name.endswith(".whl") else file.name.rfind("-")
        if dash > 0:
            found.add(canonicalize_name(file.name[:dash]))
    return found


def _ordered(
    candidates: Sequence[Candidate], key: Key, machine: Machine, wanted: Wanted
) -> list[Candidate]:
    return sorted(candidates, key=lambda each: key(each, machine, wanted.settings.prefer_binary))[
        ::-1
    ]


# --- what pip refuses


def _sift(
    files: Iterable[File], wanted: Wanted, machine: Machine
) -> tuple[list[Candidate], list[Ranked]]:
    """Take the names apart, and leave out what can't be taken whatever else there is."""
    candidates: list[Candidate] = []
    refused: list[Ranked] = []
    verdicts: dict[str, Verdict] = {}  # many files have the same tags
    for file in files:
        try:
            candidate = _candidate(file, wanted.project, machine, verdicts)
        except ValueError as error:  # InvalidWheelFilename, InvalidVersion
            why = f"{file.name} is no name of a wheel or source distribution ({error})"
            refused.append(
                Ranked(file, None, None, (Miss("name", file.name, why, "", None, _RENAME),))
            )
            continue
        if candidate is not None and _asked_for(candidate.version, wanted.specifier):
            miss = next(_misses(candidate, wanted), None)
            if miss:
                refused.append(_refuse(candidate, miss))
            elif candidate.verdict and not candidate.verdict.fits:
                refused.append(_refuse(candidate, *candidate.verdict.tags[0].misses))
            else:
                candidates.append(candidate)
    return candidates, refused


def _asked_for(version: Version, specifier: SpecifierSet) -> bool:
    return len(specifier) == 0 or specifier.contains(version, prereleases=True)


_RENAME = "name it as in 'example-1.2.3-cp312-cp312-linux_x86_64.whl'"


def _candidate(
    file: File, project: str, machine: Machine, verdicts: dict[str, Verdict]
) -> Candidate | None:
    """Understand the name of a file; None if it is another project's.

    :raises ValueError: it can't be understood
    """
    if not file.name.endswith(".whl"):
        ending = next((each for each in ARCHIVES if file.name.endswith(each)), None)
        stem = file.name.removesuffix(ending or "")
        version = _after(project, stem) if ending else None
        return None if version is None else Candidate(file, Version(version), (), None)
    name, release, build, _ = parse_wheel_filename(file.name)
    if name != project:
        return None
    tail = "-".join(file.name.split("-")[-3:])
    if tail not in verdicts:
        verdicts[tail] = judge(split(tail), machine)
    return Candidate(file, release, build, verdicts[tail])


def _after(project: str, stem: str) -> str | None:
    """Give what stands behind the project's name, in any spelling of it."""
    dashes = (index for index, character in enumerate(stem) if character == "-")
    return next((stem[at + 1 :] for at in dashes if canonicalize_name(stem[:at]) == project), None)


def _misses(candidate: Candidate, wanted: Wanted) -> Iterator[Miss]:
    """Say what pip refuses a file for that its tags do not tell."""
    file, settings = candidate.file, wanted.settings
    kind = "source distributions" if candidate.verdict is None else "wheels"
    option = "only-binary" if candidate.verdict is None else "no-binary"
    if _applies(option, wanted.project, settings):
        here = "the configuration of pip"
        yield Miss("format", file.name, f"{kind} to be allowed", option, here, f"drop {option}")
    yield from python_misses(file.name, file.requires_python, wanted.release, file.origin)


def _applies(option: str, project: str, settings: PipSettings) -> bool:
    """Tell whether a format is refused; a project by its name wins over all (pip's models/format_control.py)."""
    own, other = settings.only_binary, settings.no_binary
    if option == "no-binary":
        if project in own:
            return False
        own, other = other, own
    elif project not in own and project in other:
        return False
    return project in own or (":all:" in own and project not in other)


def python_misses(name: str, specifier: str | None, release: str, source: str) -> Iterator[Miss]:
    """Hold a Requires-Python against a Python; pip lets one pass that it does not understand."""
    if not specifier:
        return
    try:
        fits = SpecifierSet(specifier).contains(release, prereleases=True)
    except InvalidSpecifier:
        return
    if not fits:
        needs = f"Python {specifier}"
        yield Miss(
            "requires-python", name, needs, f"Python {release}", source, f"install into {needs}"
        )


def _released(
    candidates: Sequence[Candidate], wanted: Wanted
) -> tuple[list[Candidate], list[Candidate]]:
    """Leave out pre-releases and yanked files, unless nothing else will do; give what is kept, and what is not."""
    versions = {each.version for each in candidates}
    allowed = set(wanted.specifier.filter(versions, prereleases=wanted.settings.pre or None))
    of_version = [each for each in candidates if each.version in allowed]
    pinned = any(
        each.operator == "===" or (each.operator == "==" and not each.version.endswith(".*"))
        for each in wanted.specifier
    )
    yanked = pinned and all(each.file.yanked is not None for each in of_version)  # PEP 592
    kept: list[Candidate] = []
    left_out: list[Candidate] = []
    for each in candidates:
        good = each.version in allowed and (yanked or each.file.yanked is None)
        (kept if good else left_out).append(each)
    return kept, left_out


def _not_released(candidate: Candidate) -> Miss:
    """Say why `_released` left one out."""
    name, version = candidate.file.name, candidate.version
    if candidate.file.yanked is not None:
        why = f"{name} is yanked ({candidate.file.yanked or 'without a reason'})"
        return Miss("yanked", name, why, "", candidate.file.origin, f"ask for =={version}")
    needs = "pre-releases to be asked for"
    cure = f"--pre, or ask for =={version}"
    return Miss("pre-release", str(version), needs, "releases that fit", None, cure)


def _resolve(
    order: Sequence[Candidate], wanted: Wanted, requires: Callable[[File], str | None]
) -> tuple[Candidate | None, dict[Candidate, Miss]]:
    """Take the first whose own metadata has nothing against it.

    pip looks at the best file of each version alone (``_iter_built`` in its resolution/resolvelib/found_candidates.py).
    """
    unfit: dict[Candidate, Miss] = {}
    for candidate in order:
        if candidate in unfit:
            continue
        name = candidate.file.name
        specifier = requires(candidate.file)
        miss = next(python_misses(name, specifier, wanted.release, "its METADATA"), None)
        if miss is None:
            return candidate, unfit
        unfit[candidate] = miss
        for each in order:
            if each.version == candidate.version and each not in unfit:
                why = f"pip looks at one file of a version, here {name}, which can't be taken"
                unfit[each] = Miss("requires-python", each.file.name, why, "", None, miss.cure)
    return None, unfit


def _refuse(candidate: Candidate, *misses: Miss) -> Ranked:
    return Ranked(candidate.file, str(candidate.version), None, misses)


def _tag(candidate: Candidate) -> str | None:
    return candidate.verdict.tags[0].name if candidate.verdict else None


# --- what one might not expect


def _traps(chosen: Candidate | None, left: Sequence[Candidate], machine: Machine) -> Iterator[Trap]:
    """Name the first file of each kind that fits this machine better than the one that is taken."""
    if chosen is None:
        return
    wheels = [each for each in left if each.verdict is not None]
    if chosen.verdict is None:
        for wheel in wheels[:1]:
            says = f"pip builds {chosen.version} itself, although {wheel.file.name} fits: the version decides first"
            yield Trap(
                "sdist",
                wheel.file.name,
                says,
                "--only-binary=:all: or --prefer-binary takes the wheel",
            )
        return
    told: set[str] = set()
    better = min(len(machine.extended), _platform(chosen, machine))
    for wheel in wheels:
        if _platform(wheel, machine) >= better:
            continue
        kind, says, cure = _better(wheel, chosen)
        if kind not in told:
            told.add(kind)
            yield Trap(kind, wheel.file.name, f"it has the better platform, but {says}", cure)


def _better(wheel: Candidate, chosen: Candidate) -> tuple[str, str, str]:
    """Say what decides against a wheel."""
    if wheel.version == chosen.version:
        rows = (str(_tag(each)).rpartition("-")[0] for each in (chosen, wheel))
        return (
            "row",
            "{} comes before {} for every platform".format(*rows),
            f"build it for {str(_tag(chosen)).rpartition('-')[0]}",
        )
    if wheel.version.public == chosen.version.public:
        says = f"{chosen.version} is a higher version than {wheel.version}, which decides first"
        return (
            "local version",
            says,
            f"give both the same local version, or ask for ==={wheel.version}",
        )
    says = f"{chosen.version} is newer, which decides first"
    return "version", says, f"build such a wheel of {chosen.version}, or ask for =={wheel.version}"


def _platform(candidate: Candidate, machine: Machine) -> int:
    tags = candidate.verdict.tags if candidate.verdict else ()
    names = [tag.name.rpartition("-")[2] for tag in tags if not tag.misses]
    return min((machine.places[name] for name in names), default=len(machine.places))


def _older(
    chosen: Candidate | None,
    keep: Sequence[Candidate],
    machine: Machine,
    wanted: Wanted,
    requires: Callable[[File], str | None],
) -> Iterator[Trap]:
    """Name what pips before those of `PIPS` take instead."""
    for first, (differs, key) in PIPS.items():
        instead, _ = _resolve(_ordered(keep, key, machine, wanted), wanted, requires)
        if instead is not chosen:
            name = instead.file.name if instead else ""
            says = f"such a pip takes {'it' if instead else 'nothing'}, because it {differs}"
            yield Trap(f"pip before {first}", name, says, f"upgrade pip to {first} or later")


def _mixed(files: Iterable[File]) -> Iterator[Trap]:
    """Name compressed sets that a pip without customtags takes through their stock half."""
    for file in files:
        platforms = file.name.removesuffix(".whl").rpartition("-")[2].split(".")
        if (
            file.name.endswith(".whl")
            and len(platforms) > 1
            and len(set(map(_is_stock, platforms))) > 1
        ):
            says = (
                "it mixes extended and stock tags: a pip without customtags takes it on any machine"
            )
            yield Trap(
                "mixed set", file.name, says, "give it extended tags only, with 'customtags retag'"
            )


def _is_stock(platform: str) -> bool:
    try:
        return not parse(platform)[1]
    except TagError:
        return False


def _distance(ranked: Ranked) -> Any:
    """Newer versions first, then the nearest miss."""
    version = Version(ranked.version) if ranked.version else Version("0")
    return _Descending(version), len(ranked.misses)


class _Descending(NamedTuple):
    version: Version

    def __lt__(self, other: Any) -> bool:
        return bool(self.version > other.version)
