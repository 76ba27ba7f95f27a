"""The request for one build: config settings first, then the environment, then the variant that they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from customtags.errors import BuildError
from customtags.machine.dimensions import builtin
from customtags.machine.settings import BUILD_KEYS, build_variable
from customtags.tags import DIMENSIONS
from customtags.wheels.platforms import HERE, NONE, local_version, platform_tags, resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from customtags.tags.naming import Value

__all__ = ["BuildRequest", "Settings", "read_request"]

#: The value that makes a local version of distro and accelerator.
AUTO = "auto"

#: What a front end passes; pip passes a list if a key is repeated.
Settings = Mapping[str, Any]


class BuildRequest(NamedTuple):
    """The tags that are requested for the wheel of one build.

    :ivar values: dimension → value, as in ``{"isa": "v3", "abi": ["torch2.9"]}``
    :ivar local: the local version, or None
    :ivar settings: the config settings for the wrapped back end
    :ivar environment: the variables that the variant sets
    :ivar variant: its name, or None
    """

    values: Mapping[str, Value]
    local: str | None
    settings: dict[str, Any]
    environment: Mapping[str, str]
    variant: str | None = None

    def __bool__(self) -> bool:
        """Return whether the wheel gets another name than the wrapped back end's."""
        return bool(self.values or self.local)

    def __str__(self) -> str:
        """Return the request as config settings: ``isa=v3 distro=fc39``."""
        values = {**self.values, **({"local-version": self.local} if self.local else {})}
        return " ".join(
            f"{key}={value if isinstance(value, str) else ','.join(value)}"
            for key, value in values.items()
        )

    def platforms(self, stock: Sequence[str]) -> list[str]:
        """Return the platform tags of the wheel.

        :param stock: those of the wrapped back end
        :raises TagError: a value is no segment of its dimension
        """
        return platform_tags(stock, self.values, builtin())

    def resolved(
        self, base: str, ladders: Callable[[], Mapping[str, Sequence[str]]]
    ) -> BuildRequest:
        """Return the request with the machine's segments in place of ``here``, and a local version in place of ``auto``.

        :param base: the platform of the build
        :param ladders: returns the segments of each dimension that the machine accepts, best first
        :raises CustomtagsError: the machine has no such segment, a value is no segment of its dimension, or ``auto`` has
            neither distro nor accelerator to name
        """
        known = ladders() if HERE in self.values.values() else {}
        resolved = self._replace(values=resolve(self.values, known))
        platforms = resolved.platforms([base]) if resolved.values else []
        return resolved._replace(local=_local(self.local, platforms))


def read_request(
    settings: Settings | None,
    environ: Mapping[str, str],
    variants: Mapping[str, Mapping[str, Any]],
) -> BuildRequest:
    """Read the request from the config settings, the environment and the variants.

    :raises BuildError: there is no such variant, or a key has several values
    """
    ours = {key: value for key, value in (settings or {}).items() if key in BUILD_KEYS}
    others = {key: value for key, value in (settings or {}).items() if key not in BUILD_KEYS}
    variables = {key: environ.get(build_variable(key)) for key in BUILD_KEYS}
    given = {**{key: value for key, value in variables.items() if value}, **ours}
    name = given.pop("variant", None)
    variant = _variant(name, variants)
    given = {**variant, **given}
    values = {name: _value(name, given[name]) for name in DIMENSIONS if name in given}
    local = _value("local-version", given.get("local-version", NONE))
    return BuildRequest(
        {name: value for name, value in values.items() if value not in (NONE, [])},
        None if local == NONE else str(local),
        {**variant.get("config-settings", {}), **others},
        {name: str(value) for name, value in variant.get("environment", {}).items()},
        None if name == NONE else name,
    )


def _variant(name: Any, variants: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    if name in (None, NONE):
        return {}
    if name not in variants:
        known = f"choose from {', '.join(variants)}" if variants else "define it"
        cure = f"{known} in [tool.customtags.variants] of pyproject.toml"
        raise BuildError(f"unknown variant {name!r}", cure)
    return variants[name]


def _value(key: str, value: Any) -> Value:
    """Return one value; for ABIs and sites the list of those that are separated by commas or repeated."""
    given = value if isinstance(value, list) else [value]
    parts = [part.strip() for each in given for part in str(each).split(",") if part.strip()]
    if key in ("abi", "site") and HERE not in parts:
        return [part for part in parts if part != NONE]
    if len(parts) != 1:
        raise BuildError(f"{key}={','.join(parts)} is not one value", f"set {key} to one value")
    return parts[0]


def _local(local: str | None, platforms: Sequence[str]) -> str | None:
    """Return a local version as PEP 440 normalizes it."""
    if local == AUTO:
        local = local_version(platforms, builtin()) if platforms else ""
        if not local:
            why = "local-version=auto names distro and accelerator, and neither is set"
            raise BuildError(why, "set one of them, or write the local version itself")
    if local is None:
        return None
    from packaging.version import InvalidVersion, Version

    try:
        return Version(f"0+{local}").local
    except InvalidVersion as error:
        why = f"local-version={local!r} is not valid (PEP 440)"
        raise BuildError(why, "use letters and digits, as in fc39.rocm6.0") from error
