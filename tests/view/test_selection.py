"""What a view shows of a project's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_version

from customtags import machine
from customtags.choosing.offer import Offer
from customtags.choosing.rank import rank
from customtags.choosing.request import Request
from customtags.choosing.target import Target
from customtags.machine.dimensions import builtin
from customtags.profiles import interpreter
from customtags.tags import parse, stock
from customtags.view.selection import Labels, selection
from customtags.wheels import filename

if TYPE_CHECKING:
    from collections.abc import Iterable

    from customtags.wheels.filename import FileName

STOCK = stock.tags({"arch": "x86_64", "libc": "glibc", "libc_version": "2.36"})
FACTS = {
    "isa": {
        "arch": "x86_64",
        "features": ["lahf_lm", "pni", "ssse3", "cx16", "sse4_1", "sse4_2", "popcnt"],
    },
    "distro": {"segment": "deb12"},
}
PLATFORMS = [*machine.extend(STOCK, FACTS)[0], *STOCK]
LABELS = {
    ("a", "1", "x86_64_v2"): {"x86_64": {"level": ["v2"]}},
    ("a", "1", "mkl"): {"blas": {"library": ["mkl"]}},
}


@pytest.mark.parametrize(
    ("offered", "shown"),
    [
        # The best of a pair, under its stock name.
        (
            ["a-1-cp312-cp312-linux_x86_64.whl", "a-1-cp312-cp312-linux_x86_64_v2.whl"],
            {"a-1-cp312-cp312-linux_x86_64.whl": "a-1-cp312-cp312-linux_x86_64_v2.whl"},
        ),
        # What uv and pip order differently is one file.
        (
            ["a-1-py3-none-linux_x86_64.whl", "a-1-py3-none-manylinux_2_17_x86_64.whl"],
            {"a-1-py3-none-linux_x86_64.whl": "a-1-py3-none-linux_x86_64.whl"},
        ),
        # Another pair is its own.
        (
            ["a-1-cp312-cp312-linux_x86_64_v2.whl", "a-1-cp39-abi3-linux_x86_64.whl"],
            {
                "a-1-cp312-cp312-linux_x86_64.whl": "a-1-cp312-cp312-linux_x86_64_v2.whl",
                "a-1-cp39-abi3-linux_x86_64.whl": "a-1-cp39-abi3-linux_x86_64.whl",
            },
        ),
        # A pair of a set that another wheel serves better is left to that wheel.
        (
            ["a-1-cp38.cp39-abi3-linux_x86_64.whl", "a-1-cp39-abi3-linux_x86_64_v2.whl"],
            {
                "a-1-cp38-abi3-linux_x86_64.whl": "a-1-cp38.cp39-abi3-linux_x86_64.whl",
                "a-1-cp39-abi3-linux_x86_64.whl": "a-1-cp39-abi3-linux_x86_64_v2.whl",
            },
        ),
        # Pure wheels and source distributions stay; what the machine does not accept goes.
        (
            [
                "a-1.tar.gz",
                "a-1-py3-none-any.whl",
                "a-1-py3-none-win_amd64.whl",
                "a-1-variants.json",
            ],
            {"a-1.tar.gz": "a-1.tar.gz", "a-1-py3-none-any.whl": "a-1-py3-none-any.whl"},
        ),
        (["a-1-py3-none-linux_x86_64_v3.whl", "a-1-py3-none-linux_x86_64_fc39.whl"], {}),
        # A stock set keeps its name; an extended one gets the bases that the machine accepts.
        (
            ["a-1-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"],
            {
                "a-1-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl": "a-1-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
            },
        ),
        (
            ["a-1-py3-none-manylinux_2_17_x86_64_v2.manylinux_2_99_x86_64_v3.whl"],
            {
                "a-1-py3-none-manylinux_2_17_x86_64.whl": "a-1-py3-none-manylinux_2_17_x86_64_v2.manylinux_2_99_x86_64_v3.whl"
            },
        ),
        # Of equal ones the larger build tag.
        (
            ["a-1-9-py3-none-linux_x86_64_v2.whl", "a-1-10-py3-none-linux_x86_64_v2.whl"],
            {"a-1-10-py3-none-linux_x86_64.whl": "a-1-10-py3-none-linux_x86_64_v2.whl"},
        ),
        # A variant counts as the tag that it means, and one without a meaning does not count.
        (
            ["a-1-py3-none-linux_x86_64.whl", "a-1-py3-none-manylinux_2_28_x86_64-x86_64_v2.whl"],
            {
                "a-1-py3-none-manylinux_2_28_x86_64.whl": "a-1-py3-none-manylinux_2_28_x86_64-x86_64_v2.whl"
            },
        ),
        (
            [
                "a-1-py3-none-linux_x86_64.whl",
                "a-1-py3-none-linux_x86_64-x86_64_v9.whl",
                "a-1-py3-none-linux_x86_64-mkl.whl",
            ],
            {"a-1-py3-none-linux_x86_64.whl": "a-1-py3-none-linux_x86_64.whl"},
        ),
        # Names that are none.
        (["a-1.whl", "a-1-py3-none-linux_x86_64__v2.whl", ".whl", "a-1-py3-none-X-\x1b.whl"], {}),
        (["../a-1.tar.gz", "/etc/a-1-py3-none-any.whl", ".a-1.tar.gz", "a\n-1.tar.gz"], {}),
    ],
)
def test_what_is_shown(offered: list[str], shown: dict[str, str]) -> None:
    assert selection(offered, PLATFORMS, LABELS, builtin()) == shown
    assert selection(offered[::-1], PLATFORMS, LABELS, builtin()) == shown


wheels = st.builds(
    "{}-{}-{}-{}.whl".format,
    st.sampled_from(["a", "A"]),
    st.sampled_from(["1", "1.0", "2"]),
    st.sampled_from(["cp312-cp312", "cp39-abi3", "py3-none", "cp38.cp39-abi3"]),
    st.sampled_from([*PLATFORMS[:6], *STOCK[:5], "linux_x86_64_v4", "any", "win_amd64"]),
)


def release(file: FileName) -> tuple[str, str]:
    return file.project.lower(), canonicalize_version(file.version)


@given(st.lists(wheels, unique=True))
def test_the_best_of_every_pair_is_shown_once(offered: list[str]) -> None:
    shown = selection(offered, PLATFORMS)
    assert set(shown.values()) <= set(offered)
    pairs: dict[tuple[tuple[str, str], str], str] = {}
    for name, real in shown.items():
        file = filename.parse(name)
        assert file.platform == "any" or not parse(file.platform)[1]
        if file.platform != "any":
            for tag in file.tags:
                pair = (release(file), tag.rpartition("-")[0])
                assert pairs.setdefault(pair, real) == real
    for each in map(filename.parse, offered):
        if each.platform in PLATFORMS:
            for tag in each.tags:
                key = (release(each), tag.rpartition("-")[0])
                taken = filename.parse(pairs[key]).platform
                assert PLATFORMS.index(taken) <= PLATFORMS.index(each.platform)


def test_a_pure_variant_and_an_endless_build_tag() -> None:
    labels: Labels = {("a", "1", "null"): {}}
    offered = ["a-1-py3-none-any-null.whl", f"a-1-{'9' * 5000}-py3-none-linux_x86_64.whl"]
    shown = {"a-1-py3-none-any.whl": "a-1-py3-none-any-null.whl"}
    assert selection(offered, PLATFORMS, labels, builtin()) == shown


TARGET, PLAIN = (
    Target({"version": 1, "source": {}, **facts}, STOCK, interpreter.read("3.12"), pages=builtin())
    for facts in ({**FACTS, "accelerator": {"cuda": {"cuda": [12, 4], "capabilities": []}}}, {})
)
offered_files = st.builds(
    "example-{}{}-{}-{}.whl".format,
    st.sampled_from(["1", "1.0", "2", "2.0+local"]),
    st.sampled_from(["", "-1", "-10"]),
    st.sampled_from(["cp312-cp312", "cp39-abi3", "py3-none", "cp38.cp39-abi3", "cp311-cp311"]),
    st.sampled_from(
        [
            *(*TARGET.extended[:3], *TARGET.extended[-3:], *STOCK[:3], "linux_x86_64_v4", "any"),
            "manylinux_2_17_x86_64_v2.manylinux_2_28_x86_64_v2",
        ]
    ),
)


@given(st.lists(st.one_of(offered_files, st.just("example-2.tar.gz")), unique=True, max_size=8))
def test_a_stock_pip_takes_from_a_view_what_rank_says(names: list[str]) -> None:
    def offers(files: Iterable[str]) -> list[Offer]:
        return [Offer(each, "") for each in files]

    shown = selection(names, TARGET.platforms)
    said = rank(offers(names), Request("example"), TARGET)
    chosen = rank(offers(shown), Request("example"), PLAIN).chosen
    taken = shown[chosen] if chosen else None
    # Of files that are equal to pip, it takes the last that it finds.
    equal = {
        each.offer.name: (each.version and canonicalize_version(each.version), each.tag)
        for each in said.files
    }
    builds = [each and each.count("-") == 5 and each.split("-")[2] for each in (taken, said.chosen)]
    assert equal.get(taken or "") == equal.get(said.chosen or "")
    assert builds[0] == builds[1]
