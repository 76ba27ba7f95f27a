"""What is asked of one build: by config settings first, then by the environment, then by the variant that they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from customtags import naming
from customtags.backend.project import DIMENSIONS
from customtags.errors import BuildError
from customtags.settings import build_variable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KEYS", "Asked", "read"]

#: What stands for the machine that builds, and the dimensions that a machine has by itself.
HERE, MACHINES = "here", ("isa", "distro", "accelerator")

#: The config settings that are ours; every other is the wrapped back end's.
KEYS = ("variant", *DIMENSIONS, "local-version")

#: What a front end hands over: pip gives a list where a key was given more than once.
Settings = Mapping[str, Any]

Value = Union[str, Sequence[str]]


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

    def platform(self, base: str) -> str:
        """Name the platform of a wheel; one that names a release stands on ``linux_<arch>``.

        :raises TagError: a value is no segment of its dimension
        """
        on = f"linux_{naming.arch(base)}" if "distro" in self.values else base
        return naming.name(on, self.values)

    def here(self, base: str, look: Callable[[str], Sequence[str]]) -> Asked:
        """Put what the machine is in the place of ``here``, and a local version in that of ``auto``.

        :param base: the platform that is built for
        :param look: gives the segments of one dimension that the machine accepts, best first
        :raises BuildError: the machine has none, or there is nothing to make a local version of
        :raises TagError: a value is no segment of its dimension
        """
        values: dict[str, Value] = {}
        for dimension, value in self.values.items():
            values[dimension] = value
            if value == HERE:
                found = look(dimension) if dimension in MACHINES else ()
                if not found:
                    why = f"{dimension}={HERE} says nothing: this machine has no {dimension}"
                    raise BuildError(why, f"name one, or write {dimension}=none")
                values[dimension] = found[0]
        resolved = self._replace(values=values)
        if values:
            resolved.platform(base)
        return resolved._replace(local=_local(self.local, resolved, base))


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
    local = _value("local-version", asked.get("local-version", "none"))
    return Asked(
        {name: value for name, value in values.items() if value not in ("none", [])},
        None if local == "none" else str(local),
        {**variant.get("config-settings", {}), **rest},
        {name: str(value) for name, value in variant.get("environment", {}).items()},
    )


def _variant(name: Any, variants: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    if name in (None, "none"):
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
        return [part for part in parts if part != "none"]
    if len(parts) != 1:
        raise BuildError(f"{key}={','.join(parts)} is not one value", f"give {key} once")
    return parts[0]


def _local(local: str | None, asked: Asked, base: str) -> str | None:
    """Spell a local version as PEP 440 normalises it; ``auto`` makes it of release and accelerator."""
    if local is None:
        return None
    if local == "auto":
        spoken = {
            key: asked.values[key] for key in ("distro", "accelerator") if key in asked.values
        }
        if not spoken:
            why = "local-version=auto is made of distro and accelerator, and neither is asked for"
            raise BuildError(why, "ask for one, or write the local version itself")
        _, runs = naming.runs(naming.name(f"linux_{naming.arch(base)}", spoken))
        return ".".join(run.text.replace("_", ".") for run in runs)
    from packaging.version import InvalidVersion, Version

    try:
        return Version(f"0+{local}").local
    except InvalidVersion as error:
        why = f"local-version={local!r} is not one of PEP 440"
        raise BuildError(why, "write letters and digits, as in fc39.rocm6.0") from error
