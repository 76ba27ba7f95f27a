"""Objects that an earlier build left in the source tree are not reused for another ISA level.

Front ends build in the project's folder (pip ≥ 21.3, ``build --wheel``), and build tools reuse every object that is newer
than its source.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from customtags.errors import BuildError

__all__ = ["aged", "environment", "refuse"]

#: Variable that sets a back end's build folder → the name of the folder. CMake keeps the settings of its first run
#: (scikit-build-core.readthedocs.io/en/latest/reference/configs.html#build-dir). meson-python uses a new folder by
#: default; Cargo compiles again when RUSTFLAGS change.
FOLDERS: Mapping[str, str] = {"SKBUILD_BUILD_DIR": "scikit-build-core"}

#: The last part of the config settings that set such a folder.
_SETTINGS = ("build-dir", "builddir")

#: Suffixes of compiled files; a bare ``.so`` may be a library that is part of the sources.
_COMPILED = (*(suffix for suffix in EXTENSION_SUFFIXES if suffix != ".so"), ".o", ".a")

#: 2 January 1980: zip files have no earlier dates.
_OLD = 315_619_200


@contextmanager
def aged(project: Path) -> Iterator[None]:
    """Make all compiled files of a tree older than their sources, before and after a build."""
    try:
        _age(project)
        yield
    finally:
        _age(project)


def environment(folder: Path) -> dict[str, str]:
    """Return the variables that make back ends compile in a new folder.

    :param folder: an empty folder that is removed after the build
    """
    return {variable: str(folder / name) for variable, name in FOLDERS.items()}


def refuse(settings: Mapping[str, object], requested: object) -> None:
    """Refuse config settings that make a back end reuse a build folder.

    :param requested: the request, for the message
    :raises BuildError: there is such a setting
    """
    for key in settings:
        if key.rpartition(".")[2] in _SETTINGS:
            raise BuildError(
                f"the config setting {key!r} reuses objects that may be compiled for other than {requested}",
                f"remove {key!r}; every object is then compiled again",
            )


def _age(project: Path) -> None:
    for folder, names, files in os.walk(project):
        virtual = "pyvenv.cfg" in files
        names[:] = [name for name in names if name[0] != "." and not virtual]
        for name in files:
            if name.endswith(_COMPILED):
                with suppress(OSError):  # owned by another user, or removed meanwhile
                    os.utime(os.path.join(folder, name), (_OLD, _OLD))
