"""The flags to compile against and link to an installed distribution, for ``setup.py``, CMake, meson and build.rs.

A wheel may contain headers and a shared library, or an extension module that exports functions. An extension that is built
against them finds them at run time in the same site-packages, by ``$ORIGIN`` (ld.so(8), "Dynamic string tokens").
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple, TypedDict

from packaging.utils import canonicalize_name

from customtags.errors import CustomtagsError, ElfError
from customtags.libraries.supplier import Library, Supplier, find_installed
from customtags.machine.dimensions.abi import Abi

__all__ = ["Linking", "link"]

#: Suffixes of the headers of C and C++.
_HEADERS = (".h", ".hh", ".hpp", ".hxx", ".h++", ".cuh")

#: Prefixes of the symbols that every extension module exports; any other is an interface.
_OWN = ("PyInit_", "_init", "_fini")


class ExtensionArguments(TypedDict):
    """Arguments of ``setuptools.Extension``."""

    include_dirs: list[str]
    extra_link_args: list[str]


class Linking(NamedTuple):
    """The paths and names for linking to one distribution.

    :ivar distribution: its normalized name
    :ivar release: its version
    :ivar segments: the segments that fit a wheel built against it, the narrowest first: ``torch2_9``, ``torch2``
    :ivar include_dirs: the folders for ``-I``, absolute
    :ivar library_dirs: the folders for ``-L``, absolute
    :ivar libraries: the names for ``-l``: ``torch``, or ``:libarrow.so.2600`` for a name that ``-l`` alone does not find
    :ivar rpaths: the paths for ``-Wl,-rpath``, from the extension module to the libraries in the same site-packages
    """

    distribution: str
    release: str
    segments: list[str]
    include_dirs: list[str]
    library_dirs: list[str]
    libraries: list[str]
    rpaths: list[str]

    @property
    def cflags(self) -> list[str]:
        """The arguments for the compiler."""
        return [f"-I{folder}" for folder in self.include_dirs]

    @property
    def libs(self) -> list[str]:
        """The arguments for the linker; libraries that the extension does not use are not linked."""
        words = [f"-L{folder}" for folder in self.library_dirs]
        words += [f"-Wl,-rpath,{path}" for path in self.rpaths]
        names = [f"-l{name}" for name in self.libraries]
        return (
            [*words, "-Wl,--push-state,--as-needed", *names, "-Wl,--pop-state"] if names else words
        )

    @property
    def extension(self) -> ExtensionArguments:
        """The arguments for ``setuptools.Extension(name, sources, **…)``."""
        return {
            "include_dirs": self.include_dirs,
            "extra_link_args": self.libs,
        }


def link(
    distribution: str,
    *,
    package: str = "package",
    libraries: Sequence[str] = (),
    path: Sequence[str] | None = None,
) -> Linking:
    """Return the flags for linking to an installed distribution.

    :param package: the folder of the extension module below site-packages: ``mine`` for ``mine/_native.so``,
        ``mine/sub``, or ``.`` for a module outside of any package. Only its depth matters
    :param libraries: the libraries to link to, as ``torch_cpu`` or by file name; by default all of the distribution, or
        its extension modules that export functions if it has no library
    :param path: the folders to search for the distribution, by default those of ``sys.path``
    :raises CustomtagsError: the distribution is not installed or has nothing to link to, or the package is not below
        site-packages
    """
    if package.startswith("/") or ".." in PurePosixPath(package).parts:
        raise CustomtagsError(
            f"{package!r} is not a folder below site-packages", "write it as in mine/sub"
        )
    supplier = find_installed(distribution, path)
    chosen = [*_chosen(supplier, libraries)]
    includes = [*_include_dirs(supplier)]
    if not chosen and not includes:
        raise CustomtagsError(
            f"{supplier} has neither headers nor libraries",
            "if it is an editable install, install a wheel of it",
        )
    folders = [*dict.fromkeys(posixpath.dirname(each.path) for each in chosen)]
    up = [posixpath.relpath(folder or ".", package) for folder in folders]
    rungs = Abi([supplier.name]).ladder({"versions": {supplier.name: supplier.version}})
    return Linking(
        distribution=supplier.name,
        release=supplier.version,
        segments=rungs,
        include_dirs=includes,
        library_dirs=[_absolute(supplier, folder) for folder in folders],
        libraries=[_word(each.name) for each in chosen],
        rpaths=[f"$ORIGIN/{each}" for each in up],
    )


def _chosen(supplier: Supplier, names: Sequence[str]) -> Iterator[Library]:
    """Yield the libraries to link to, one of each SONAME."""
    if names:
        for name in names:
            found = next((each for each in supplier.libraries if name in _names(each.name)), None)
            if found is None:
                has = ", ".join(sorted({each.name for each in supplier.libraries})) or "none"
                raise CustomtagsError(f"{supplier} has no library {name!r}", f"choose from {has}")
            yield found
        return
    # NAME.libs has auditwheel's copies for the wheel itself, whose names change with every build.
    public = [each for each in supplier.libraries if ".libs/" not in each.path]
    shared = [each for each in public if each.name.startswith("lib") and not _is_module(each.name)]
    seen = set()
    for each in sorted(shared, key=lambda each: len(each.name)) or filter(_exports, public):
        try:
            with each.open() as elf:
                name = elf.soname or each.name
        except (ElfError, OSError):  # a linker script, or removed since
            continue
        if name not in seen:
            seen.add(name)
            yield each


def _names(file: str) -> tuple[str, ...]:
    """Return the names of a library: ``libtorch.so`` is ``torch``, ``_core.cpython-311-x86_64-linux-gnu.so`` is ``_core``."""
    stem = file.partition(".")[0]
    return file, stem, stem.removeprefix("lib")


def _is_module(file: str) -> bool:
    """Return whether a file is an extension module, by its suffix (importlib.machinery.EXTENSION_SUFFIXES of any interpreter)."""
    return any(mark in file for mark in (".cpython-", ".abi3.", ".pypy"))


def _exports(library: Library) -> bool:
    """Return whether an extension module exports a function of its own; weak symbols are C++ templates'."""
    try:
        with library.open() as elf:
            return any(
                each.binding == "GLOBAL" and not each.name.startswith(_OWN)
                for each in elf.dynamic_symbols(defined=True)
            )
    except (ElfError, OSError):
        return False


