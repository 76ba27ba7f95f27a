"""Whether what is installed still fits the machine, and whether an index has a better wheel of it.

pip checks neither: it does not install a wheel again whose version is installed already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from customtags.choosing.rank import rank
from customtags.choosing.request import Request
from customtags.choosing.verdict import judge
from customtags.wheels.installed import read_environment
from customtags.wheels.metadata import tags

if TYPE_CHECKING:
    from customtags.choosing.offer import Offer
    from customtags.choosing.target import Target
    from customtags.choosing.verdict import TagVerdict
    from customtags.wheels.installed import Installed

__all__ = ["Distribution", "Unfit", "better", "distributions", "unfit"]


class Distribution(NamedTuple):
    """A distribution that was installed from a wheel.

    :ivar tags: those of its WHEEL file (PEP 427), one by one
    :ivar direct: whether it came from a path or a URL of its own, and not from an index (PEP 610)
    """

    name: str
    version: str
    tags: tuple[str, ...]
    direct: bool

    @property
    def project(self) -> str:
        """Its normalized name."""
        return canonicalize_name(self.name)

    def reinstall(self, operator: str = "==") -> str:
        """Return the command by which pip chooses again; ``==`` may take a local version, ``===`` does not (PEP 440)."""
        return f"pip install --force-reinstall --no-deps {self.name}{operator}{self.version}"


class Unfit(NamedTuple):
    """A distribution that this machine no longer accepts.

    :ivar nearest: the tag that lacks least
    """

    distribution: Distribution
    nearest: TagVerdict


class Better(NamedTuple):
    """A wheel of the same version that fits this machine better than the installed one.

    :ivar wheel: its file name
    """

    distribution: Distribution
    wheel: str


def distributions(path: Sequence[str] | None = None) -> list[Distribution]:
    """Return what is installed from wheels, sorted; of several of one name the first counts, as for Python.

    :param path: the folders, by default those of ``sys.path``
    """
    return sorted(filter(None, map(_read, read_environment(path))))


def _read(found: Installed) -> Distribution | None:
    """Read one distribution, None if it was not installed from a wheel."""
    named = tags(found.text("WHEEL").encode())
    if not named:
        return None
    whole = tuple(sorted(tag.lower() for tag in named if tag.count("-") == 2))
    return Distribution(found.name, found.version, whole, bool(found.text("direct_url.json")))


def unfit(installed: Iterable[Distribution], target: Target) -> Iterator[Unfit]:
    """Yield the distributions of which the machine accepts no tag."""
    for each in installed:
        verdict = judge(each.tags, target)
        if each.tags and not verdict.fits:
            yield Unfit(each, verdict.tags[0])


def better(
    installed: Iterable[Distribution],
    target: Target,
    offers: Callable[[str], Iterable[Offer]],
) -> Iterator[Better]:
    """Yield the distributions of which there is a wheel with an extended tag better than all of their own tags.

    :param offers: returns the files of a project, by its normalized name
    """
    for each in installed:
        if each.direct:
            continue
        request = Request(each.project, SpecifierSet(f"==={each.version}"))
        ranking = rank(offers(each.project), request, target)
        best = next((file.tag for file in ranking.files if file.tag and not file.misses), None)
        if best is None or best.rpartition("-")[2] not in target.extended:
            continue
        own = judge(each.tags, target).place
        if own is None or target.order[best] < own:
            yield Better(each, str(ranking.chosen))
