"""variant.json and NAME-VERSION-variants.json: what is read, merged, written and refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from customtags.errors import VariantError
from customtags.variants.metadata import FORMATS, PROVIDERS, Metadata, made, merged, read, write

V3 = {"x86_64": {"level": ["v3"]}}
CUDA = {"nvidia": {"cuda_version_lower_bound": ["12.4"]}}

GOOD: dict[str, Any] = {
    "$schema": FORMATS[1].schema,
    "default-priorities": {"namespace": ["x86_64"]},
    "variants": {"x86_64_v3": V3},
}


def changed(**values: Any) -> str:
    return json.dumps({**GOOD, **values})


BROKEN = {
    "nothing": ("", "is not JSON"),
    "no object": ("[]", "is not a JSON object"),
    "a cut file": (json.dumps(GOOD)[:-9], "is not JSON"),
    "too deep": ("[" * 100_000, "is not JSON"),
    "too long": (" " * (9 << 20), "more than 8 MiB"),
    "no schema": (json.dumps({**GOOD, "$schema": None}), "lacks '\\$schema'"),
    "a later format": (
        changed(**{"$schema": f"{FORMATS[1].schema[:-11]}v1.0.0.json"}),
        "is not understood",
    ),
    "another schema": (changed(**{"$schema": "https://example.com/"}), "is not understood"),
    "no priorities": (changed(**{"default-priorities": {}}), "default-priorities.namespace"),
    "empty priorities": (
        changed(**{"default-priorities": {"namespace": []}}),
        "default-priorities.namespace",
    ),
    "a namespace twice": (
        changed(**{"default-priorities": {"namespace": ["x86_64", "x86_64"]}}),
        "default-priorities.namespace",
    ),
    "no variants": (changed(variants=[]), "'variants'"),
    "a typo in a label": (changed(variants={"x86-64-v3": V3}), "'x86-64-v3'"),
    "an upper case label": (changed(variants={"V3": V3}), "'V3'"),
    "an escape in a label": (changed(variants={"\x1b[31m": V3}), r"\\x1b"),
    "no features": (changed(variants={"v3": {"x86_64": ["v3"]}}), "'v3'"),
    "no values": (changed(variants={"v3": {"x86_64": {"level": []}}}), "'v3'"),
    "a number": (changed(variants={"v3": {"x86_64": {"level": [3]}}}), "'v3'"),
    "properties of null": (changed(variants={"null": V3}), "null"),
    "a namespace without priority": (changed(variants={"cuda": CUDA}), "lacks 'nvidia'"),
    "no providers": (changed(providers=["x86_64"]), "'providers'"),
    "no provider": (changed(providers={"x86_64": "x86-64-variant-provider"}), "'providers'"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_is_refused_in_one_line(fault: str) -> None:
    text, reason = BROKEN[fault]
    with pytest.raises(VariantError, match=reason) as caught:
        read(text, "example-1.0-variants.json")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 800


@pytest.mark.parametrize("version", FORMATS, ids=lambda each: each.schema)
def test_every_format_is_read(version: Any) -> None:
    known = read(changed(**{"$schema": version.schema}), "variant.json")
    assert known == Metadata(["x86_64"], {"x86_64_v3": V3}, {})


def test_a_later_minor_version_is_read() -> None:
    later = FORMATS[1].schema.replace("v0.1.1", "v0.7.0")
    assert read(changed(**{"$schema": later}), "variant.json").variants == {"x86_64_v3": V3}


@pytest.mark.parametrize("version", [each for each in FORMATS if each.writes])
def test_what_is_written_is_read_again(version: Any) -> None:
    written = write(made("cuda12.4", CUDA), version)
    again = read(written, "variant.json")
    assert again == Metadata(
        list(PROVIDERS), {"cuda12.4": CUDA}, PROVIDERS if version.providers else {}
    )
    assert write(again, version) == written


def test_providers_are_those_of_the_priorities() -> None:
    value = json.loads(write(made("null", {})))
    assert list(value["providers"]) == value["default-priorities"]["namespace"]


def test_a_release_has_the_variants_of_all_its_wheels() -> None:
    found = merged(
        [
            ("a", Metadata(["x86_64"], {"x86_64_v3": V3}, {})),
            ("b", Metadata(["x86_64", "nvidia"], {"cuda12.4": CUDA, "null": {}}, {})),
            ("c", Metadata(["x86_64"], {"x86_64_v3": {"x86_64": {"level": ["v3"]}}}, {})),
        ]
    )
    assert found == Metadata(
        ["x86_64", "nvidia"], {"x86_64_v3": V3, "cuda12.4": CUDA, "null": {}}, {}
    )


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (Metadata(["x86_64"], {"x86_64_v3": {"x86_64": {"level": ["v4"]}}}, {}), "another meaning"),
        (Metadata(["nvidia", "x86_64"], {"null": {}}, {}), "orders the namespaces"),
        (
            Metadata(["x86_64"], {"null": {}}, {"x86_64": {"requires": ["mine"]}}),
            "another provider",
        ),
    ],
)
def test_what_contradicts_is_refused(other: Metadata, reason: str) -> None:
    first = Metadata(["x86_64"], {"x86_64_v3": V3}, {"x86_64": PROVIDERS["x86_64"]})
    for pair in ([("a", first), ("b", other)], [("b", other), ("a", first)]):
        with pytest.raises(VariantError, match=reason):
            merged(pair)


def test_ten_thousand_variants_are_one_file() -> None:
    many = {f"cuda{n}": {"nvidia": {"cuda_version_lower_bound": [str(n)]}} for n in range(10_000)}
    written = write(Metadata(["nvidia"], many, {}))
    assert len(read(written, "many").variants) == 10_000
