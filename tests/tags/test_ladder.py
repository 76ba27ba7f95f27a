"""The order and the number of extended tags."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customtags.tags import DIMENSIONS, PRIORITY, parse
from customtags.tags.ladder import GUARD, POLICIES, combine

LADDERS: dict[str, list[str]] = {
    "accelerator": [
        "cuda12_1_sm90",
        "cuda12_1",
        "cuda12_0_sm90",
        "cuda12_0",
        "cuda12",
        "cuda11_8",
        "rocm6",
    ],
    "abi": ["numpy2_torch2_9", "torch2_9", "numpy2"],
    "isa": ["v4", "v3", "v2"],
    "distro": ["el9_1", "el9_0", "el9"],
    "site": ["hardened"],
    "zeta": ["z1"],
    "alpha": ["a1"],
}
BASES = ["linux_x86_64", *(f"{policy}_x86_64" for policy in POLICIES)]


#: The same with no token twice, so that a rung's place is its index.
PLAIN = {
    "accelerator": ["cuda13", "cuda12", "rocm6"],
    "abi": ["torch2", "numpy2"],
    "isa": ["v4", "v3", "v2"],
    "distro": ["el9"],
    "zeta": ["z2", "z1"],
}

Machine = tuple[dict[str, list[str]], list[str]]


@st.composite
def machines(draw: st.DrawFn, whole: dict[str, list[str]] = LADDERS) -> Machine:
    """A part of every ladder, and of the bases."""
    names = draw(st.lists(st.sampled_from(sorted(whole)), unique=True))
    parts = {name: draw(st.sets(st.sampled_from(whole[name]))) for name in names}
    ladders = {name: sorted(rungs, key=whole[name].index) for name, rungs in parts.items()}
    return ladders, BASES[: draw(st.integers(1, len(BASES)))]


def place(ladders: dict[str, list[str]], bases: list[str], tag: str) -> tuple[int, ...]:
    """Where a tag stands: per dimension in the order of priority, then by base."""
    base, segments = parse(tag)
    rest = "_".join(segments)
    order = [*PRIORITY, *sorted(set(LADDERS).difference(PRIORITY))]
    found = []
    for dimension in order:
        rungs = sorted(ladders.get(dimension, []), key=len, reverse=True)
        rung = next((rung for rung in rungs if f"_{rung}_" in f"_{rest}_"), None)
        found.append(ladders[dimension].index(rung) if rung else 999)
    return (*found, bases.index(base))


@given(machines())
def test_the_order_is_total_and_says_priority_then_ladder_then_base(
    machine: Machine,
) -> None:
    ladders, bases = machine
    tags, cut = combine(ladders, bases, 10**6)
    assert cut == 0
    assert tags == sorted(set(tags), key=lambda tag: place(ladders, bases, tag))
    assert len({place(ladders, bases, tag) for tag in tags}) == len(tags)


@given(machines())
def test_the_same_machine_gives_the_same_order(
    machine: Machine,
) -> None:
    ladders, bases = machine
    assert combine(ladders, bases) == combine(dict(reversed(ladders.items())), bases)


@given(machines())
def test_every_subset_of_the_dimensions_is_there_once(
    machine: Machine,
) -> None:
    ladders, bases = machine
    tags, _ = combine(ladders, bases, 10**6)
    expected = 0
    for size in range(1, len(ladders) + 1):
        for names in combinations(ladders, size):
            number = 1 if "distro" in names else len(bases)
            for name in names:
                number *= len(ladders[name])
            expected += number
    assert len(tags) == expected


@given(machines())
def test_no_stock_tag_is_repeated_and_a_distribution_goes_with_the_native_base(
    machine: Machine,
) -> None:
    ladders, bases = machine
    for tag in combine(ladders, bases)[0]:
        base, segments = parse(tag)
        assert segments
        if any(segment.startswith("el9") for segment in segments):
            assert base == "linux_x86_64"


@given(machines(), st.integers(0, 60))
def test_the_limit_holds_and_keeps_the_order(machine: Machine, limit: int) -> None:
    everything, _ = combine(*machine, 10**6)
    kept, cut = combine(*machine, limit)
    assert len(kept) == min(limit, len(everything))
    assert kept == [tag for tag in everything if tag in kept]
    assert cut == len(everything) - len(kept)


@given(machines(), st.integers(0, 60))
def test_each_segment_by_itself_outlives_every_combination(machine: Machine, limit: int) -> None:
    everything, _ = combine(*machine, 10**6)
    kept, _ = combine(*machine, limit)
    native = [tag for tag in everything if tag.startswith("linux")]
    alone = [tag for tag in native if len(parse(tag)[1]) == 1]
    assert set(alone[:limit]) <= set(kept)


@given(machines(PLAIN), st.integers(0, 60))
def test_of_the_same_dimensions_nothing_worse_is_kept_than_what_is_cut(
    machine: Machine, limit: int
) -> None:
    kept, _ = combine(*machine, limit)
    everything, _ = combine(*machine, 10**6)
    where = {tag: place(*machine, tag) for tag in everything}
    for gone in set(everything).difference(kept):
        for stays in kept:
            if [each == 999 for each in where[gone]] == [each == 999 for each in where[stays]]:
                alone = stays.startswith("linux") and len(parse(stays)[1]) == 1
                assert alone or any(a > b for a, b in zip(where[gone], where[stays]))


CUDA = [
    *(f"cuda12_{minor}" for minor in range(9, -1, -1)),
    "cuda12",
    *(f"cuda11_{minor}" for minor in range(8, -1, -1)),
    "cuda11",
]


def test_by_default_nothing_is_dropped_below_the_guard() -> None:
    ladders = {"accelerator": CUDA, "isa": ["v4", "v3", "v2"], "distro": ["deb12"]}
    tags, dropped = combine(ladders, BASES)
    assert (len(tags), dropped) == ((21 + 1) * 4 + ((21 + 1) * 4 - 1) * len(BASES), 0)
    many = {**ladders, "site": [f"site{number}" for number in range(100)]}
    tags, dropped = combine(many, BASES)
    assert len(tags) == GUARD
    assert len(tags) + dropped == len(combine(many, BASES, 10**6)[0])


def test_a_machine_with_a_driver_still_takes_what_has_no_cuda_and_what_is_old() -> None:
    tags, cut = combine(
        {"accelerator": CUDA, "isa": ["v4", "v3", "v2"], "distro": ["deb12"]}, BASES, 85
    )
    assert len(tags) == 85
    assert cut > 100
    for segment in (*CUDA, "v4", "v3", "v2", "deb12"):
        assert f"linux_x86_64_{segment}" in tags
    assert "linux_x86_64_v3_deb12_cuda12_9" in tags


def test_a_segment_that_is_given_twice_counts_once() -> None:
    ladders = {"isa": ["v3", "v2", "v3"], "distro": ["fc39", "fc39"]}
    assert combine(ladders, BASES[:2]) == combine(
        {"isa": ["v3", "v2"], "distro": ["fc39"]}, BASES[:2]
    )


def test_without_a_base_there_is_no_tag() -> None:
    assert combine(LADDERS, []) == ([], 0)


def test_under_a_limit_a_machine_without_an_accelerator_keeps_every_segment() -> None:
    releases = [f"el8_{minor}" for minor in range(10, -1, -1)] + ["el8"]
    ladders = {"accelerator": [], "isa": ["v4", "v3", "v2"], "distro": releases}
    tags, cut = combine(ladders, BASES[:4], 25)
    assert (len(tags), cut) == (25, 35)
    for segment in ("v4", "v3", "v2", *releases):
        assert f"linux_x86_64_{segment}" in tags


@given(machines(), st.sets(st.tuples(st.integers(0, 6), st.integers(0, 2))), st.integers(0, 60))
def test_what_stands_apart_is_in_no_tag_and_all_else_stays(
    machine: Machine, numbers: set[tuple[int, int]], limit: int
) -> None:
    ladders, bases = machine
    pairs = {(LADDERS["accelerator"][one], LADDERS["abi"][other]) for one, other in numbers}
    apart = {
        (one, other)
        for one, other in pairs
        if one in ladders.get("accelerator", ()) and other in ladders.get("abi", ())
    }
    everything, _ = combine(ladders, bases)

    def holds(tag: str) -> tuple[str | None, str | None]:
        rest = "_".join(("", *parse(tag)[1], ""))
        return tuple(
            next(
                (
                    rung
                    for rung in sorted(ladders.get(name, ()), key=len, reverse=True)
                    if f"_{rung}_" in rest
                ),
                None,
            )
            for name in ("accelerator", "abi")
        )  # type: ignore[return-value]

    together = [tag for tag in everything if holds(tag) not in apart]
    assert combine(ladders, bases, apart=apart) == (together, 0)
    kept, dropped = combine(ladders, bases, limit, apart=apart)
    assert kept == [tag for tag in together if tag in kept]
    assert (len(kept), dropped) == (min(limit, len(together)), max(0, len(together) - limit))


def test_what_a_page_calls_priority_and_order_in_names_are_the_same_dimensions() -> None:
    assert sorted(PRIORITY) == sorted(DIMENSIONS)


@pytest.mark.parametrize(
    ("ladders", "tags"),
    [
        ({}, []),
        ({"isa": []}, []),
        ({"isa": ["v2"]}, ["linux_x86_64_v2", "manylinux_2_28_x86_64_v2"]),
        (
            {"isa": ["v3"], "distro": ["fc39"], "accelerator": ["rocm6_0"]},
            [
                "linux_x86_64_v3_fc39_rocm6_0",
                *("linux_x86_64_v3_rocm6_0", "manylinux_2_28_x86_64_v3_rocm6_0"),
                "linux_x86_64_fc39_rocm6_0",
                *("linux_x86_64_rocm6_0", "manylinux_2_28_x86_64_rocm6_0"),
                "linux_x86_64_v3_fc39",
                *("linux_x86_64_v3", "manylinux_2_28_x86_64_v3"),
                "linux_x86_64_fc39",
            ],
        ),
    ],
)
def test_the_order_as_it_is_told(ladders: dict[str, list[str]], tags: list[str]) -> None:
    assert combine(ladders, ["linux_x86_64", "manylinux_2_28_x86_64"])[0] == tags
