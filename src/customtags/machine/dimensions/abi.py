"""abi: installed distributions against whose C or C++ interface a wheel may be built, as ``torch2_9``."""

from __future__ import annotations

from itertools import product

from customtags.tags import fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from customtags.machine.host import Host
    from customtags.machine.spec import Facts, Probe

__all__ = ["Abi"]

#: How many an override may name: each multiplies the tags by three.
MOST = 3


class Abi:
    """The page, for the projects that the configuration names."""

    NAME = DIMENSION = "abi"

    def __init__(self, projects: Sequence[str]) -> None:
        self.projects = projects
        self.PROBES: Mapping[str, Probe] = {"site-packages": self._look} if projects else {}

    def override(self, value: str, arch: str | None) -> Facts | None:
        """``torch2.9,numpy2``."""
        segments = [fold(part.strip()) for part in value.split(",")]
        if None in segments or len(segments) > MOST:
            raise ValueError(f"write {MOST} projects at most, as in torch2.9,numpy2")
        return {"segments": segments}

    def ladder(self, facts: Facts) -> list[str]:
        """Every combination, in the order of names; the more a wheel was built against, the better it fits."""
        chosen = [
            [rung for rung in each if rung]
            for each in product(*([*rungs, ""] for rungs in _projects(facts)))
        ]
        return ["_".join(each) for each in sorted(chosen, key=len, reverse=True) if each]

    def owns(self, segment: str, arch: str) -> bool:
        """Tell whether it is a version of one of the projects."""
        words = [_word(project) for project in self.projects]
        versions = [segment[len(word) :] for word in words if segment.startswith(word)]
        return any(version.replace("_", "").isdigit() for version in versions)

    def common(self, several: Sequence[Facts]) -> Iterator[Facts]:
        """Of each project the minor, else the major, that all have."""
        first, *others = map(_projects, several)
        known = [{rung for rungs in each for rung in rungs} for each in others]
        shared = (
            [rung for rung in rungs if all(rung in each for each in known)] for rungs in first
        )
        yield {"projects": [rungs for rungs in shared if rungs]}

    def describe(self, facts: Facts) -> str:
        """The installed versions."""
        versions = [f"{name} {version}" for name, version in facts.get("versions", {}).items()]
        shared = [rungs[0] for rungs in facts.get("projects", ())]
        return ", ".join((*versions, *facts.get("segments", ()), *shared))

    def _look(self, host: Host) -> Facts | None:
        found = {project: host.installed(project) for project in self.projects}
        versions = {project: version for project, version in found.items() if version}
        return {"versions": versions} if versions else None


def _projects(facts: Facts) -> list[list[str]]:
    """Of each project the segments that are accepted, with its minor first; in the order of names."""
    rungs = [_rungs(segment) for segment in facts.get("segments", ())]
    rungs += [_accepted(*each) for each in facts.get("versions", {}).items()]
    rungs += facts.get("projects", ())
    return sorted(filter(None, rungs))


def _accepted(project: str, version: str) -> list[str]:
    """The segments of an installed version, with its minor and without.

    A pre-release has no ABI yet on which one could rely; what stands behind a ``+`` or ``.post`` changes none.
    """
    word = _word(project)
    numbers = version.partition("+")[0].partition(".post")[0].split(".")
    if not all(map(str.isdigit, numbers)):
        return []
    found = [word + "_".join(numbers[:count]) for count in (2, 1) if len(numbers) >= count]
    return [segment for segment in found if fold(segment)]


def _word(project: str) -> str:
    """Spell a project as a segment does; a ``_`` keeps a digit at its end apart from the version."""
    word = "".join(character for character in project.lower() if character not in "-_.")
    return word + ("_" if word[-1:].isdigit() else "")


def _rungs(segment: str) -> list[str]:
    major = segment.rpartition("_")[0]
    return [segment, major] if major else [segment]
