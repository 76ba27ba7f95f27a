"""The only reader of CUSTOMTAGS_*, of customtags.toml, and of the marks that installers leave in the environment."""

from __future__ import annotations

import os
import sys

from customtags.tags import DIMENSIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

__all__ = [
    "Settings",
    "build_variable",
    "dimension",
    "files",
    "variable",
]

#: Key → the page whose ladder follows that policy, and the policies that there are, the usual one first. It stands
#: among the page's facts as ``policy``, so that a profile carries it too.
POLICIES = {"cuda-minor": ("cuda", ("strict", "minor"))}

#: The keys of customtags.toml that are no overrides.
STEERING = ("abi", "bases", "dimensions", "limit", "priority", "public-first", "variant-providers")


class Settings:
    """What the user decided.

    :ivar overrides: dimension → value, as in ``{"isa": "v3"}``
    :ivar profile: the file with another machine's facts, or None
    :ivar policies: the name of a page → the policy that its ladder follows
    :ivar origins: dimension → where its override stands, if that is not the variable
    :ivar abi: the projects whose installed version counts
    :ivar dimensions: the third parties' dimensions that are switched on
    :ivar variant_providers: likewise the variant provider plugins, each with ``::feature`` or whole
    :ivar bases: the policies that serve as bases beside ``linux``, None for the usual ones
    :ivar priority: the dimensions that decide first; the others follow in the usual order
    :ivar limit: the most extended tags, None where the user sets no limit
    :ivar public_first: whether they precede the native tag in ``packaging.tags``, too
    """

    __slots__ = (
        *("abi", "bases", "dimensions", "limit", "origins", "overrides", "priority", "profile"),
        *("policies", "public_first", "variant_providers"),
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
        self.policies: Mapping[str, str] = values.pop("policies", {})
        self.abi: Sequence[str] = values.pop("abi", ())
        self.dimensions: Sequence[str] = values.pop("dimensions", ())
        self.variant_providers: Sequence[str] = values.pop("variant_providers", ())
        self.bases: Sequence[str] | None = values.pop("bases", None)
        self.priority: Sequence[str] = values.pop("priority", ())
        self.limit: int | None = values.pop("limit", None)
        self.public_first: bool = values.pop("public_first", False)
        if values:
            raise TypeError(f"there is no setting {', '.join(values)}")

    @classmethod
    def read(cls, environ: Mapping[str, str], paths: Iterable[str] | None = None) -> Settings:
        """Take the settings from the environment, then from files; an empty variable is none.

        :param paths: the files, the first that has a key wins; by default those of `files`
        :raises SettingError: a file cannot be used
        """
        values: Mapping[str, Any] = {}
        places: Mapping[str, str] = {}
        # One in a folder that is closed to this user is none, either.
        present = (
            [each for each in files(environ) if os.path.exists(each)] if paths is None else paths
        )
        if present:
            from customtags.machine import configuration

            values, places = configuration.read(present, overridable)
        overrides: dict[str, str] = {}
        origins: dict[str, str] = {}
        for name in overridable(values):
            value = environ.get(variable(name))
            if value:
                overrides[name] = value
            elif name in values and name != "abi":  # there it names what is looked up
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
            policies=_policies(environ, values, places),
            **others,
        )

    def override(self, name: str) -> tuple[str, str]:
        """Give where the override of a dimension stands, a variable or a file and its key, and its value."""
        return self.origins.get(name) or variable(name), self.overrides[name]


def _policies(
    environ: Mapping[str, str], values: Mapping[str, str], places: Mapping[str, str]
) -> dict[str, str]:
    """Give the policy of each page of which the environment or a file names one."""
    found = {}
    for key, (page, choices) in POLICIES.items():
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
    """Give the paths at which customtags.toml may lie: environment, user, site.

    https://specifications.freedesktop.org/basedir-spec: a path that is not absolute counts as not set.
    """
    base = environ.get("XDG_CONFIG_HOME", "")
    if base[:1] != "/":
        base = f"{environ['HOME']}/.config" if environ.get("HOME") else ""
    user = [f"{base}/customtags/customtags.toml"] if base else []
    return [f"{sys.prefix}/customtags.toml", *user, "/etc/customtags.toml"]


def dimension(item: str) -> str:
    """Name the dimension that an item of ``dimensions`` or ``variant-providers`` stands for.

    >>> dimension("provider-variant-x86-64::level")
    'provider_variant_x86_64_level'
    """
    letters = (character if character.isalnum() else " " for character in item.lower())
    return "_".join("".join(letters).split())


def overridable(values: Mapping[str, Any]) -> list[str]:
    """Name the dimensions that may be overridden: the built-in ones, and what is switched on."""
    enabled = (*values.get("dimensions", ()), *values.get("variant-providers", ()))
    return [*DIMENSIONS, *map(dimension, enabled)]


def variable(key: str) -> str:
    """Name the environment variable that overrides a dimension, or stands for a key.

    >>> variable("cuda-minor")
    'CUSTOMTAGS_CUDA_MINOR'
    """
    return f"CUSTOMTAGS_{key.upper().replace('-', '_')}"


def build_variable(key: str) -> str:
    """Name the environment variable that asks something of the wheels that are built.

    >>> build_variable("local-version")
    'CUSTOMTAGS_BUILD_LOCAL_VERSION'
    """
    return f"CUSTOMTAGS_BUILD_{key.upper().replace('-', '_')}"