def _include_dirs(supplier: Supplier) -> Iterator[str]:
    """Yield every folder named include that contains headers, otherwise the topmost folders that do."""
    headers = [file for file in supplier.files if file.endswith(_HEADERS)]
    inside = {folder for file in headers for folder in _include_parts(file, supplier.name)}
    loose = {posixpath.dirname(file) for file in headers if not _include_parts(file, supplier.name)}
    top = {
        folder
        for folder in loose
        if not any(str(up) in loose for up in PurePosixPath(folder).parents)
    }
    for folder in sorted(inside or top, key=lambda each: (each.count("/"), each)):
        yield _absolute(supplier, folder)


def _include_parts(file: str, project: str) -> list[str]:
    parts = file.split("/")
    if (
        parts[0] == ".."
    ):  # the wheel's .data/headers, installed into a folder with the project's name
        names: list[str] = [canonicalize_name(part) for part in parts[:-1]]
        return ["/".join(parts[: names.index(project)])] if project in names else []
    return ["/".join(parts[: at + 1]) for at, part in enumerate(parts[:-1]) if part == "include"]


def _absolute(supplier: Supplier, folder: str) -> str:
    return os.path.normpath(os.path.join(str(supplier.root), folder))


def _word(name: str) -> str:
    """Return a file name as ``-l`` takes it (ld(1): after a colon, the exact file name)."""
    plain = name.startswith("lib") and name.endswith(".so")
    return name[len("lib") : -len(".so")] if plain else f":{name}"
