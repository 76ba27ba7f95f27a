"""Pure: a file whose name is understood, as pip understands it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from customtags.choosing.offer import ARCHIVES
from customtags.choosing.verdict import judge
from customtags.wheels.filename import expand

if TYPE_CHECKING:
    from customtags.choosing.offer import Offer
    from customtags.choosing.target import Target
    from customtags.choosing.verdict import Verdict

__all__ = ["Candidate", "read", "tags"]

#: How many tags one name may stand for: names come from indexes, and three long sets would multiply.
MOST_TAGS = 1000


class Candidate(NamedTuple):
    """A file whose name is understood.

    :ivar build: the build tag (PEP 427), empty if there is none
    :ivar verdict: None for a source distribution, which is built here and so fits
    """

    offer: Offer
    version: Version
    build: tuple[()] | tuple[int, str]
    verdict: Verdict | None

    @property
    def accepted(self) -> list[str]:
        """Those of its tags that the target accepts, best first."""
        found = self.verdict.tags if self.verdict else ()
        return [tag.name for tag in found if not tag.misses]

    @property
    def tag(self) -> str | None:
        """The best of its tags, None for a source distribution."""
        return self.verdict.tags[0].name if self.verdict else None


def read(
    offer: Offer, project: str, target: Target, verdicts: dict[str, Verdict]
) -> Candidate | None:
    """Parse the name of a file and judge it; None if it is another project's.

    :param verdicts: the set of tags → what was judged of it before, because many files have the same tags
    :raises ValueError: the name is not that of a wheel or source distribution
    """
    if not offer.name.endswith(".whl"):
        ending = next((each for each in ARCHIVES if offer.name.endswith(each)), None)
        version = _behind(project, offer.name.removesuffix(ending)) if ending else None
        return None if version is None else Candidate(offer, Version(version), (), None)
    compressed = _compressed(offer.name)
    name, release, build, _ = parse_wheel_filename(offer.name)
    if name != project:
        return None
    if compressed not in verdicts:
        verdicts[compressed] = judge(expand(compressed), target)
    return Candidate(offer, release, build, verdicts[compressed])


def tags(name: str) -> list[str]:
    """Return the tags of a wheel's file name one by one, as pip reads them: in lower case.

    >>> tags("example-1.2.3-CP312.cp313-none-any.whl")
    ['cp312-none-any', 'cp313-none-any']

    :raises ValueError: it stands for too many
    """
    return expand(_compressed(name))


def _compressed(name: str) -> str:
    """Return the tags of a file name as they stand there, in lower case."""
    parts = name.lower().removesuffix(".whl").split("-")[-3:]
    if prod(part.count(".") + 1 for part in parts) > MOST_TAGS:
        raise ValueError(f"it stands for more than {MOST_TAGS} tags")
    return "-".join(parts)


def _behind(project: str, stem: str) -> str | None:
    """Return what stands behind the project's name, in any spelling of it."""
    dashes = (index for index, character in enumerate(stem) if character == "-")
    return next((stem[at + 1 :] for at in dashes if canonicalize_name(stem[:at]) == project), None)
