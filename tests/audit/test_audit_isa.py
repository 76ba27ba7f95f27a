from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customtags.audit import declared
from customtags.audit.isa import arm, dispatch, levels
from customtags.audit.isa.baseline import (
    ASKS,
    FEWEST,
    GUARDED,
    LENGTH,
    NEW,
    OLD,
    STRETCHES,
    UNDECIDED,
    decide,
    mark,
    spread,
)
from customtags.audit.isa.functions import Functions
from customtags.errors import SettingError
from customtags.machine.dimensions import isa as dimension
from customtags.wheels.elf import Elf

ARM = Path(__file__).parent / "arm"
X86 = levels.FEATURES["x86_64"]
PLAIN, OLD_1, NEW_3 = mark(1), mark(1, OLD), mark(3, NEW)

a_mark = st.builds(mark, st.integers(0, 5), st.integers(0, 15))
marks = st.lists(a_mark, max_size=400)


@pytest.mark.parametrize("arch", levels.NAMES)
def test_levels_are_named_as_the_dimension_names_them(arch: str) -> None:
    known = [name for name, _ in dimension.LEVELS[arch]]
    assert [name for name in known if name in levels.NAMES[arch]] == [*levels.NAMES[arch][1:]]
    assert sorted(levels.FEATURES[arch]) == [*range(2, levels.ABOVE[arch] + 1)]


@pytest.mark.parametrize("arch", levels.NAMES)
def test_a_feature_is_in_one_level_only(arch: str) -> None:
    rows = levels.FEATURES[arch]
    every = [feature for features in rows.values() for feature in features.split()]
    assert len(every) == len(set(every))
    for number, features in rows.items():
        for feature in features.split():
            assert levels.level([feature, "SSE2"], arch) == number


def test_the_levels_of_the_psabi_have_what_linux_calls_so() -> None:
    spelled = {"sse3": "pni", "cmpxchg16b": "cx16", "lzcnt": "abm"}
    for number, (_, needs) in enumerate(dimension.LEVELS["x86_64"], 2):
        for feature in X86[number].lower().split():
            assert spelled.get(feature, feature) in needs.split()


@given(marks)
def test_without_a_question_everybody_needs_the_most(found: list[int]) -> None:
    verdict = decide(found, asks=False)
    assert verdict.floor == max([1, *(each >> 4 for each in found)])
    assert not verdict.above


@given(marks, st.booleans())
def test_every_level_is_accounted_for(found: list[int], encodings: bool) -> None:
    verdict = decide(found, asks=True, encodings=encodings)
    used = {each >> 4 for each in found if each >> 4 > 1}
    assert set(verdict.above) == {level for level in used if level > verdict.floor}
    assert set(verdict.above.values()) <= {GUARDED, UNDECIDED}
    assert verdict.floor <= max(used | {1}) or verdict.floor == 3


@given(marks)
def test_asking_never_raises_what_everybody_needs(found: list[int]) -> None:
    asked = decide(found, asks=True).floor
    assert asked <= max(decide(found, asks=False).floor, 3 if NEW in {m & 2 for m in found} else 1)


@given(marks, st.integers(1, 5))
def test_functions_without_vectors_at_the_base_decide_nothing(found: list[int], more: int) -> None:
    assert decide([*found, *[PLAIN] * more], asks=True) == decide(found, asks=True)


