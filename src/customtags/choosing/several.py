"""The files of several projects: of all that folders hold, or of those that words of the command line name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from customtags.choosing.index import Client
from customtags.choosing.offer import ARCHIVES, projects
from customtags.choosing.sources import Sources, projects_behind, search_all
from customtags.errors import CustomtagsError
from customtags.wheels.filename import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.choosing.index import Progress
    from customtags.choosing.offer import Offer
    from customtags.choosing.pip_settings import PipSettings

__all__ = ["find"]


def find(words: Sequence[str], settings: PipSettings, report: Progress) -> dict[str, list[Offer]]:
    """Return the files of each project in the folders and indexes that words name.

    :param words: folders, files, URLs of indexes, and projects; without a project, all projects of the folders count
    :raises CustomtagsError: an index is named without a project, a source cannot be read, or nothing is found there
    """
    named = _projects(words)
    names = list(map(canonical, named))
    sources = Sources.parse([word for word in words if word not in named])
    if sources.indexes and not names:
        cure = "name the projects behind the index, as in 'customtags coverage URL example'"
        raise CustomtagsError("an index is named, and no project of it", cure)
    found: dict[str, list[Offer]] = {}
    for offer in sources.local():
        for project in projects([offer]):
            found.setdefault(project, []).append(offer)
    if sources.indexes:
        client = Client(settings._replace(indexes=sources.indexes, find_links=()))
        paged, problems = search_all(names, client, report)
        if problems:
            raise problems[0]
        for project, offers in paged.items():
            found.setdefault(project, []).extend(offers)
    if not (found or names):
        raise CustomtagsError(
            "no wheel and no source distribution found", "name a folder of wheels"
        )
    for word, name in zip(named, names):
        if not found.get(name):
            raise _not_found(word)
    return {name: found[name] for name in found if not names or name in names}


def _projects(words: Sequence[str]) -> list[str]:
    """Return the words that are projects: those behind an index, and those that are neither a path nor the name of a file."""
    behind = projects_behind(words)
    places = [
        word for word in words if "/" in word or word.endswith(ARCHIVES) or os.path.exists(word)
    ]
    return [word for word in words if word in behind or word not in places]


def _not_found(word: str) -> CustomtagsError:
    """Return the error for a project that no source has."""
    if os.path.isdir(word):
        cure = f"if you mean the folder, write '{word}/'"
        return CustomtagsError(f"{word!r} is not a project of the sources", cure)
    problem = f"{word!r} is neither a folder nor a project of the sources"
    return CustomtagsError(problem, "check its spelling, or name another source")
