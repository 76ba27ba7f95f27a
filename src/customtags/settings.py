"""The only reader of CUSTOMTAGS_*, of customtags.toml, and of the marks that installers leave in the environment."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from customtags.errors import SettingError

__all__ = ["Settings", "dimension", "files", "hook_wanted", "variable", "wants_complaints"]

#: Set while a build back end runs: by pip ≥ 25.0 and build, by pip ≤ 24.3.1.
BUILD_MARKS = ("_PYPROJECT_HOOKS_BUILD_BACKEND", "PEP517_BUILD_BACKEND")

#: The built-in dimensions; each has a variable of its own.
OVERRIDABLE = ("isa", "distro", "accelerator", "abi", "site")

#: Every key of customtags.toml: its type, and how it is written.
KEYS: Mapping[str, tuple[type, str]] = {
    "isa": (str, '"v3"'),
    "distro": (str, '"el9.4"'),
    "accelerator": (str, '"cuda12.4"'),
    "profile": (str, '"gpu-node.json"'),
    "dimensions": (list, '["mpi"]'),
    "variant-providers": (list, '["provider-variant-x86-64::level"]'),
    "site": (list, '["hardened"]'),
    "abi": (list, '["torch"]'),
    "bases": (list, '["manylinux_2_28"]'),
    "priority": (list, '["isa", "accelerator"]'),
    "limit": (int, "100"),
    "public-first": (bool, "true"),
}

#: How many projects ``abi`` may name: each multiplies the tags by three.
MOST_ABIS = 3

#: The policies that had names before PEP 600.
_OLD_POLICIES = ("manylinux1", "manylinux2010", "manylinux2014")


class Settings:
    """What the user decided.

    :ivar overrides: dimension → value, as in ``{"isa": "v3"}``
    :ivar profile: the file with another machine's facts, or None
    :ivar origins: dimension → where its override stands, if that is not the variable
    :ivar abi: the projects whose installed version counts
    :ivar dimensions: the third parties' dimensions that are switched on
    :ivar variant_providers: likewise the variant provider plugins, each with ``::feature`` or whole
    :ivar bases: the policies that serve as bases beside ``linux``, None for the usual ones
    :ivar priority: the dimensions that decide first; the others follow in the usual order
    :ivar limit: how many extended tags there may be, None for the usual number
    :ivar public_first: whether they precede the native tag in ``packaging.tags``, too
    """

    __slots__ = (
        *("abi", "bases", "dimensions", "limit", "origins", "overrides", "priority", "profile"),
        *("public_first", "variant_providers"),
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
        values: dict[str, Any] = {}
        places: dict[str, str] = {}
        for path in files(environ) if paths is None else paths:
            for key, value in _load(path).items():
                if key not in values:
                    values[key], places[key] = value, path
        if values:
            _check(values, places)
        overrides: dict[str, str] = {}
        origins: dict[str, str] = {}
        for name in _overridable(values):
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
        others = {
            key.replace("-", "_"): value
            for key, value in values.items()
            if key in KEYS and key != "profile" and (key == "abi" or key not in OVERRIDABLE)
        }
        return cls(overrides, profile, origins=origins, **others)

    def override(self, name: str) -> tuple[str, str]:
        """Give where the override of a dimension stands, a variable or a file and its key, and its value."""
        return self.origins.get(name) or variable(name), self.overrides[name]


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


def _load(path: str) -> dict[str, Any]:
    """Read one file; one that is not there, or in a folder that is closed to this user, has no keys."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - most often there is none
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        if isinstance(error, PermissionError) and not os.path.exists(path):
            return {}
        raise _error(
            path, f"cannot be read ({error.strerror})", "make it readable, or remove it"
        ) from error
    with file:
        if sys.version_info >= (3, 11):
            import tomllib
        else:
            import tomli as tomllib
        try:
            values: dict[str, Any] = tomllib.load(file)
        except (ValueError, OSError) as error:  # not UTF-8, no TOML; a folder
            raise _error(path, f"is no TOML ({error})", 'write lines as in isa = "v3"') from error
    return values


def _overridable(values: Mapping[str, Any]) -> list[str]:
    enabled = (*values.get("dimensions", ()), *values.get("variant-providers", ()))
    return [*OVERRIDABLE, *map(dimension, enabled)]


def _check(values: Mapping[str, Any], places: Mapping[str, str]) -> None:
    """Refuse what is not known, and what is not of its type."""
    for key in ("dimensions", "variant-providers", *values):  # they decide which keys there are
        if key in values:
            kind, example = KEYS.get(key, (str, '"…"'))
            if key not in KEYS and key not in _overridable(values):
                raise _error(places[key], f"has the unknown key {key!r}", _nearest(key, KEYS))
            if not _is_of(kind, values[key]):
                raise _wrong(key, values[key], places[key], f"write it as in {key} = {example}")
    for each in values.get("priority", ()):
        if each not in _overridable(values):
            cure = _nearest(each, _overridable(values))
            raise _wrong("priority", each, places["priority"], cure)
    for each in values.get("bases", ()):
        if not _is_policy(each):
            cure = 'write policies as in bases = ["manylinux_2_28", "musllinux_1_2"]'
            raise _wrong("bases", each, places["bases"], cure)
    if len(values.get("abi", ())) > MOST_ABIS:
        cure = f"name {MOST_ABIS} at most, because each multiplies the tags"
        raise _wrong("abi", values["abi"], places["abi"], cure)


def _is_of(kind: type, value: object) -> bool:
    if isinstance(value, list):
        return kind is list and all(isinstance(each, str) and each.strip() for each in value)
    return type(value) is kind and value != "" and (kind is not int or value >= 0)  # type: ignore[operator]


def _is_policy(name: str) -> bool:
    kind, *numbers = name.split("_")
    if name in _OLD_POLICIES:
        return True
    return kind in ("manylinux", "musllinux") and len(numbers) == 2 and "".join(numbers).isdigit()


def _wrong(key: str, value: object, path: str, cure: str) -> SettingError:
    return _error(path, f"has {value!r} for {key!r}", cure)


def _error(path: str, why: str, cure: str) -> SettingError:
    from customtags.errors import SettingError

    return SettingError(path, why, cure)


def _nearest(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(word, names, 1)
    return f"write {near[0]!r}" if near else f"there are {', '.join(names)}"
