"""Pure: why pip refuses a file although its tags fit: format, Requires-Python, pre-releases, yanked files.

https://github.com/pypa/pip/blob/26.3/src/pip/_internal/index/package_finder.py, ``evaluate_link``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from customtags.choosing.miss import Miss

if TYPE_CHECKING:
    from customtags.choosing.candidate import Candidate
    from customtags.choosing.offer import Offer
    from customtags.choosing.pip_settings import PipSettings
    from customtags.choosing.request import Request

__all__ = ["file_misses", "name_miss", "not_released", "python_misses", "released"]


def name_miss(offer: Offer, error: ValueError) -> Miss:
    """Return why a name cannot be understood."""
    why = f"{offer.name} is not the name of a wheel or source distribution ({error})"
    cure = "name it as in 'example-1.2.3-cp312-cp312-linux_x86_64.whl'"
    return Miss("name", offer.name, why, "", None, cure)


def file_misses(candidate: Candidate, request: Request, release: str) -> Iterator[Miss]:
    """Yield why pip refuses a file whose tags fit: its format, or the Requires-Python of its project page.

    :param release: the whole version of the Python
    """
    offer = candidate.offer
    kind, option = "wheels", "no-binary"
    if candidate.verdict is None:
        kind, option = "source distributions", "only-binary"
    if _applies(option, request.project, request.settings):
        needs, has = f"{kind} to be allowed", f"{option} excludes them"
        yield Miss(
            "format",
            offer.name,
            needs,
            has,
            "pip's configuration",
            f"remove {option} for this project",
        )
    yield from python_misses(offer.name, offer.requires_python, release, offer.origin)


def _applies(option: str, project: str, settings: PipSettings) -> bool:
    """Return whether a format is refused; a project by its name wins over all (pip's models/format_control.py)."""
    own, other = settings.only_binary, settings.no_binary
    if option == "no-binary":
        if project in own:
            return False
        own, other = other, own
    elif project not in own and project in other:
        return False
    return project in own or (":all:" in own and project not in other)


def python_misses(name: str, specifier: str | None, release: str, source: str) -> Iterator[Miss]:
    """Yield why a Requires-Python forbids a Python; like pip, accept one that cannot be understood."""
    if not specifier:
        return
    try:
        fits = SpecifierSet(specifier).contains(release, prereleases=True)
    except ValueError:  # InvalidSpecifier, or a number with too many digits
        return
    if not fits:
        needs = f"Python {specifier}"
        has = f"this Python is {release}"
        yield Miss("requires-python", name, needs, has, source, f"use {needs}")


def released(
    candidates: Sequence[Candidate], request: Request
) -> tuple[list[Candidate], list[Candidate]]:
    """Return what is kept, and what is left out: pre-releases and yanked files, unless nothing else will do."""
    versions = {each.version for each in candidates}
    allowed = set(request.specifier.filter(versions, prereleases=request.settings.pre or None))
    of_version = [each for each in candidates if each.version in allowed]
    yanked = request.pinned and all(each.offer.yanked is not None for each in of_version)
    kept: list[Candidate] = []
    left_out: list[Candidate] = []
    for each in candidates:
        good = each.version in allowed and (yanked or each.offer.yanked is None)
        (kept if good else left_out).append(each)
    return kept, left_out


def not_released(candidate: Candidate) -> Miss:
    """Return why `released` leaves one out."""
    name, version = candidate.offer.name, candidate.version
    if candidate.offer.yanked is not None:
        why = f"{name} is yanked ({candidate.offer.yanked or 'without a reason'})"
        return Miss("yanked", name, why, "", candidate.offer.origin, f"request =={version}")
    needs, has = "pre-releases to be allowed", "releases that fit exist"
    return Miss("pre-release", str(version), needs, has, None, f"use --pre, or request =={version}")
