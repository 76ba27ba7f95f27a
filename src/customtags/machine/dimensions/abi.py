"""abi: installed distributions against whose C or C++ interface a wheel may be built, as ``torch2_9``."""

from __future__ import annotations

from functools import partial
from itertools import product

from customtags.machine.dimensions import flavour
from customtags.tags import fold
from customtags.tags.ladder import MOST_ABIS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from customtags.machine.host import Host
    from customtags.machine.spec import Facts, Probe

    #: One distribution: the segments that are accepted, its minor version first; its flavour, if that is known; and
    #: how a reason names it.
    Supplier = tuple[Sequence[str], "str | None", str]

__all__ = ["DIMENSION", "NAME", "Abi", "spell"]


NAME = DIMENSION = "abi"


class Abi:
    """The page, for the projects that the configuration names.

    :param projects: each as ``torch``, or with the flavour that the user states, ``vectorlib+any``
    """

    NAME, DIMENSION = NAME, DIMENSION

    def __init__(self, projects: Sequence[str]) -> None:
        parts = [project.partition("+") for project in projects]
        self.projects = {project.strip(): flavour.parse(label) for project, _, label in parts}
        self.PROBES: Mapping[str, Probe] = {"site-packages": self._read} if projects else {}

    def override(self, value: str, arch: str | None) -> Facts | None:
        """``torch2.9+cu128,numpy2``."""
        parts = [part.strip().partition("+") for part in value.split(",")]
        segments = [fold(segment) for segment, _, _ in parts]
        if None in segments or len(segments) > MOST_ABIS:
            raise ValueError(f"write {MOST_ABIS} projects at most, as in torch2.9,numpy2")
        stated = {
            str(each): flavour.parse(part[2]) for each, part in zip(segments, parts) if part[1]
        }
        if None in stated.values():
            raise ValueError("write a build as in torch2.9+cu128, torch2.9+cpu or vectorlib1+any")
        return _with({"segments": segments}, stated)

    def ladder(self, facts: Facts) -> list[str]:
        """Return every combination, in the order of names; the more a wheel was built against, the better it fits."""
        return [rung for rung, _ in _combine(_suppliers(facts))]

    def apart(self, facts: Facts, accelerators: Sequence[str]) -> dict[tuple[str, str], str]:
        """Return the pairs of an accelerator's rung and one of this page that no tag may hold together, with the reason.

        A wheel for an accelerator is linked to libraries that only some builds of the supplier have.
        """
        suppliers = _suppliers(facts)
        found = {}
        for rung, chosen in _combine(suppliers):
            for each in accelerators:
                whys = ((name, flavour.refusal(built, each)) for _, built, name in chosen)
                for name, why in whys:
                    if why:
                        found[each, rung] = f"{name} {why}"
        return found

    def owns(self, segment: str, arch: str) -> bool:
        """Return whether it is a version of one of the projects."""
        return any(_is_of(project, segment) for project in self.projects)

    def common(self, several: Sequence[Facts]) -> Iterator[Facts]:
        """Yield of each project the minor, else the major version, that all have, and what fits the builds of all."""
        first, *others = map(_suppliers, several)
        projects, flavours = [], {}
        for rungs, built, _ in first:
            same = [each for other in others for each in other if {*each[0]} & {*rungs}]
            shared = [rung for rung in rungs if all(rung in each for each, _, _ in same)]
            if shared and len(same) == len(others):
                projects.append(shared)
                flavours[shared[0]] = flavour.common([built, *(each for _, each, _ in same)])
        yield _with({"projects": projects}, flavours)

    def describe(self, facts: Facts) -> str:
        """Return the installed versions."""
        versions = [f"{name} {version}" for name, version in facts.get("versions", {}).items()]
        shared = [rungs[0] for rungs in facts.get("projects", ())]
        return ", ".join((*versions, *facts.get("segments", ()), *shared))

    def _read(self, host: Host) -> Facts | None:
        versions, flavours = {}, {}
        for project, stated in self.projects.items():
            version = host.installed(project)
            if version:
                versions[project] = version
                read = partial(host.installed_text, project)
                flavours[project] = stated or flavour.find(project, version, read)
        return _with({"versions": versions}, flavours) if versions else None


def spell(facts: Facts) -> list[str]:
    """Return the values that `Abi.override` reads, joined by commas, as facts with the same ladder."""
    found = []
    for rungs, built, _ in _suppliers(facts):
        ((_, default, _),) = _suppliers({"segments": rungs[:1]})
        label = (built or "").replace("cuda", "cu").replace("_", "")
        if flavour.parse(label) != built:
            label = (built or "").replace("_", ".")
        found.append(rungs[0].replace("_", ".") + ("" if built == default else f"+{label}"))
    return found


def _with(facts: Facts, flavours: Mapping[str, str | None]) -> Facts:
    """Add the flavours that are known, by project where facts have its version, else by its first segment."""
    known = {key: each for key, each in flavours.items() if each}
    return {**facts, "flavours": known} if known else facts


def _suppliers(facts: Facts) -> list[Supplier]:
    """Return the distributions that have an ABI, in the order of names."""
    stated = facts.get("flavours", {})
    found: list[Supplier] = []
    for project, version in facts.get("versions", {}).items():
        built = stated.get(project) or flavour.find(project, version)
        found.append((_accepted(project, version), built, f"{project} {version}"))
    for rungs in (*map(_rungs, facts.get("segments", ())), *facts.get("projects", ())):
        known = (each for each in flavour.ONE_BUILD if _is_of(each, rungs[0]))
        built = stated.get(rungs[0]) or flavour.find(next(known, ""), "")
        found.append((rungs, built, rungs[0]))
    return sorted((each for each in found if each[0]), key=lambda each: list(each[0]))


def _combine(suppliers: Sequence[Supplier]) -> list[tuple[str, list[Supplier]]]:
    """Return every rung that names at least one of them, those that name the most first, and whom it names."""
    chosen = [
        [(rung, supplier) for rung, supplier in zip(each, suppliers) if rung]
        for each in product(*([*rungs, ""] for rungs, _, _ in suppliers))
    ]
    return [
        ("_".join(rung for rung, _ in each), [supplier for _, supplier in each])
        for each in sorted(chosen, key=len, reverse=True)
        if each
    ]


def _accepted(project: str, version: str) -> list[str]:
    """Return the segments of an installed version, with its minor and without.

    A pre-release has no ABI yet on which one could rely; what stands behind a ``+`` or ``.post`` changes none.
    """
    word = _word(project)
    numbers = version.partition("+")[0].partition(".post")[0].split(".")
    if not all(map(str.isdigit, numbers)):
        return []
    found = [word + "_".join(numbers[:count]) for count in (2, 1) if len(numbers) >= count]
    return [segment for segment in found if fold(segment)]


def _is_of(project: str, segment: str) -> bool:
    word = _word(project)
    return segment.startswith(word) and segment[len(word) :].replace("_", "").isdigit()


def _word(project: str) -> str:
    """Spell a project as a segment does; a ``_`` keeps a digit at its end apart from the version."""
    word = "".join(character for character in project.lower() if character not in "-_.")
    return word + ("_" if word[-1:].isdigit() else "")


def _rungs(segment: str) -> list[str]:
    major = segment.rpartition("_")[0]
    return [segment, major] if major else [segment]
