"""The Python that runs this code: its stock platforms, whether the hook is active or not, its names, and its pip."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING

from packaging import tags

from customtags.profiles import interpreter

if TYPE_CHECKING:
    from packaging.version import Version

    from customtags.profiles.interpreter import Interpreter

__all__ = ["pip", "platforms", "python", "release"]


def platforms() -> list[str]:
    """Return the stock platforms, best first."""
    return list(inspect.unwrap(tags.platform_tags)())


def python() -> str:
    """Return the Python as a profile names it."""
    best = next(tags.sys_tags())
    return interpreter.spell(best.interpreter, best.abi)


def release(other: Interpreter) -> str:
    """Return the full version of a Python; ``.0`` if it is not the running one, as pip assumes for ``--python-version``."""
    if _runs(other):
        return "{}.{}.{}".format(*sys.version_info)
    return "{}.{}.0".format(*other.version)


def pip(other: Interpreter) -> Version | None:
    """Return the version of a Python's pip; None if it has none, or is not the running one."""
    # Only the commands that choose ask for it, and these imports are a fifth of what others would cost with them.
    from importlib import metadata

    from packaging.version import InvalidVersion, Version

    try:
        return Version(metadata.version("pip")) if _runs(other) else None
    except (metadata.PackageNotFoundError, InvalidVersion):
        return None


def _runs(other: Interpreter) -> bool:
    name = "{}{}{}".format(other.implementation, *other.version)
    return interpreter.spell(name, other.abi) == python()
