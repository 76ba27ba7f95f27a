"""The spelling of extended tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customtags.errors import TagError
from customtags.tags import fold, fold_version, format, parse

ARCHES = st.sampled_from(["x86_64", "aarch64", "ppc64le", "s390x", "riscv64", "i686", "armv7l"])
PREFIXES = st.sampled_from(
    ["linux", "manylinux1", "manylinux2014", "manylinux_2_28", "musllinux_1_2"]
)
BASES = st.builds("{}_{}".format, PREFIXES, ARCHES)
SEGMENTS = st.from_regex(r"[a-z][a-z0-9]{0,5}(_[0-9]{1,3}){0,3}", fullmatch=True)


@given(BASES, st.lists(SEGMENTS, max_size=5))
def test_parse_undoes_format(base: str, segments: list[str]) -> None:
    assert parse(format(base, segments)) == (base, tuple(segments))


@given(st.text("abz_019.-Lé"))
def test_format_undoes_whatever_parse_takes(rest: str) -> None:
    tag = f"linux_x86_64{rest}"
    try:
        base, segments = parse(tag)
    except TagError:
        return
    assert format(base, segments) == tag
    assert all(fold(segment) == segment for segment in segments)


@pytest.mark.parametrize(
    ("tag", "segments"),
    [
        ("linux_x86_64_v3_fc39_rocm6_0", ("v3", "fc39", "rocm6_0")),
        ("linux_x86_64_v3_cuda12_4_sm90a", ("v3", "cuda12_4", "sm90a")),
        ("manylinux_2_28_aarch64_v8_2_torch2_9", ("v8_2", "torch2_9")),
        ("linux_x86_64_never_heard_of_1_2", ("never", "heard", "of_1_2")),
        ("macosx_11_0_arm64", ()),
        ("win_amd64", ()),
        ("any", ()),
    ],
)
def test_splitting_needs_no_vocabulary(tag: str, segments: tuple[str, ...]) -> None:
    base, found = parse(tag)
    assert found == segments
    assert format(base, found) == tag


@pytest.mark.parametrize(
    "tag",
    [
        *(
            "linux",
            "linux_",
            "linux_86",
            "manylinux_x86_64",
            "manylinux_2_x_x86_64",
            "musllinux_1_2",
        ),
        *(
            "linux_x86_64_",
            "linux_x86_64__v3",
            "linux_x86_64_3",
            "linux_x86_64_V3",
            "linux_x86_64_v3-1",
        ),
        *("linux_x86_64_v3_1a", "linux_x86_64_v3.1", "linux_x86_64_é", "linux_x86_64_v٣"),
    ],
)
def test_what_is_not_in_the_grammar_is_refused_with_the_cure(tag: str) -> None:
    with pytest.raises(TagError, match="write it as in 'linux_x86_64_v3"):
        parse(tag)


@given(SEGMENTS)
def test_a_segment_folds_to_itself(segment: str) -> None:
    assert fold(segment) == segment
    assert fold(segment.replace("_", ".")) == segment


@pytest.mark.parametrize("value", ["", "3", "V3", "v3.", "el9._4", "a b", "cuda12.4_sm90"])
def test_what_is_no_segment_folds_to_none(value: str) -> None:
    assert fold(value) is None


@pytest.mark.parametrize(
    ("version", "folded"),
    [
        *(("39", "39"), ("24.04", "24_04"), ("9.4", "9_4"), ("v25.12", "25_12"), ("15-SP5", None)),
        *(("7.0(BUILDER)", None), ("edge", None), ("", None), ("2.0 (SP8)", None), ("3..1", None)),
    ],
)
def test_versions_fold_or_are_none(version: str, folded: str | None) -> None:
    assert fold_version(version) == folded
