"""The table ``[tool.customtags]`` of a project's pyproject.toml; an unknown key or a wrong type is refused."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from customtags.errors import SettingError
from customtags.machine.documents import read_toml
from customtags.tags import DIMENSIONS

__all__ = ["Project", "read"]

_TEXT, _TEXTS, _TABLE, _YES_NO = "a string", "a list of strings", "a table", "true or false"

#: Every key of ``[tool.customtags]`` → its allowed types, and an example.
_KEYS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "build-backend": ((_TEXT,), '"setuptools.build_meta"'),
    "backend-path": ((_TEXTS,), '["."]'),
    "variants": ((_TABLE,), '{ v3 = { isa = "v3" } }'),
    "audit": ((_YES_NO, _TABLE), "true"),
}

#: The same for ``[tool.customtags.audit]``; the values are read by `customtags.audit.declared`.
_AUDIT: Mapping[str, tuple[tuple[str, ...], str]] = {
    "build": ((_YES_NO,), "true"),
    "dispatched": ((_TEXTS,), '["*_avx2"]'),
}

#: The same for one variant; a wheel can have several ABIs and sites.
_VARIANT: Mapping[str, tuple[tuple[str, ...], str]] = {
    **{name: ((_TEXT,), f'"{example}"') for name, example in DIMENSIONS.items()},
    "abi": ((_TEXT, _TEXTS), f'["{DIMENSIONS["abi"]}"]'),
    "site": ((_TEXT, _TEXTS), f'"{DIMENSIONS["site"]}"'),
    "local-version": ((_TEXT,), '"auto"'),
    "config-settings": ((_TABLE,), '{ "cmake.define.USE_ROCM" = "ON" }'),
    "environment": ((_TABLE,), '{ HIP_ARCHITECTURES = "gfx90a" }'),
}


class Project(NamedTuple):
    """The settings of a project.

    :ivar backend: its own back end, the value of ``build-backend``; None without one
    :ivar backend_path: the folders that the back end is loaded from, below the project's folder
    :ivar variants: name → the values of that variant
    :ivar audit: whether a build fails if its wheel makes a false claim: ``audit = true``, or ``build = true`` in its table
    """

    backend: str | None
    backend_path: Sequence[str]
    variants: Mapping[str, Mapping[str, Any]]
    audit: bool


def read(folder: Path) -> Project:
    """Read the pyproject.toml of a folder.

    :raises SettingError: it is missing, is not TOML, or has an unknown key or a value of the wrong type
    """
    path = folder / "pyproject.toml"
    table = _load(path)
    _check(path, "[tool.customtags]", table, _KEYS)
    variants = table.get("variants", {})
    for name, variant in variants.items():
        where = f"[tool.customtags.variants.{name}]"
        if not isinstance(variant, dict):
            raise SettingError(str(path), f"has no table {where}", 'write it as in { isa = "v3" }')
        _check(path, where, variant, _VARIANT)
    for each in table.get("backend-path", ()):
        _check_inside(path, folder, each)
    audit = table.get("audit", False)
    if isinstance(audit, dict):
        _check(path, "[tool.customtags.audit]", audit, _AUDIT)
        audit = audit.get("build", False)
    return Project(
        table.get("build-backend"),
        table.get("backend-path", ()),
        variants,
        audit,
    )


def _load(path: Path) -> dict[str, Any]:
    document = read_toml(str(path))
    if document is None:
        raise SettingError(str(path), "was not found", "run this in the project's folder")
    tools = document.get("tool", {})
    table = tools.get("customtags", {}) if isinstance(tools, dict) else None
    if not isinstance(table, dict):
        raise SettingError(str(path), "has no table [tool.customtags]", "add it")
    return table


def _check(
    path: Path,
    where: str,
    table: Mapping[str, Any],
    keys: Mapping[str, tuple[tuple[str, ...], str]],
) -> None:
    for key, value in table.items():
        if key not in keys:
            cure = f"choose from {', '.join(keys)}"
            raise SettingError(str(path), f"has the unknown key {key!r} in {where}", cure)
        types, example = keys[key]
        if _type(value) not in types:
            why = f"has a {key!r} in {where} that is not {' or '.join(types)}"
            raise SettingError(str(path), why, f"write it as in {key} = {example}")


def _type(value: object) -> str:
    if isinstance(value, bool):
        return _YES_NO
    if isinstance(value, str):
        return _TEXT
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return _TEXTS
    return _TABLE if isinstance(value, dict) else "another type"


def _check_inside(path: Path, folder: Path, name: str) -> None:
    """Refuse a back end outside of the project, as PEP 517 requires for ``backend-path``."""
    inside = os.path.commonpath((folder.resolve(), (folder / name).resolve()))
    if Path(name).is_absolute() or Path(inside) != folder.resolve():
        why = f"has {name!r} in backend-path, which is outside of the project"
        raise SettingError(str(path), why, 'name a folder of the project, as in ["."]')
