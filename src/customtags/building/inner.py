"""The project's own build back end, loaded as PEP 517 specifies."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags.errors import BuildError, SettingError

if TYPE_CHECKING:
    from customtags.building.project import Project

__all__ = ["load"]


def load(project: Project, folder: Path) -> Any:
    """Import the back end that a project names, from ``backend-path`` first.

    https://peps.python.org/pep-0517/#source-trees: ``module`` or ``module:object``.

    :raises SettingError: the project names no back end, or customtags.build itself
    :raises BuildError: it cannot be imported
    """
    if not project.backend or project.backend.startswith("customtags.build"):
        why = "names no build back end to wrap in [tool.customtags]"
        cure = 'name the project\'s own, as in build-backend = "setuptools.build_meta"'
        raise SettingError(str(folder / "pyproject.toml"), why, cure)
    sys.path[:0] = [str((folder / each).resolve()) for each in project.backend_path]
    module, _, path = project.backend.partition(":")
    try:
        backend: Any = import_module(module)
        for name in filter(None, path.split(".")):
            backend = getattr(backend, name)
    except (ImportError, AttributeError) as error:
        raise BuildError(
            f"the build back end {project.backend!r} cannot be loaded ({error})",
            "add its distribution to [build-system] requires (without build isolation, install it), "
            "or its folder to backend-path",
        ) from error
    return backend
