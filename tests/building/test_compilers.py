"""The compilers' flags for a level, and the flags in the environment that conflict with them."""

from __future__ import annotations

import pytest

from customtags.building.compilers import (
    BASELINE,
    CHECKED,
    FLAGS,
    VARIABLES,
    flags,
    refuse_above_baseline,
    variables,
)
from customtags.errors import BuildError
from customtags.machine.dimensions.isa import LEVELS

ROWS = [(arch, level) for arch, levels in LEVELS.items() for level, _ in levels]

#: As the manuals of GCC and rustc spell some of them.
SPELLED = {
    ("x86_64", "v2"): ("-march=x86-64-v2", "target-cpu=x86-64-v2"),
    ("aarch64", "v8_2"): ("-march=armv8.2-a", "target-feature=+v8.2a"),
    ("aarch64", "v9_0"): ("-march=armv9-a", "target-feature=+v9a"),
    ("aarch64", "v9_2"): ("-march=armv9.2-a", "target-feature=+v9.2a"),
    ("ppc64le", "power10"): ("-mcpu=power10", "target-cpu=pwr10"),
    ("s390x", "z14"): ("-march=z14", "target-cpu=z14"),
}


def test_every_architecture_with_levels_has_flags() -> None:
    assert set(FLAGS) == set(LEVELS)


@pytest.mark.parametrize(("arch", "level"), SPELLED)
def test_levels_are_spelled_as_in_the_manuals(arch: str, level: str) -> None:
    compiler, rust = SPELLED[arch, level]
    ours = flags(arch, level)
    assert ours.compiler == compiler
    assert f"-C{rust}" in ours.rust.split()


@pytest.mark.parametrize(("arch", "level"), ROWS)
def test_flags_are_appended(arch: str, level: str) -> None:
    ours = flags(arch, level)
    changed = variables(dict.fromkeys(VARIABLES, "-O1"), arch, level)
    for name, kind in VARIABLES.items():
        flag = getattr(ours, kind)
        assert changed.get(name) == (f"-O1 {flag}" if flag else None)
    assert variables({}, arch, level)["CFLAGS"] == ours.compiler


@pytest.mark.parametrize(("arch", "level"), ROWS)
def test_our_own_flags_are_no_conflict(arch: str, level: str) -> None:
    once = variables({}, arch, level)
    assert set(variables(once, arch, level)) == set(once)


@pytest.mark.parametrize("name", CHECKED)
@pytest.mark.parametrize(
    "flag",
    [
        *("-march=native", "-march=x86-64-v4", "-mcpu=power9", "-mavx512f", "-mavx2", "-mfma"),
        *("-msse4.2", "-C target-cpu=native", "-Ctarget-cpu=native", "-C target-feature=+avx512f"),
    ],
)
def test_other_instructions_are_refused(name: str, flag: str) -> None:
    with pytest.raises(
        BuildError, match=f"^{name} contains .* '-march=x86-64-v3' of isa=v3; remove it from"
    ):
        variables({name: f"gcc -O2 {flag}"}, "x86_64", "v3")


@pytest.mark.parametrize(
    "flag",
    [
        *("-mtune=native", "-msse2", "-mno-avx", "-mcmodel=medium", "-mfpmath=sse", "-m64"),
        *("-C target-feature=-crt-static", "-C opt-level=3", "-march=x86-64-v3"),
    ],
)
def test_a_flag_that_selects_no_instructions_is_kept(flag: str) -> None:
    changed = variables({"CFLAGS": flag, "RUSTFLAGS": flag}, "x86_64", "v3")
    assert changed["CFLAGS"] == f"{flag} -march=x86-64-v3"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("-DCMAKE_C_FLAGS=-march=native", "-march=native"),
        ("-GNinja -DCMAKE_CXX_FLAGS='-O3 -mavx512f'", "-mavx512f"),
        ("A=1;CMAKE_C_FLAGS=-march=x86-64-v4", "-march=x86-64-v4"),
        ("-Xcompiler=-O2,-mfma", "-mfma"),
        ("-Dc_args=-mcpu=power9", "-mcpu=power9"),
        ("--codegen target-cpu=native", "-Ctarget-cpu=native"),
        ("--codegen=target-feature=-mmx,+avx512f", "-Ctarget-feature=-mmx,+avx512f"),
    ],
)
def test_other_instructions_are_found_in_the_arguments_of_a_build_tool(
    text: str, word: str
) -> None:
    with pytest.raises(BuildError, match=r"^CMAKE_ARGS contains ") as caught:
        variables({"CMAKE_ARGS": text}, "x86_64", "v3")
    assert repr(word) in str(caught.value)
    for value in (text, ["-O2", text]):
        with pytest.raises(BuildError, match=r"^the config setting 'a\.b' contains "):
            variables({}, "x86_64", "v3", {"a.b": value})


@pytest.mark.parametrize(
    ("arch", "flag"),
    [
        *(("x86_64", flag) for flag in ("-march=native", "-march=x86-64-v2", "-mavx2")),
        *(("aarch64", flag) for flag in ("-march=armv8.2-a", "-Ctarget-cpu=native")),
        *(("ppc64le", "-mcpu=power9"), ("s390x", "-march=z13")),
    ],
)
def test_without_a_level_what_is_above_the_baseline_is_refused(arch: str, flag: str) -> None:
    for environ, settings, name in (
        ({"CFLAGS": f"-O2 {flag}"}, {}, "CFLAGS"),
        ({}, {"a": ["-O2", flag]}, "the config setting 'a'"),
    ):
        said = f"{name} contains '{flag}', and a wheel without isa= claims to run on every {arch}"
        with pytest.raises(BuildError, match=f"^{said} CPU; remove it from {name}, or request its"):
            refuse_above_baseline(environ, arch, settings)


@pytest.mark.parametrize("arch", FLAGS)
def test_the_baseline_s_own_flags_are_no_conflict(arch: str) -> None:
    for flag in BASELINE[arch]:
        refuse_above_baseline({"CFLAGS": flag, "RUSTFLAGS": flag, "CC": "cc -mtune=native"}, arch)
    refuse_above_baseline({"CFLAGS": "-march=rv64gc"}, "riscv64")  # it has no levels


def test_the_same_flag_for_a_build_tool_is_allowed() -> None:
    same = {"cmake.define.CMAKE_C_FLAGS": "-O3 -march=x86-64-v3", "verbose": True, "n": None}
    assert variables({}, "x86_64", "v3", same) == variables({}, "x86_64", "v3")
    quoted = {"CMAKE_ARGS": "-DCMAKE_C_FLAGS='-O3 -march=x86-64-v3'"}
    assert variables(quoted, "x86_64", "v3") == variables({}, "x86_64", "v3")


def test_cargo_s_other_variable_wins_and_is_set_too() -> None:
    changed = variables({"CARGO_ENCODED_RUSTFLAGS": "-Clto\x1f-Cdebuginfo=1"}, "s390x", "z15")
    assert changed["CARGO_ENCODED_RUSTFLAGS"] == "-Clto\x1f-Cdebuginfo=1\x1f-Ctarget-cpu=z15"


def test_an_architecture_without_levels_is_refused() -> None:
    with pytest.raises(BuildError, match="for riscv64, only for x86_64, aarch64"):
        variables({}, "riscv64", "v1")
