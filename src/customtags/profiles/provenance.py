"""Pure: every setting with its value, and where that comes from: a variable, a file, or nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from customtags.machine import configuration
from customtags.machine.settings import POLICIES as CHOICES
from customtags.machine.settings import Settings, overridable, variable
from customtags.tags import PRIORITY
from customtags.tags.ladder import POLICIES

__all__ = ["Origin", "origins", "strangers"]

#: Keys that only the environment has.
ONLY_VARIABLES = ("disable", "debug")

#: What holds where nobody says anything; of a key that is missing here, nothing.
USUAL: Mapping[str, Any] = {
    **{key: choices[0] for key, (_, choices) in CHOICES.items()},
    "bases": list(POLICIES),
    "priority": list(PRIORITY),
    "public-first": False,
}


class Origin(NamedTuple):
    """One setting.

    :ivar key: as in customtags.toml
    :ivar value: None where nothing is said
    :ivar origin: the variable, the path of the file, or None for what is usual
    """

    key: str
    value: Any
    origin: str | None


def origins(environ: Mapping[str, str], paths: Sequence[str]) -> list[Origin]:
    """Give every setting.

    :param paths: of customtags.toml, the first that has a key wins
    :raises CustomtagsError: a file cannot be used, or a policy does not exist
    """
    Settings.read(environ, paths)  # refuses what it would refuse
    values, places = configuration.read(paths, overridable)
    found = []
    for key in _keys(values):
        said = environ.get(variable(key)) if key in _variables(values) else None
        if said:
            found.append(Origin(key, said, variable(key)))
            if key != "abi":  # whose variable says what is installed, and the key, where to look
                continue
        if key in values:
            found.append(Origin(key, values[key], places[key]))
        elif not said:
            found.append(Origin(key, USUAL.get(key), None))
    return found


def strangers(environ: Mapping[str, str], paths: Sequence[str]) -> dict[str, str]:
    """Give the variables that look like ours and are none: name → the cure."""
    values, _ = configuration.read(paths, overridable)
    known = list(map(variable, _variables(values)))
    return {
        name: configuration.nearest(name, known)
        for name in sorted(environ)
        if name.startswith(variable("")) and name not in known
    }


def _keys(values: Mapping[str, Any]) -> list[str]:
    """Every key, those of the dimensions that are switched on too."""
    return list(dict.fromkeys((*configuration.KEYS, *overridable(values), *ONLY_VARIABLES)))


def _variables(values: Mapping[str, Any]) -> list[str]:
    return [*overridable(values), "profile", *CHOICES, *ONLY_VARIABLES]
