"""The settings: the only reader of the variables ``CUSTOMTAGS_*``, and of the paths of customtags.toml."""

from __future__ import annotations

import os
import sys

from customtags.machine.host import Host
from customtags.tags import DIMENSIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

__all__ = [
    "BUILD_KEYS",
    "CHOICES",
    "Settings",
    "build_variable",
    "dimension",
    "files",
    "variable",
]

#: Key → the page whose ladder it changes, and the choices, the default first. The page's facts hold the choice as
#: ``policy``, so that a profile has it too.
CHOICES = {"cuda-minor": ("cuda", ("strict", "minor"))}

#: The keys of `build_variable`, which are also the config settings of a build.
BUILD_KEYS = ("variant", *DIMENSIONS, "local-version")

#: The keys of customtags.toml that override nothing.
STEERING = ("abi", "bases", "dimensions", "limit", "priority", "public-first", "variant-providers")


class Settings:
    """What the user configured.

    :ivar overrides: dimension → value, as in ``{"isa": "v3"}``
    :ivar profile: the file with another machine's facts, or None
    :ivar choices: the name of a page → the value of its key in `CHOICES`
    :ivar origins: dimension → the file and key of its override, if it is not the variable
    :ivar abi: the projects whose installed version counts
    :ivar dimensions: the third parties' dimensions that are switched on
    :ivar variant_providers: the variant provider plugins that are switched on, whole or as ``plugin::feature``
    :ivar bases: the policies that serve as bases besides ``linux``, None for the default
    :ivar priority: the dimensions that decide first; the others follow in the default order
    :ivar limit: the most extended tags, None where the user sets no limit
    :ivar public_first: whether extended tags precede the native tag in ``packaging.tags``, too
    """

    __slots__ = (
        *("abi", "bases", "choices", "dimensions", "limit", "origins", "overrides", "priority"),
        *("profile", "public_first", "variant_providers"),
    )

    def __init__(
        self,
        overrides: Mapping[str, str],
        profile: str | None = None,
        *,
        origins: Mapping[str, str] | None = None,
        **values: Any,
    ) -> None:
        self.overrides = overrides
        self.profile = profile
        self.origins = origins or {}
        self.choices: Mapping[str, str] = values.pop("choices", {})
        self.abi: Sequence[str] = values.pop("abi", ())
        self.dimensions: Sequence[str] = values.pop("dimensions", ())
        self.variant_providers: Sequence[str] = values.pop("variant_providers", ())
        self.bases: Sequence[str] | None = values.pop("bases", None)
        self.priority: Sequence[str] = values.pop("priority", ())
        self.limit: int | None = values.pop("limit", None)
        self.public_first: bool = values.pop("public_first", False)
        if values:
            raise TypeError(f"unknown settings: {', '.join(values)}")

    @classmethod
    def read(cls, environ: Mapping[str, str], paths: Iterable[str] | None = None) -> Settings:
        """Read the environment, then the files; an empty variable counts as not set.

        :param paths: the files, of which the first that has a key wins; by default those of `files`
        :raises SettingError: a file is not valid
        """
        values: Mapping[str, Any] = {}
        places: Mapping[str, str] = {}
        # A file in a folder that this user cannot search counts as missing.
        host = Host("/")
        present = [each for each in files(environ) if host.exists(each)] if paths is None else paths
        if present:
            from customtags.machine import configuration

            values, places = configuration.read(present, overridable)
        overrides: dict[str, str] = {}
        origins: dict[str, str] = {}
        for name in overridable(values):
            value = environ.get(variable(name))
            if value:
                overrides[name] = value
            elif name in values and name != "abi":  # that key names projects, and is no override
                found = values[name]
                overrides[name] = found if isinstance(found, str) else ",".join(found) or "none"
                origins[name] = f"{places[name]}: {name}"
        profile = environ.get("CUSTOMTAGS_PROFILE") or None
        if profile is None and "profile" in values:
            profile = os.path.join(os.path.dirname(places["profile"]), values["profile"])
        others = {key.replace("-", "_"): values[key] for key in STEERING if key in values}
        return cls(
            overrides,
            profile,
            origins=origins,
            choices=_choices(environ, values, places),
            **others,
        )

    def override(self, name: str) -> tuple[str, str]:
        """Return the origin of a dimension's override, a variable or a file with its key, and the value."""
        return self.origins.get(name) or variable(name), self.overrides[name]


def _choices(
    environ: Mapping[str, str], values: Mapping[str, str], places: Mapping[str, str]
) -> dict[str, str]:
    """Return the choice for each page for which the environment or a file sets one."""
    found = {}
    for key, (page, choices) in CHOICES.items():
        value = environ.get(variable(key)) or values.get(key)
        if value and value not in choices:
            from customtags.errors import OverrideError

            setting = variable(key) if environ.get(variable(key)) else f"{places[key]}: {key}"
            cure = f"write {' or '.join(choices)}"
            raise OverrideError(setting, value, "is not valid", cure)
        if value:
            found[page] = value
    return found


def files(environ: Mapping[str, str]) -> list[str]:
    """Return the possible paths of customtags.toml: environment, user, site.

    https://specifications.freedesktop.org/basedir-spec: a path that is not absolute counts as not set.
    """
    base = environ.get("XDG_CONFIG_HOME", "")
    if base[:1] != "/":
        base = f"{environ['HOME']}/.config" if environ.get("HOME") else ""
    user = [f"{base}/customtags/customtags.toml"] if base else []
    return [f"{sys.prefix}/customtags.toml", *user, "/etc/customtags.toml"]


def dimension(item: str) -> str:
    """Return the dimension of an item of ``dimensions`` or ``variant-providers``.

    >>> dimension("provider-variant-x86-64::level")
    'provider_variant_x86_64_level'
    """
    letters = (character if character.isalnum() else " " for character in item.lower())
    return "_".join("".join(letters).split())


def overridable(values: Mapping[str, Any]) -> list[str]:
    """Return the dimensions that can be overridden: the built-in ones, and the ones that are switched on."""
    enabled = (*values.get("dimensions", ()), *values.get("variant-providers", ()))
    return [*DIMENSIONS, *map(dimension, enabled)]


def variable(key: str) -> str:
    """Return the environment variable of a dimension or a key.

    >>> variable("cuda-minor")
    'CUSTOMTAGS_CUDA_MINOR'
    """
    return f"CUSTOMTAGS_{key.upper().replace('-', '_')}"


def build_variable(key: str) -> str:
    """Return the environment variable of a key for builds.

    >>> build_variable("local-version")
    'CUSTOMTAGS_BUILD_LOCAL_VERSION'
    """
    return f"CUSTOMTAGS_BUILD_{key.upper().replace('-', '_')}"
