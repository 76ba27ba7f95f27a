"""Every setting with its value and its provenance: a variable, a file of the configuration, or the default."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from customtags.machine import configuration
from customtags.machine.settings import (
    BUILD_KEYS,
    CHOICES,
    Settings,
    build_variable,
    files,
    overridable,
    variable,
)
from customtags.tags import PRIORITY
from customtags.tags.ladder import POLICIES

__all__ = ["ONLY_VARIABLES", "present", "provenance", "unknown_variables"]

#: The keys that only the environment has.
ONLY_VARIABLES = ("disable", "debug")

#: The default of each key that has one.
DEFAULTS: Mapping[str, Any] = {
    **{key: choices[0] for key, (_, choices) in CHOICES.items()},
    "bases": list(POLICIES),
    "priority": list(PRIORITY),
    "public-first": False,
}


class Provenance(NamedTuple):
    """One setting.

    :ivar key: the key in customtags.toml
    :ivar value: None if it is not set and has no default
    :ivar origin: the variable, the path of the file, or None for the default
    """

    key: str
    value: Any
    origin: str | None


def present(environ: Mapping[str, str]) -> list[str]:
    """Return the files customtags.toml that exist; one in a folder that this user cannot search counts as missing."""
    return [path for path in files(environ) if os.path.exists(path)]


def provenance(environ: Mapping[str, str], paths: Sequence[str]) -> list[Provenance]:
    """Return every setting.

    :param paths: the files customtags.toml; the first that has a key wins
    :raises CustomtagsError: a file or a value is not valid
    """
    Settings.read(environ, paths)  # raises what any other verb would raise
    values, places = configuration.read(paths, overridable)
    found = []
    for key in _keys(values):
        override = environ.get(variable(key)) if key in _variables(values) else None
        if override:
            found.append(Provenance(key, override, variable(key)))
            if key != "abi":  # whose variable names versions, and whose key names projects
                continue
        if key in values:
            found.append(Provenance(key, values[key], places[key]))
        elif not override:
            found.append(Provenance(key, DEFAULTS.get(key), None))
    return found


def unknown_variables(environ: Mapping[str, str], paths: Sequence[str]) -> dict[str, str]:
    """Return the variables that begin with ``CUSTOMTAGS_`` and have no meaning: name → the cure."""
    values, _ = configuration.read(paths, overridable)
    known = [*map(variable, _variables(values)), *map(build_variable, BUILD_KEYS)]
    return {
        name: configuration.nearest(name, known)
        for name in sorted(environ)
        if name.startswith(variable("")) and name not in known
    }


def _keys(values: Mapping[str, Any]) -> list[str]:
    """Return every key, including the dimensions that the configuration switches on."""
    return list(dict.fromkeys((*configuration.KEYS, *overridable(values), *ONLY_VARIABLES)))


def _variables(values: Mapping[str, Any]) -> list[str]:
    return [*overridable(values), "profile", *CHOICES, *ONLY_VARIABLES]
