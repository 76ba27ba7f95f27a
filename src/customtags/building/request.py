"""What is asked of one build: by config settings first, then by the environment, then by the variant that they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from customtags.building import claims
from customtags.building.claims import HERE, NONE
from customtags.building.project import DIMENSIONS
from customtags.errors import BuildError
from customtags.machine.dimensions import builtin
from customtags.machine.settings import build_variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from customtags.tags.naming import Value

__all__ = ["KEYS", "Asked", "read"]

#: What has a local version made of release and accelerator.
AUTO = "auto"

#: The config settings that are ours; every other is the wrapped back end's.
KEYS = ("variant", *DIMENSIONS, "local-version")

#: What a front end hands over: pip gives a list where a key was given more than once.
Settings = Mapping[str, Any]


class Asked(NamedTuple):
    """What one build is to give.

    :ivar values: dimension → value, as in ``{"isa": "v3", "abi": ["torch2.9"]}``
    :ivar local: the local version, or None
    :ivar settings: those for the wrapped back end
    :ivar environment: variables that the variant sets
    """

    values: Mapping[str, Value]
    local: str | None
    settings: dict[str, Any]
    environment: Mapping[str, str]

    def __bool__(self) -> bool:
        """Tell whether the wheel is to be another than the wrapped back end's."""
        return bool(self.values or self.local)

    def __str__(self) -> str:
        """Say it as one would write it."""
        said = {**self.values, **({"local-version": self.local} if self.local else {})}
        return " ".join(
            f"{key}={value if isinstance(value, str) else ','.join(value)}"
            for key, value in said.items()
        )

    def platforms(self, stock: Sequence[str]) -> list[str]:
        """Name the platforms of a wheel.

        :param stock: those that the wrapped back end gave it
        :raises TagError: a value is no segment of its dimension
        """
        return claims.platforms(stock, self.values, builtin())

    def resolved(self, base: str, ladders: Callable[[], Mapping[str, Sequence[str]]]) -> Asked:
        """Put what the machine is in the place of ``here``, and a local version in that of ``auto``.

        :param base: the platform that is built for
        :param ladders: gives the segments of each dimension that the machine accepts, best first
        :raises CustomtagsError: the machine has none, a value is no segment of its dimension, or there is nothing
            to make a local version of
        """
        known = ladders() if HERE in self.values.values() else {}
        resolved = self._replace(values=claims.resolve(self.values, known))
        platforms = resolved.platforms([base]) if resolved.values else []
        return resolved._replace(local=_local(self.local, platforms))


def read(
    settings: Settings | None,
    environ: Mapping[str, str],
    variants: Mapping[str, Mapping[str, Any]],
) -> Asked:
    """Take what is ours out of config settings, and put it together with what else is asked.

    :raises BuildError: there is no such variant, or a key has several values
    """
    given = {key: value for key, value in (settings or {}).items() if key in KEYS}
    rest = {key: value for key, value in (settings or {}).items() if key not in KEYS}
    variables = {key: environ.get(build_variable(key)) for key in KEYS}
    asked = {**{key: value for key, value in variables.items() if value}, **given}
    variant = _variant(asked.pop("variant", None), variants)
    asked = {**variant, **asked}
    values = {name: _value(name, asked[name]) for name in DIMENSIONS if name in asked}
    local = _value("local-version", asked.get("local-version", NONE))
    return Asked(
        {name: value for name, value in values.items() if value not in (NONE, [])},
        None if local == NONE else str(local),
        {**variant.get("config-settings", {}), **rest},
        {name: str(value) for name, value in variant.get("environment", {}).items()},
    )


def _variant(name: Any, variants: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    if name in (None, NONE):
        return {}
    if name not in variants:
        there = f"there are {', '.join(variants)}" if variants else "there is none"
        cure = f"{there} in [tool.customtags.variants] of pyproject.toml"
        raise BuildError(f"the variant {name!r} is not known", cure)
    return variants[name]


def _value(key: str, value: Any) -> Value:
    """Give one value, or for ABIs and sites those that are given with commas or again and again."""
    given = value if isinstance(value, list) else [value]
    parts = [part.strip() for each in given for part in str(each).split(",") if part.strip()]
    if key in ("abi", "site") and HERE not in parts:
        return [part for part in parts if part != NONE]
    if len(parts) != 1:
        raise BuildError(f"{key}={','.join(parts)} is not one value", f"give {key} once")
    return parts[0]


def _local(local: str | None, platforms: Sequence[str]) -> str | None:
    """Spell a local version as PEP 440 normalises it."""
    if local == AUTO:
        local = claims.local_version(platforms, builtin()) if platforms else ""
        if not local:
            why = "local-version=auto is made of distro and accelerator, and neither is asked for"
            raise BuildError(why, "ask for one, or write the local version itself")
    if local is None:
        return None
    from packaging.version import InvalidVersion, Version

    try:
        return Version(f"0+{local}").local
    except InvalidVersion as error:
        why = f"local-version={local!r} is not one of PEP 440"
        raise BuildError(why, "write letters and digits, as in fc39.rocm6.0") from error
