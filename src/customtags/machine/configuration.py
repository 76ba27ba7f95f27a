"""The keys of customtags.toml, and the check of their values."""

from __future__ import annotations

from customtags.errors import SettingError
from customtags.machine.documents import read_toml
from customtags.tags.ladder import MOST_ABIS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

__all__ = ["KEYS", "nearest", "read"]

#: Every key of customtags.toml → its type, and an example.
KEYS: Mapping[str, tuple[type, str]] = {
    "isa": (str, '"v3"'),
    "distro": (str, '"el9.4"'),
    "accelerator": (str, '"cuda12.4"'),
    "profile": (str, '"gpu-node.json"'),
    "dimensions": (list, '["mpi"]'),
    "variant-providers": (list, '["provider-variant-x86-64::level"]'),
    "site": (list, '["hardened"]'),
    "abi": (list, '["torch"]'),
    "cuda-minor": (str, '"minor"'),
    "bases": (list, '["manylinux_2_28"]'),
    "priority": (list, '["isa", "accelerator"]'),
    "limit": (int, "85"),
    "public-first": (bool, "true"),
}


def read(
    paths: Iterable[str], overridable: Callable[[Mapping[str, Any]], Sequence[str]]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the value of each key, and the file that it is from: the first that has it.

    :param overridable: returns the dimensions that can be keys, from the values
    :raises SettingError: a file or a value is not valid
    """
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    for path in paths:
        for key, value in (read_toml(path) or {}).items():
            if key not in values:
                values[key], places[key] = value, path
    _check(values, places, overridable(values) if values else [])
    return values, places


def _check(values: Mapping[str, Any], places: Mapping[str, str], dimensions: Sequence[str]) -> None:
    """Raise SettingError for an unknown key or a value that is not valid."""
    for key in ("dimensions", "variant-providers", *values):  # the first two add keys
        if key in values:
            kind, example = KEYS.get(key, (str, '"…"'))
            if key not in KEYS and key not in dimensions:
                raise SettingError(places[key], f"has the unknown key {key!r}", nearest(key, KEYS))
            if not _is_of(kind, values[key]):
                raise _wrong(key, values[key], places[key], f"write it as in {key} = {example}")
    for each in values.get("priority", ()):
        if each not in dimensions:
            cure = nearest(each, dimensions)
            raise _wrong("priority", each, places["priority"], cure)
    for each in values.get("bases", ()):
        if not _is_policy(each):
            cure = 'write policies as in bases = ["manylinux_2_28", "musllinux_1_2"]'
            raise _wrong("bases", each, places["bases"], cure)
    if "abi" in values:
        _check_projects(values["abi"], places["abi"])


def _check_projects(projects: Sequence[str], path: str) -> None:
    if len(projects) > MOST_ABIS:
        cure = f"name {MOST_ABIS} at most, because each multiplies the tags"
        raise _wrong("abi", projects, path, cure)
    for each in projects:
        if "+" in each:
            from customtags.machine.dimensions import flavour

            if not flavour.parse(each.partition("+")[2]):
                cure = 'state a build as in abi = ["torch+cu128", "vectorlib+any"]'
                raise _wrong("abi", each, path, cure)


def _is_of(kind: type, value: object) -> bool:
    if isinstance(value, list):
        return kind is list and all(isinstance(each, str) and each.strip() for each in value)
    return type(value) is kind and value != "" and (kind is not int or value >= 0)  # type: ignore[operator]


def _is_policy(name: str) -> bool:
    from customtags.tags.stock import ALIASES

    kind, *numbers = name.split("_")
    if name in ALIASES:
        return True
    return kind in ("manylinux", "musllinux") and len(numbers) == 2 and "".join(numbers).isdigit()


def _wrong(key: str, value: object, path: str, cure: str) -> SettingError:
    return SettingError(path, f"has the invalid value {value!r} for {key!r}", cure)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the cure for an unknown word: the nearest known one, or all."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(word, names, 1)
    return f"write {near[0]!r}" if near else f"write one of {', '.join(names)}"
