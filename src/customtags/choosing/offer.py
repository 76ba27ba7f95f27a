"""A file that pip could take, by its name: of a folder, of an index, or named by itself."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit
from urllib.request import url2pathname

from packaging.utils import canonicalize_name

from customtags.errors import SourceError, WheelError
from customtags.variants import names
from customtags.wheels.wheel import Wheel

__all__ = [
    "ARCHIVES",
    "Offer",
    "check_paths",
    "in_folder",
    "is_index",
    "local_path",
    "named",
    "projects",
    "requires_python",
    "without_password",
]

#: What pip takes for a source distribution (``SUPPORTED_EXTENSIONS`` in its utils/filetypes.py), and wheels.
ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tbz", ".tar", ".tar.lzma")


class Offer(NamedTuple):
    """A file that pip could take.

    :ivar origin: the folder, or the URL of the project page
    :ivar requires_python: as the project page has it, None if it has none
    :ivar yanked: the reason, None if the file is not yanked (PEP 592)
    :ivar url: of the metadata of a release's wheel variants on an index; empty for every other file
    """

    name: str
    origin: str
    requires_python: str | None = None
    yanked: str | None = None
    url: str = ""

    @property
    def path(self) -> Path | None:
        """Its path, if it lies on this machine."""
        path = Path(self.origin, self.name)
        return path if "://" not in self.origin and path.is_file() else None


def named(names: Iterable[str]) -> list[Offer]:
    """Return files by path, URL or bare name, whether they exist or not."""
    return [
        Offer(unquote(name.rpartition("/")[2]), without_password(os.path.dirname(name)))
        for name in names
    ]


def check_paths(words: Iterable[str]) -> None:
    """Check that each path with a folder names a file; a bare name is judged whether its file exists or not.

    :raises WheelError: the file does not exist
    """
    for word in words:
        if "://" not in word and "/" in word and not os.path.isfile(word):
            raise WheelError(word, "does not exist", "name a file, or a file name without a folder")


def in_folder(path: str) -> list[Offer]:
    """Return the archives in a folder, as pip sorts them: the last of equal ones is taken.

    :raises SourceError: the folder cannot be listed
    """
    try:
        names = sorted(os.listdir(path), key=quote, reverse=True)
    except OSError as error:
        why = f"cannot be listed ({error.strerror})"
        raise SourceError(path, why, "name another folder") from error
    return [Offer(name, path) for name in names if name.endswith(ARCHIVES)]


def projects(offers: Iterable[Offer]) -> set[str]:
    """Return the projects of files; of a source distribution what stands before the last ``-``."""
    found: set[str] = set()
    for offer in offers:
        wheel = offer.name.endswith(".whl")
        dash = offer.name.find("-") if wheel else offer.name.rfind("-")
        if dash > 0:
            found.add(canonicalize_name(offer.name[:dash]))
    return found


def requires_python(offer: Offer) -> str | None:
    """Return the Requires-Python of a wheel's own metadata; None if it has none, is damaged or on another machine."""
    if offer.path is None or not offer.name.endswith(".whl"):
        return None
    try:
        return Wheel(offer.path, names.split(offer.name)[0]).metadata.get("Requires-Python")
    except WheelError:
        return None


def is_index(place: str) -> bool:
    """Return whether a place is the URL of an index rather than that of a file."""
    return "://" in place and not place.endswith(ARCHIVES)


def local_path(place: str) -> str | None:
    """Return the path that a URL or a path stands for, None if it is on another machine."""
    if place.startswith("file:"):
        return url2pathname(urlsplit(place).path)
    return None if "://" in place else os.path.expanduser(place)


def without_password(url: str) -> str:
    """Return a URL without the user and password that it may hold."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"
