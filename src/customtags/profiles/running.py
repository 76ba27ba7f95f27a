"""The Python that runs this code: its stock platforms, whether the hook is active or not, and its names."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING

from packaging import tags

from customtags.profiles import interpreter

if TYPE_CHECKING:
    from customtags.profiles.interpreter import Interpreter

__all__ = ["platforms", "python", "release"]


def platforms() -> list[str]:
    """Return the stock platforms, best first."""
    return list(inspect.unwrap(tags.platform_tags)())


def python() -> str:
    """Return the Python as a profile names it."""
    best = next(tags.sys_tags())
    return interpreter.spell(best.interpreter, best.abi)


def release(other: Interpreter) -> str:
    """Return the full version of a Python; ``.0`` if it is not the running one, as pip assumes for ``--python-version``."""
    name = "{}{}{}".format(other.implementation, *other.version)
    if interpreter.spell(name, other.abi) == python():
        return "{}.{}.{}".format(*sys.version_info)
    return "{}.{}.0".format(*other.version)
