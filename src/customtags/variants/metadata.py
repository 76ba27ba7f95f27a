"""Pure: ``variant.json`` and ``NAME-VERSION-variants.json``: read, merged and written (PEP 825, PEP 850; both drafts)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from customtags.errors import VariantError
from customtags.variants.names import is_label
from customtags.variants.properties import ABI, Properties

__all__ = ["FORMATS", "NULL", "Metadata", "made", "merged", "read", "write"]

#: The label of the variant without properties, which every machine supports.
NULL = "null"

#: How large a file may be, in bytes; and how many variants a release may have.
LIMIT, MOST = 8 << 20, 100_000

_WORD = re.compile(r"[a-z0-9_]+")


class Format(NamedTuple):
    """A version of the format.

    :ivar place: the part of the schema's address that names who defined it
    :ivar providers: whether the providers of namespaces are named
    :ivar writes: whether it is written, or read only
    :ivar source: the document
    """

    place: str
    version: tuple[int, int, int]
    providers: bool
    writes: bool
    source: str

    @property
    def schema(self) -> str:
        """The address of its JSON schema."""
        return f"{_HOST}{self.place}/v{'.'.join(map(str, self.version))}.json"


_HOST = "https://variants-schema.wheelnext.dev"

#: Every version that is understood, the one that is written first. All of them are drafts (major version 0).
FORMATS = (
    Format("/peps/850", (0, 2, 0), True, True, "https://peps.python.org/pep-0850/"),
    Format("/peps/825", (0, 1, 1), False, True, "https://peps.python.org/pep-0825/"),
    Format("", (0, 2, 0), True, False, "https://pypi.org/project/variantlib/0.2.2/"),
)

#: Namespace → its provider, in the order of preference: as for tags, an accelerator decides before the level of the ISA.
#: All of them are always written, so that the files of one release extend each other whatever each wheel says.
PROVIDERS: Mapping[str, Mapping[str, Any]] = {
    "nvidia": {
        "requires": ["nvidia-variant-provider"],
        "plugin-api": "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
    },
    "amd": {
        "requires": ["amd-variant-provider"],
        "plugin-api": "amd_variant_provider.plugin:AMDVariantPlugin",
    },
    ABI: {"builtin": ABI},
    "x86_64": {"requires": ["x86-64-variant-provider"]},
    "aarch64": {"requires": ["aarch64-variant-provider"]},
}


class Metadata(NamedTuple):
    """What a file says.

    :ivar namespaces: in decreasing priority
    :ivar variants: label → properties
    :ivar providers: namespace → how its properties are found out, as PEP 850 has it; empty for PEP 825
    """

    namespaces: Sequence[str]
    variants: Mapping[str, Properties]
    providers: Mapping[str, Mapping[str, Any]]


def made(label: str, properties: Properties) -> Metadata:
    """Return the metadata of one variant, with the providers that customtags knows."""
    return Metadata(list(PROVIDERS), {label: properties}, PROVIDERS)


def read(text: str, place: str) -> Metadata:
    """Parse a file.

    :param place: its name, for messages
    :raises VariantError: it is no JSON, of another shape, or of a version that is not understood
    """
    if len(text) > LIMIT:
        raise _wrong(place, f"has more than {LIMIT >> 20} MiB")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(place, f"is not JSON ({type(error).__name__})") from error
    if not isinstance(value, dict):
        raise _wrong(place, "is not a JSON object")
    _check_version(value.get("$schema"), place)
    priorities, variants = value.get("default-priorities"), value.get("variants")
    namespaces = priorities.get("namespace") if isinstance(priorities, dict) else None
    if not _are_words(namespaces) or not namespaces:
        raise _wrong(place, "lacks the list 'default-priorities.namespace'")
    if not isinstance(variants, dict) or len(variants) > MOST:
        raise _wrong(place, f"lacks the object 'variants', or it has more than {MOST:,} entries")
    for label, properties in variants.items():
        _check_variant(label, properties, namespaces, place)
    providers = value.get("providers", {})
    if not isinstance(providers, dict) or not all(isinstance(p, dict) for p in providers.values()):
        raise _wrong(place, "has no object of objects in 'providers'")
    return Metadata(namespaces, variants, providers)


def merged(several: Iterable[tuple[str, Metadata]]) -> Metadata:
    """Return the metadata of a release from those of its wheels (PEP 825, Metadata consistency).

    :param several: the name of each file, for messages, and what it says
    :raises VariantError: one label has two meanings, or the priorities do not extend each other
    """
    namespaces: Sequence[str] = []
    variants: dict[str, Properties] = {}
    providers: dict[str, Mapping[str, Any]] = {}
    for place, each in several:
        longer, shorter = sorted((namespaces, each.namespaces), key=len, reverse=True)
        if list(longer[: len(shorter)]) != list(shorter):
            raise VariantError(
                f"{place!r} orders the namespaces {', '.join(each.namespaces)}, the other files {', '.join(namespaces)}",
                "make the wheels of one release with one order, each list extending the other",
            )
        namespaces = longer
        for label, properties in each.variants.items():
            if _sets(variants.setdefault(label, properties)) != _sets(properties):
                raise VariantError(
                    f"{place!r} gives the label {label!r} another meaning than the other files",
                    "give the wheel another label: --label",
                )
        for namespace, provider in each.providers.items():
            if providers.setdefault(namespace, provider) != provider:
                raise VariantError(
                    f"{place!r} names another provider of {namespace!r} than the other files",
                    "make the wheels of one release with the same providers",
                )
    if len(variants) > MOST:
        raise VariantError(f"there are more than {MOST:,} variants", "publish fewer of one version")
    return Metadata(namespaces, variants, providers)


def write(metadata: Metadata, version: Format = FORMATS[0]) -> str:
    """Return the text of a file."""
    value: dict[str, Any] = {
        "$schema": version.schema,
        "default-priorities": {"namespace": list(metadata.namespaces)},
    }
    if version.providers:
        value["providers"] = {
            name: metadata.providers[name]
            for name in metadata.namespaces
            if name in metadata.providers
        }
    value["variants"] = {
        label: {
            namespace: {feature: sorted(values) for feature, values in sorted(features.items())}
            for namespace, features in sorted(properties.items())
        }
        for label, properties in sorted(metadata.variants.items())
    }
    return json.dumps(value, indent=2) + "\n"


def _check_version(schema: object, place: str) -> None:
    """Refuse a major version that is not understood; a later minor one is read (PEP 825, Variant metadata)."""
    found = re.fullmatch(r"https://\S+/v(\d{1,9})\.\d{1,9}\.\d{1,9}\.json", str(schema))
    known = sorted({each.version[0] for each in FORMATS})
    if found is None or int(found[1]) not in known:
        what = f"has the format {schema!r}" if isinstance(schema, str) else "lacks '$schema'"
        raise VariantError(
            f"{place!r} {what[:200]}, which is not understood",
            f"understood are {', '.join(each.schema for each in FORMATS)}; upgrade customtags",
        )


def _check_variant(label: str, properties: Any, namespaces: Sequence[str], place: str) -> None:
    if not is_label(label):
        raise _wrong(
            place, f"has the label {label[:100]!r}; labels consist of 0-9, a-z, '_' and '.'"
        )
    shaped = isinstance(properties, dict) and all(
        isinstance(features, dict)
        and _WORD.fullmatch(namespace)
        and all(_WORD.fullmatch(name) and _are_values(values) for name, values in features.items())
        for namespace, features in properties.items()
    )
    if not shaped:
        raise _wrong(place, f"has no namespaces of features of values under the label {label!r}")
    if label == NULL and properties:
        raise _wrong(place, "gives properties to the label 'null', which has none")
    lacking = properties.keys() - set(namespaces)
    if lacking:
        raise _wrong(place, f"lacks {min(lacking)!r} in 'default-priorities.namespace'")


def _are_words(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(each, str) and _WORD.fullmatch(each) for each in value)
        and len(set(value)) == len(value)
    )


def _are_values(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, str) and is_label(each) for each in value)
        and len(set(value)) == len(value)
    )


def _sets(properties: Properties) -> dict[str, dict[str, set[str]]]:
    return {
        namespace: {feature: set(values) for feature, values in features.items()}
        for namespace, features in properties.items()
    }


def _wrong(place: str, why: str) -> VariantError:
    return VariantError(f"{place!r} {why}", "write it again: customtags variant")
