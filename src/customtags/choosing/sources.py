"""Where the files of a project are found: folders, files and indexes that are named, or all that pip is configured for."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from customtags.choosing.index import Client
from customtags.choosing.offer import (
    ARCHIVES,
    check_paths,
    in_folder,
    is_index,
    local_path,
    named,
    projects,
    without_password,
)
from customtags.choosing.request import Request
from customtags.errors import CustomtagsError, SourceError

if TYPE_CHECKING:
    from customtags.choosing.index import Progress
    from customtags.choosing.offer import Offer
    from customtags.choosing.pip_settings import PipSettings

__all__ = ["Sources", "projects_behind", "search", "search_all"]

#: How many projects a message names.
MOST_NAMES = 5


class Sources(NamedTuple):
    """The sources that a user names; if none is named, those of pip's configuration are searched.

    :ivar requirement: the project, maybe with versions, as in ``example>=1.2``
    """

    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    requirement: str | None = None

    @classmethod
    def parse(cls, words: Sequence[str], requirement: str | None = None) -> Sources:
        """Parse words such as folders, files, URLs, and at most one project.

        The last word after the URL of an index is the project if there is no other, even if a folder has its name.

        :param requirement: the project, if it is none of the words
        :raises CustomtagsError: a word is none of these, or the path of a file that does not exist
        """
        indexes = tuple(word for word in words if is_index(word))
        folders = tuple(word for word in words if os.path.isdir(word))
        files = tuple(word for word in words if word.endswith(ARCHIVES) and word not in folders)
        others = [word for word in words if word not in (*indexes, *folders, *files)]
        most = 1 if requirement is None else 0
        wrong = next((word for word in others if "/" in word or len(others) > most), None)
        if wrong:
            problem = f"{wrong!r} is not a folder, a file, a URL or the only project"
            raise CustomtagsError(problem, "check its spelling, and name one project at most")
        check_paths(files)
        others += [] if requirement is None else [requirement]
        if not others and folders and words[-1] in projects_behind(words):
            folders, others = folders[:-1], [words[-1]]
        return cls(folders, files, indexes, others[0] if others else None)

    def local(self) -> list[Offer]:
        """Return the files of its folders, and those that are named themselves.

        :raises SourceError: a folder cannot be listed
        """
        return [
            *(each for folder in self.folders for each in in_folder(folder)),
            *named(self.files),
        ]

    def unread(self, settings: PipSettings) -> list[str]:
        """Return the places of pip's settings that ``pip install --index-url`` searches besides the indexes that are named."""
        if not self.indexes:
            return []
        read = {_place(each) for each in (*self.indexes, *self.folders)}
        places = map(_place, (*settings.indexes[1:], *settings.find_links))
        return [each for each in places if each not in read]

    def request(self, local: Sequence[Offer], settings: PipSettings) -> Request:
        """Return the request; without a requirement, for the project of the local files if it is the only one.

        :raises CustomtagsError: there is no project, or more than one
        """
        if self.requirement is None:
            names = sorted(projects(local))
            if len(names) != 1:
                problem = "no project is named"
                cure = "name the project, as in 'customtags rank wheels/ example'"
                if self.files and not names:
                    problem = f"{self.files[0]!r} names no project"
                    cure = "name a file as in 'example-1.2.3-py3-none-any.whl'"
                if names:
                    problem = f"the files are of {len(names)} projects ({_shown(names)})"
                    cure = f"name one of them, as in 'customtags rank SOURCE {names[0]}'"
                for folder in filter(_is_requirement, self.folders[-1:]):
                    cure += f"; if you mean the project {folder!r} and not the folder, write '{folder}>=0'"
                raise CustomtagsError(problem, cure)
            return Request(names[0], SpecifierSet(), settings)
        try:
            parsed = Requirement(self.requirement)
        except InvalidRequirement as error:
            problem = f"{self.requirement!r} is not a project"
            cure = "write it as in 'example' or 'example==1.2.3'"
            raise CustomtagsError(problem, cure) from error
        return Request(canonicalize_name(parsed.name), parsed.specifier, settings)

    def not_found(self, settings: PipSettings) -> tuple[str, str]:
        """Return that no file of the request is in the places that were searched, and the cure."""
        places = (*self.folders, *self.files, *self.indexes)
        shown = [
            without_password(each) for each in places or settings.find_links + settings.indexes
        ]
        problem = f"no file of {self.requirement!r} found in {', '.join(shown) or 'no place'}"
        names = sorted(projects(self.local()))
        cure = "check the name and the version"
        if names:
            cure += f"; the files are of {_shown(names)}"
        if not places:
            cure += f", or name a source; there is no folder {self.requirement!r}"
        return problem, cure

    def find(
        self, settings: PipSettings, report: Progress
    ) -> tuple[Request, list[Offer], list[SourceError]]:
        """Return the request, the files found for it, and the sources that failed although others did not.

        :raises CustomtagsError: no source can be read, or `request` raises it
        """
        offers = self.local()
        if self.indexes:
            settings = settings._replace(indexes=self.indexes, find_links=())
        request = self.request(offers, settings)
        problems: list[SourceError] = []
        if self.indexes or not (self.folders or self.files):
            found, problems = search(request.project, Client(settings), report)
            if problems and not found:
                raise problems[0]
            offers += found
        return request, offers, problems


