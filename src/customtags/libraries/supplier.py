"""Suppliers: the distributions that contain shared libraries, installed ones and wheels.

The files of an installed distribution are those of its RECORD
(https://packaging.python.org/specifications/recording-installed-packages). An editable install lists no library there, and
supplies none.
"""

from __future__ import annotations

import csv
import mmap
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from customtags.errors import CustomtagsError, ElfError, WheelError
from customtags.wheels.elf import Elf
from customtags.wheels.installed import read_environment
from customtags.wheels.wheel import Wheel

__all__ = [
    "Library",
    "Supplier",
    "all_installed",
    "find",
    "find_installed",
    "from_wheel",
    "installed_path",
    "mapped",
]


class Library(NamedTuple):
    """A shared library of a distribution.

    :ivar path: its path below the folder that the distribution is installed into (site-packages)
    :ivar open: opens the file; raises ElfError if it is not a valid ELF file
    """

    path: str
    open: Callable[[], AbstractContextManager[Elf]]

    @property
    def name(self) -> str:
        """The file name, which the loader searches for in the folders of an RPATH."""
        return PurePosixPath(self.path).name


class Supplier(NamedTuple):
    """A distribution with its libraries.

    :ivar name: its normalized name
    :ivar root: the folder that it is installed into; None for a wheel
    :ivar files: every path of its RECORD
    :ivar libraries: the files with the name of a shared library
    """

    name: str
    version: str
    root: Path | None
    files: Sequence[str]
    libraries: Sequence[Library]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def find_installed(name: str, path: Sequence[str] | None = None) -> Supplier:
    """Return an installed distribution.

    :param path: the folders to search, by default those of ``sys.path``
    :raises CustomtagsError: it is not installed
    """
    requested = canonicalize_name(name)
    found = next((each for each in all_installed(path) if each.name == requested), None)
    if found is None:
        raise CustomtagsError(
            f"{name!r} is not installed in this environment",
            f"install it, or run the customtags of the environment that has {name!r}",
        )
    return found


def all_installed(path: Sequence[str] | None = None) -> Iterator[Supplier]:
    """Yield every installed distribution that Python can import."""
    for each in read_environment(path):
        try:
            rows = csv.reader(each.text("RECORD").splitlines())
            files = [row[0] for row in rows if row]
            version = str(Version(each.version))
        except (ValueError, csv.Error):  # the remains of an interrupted uninstall
            continue
        libraries = [
            Library(file, mapped(each.folder / file)) for file in files if _is_shared(file)
        ]
        yield Supplier(canonicalize_name(each.name), version, each.folder, files, libraries)


def from_wheel(wheel: Path) -> Supplier:
    """Return the distribution in a wheel.

    :raises WheelError: the file is not a wheel
    """
    found = Wheel(wheel)
    try:
        version = str(Version(found.name.version.replace("_", "-")))
    except InvalidVersion as error:
        raise WheelError(wheel.name, "has an invalid version", "name another wheel") from error
    files = found.names
    libraries = [
        Library(installed_path(file), _unpacked(found, file)) for file in files if _is_shared(file)
    ]
    name = canonicalize_name(found.name.project)
    return Supplier(name, version, None, [*map(installed_path, files)], libraries)


def find(soname: str, suppliers: Sequence[Supplier]) -> tuple[Supplier, Library] | None:
    """Return the first supplier of a library: one with a file of this name, otherwise one with a file of this SONAME."""
    for supplier in suppliers:
        for library in supplier.libraries:
            if library.name == soname:
                return supplier, library
    stem = soname.partition(".so")[0]
    for supplier in suppliers:
        for library in supplier.libraries:
            # Only files with the same stem are opened: auditwheel renames libz.so.1 to libz.915b4635.so.1.
            if library.name.startswith(stem) and _soname(library) == soname:
                return supplier, library
    return None


def mapped(path: Path) -> Callable[[], AbstractContextManager[Elf]]:
    """Return a function that opens an ELF file; it raises OSError and ElfError."""

    @contextmanager
    def open_it() -> Iterator[Elf]:
        with path.open("rb") as file:
            yield _elf(file.fileno())

    return open_it


def installed_path(member: str) -> str:
    """Return the path below site-packages that a member of a wheel is installed to.

    >>> installed_path("a-1.data/platlib/a/liba.so"), installed_path("a/liba.so")
    ('a/liba.so', 'a/liba.so')
    """
    top, _, rest = member.partition("/")
    scheme, _, path = rest.partition("/")
    return path if top.endswith(".data") and scheme in ("platlib", "purelib") else member


def _soname(library: Library) -> str | None:
    try:
        with library.open() as elf:
            return elf.soname
    except (ElfError, OSError):
        return None


def _is_shared(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith(".so") or ".so." in name


def _unpacked(wheel: Wheel, member: str) -> Callable[[], AbstractContextManager[Elf]]:
    """Return a function that unpacks a library on its first call, into a temporary file that exists as long as the function."""
    unpacked: list[Elf] = []

    @contextmanager
    def open_it() -> Iterator[Elf]:
        if not unpacked:
            with tempfile.TemporaryFile() as file:
                try:
                    file.writelines(wheel.archive.chunks(wheel.members[member]))
                except WheelError as error:
                    raise ElfError(f"cannot be unpacked: {error.problem}") from error
                file.flush()
                unpacked.append(_elf(file.fileno()))
        yield unpacked[0]

    return open_it


def _elf(file: int) -> Elf:
    try:
        return Elf(mmap.mmap(file, 0, access=mmap.ACCESS_READ))  # unmapped with its last reader
    except ValueError as error:  # an empty file
        raise ElfError("is empty") from error
