"""A memory that is bounded by weight."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from customtags.view.recent import Recent


def test_what_was_not_used_for_longest_goes_first() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert [recent.get(key) for key in "abc"] == [1, None, 3]


def test_what_is_heavier_than_the_bound_replaces_its_own_value_and_no_other() -> None:
    recent: Recent[str, int] = Recent(10)
    recent.put("a", 1, 4)
    recent.put("b", 2, 4)
    recent.put("a", 3, 11)
    assert [recent.get(key) for key in "ab"] == [None, 2]


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 12))))
def test_it_keeps_the_newest_values_that_fit(puts: list[tuple[str, int]]) -> None:
    recent: Recent[str, int] = Recent(10)
    kept: list[tuple[str, int]] = []
    for key, weight in puts:
        recent.put(key, weight, weight)
        kept = [each for each in kept if each[0] != key]
        kept += [(key, weight)] if weight <= 10 else []
        while sum(each for _, each in kept) > 10:
            kept.pop(0)
    assert len(recent) == len(kept)
    assert [recent.get(key) for key, _ in kept] == [weight for _, weight in kept]