def _shown(names: Sequence[str]) -> str:
    return ", ".join([*names[:MOST_NAMES], *(["…"] if len(names) > MOST_NAMES else [])])


def _place(place: str) -> str:
    """Return a place as it is compared and shown."""
    return without_password(place).rstrip("/")


def projects_behind(words: Sequence[str]) -> list[str]:
    """Return the words after the URL of an index that are written as projects, whether folders have their names or not."""
    behind = itertools.dropwhile(lambda word: not is_index(word), words)
    return [word for word in behind if _is_requirement(word)]


def _is_requirement(word: str) -> bool:
    """Return whether a word is written as a project, and not as a path, a URL or a file."""
    if "/" in word or word.endswith(ARCHIVES):
        return False
    try:
        Requirement(word)
    except InvalidRequirement:
        return False
    return True


def search(project: str, client: Client, report: Progress) -> tuple[list[Offer], list[SourceError]]:
    """Return the files of one project in all places of pip's settings, as pip sorts them, and what went wrong.

    https://github.com/pypa/pip/blob/26.3/src/pip/_internal/index/package_finder.py, ``find_all_candidates``: folders
    come before project pages, and of equal files the last is taken.

    :param project: its normalized name
    """
    flat: list[Offer] = []
    paged: list[Offer] = []
    problems: list[SourceError] = []
    for place, url in _places(project, client.settings):
        path = local_path(place)
        try:
            if url is None and path and os.path.isdir(path):
                flat += in_folder(path)
            else:
                paged += client.offers(url or place, project, report)
        except SourceError as error:
            problems.append(error)
    flat.sort(key=lambda offer: quote(f"{offer.origin}/{offer.name}"), reverse=True)
    return flat + paged, problems


def search_all(
    projects: Sequence[str], client: Client, report: Progress
) -> tuple[dict[str, list[Offer]], list[SourceError]]:
    """Return the files of several projects, and each thing that went wrong once.

    :param projects: their normalized names
    :raises SourceError: nothing was found, and something went wrong
    """
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(projects, pool.map(lambda name: search(name, client, report), projects)))
    problems = {str(problem): problem for _, several in found.values() for problem in several}
    if problems and not any(offers for offers, _ in found.values()):
        raise next(iter(problems.values()))
    return {name: offers for name, (offers, _) in found.items()}, list(problems.values())


def _places(project: str, settings: PipSettings) -> Iterator[tuple[str, str | None]]:
    """Yield every place, and the URL of its project page if it is an index."""
    yield from ((place, None) for place in settings.find_links)
    yield from ((place, f"{place.rstrip('/')}/{project}/") for place in settings.indexes)
