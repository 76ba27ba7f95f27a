"""From a request to names, local versions and fromager's build tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from customtags.errors import CustomtagsError
from customtags.machine.dimensions import builtin
from customtags.tags import parse
from customtags.wheels import filename, fromager
from customtags.wheels.platforms import bases, platform_tags
from customtags.wheels.retag_request import RetagRequest, changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LADDERS = {
    "isa": ["v3", "v2"],
    "distro": ["el9_4", "el9"],
    "accelerator": ["cuda12_4_sm90"],
    "abi": [],
}

#: The platforms of a wheel, whether it is for one distribution, and its bases.
BASES = [
    (["linux_x86_64"], False, ["linux_x86_64"]),
    (["linux_x86_64_v3_fc39"], False, ["linux_x86_64"]),
    (["manylinux_2_17_x86_64", "manylinux2014_x86_64"], False, ["manylinux_2_17_x86_64"]),
    (["manylinux1_x86_64"], False, ["manylinux_2_17_x86_64"]),
    (["manylinux_2_24_x86_64"], False, ["manylinux_2_28_x86_64"]),
    (["manylinux_2_27_x86_64", "manylinux_2_28_x86_64"], False, ["manylinux_2_28_x86_64"]),
    (["manylinux_2_31_aarch64"], False, ["manylinux_2_34_aarch64"]),
    (["manylinux_2_39_x86_64"], False, ["manylinux_2_39_x86_64"]),
    (["musllinux_1_1_x86_64"], False, ["musllinux_1_2_x86_64"]),
    (["manylinux_2_28_x86_64"], True, ["linux_x86_64"]),
]


@pytest.mark.parametrize(("wheel", "pinned", "expected"), BASES)
def test_a_base_is_one_that_machines_accept(
    wheel: list[str], pinned: bool, expected: list[str]
) -> None:
    assert bases(wheel, pinned=pinned) == expected


def requested(name: str, **request: Any) -> tuple[Sequence[str] | None, str | None, str | None]:
    def ladders(arch: str) -> Mapping[str, Sequence[str]]:
        assert arch == "x86_64"
        return LADDERS

    return changes(filename.parse(name), RetagRequest(**request), ladders, builtin())


@pytest.mark.parametrize(
    ("dimension", "value", "cure"),
    [
        ("accelerator", "cu128", "write cuda12.8"),
        ("isa", "x86-64-v3", "write v3"),
        ("isa", "avx2", "write v3"),
        ("isa", "cu128", "write one such as v2, v3, v4"),
        ("distro", "Debian12", "write deb12"),
        ("distro", "rhel9.4", "write el9.4"),
    ],
)
def test_a_word_of_another_place_gets_the_segment_that_it_means(
    dimension: str, value: str, cure: str
) -> None:
    with pytest.raises(CustomtagsError, match=f"'{value}' is not a segment") as raised:
        platform_tags(["linux_x86_64"], {dimension: value}, builtin())
    assert raised.value.cure == cure


PLAIN = "example-1.2-cp312-cp312-linux_x86_64.whl"
FEDORA = "example-1.2-3-cp312-cp312-linux_x86_64_v3_ubuntu24_04_rocm6_0.whl"

#: The name of a wheel, the request, and platforms, local version and build tag.
REQUESTS: list[tuple[str, dict[str, Any], tuple[list[str] | None, str | None, str | None]]] = [
    (PLAIN, {"platforms": ["linux_x86_64_v3"]}, (["linux_x86_64_v3"], None, None)),
    (PLAIN, {"values": {"isa": "v3", "distro": "fc39"}}, (["linux_x86_64_v3_fc39"], None, None)),
    (PLAIN, {"values": {"isa": "here"}}, (["linux_x86_64_v3"], None, None)),
    (PLAIN, {"all_here": True}, (["linux_x86_64_v3_el9_4_cuda12_4_sm90"], None, None)),
    (
        PLAIN,
        {"all_here": True, "values": {"accelerator": "none", "isa": "v2", "abi": ["numpy2", "b1"]}},
        (["linux_x86_64_v2_el9_4_b1_numpy2"], None, None),
    ),
    (PLAIN, {"values": {"isa": "none"}}, (["linux_x86_64"], None, None)),
    (PLAIN, {"build": "7"}, (None, None, "7")),
    (FEDORA, {"local": True}, (None, "ubuntu24.04.rocm6.0", None)),
    (
        FEDORA,
        {"values": {"isa": "v2", "distro": "none", "accelerator": "rocm6.1"}},
        (["linux_x86_64_v2_rocm6_1"], None, None),
    ),
    (FEDORA, {"local": "x", "platforms": ["linux_x86_64"]}, (["linux_x86_64"], "x", None)),
    (FEDORA, {"local": True, "platforms": ["linux_x86_64"]}, (["linux_x86_64"], "", None)),
    (FEDORA, {"fromager": "write"}, (["linux_x86_64"], None, "3_v3_ubuntu24.04_rocm6.0")),
    (
        "example-1.2-8_el9.6_rocm7.1.1_torch2.10.0-cp312-cp312-manylinux_2_34_x86_64.whl",
        {"fromager": "read", "values": {"isa": "v3"}},
        (["linux_x86_64_v3_el9_6_rocm7_1_torch2_10"], None, "8"),
    ),
    (
        "example-1.2-cp312-cp312-any.whl",
        {"values": {"isa": "v3"}, "base": "linux_x86_64"},
        (["linux_x86_64_v3"], None, None),
    ),
]


@pytest.mark.parametrize(("name", "request_", "found"), REQUESTS)
def test_a_request_becomes_platforms_version_and_build_tag(
    name: str, request_: dict[str, Any], found: tuple[list[str] | None, str | None, str | None]
) -> None:
    assert requested(name, **request_) == found


@pytest.mark.parametrize(
    ("name", "request_", "message"),
    [
        (PLAIN, {}, "no change is requested"),
        (PLAIN, {"platforms": ["linux_x86_64_v3"], "values": {"isa": "v3"}}, "remove --platform"),
        (PLAIN, {"values": {"abi": "here"}}, "has no segment of the dimension 'abi'"),
        (PLAIN, {"values": {"isa": "v9"}}, "write one such as v2, v3, v4"),
        (PLAIN, {"values": {"distro": "v3"}}, "is not a segment of distro"),
        ("a-1-py3-none-any.whl", {"values": {"isa": "v3"}}, "--base linux_x86_64"),
        (
            PLAIN,
            {"platforms": ["linux_x86_64_fc39", "linux_x86_64_fc40"], "local": True},
            "different",
        ),
        (FEDORA, {"values": {"isa": "v2"}}, "with --distro ubuntu24_04, or .* --distro none"),
        (
            "a-1-py3-none-linux_x86_64_v3_torch2_9.whl",
            {"all_here": True, "values": {"accelerator": "none"}},
            "'torch2_9', which the new name would drop",
        ),
        (PLAIN, {"fromager": "read"}, "has no build tag"),
        (
            "a-1-8_el9_fc39-py3-none-linux_x86_64.whl",
            {"fromager": "read"},
            "contains 'fc39', which is not a segment",
        ),
        (
            "a-1-8_9.6-py3-none-linux_x86_64.whl",
            {"fromager": "read"},
            "contains '9.6', which is not a segment",
        ),
    ],
)
def test_an_impossible_request_is_refused(
    name: str, request_: dict[str, Any], message: str
) -> None:
    with pytest.raises(CustomtagsError, match=message):
        requested(name, **request_)


def test_a_build_tag_for_fromager_is_read_back() -> None:
    platform = "linux_x86_64_v3_el9_6_cuda12_4_numpy2_torch2_10"
    build, base = fromager.write("8", platform)
    number, values = fromager.read(build, "x86_64", builtin())
    assert (number, base) == ("8", parse(platform)[0])
    assert platform_tags([base], values, builtin()) == [platform]
