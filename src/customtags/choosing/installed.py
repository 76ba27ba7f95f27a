"""What is installed in this environment: whether it still fits the machine, and whether an index has something better.

pip asks neither: it installs no wheel again whose version is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from customtags.choosing.rank import Wanted, rank
from customtags.choosing.verdict import judge, split
from customtags.wheels.installed import read_environment

if TYPE_CHECKING:
    from customtags.choosing.index import File
    from customtags.choosing.verdict import Machine, Tag
    from customtags.wheels.installed import Installed

__all__ = ["Better", "Distribution", "Unfit", "better", "distributions", "unfit"]


class Distribution(NamedTuple):
    """A distribution that was installed from a wheel.

    :ivar tags: those of its WHEEL file (PEP 427), one by one
    :ivar direct: whether it came from a path or a URL of its own, and not from an index (PEP 610)
    """

    name: str
    version: str
    tags: tuple[str, ...]
    direct: bool

    def reinstall(self, operator: str = "==") -> str:
        """Give the command that lets pip choose again; ``==`` may take a local version, ``===`` does not (PEP 440)."""
        return f"pip install --force-reinstall --no-deps {self.name}{operator}{self.version}"


class Unfit(NamedTuple):
    """One that this machine would not accept any more.

    :ivar nearest: the tag that lacks least
    """

    distribution: Distribution
    nearest: Tag


class Better(NamedTuple):
    """A wheel of the same version that fits this machine better than the one that was installed.

    :ivar wheel: its file name
    """

    distribution: Distribution
    wheel: str


def distributions(path: Sequence[str] | None = None) -> list[Distribution]:
    """Read what is installed; of several of one name the first counts, as it does for Python.

    :param path: the folders, by default those of ``sys.path``
    """
    return sorted(filter(None, map(_known, read_environment(path))))


def _known(found: Installed) -> Distribution | None:
    """Understand one distribution, None if it is of no wheel."""
    lines = found.text("WHEEL").splitlines()
    tags = [line.partition(":")[2].strip() for line in lines if line.startswith("Tag:")]
    if not tags:
        return None
    whole = tuple(tag for line in tags if line.count("-") == 2 for tag in split(line))
    return Distribution(found.name, found.version, whole, bool(found.text("direct_url.json")))


def unfit(installed: Iterable[Distribution], machine: Machine) -> Iterator[Unfit]:
    """Find those of which the machine accepts no tag."""
    for each in installed:
        verdict = judge(each.tags, machine)
        if each.tags and not verdict.fits:
            yield Unfit(each, verdict.tags[0])


def better(
    installed: Iterable[Distribution],
    machine: Machine,
    release: str,
    files: Callable[[str], Iterable[File]],
) -> Iterator[Better]:
    """Find those of which there is a wheel with an extended tag that is better than all of their own.

    :param release: the whole version of the Python
    :param files: gives the files of a project on an index
    """
    for each in installed:
        if each.direct:
            continue
        wanted = Wanted(canonicalize_name(each.name), SpecifierSet(f"==={each.version}"), release)
        ranking = rank(list(files(wanted.project)), wanted, machine)
        best = next((file.tag for file in ranking.files if file.tag and not file.misses), None)
        if best is None or best.rpartition("-")[2] not in machine.extended:
            continue
        own = judge(each.tags, machine).place
        if own is None or machine.order[best] < own:
            yield Better(each, str(ranking.chosen))
