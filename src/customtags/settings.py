"""The only reader of CUSTOMTAGS_* and of the marks that installers leave in the environment."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["Settings", "hook_wanted", "wants_complaints"]

#: Set while a build back end runs: by pip ≥ 25.0 and build, by pip ≤ 24.3.1.
BUILD_MARKS = ("_PYPROJECT_HOOKS_BUILD_BACKEND", "PEP517_BUILD_BACKEND")

#: The dimensions that have a variable of their own.
OVERRIDABLE = ("isa", "distro", "accelerator")


class Settings:
    """What the user decided.

    :ivar overrides: dimension → value, as in ``{"isa": "v3"}``
    :ivar profile: the file with another machine's facts, or None
    """

    __slots__ = ("overrides", "profile")

    def __init__(self, overrides: Mapping[str, str], profile: str | None = None) -> None:
        self.overrides = overrides
        self.profile = profile

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Take the settings from the environment; an empty variable is none."""
        overrides = {name: environ.get(variable(name), "") for name in OVERRIDABLE}
        return cls(
            {name: value for name, value in overrides.items() if value},
            environ.get("CUSTOMTAGS_PROFILE") or None,
        )


def variable(dimension: str) -> str:
    """Name the environment variable that overrides a dimension."""
    return f"CUSTOMTAGS_{dimension.upper()}"


def hook_wanted(environ: Mapping[str, str]) -> bool:
    """Tell whether copies are to be patched in this process."""
    off = environ.get("CUSTOMTAGS_DISABLE", "") not in ("", "0")
    return not off and not any(mark in environ for mark in BUILD_MARKS)


def wants_complaints(environ: Mapping[str, str]) -> bool:
    """Tell whether the hook may write a line to stderr."""
    return environ.get("CUSTOMTAGS_DEBUG", "") not in ("", "0")
