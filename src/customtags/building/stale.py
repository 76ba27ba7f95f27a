"""Nothing that an earlier build in the same tree left is taken for a level that it was not compiled for.

Front ends build in the project's folder (pip ≥ 21.3, ``build --wheel``), and build tools take what is newer than its source.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from customtags.errors import BuildError

__all__ = ["FOLDERS", "aged", "environment", "refuse"]

#: Variable by which a back end is told where to compile → the folder's name. What CMake was told first it keeps
#: (scikit-build-core.readthedocs.io/en/latest/reference/configs.html#build-dir). meson-python compiles in a new folder
#: unless it is told one; Cargo compiles again where RUSTFLAGS are others.
FOLDERS: Mapping[str, str] = {"SKBUILD_BUILD_DIR": "scikit-build-core"}

#: The last part of config settings that name such a folder.
_SETTINGS = ("build-dir", "builddir")

#: How the names of what compilers make end; a bare ``.so`` may be a library that came with the sources.
_MADE = (*(suffix for suffix in EXTENSION_SUFFIXES if suffix != ".so"), ".o", ".a")

#: 2 January 1980: zip files know nothing older.
_OLD = 315_619_200


@contextmanager
def aged(project: Path) -> Iterator[None]:
    """Make all that was compiled in a tree older than its sources, before and after."""
    try:
        _age(project)
        yield
    finally:
        _age(project)


def environment(folder: Path) -> dict[str, str]:
    """Give the variables that have back ends compile in a new folder.

    :param folder: empty, and gone after the build
    """
    return {variable: str(folder / name) for variable, name in FOLDERS.items()}


def refuse(settings: Mapping[str, object], wanted: object) -> None:
    """Refuse config settings that have a back end go on in a folder of its own.

    :param wanted: what is asked, to be told
    :raises BuildError: there is one
    """
    for key in settings:
        if key.rpartition(".")[2] in _SETTINGS:
            raise BuildError(
                f"the config setting {key!r} keeps what was compiled, perhaps for other than {wanted}",
                "leave it out, and it is all compiled anew",
            )


def _age(project: Path) -> None:
    for folder, names, files in os.walk(project):
        virtual = "pyvenv.cfg" in files
        names[:] = [name for name in names if name[0] != "." and not virtual]
        for name in files:
            if name.endswith(_MADE):
                with suppress(OSError):  # another user's, or gone meanwhile
                    os.utime(os.path.join(folder, name), (_OLD, _OLD))