@given(st.integers(24, 300), st.integers(0, 40))
def test_what_is_compiled_for_avx_is_told_from_what_is_not(many: int, few: int) -> None:
    new = decide([NEW_3] * many, asks=True)
    assert (new.floor, new.above) == (3, {})
    old = decide([OLD_1] * many + [NEW_3] * min(few, many // 2), asks=True)
    assert (old.floor, {*old.above.values()}) == (1, {GUARDED} if few else set())


@pytest.mark.parametrize(("level", "base"), [(2, OLD_1), (4, NEW_3)])
def test_within_one_encoding_it_counts_where_a_level_stands(level: int, base: int) -> None:
    other = mark(level, base & 15)
    floor = base >> 4
    scattered = decide([base, base, other] * 60, asks=True)
    assert scattered.floor == level
    assert "AVX" not in scattered.why
    together = decide([base] * 150 + [other] * 30, asks=True)
    assert (together.floor, together.above) == (floor, {level: GUARDED})
    between = [base] * 70 + [base, base, other] * 36
    assert decide(between, asks=True).above == {level: UNDECIDED}


def test_few_functions_tell_nothing() -> None:
    assert decide([OLD_1, mark(2, OLD)] * 4, asks=True).above == {2: UNDECIDED}
    assert decide([NEW_3] * 5, asks=True).above == {3: UNDECIDED}
    assert decide([NEW_3] * 5, asks=False).floor == 3


def test_without_encodings_a_question_leaves_all_undecided() -> None:
    verdict = decide([mark(1), mark(2), mark(7)] * 50, asks=True, encodings=False)
    assert (verdict.floor, verdict.above) == (1, {2: UNDECIDED, 7: UNDECIDED})


@given(st.lists(st.booleans(), max_size=600))
def test_spread_is_a_share(hits: list[bool]) -> None:
    found = spread(hits)
    if len(hits) < FEWEST * LENGTH:
        assert found is None
    else:
        assert found is not None
        assert bool(any(hits)) == bool(found)
        assert found * STRETCHES >= sum(hits) // len(hits)
        assert found <= 1


def test_marks_keep_what_they_are_given() -> None:
    assert mark(4, NEW | ASKS) == 4 << 4 | NEW | ASKS


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("sum.avx2", 3),
        ("sum.arch_x86_64_v3", 3),
        ("sum.arch_haswell.0", 3),
        ("sum.default", None),
        ("loops_arithmetic.dispatch.AVX512_SKX.c:DOUBLE_add", 4),
        ("loops_half.dispatch.AVX512_SPR.c:HALF_add", 5),
        ("_ZN2at6native4AVX23addE", 3),
        ("dgemm_kernel_ZEN", 3),
        ("dgemm_kernel_SKYLAKEX", 4),
        ("zenith", None),
        ("assert_failed", None),
        ("_crc32c_sse42.cpython-311-x86_64-linux-gnu.so", 2),
        ("_raw_aesni.abi3.so", 5),
        ("libsvector.so", None),
        ("", None),
    ],
)
def test_names_say_for_which_cpus(name: str, most: int | None) -> None:
    assert max(dispatch.implied(name), default=None) == most


def test_a_name_for_avx2_implies_no_avx512() -> None:
    assert dispatch.implied("_chacha20_avx2_bmi2.abi3.so") == {2, 3}


def test_a_project_says_what_it_chooses(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    assert declared.dispatched(path) == ()
    path.write_text('[tool.customtags.audit]\ndispatched = ["example/_k*.so"]\n')
    patterns = declared.dispatched(path)
    assert dispatch.declared(patterns, "example/_kernels.so")
    assert not dispatch.declared(patterns, "example/lib.so", "")


@pytest.mark.parametrize(
    "text",
    [
        "[tool.customtags.audit]\ndispatched = 3\n",
        "[tool.customtags.audit]\ndispatched = [3]\n",
        "[tool]\ncustomtags = 3\n",
        "[tool\n",
        "\N{LATIN SMALL LETTER E WITH ACUTE}",
    ],
)
def test_another_shape_is_refused_with_the_cure(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingError, match="write it as in"):
        declared.dispatched(path)


INSTRUCTIONS = [
    line.split(maxsplit=2) for line in (ARM / "instructions.txt").read_text().splitlines()
]


@pytest.mark.parametrize(("word", "feature", "text"), INSTRUCTIONS)
def test_masks_tell_what_the_assembler_made(word: str, feature: str, text: str) -> None:
    code = struct.pack("<I", int(word, 16))
    needs = [] if feature in ("base", "exclusive") else [feature]
    assert arm.Decoder().mark(code) >> 4 == levels.level(needs, "aarch64")
    found = [each.features for each in arm.Decoder().needy(code, 0, 2)]
    assert found == [(each,) for each in needs], text


def test_every_feature_of_the_masks_is_in_a_level_and_was_assembled() -> None:
    features = {row.feature for row in arm.ROWS if row.feature}
    assert features == {each for row in levels.FEATURES["aarch64"].values() for each in row.split()}
    assert features <= {feature for _, feature, _ in INSTRUCTIONS}


@pytest.mark.parametrize("path", sorted(ARM.glob("*--*.so")), ids=lambda path: path.stem)
def test_a_file_needs_what_its_name_says(path: Path) -> None:
    functions = Functions(Elf(path.read_bytes()))
    decoder = arm.Decoder()
    marks = [
        decoder.mark(functions.code(each))
        for each in map(functions.__getitem__, functions.sample(None))
    ]
    verdict = decide(marks, asks=False, encodings=False)
    assert levels.name(verdict.floor, "aarch64") == path.stem.partition("--")[2]


def test_there_are_such_files() -> None:
    assert {path.stem.partition("--")[0] for path in ARM.glob("*--*.so")} >= {"outlined", "vectors"}


@given(st.binary(max_size=200))
def test_any_bytes_have_a_mark(code: bytes) -> None:
    found = arm.Decoder().mark(code)
    assert 1 <= found >> 4 <= levels.ABOVE["aarch64"]


def test_a_helper_that_chooses_atomics_by_itself_needs_nothing() -> None:
    ldadd, ldxr = 0xB8200041, 0x885FFC22
    code = struct.pack("<I", ldadd)
    assert arm.Decoder().mark(code) >> 4 == 2
    assert arm.Decoder().mark(code + struct.pack("<I", ldxr)) >> 4 == 1
