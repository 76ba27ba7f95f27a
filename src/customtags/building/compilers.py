"""Pure: the flags of compilers and linkers for an ISA level, made from the same value as the wheel's name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from customtags.errors import BuildError

__all__ = [
    "CHECKED",
    "FLAGS",
    "OPTIMIZING",
    "VARIABLES",
    "flags",
    "refuse_above_baseline",
    "variables",
    "with_pythons",
]


class Flags(NamedTuple):
    """The flags of one architecture; ``{level}`` stands for ``v3``, ``{version}`` for its number, ``9`` for ``v9_0``.

    :ivar compiler: for C, C++ and Fortran: GCC and Clang
    :ivar rust: for rustc, and through it for the linker
    :ivar linker: records the level in the file, so that the loader of glibc ≥ 2.33 refuses it with an ImportError
    """

    compiler: str
    rust: str
    linker: str = ""


#: Architecture → its flags, for every level of `customtags.machine.dimensions.isa.LEVELS`.
#: GCC: gcc.gnu.org/onlinedocs/gcc/Submodel-Options.html (x86 levels from GCC 11, Clang 12; armv9-a from 12, 14);
#: Rust: ``rustc --print target-cpus`` and ``target-features``; GNU ld ≥ 2.36 and mold: ``-z x86-64-v3``,
#: sourceware.org/binutils/docs/ld/Options.html. LLD accepts that option and ignores it.
FLAGS: Mapping[str, Flags] = {
    "x86_64": Flags(
        "-march=x86-64-{level}",
        "-Ctarget-cpu=x86-64-{level} -Clink-arg=-Wl,-z,x86-64-{level}",
        "-Wl,-z,x86-64-{level}",
    ),
    "aarch64": Flags("-march=armv{version}-a", "-Ctarget-feature=+v{version}a"),
    "ppc64le": Flags("-mcpu={level}", "-Ctarget-cpu=pwr{version}"),
    "s390x": Flags("-march={level}", "-Ctarget-cpu={level}"),
}

#: Architecture → the flags that select the baseline of its platforms, or less.
BASELINE: Mapping[str, frozenset[str]] = {
    "x86_64": frozenset(("-march=x86-64", "-Ctarget-cpu=x86-64", "-Ctarget-cpu=generic")),
    "aarch64": frozenset(("-march=armv8-a", "-mcpu=generic", "-Ctarget-cpu=generic")),
    "ppc64le": frozenset(
        ("-mcpu=power8", "-mcpu=powerpc64le", "-Ctarget-cpu=pwr8", "-Ctarget-cpu=ppc64le")
    ),
    "s390x": frozenset(("-march=z196", "-march=zEC12", "-Ctarget-cpu=z10", "-Ctarget-cpu=generic")),
}

#: Variable that build systems read → the flags that it takes.
VARIABLES: Mapping[str, str] = {
    "CFLAGS": "compiler",
    "CXXFLAGS": "compiler",
    "FFLAGS": "compiler",
    "FCFLAGS": "compiler",
    "LDFLAGS": "linker",
    "RUSTFLAGS": "rust",
}

#: Build back ends that optimize by a build type of their own, whatever these variables say.
OPTIMIZING = ("mesonpy", "scikit_build_core", "maturin", "py_build_cmake")

#: Cargo reads it instead of RUSTFLAGS if it is set, with the unit separator for spaces
#: (doc.rust-lang.org/cargo/reference/environment-variables.html).
_ENCODED = "CARGO_ENCODED_RUSTFLAGS"

#: Every variable that may contain a flag which selects instructions; the last ones are scikit-build-core's and nvcc's.
CHECKED = (
    *(*VARIABLES, _ENCODED, "CARGO_BUILD_RUSTFLAGS", "CPPFLAGS", "CC", "CXX", "FC", "F77"),
    *("CMAKE_ARGS", "SKBUILD_CMAKE_ARGS", "SKBUILD_CMAKE_DEFINE"),
    *("NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS"),
)

#: A flag that selects instructions: a CPU model or single extensions. Tuning does not, nor do the extensions of the x86_64
#: baseline.
_SELECTS = re.compile(
    r"-m(arch|cpu)=|-Ctarget-cpu=|-Ctarget-feature=(?![+-]crt-static$)"
    r"|-m(sse[34]|ssse|avx|fma|f16c|bmi|lzcnt|abm|popcnt|movbe|aes|pclmul|sha|gfni|v(aes|pclmul)|amx|xop|power\d|vx$)"
)


def flags(arch: str, level: str) -> Flags:
    """Return the flags for a level.

    >>> flags("x86_64", "v3").compiler, flags("aarch64", "v9_0").rust
    ('-march=x86-64-v3', '-Ctarget-feature=+v9a')

    :raises BuildError: there are no flags for the architecture
    """
    if arch not in FLAGS:
        known = ", ".join(FLAGS)
        why = f"isa={level}: no compiler flags are known for {arch}, only for {known}"
        raise BuildError(why, "build without isa=")
    version = level.lstrip("abcdefghijklmnopqrstuvwxyz").replace("_", ".").removesuffix(".0")
    return Flags(*(each.format(level=level, version=version) for each in FLAGS[arch]))


def variables(
    environ: Mapping[str, str],
    arch: str,
    level: str,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> dict[str, str]:
    """Return the environment variables that make a build compile for a level; each keeps its value in front.

    :param environ: the environment of the build
    :param settings: the wrapped back end's config settings, as in ``{"cmake.define.CMAKE_C_FLAGS": "-O3"}``
    :raises BuildError: the architecture has no flags, or the environment or the settings select other instructions
    """
    ours = flags(arch, level)
    allowed = {word for flag in ours for word in flag.split()}
    for name, word in _selecting(environ, settings, allowed):
        why = f"{name} contains {word!r}, which conflicts with {ours.compiler!r} of isa={level}"
        raise BuildError(why, f"remove it from {name}, or build without isa={level}")
    changed = {
        name: f"{environ.get(name, '')} {getattr(ours, kind)}".strip()
        for name, kind in VARIABLES.items()
        if getattr(ours, kind)
    }
    if environ.get(_ENCODED):
        changed[_ENCODED] = "\x1f".join((environ[_ENCODED], *ours.rust.split()))
    return changed


def with_pythons(changed: Mapping[str, str], python: str) -> dict[str, str]:
    """Return CFLAGS and CXXFLAGS with Python's own flags in front, unless they set an optimization level.

    setuptools uses Python's flags where the variable is not set, and the variable alone where it is (``configure_system``; seen
    from 75.8 on). Without ``-O3``, a wheel for a higher level would be slower than the plain one.

    >>> with_pythons({"CFLAGS": "-march=x86-64-v3", "CXXFLAGS": "-Os", "RUSTFLAGS": ""}, "-O3 -Wall")
    {'CFLAGS': '-O3 -Wall -march=x86-64-v3'}

    :param changed: variables that the user did not set
    :param python: the variable CFLAGS of Python's own build
    """
    return {
        name: f"{python} {changed[name]}".strip()
        for name in ("CFLAGS", "CXXFLAGS")
        if name in changed and not re.search(r"(?<!\S)-O", changed[name])
    }


def refuse_above_baseline(
    environ: Mapping[str, str],
    arch: str,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Refuse an environment or settings that select instructions, for a wheel whose name has no level: it claims the baseline.

    :raises BuildError: there is such a flag; an architecture without levels has none
    """
    if arch not in FLAGS:
        return
    for name, word in _selecting(environ, settings, BASELINE[arch]):
        why = (
            f"{name} contains {word!r}, and a wheel without isa= claims to run on every {arch} CPU"
        )
        raise BuildError(why, f"remove it from {name}, or request its level with isa=")


def _selecting(
    environ: Mapping[str, str], settings: Mapping[str, object], allowed: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield each flag that selects instructions and is not allowed, after the name of the variable or setting."""
    values = {name: environ.get(name, "") for name in CHECKED}
    for name, value in settings.items():
        each = value if isinstance(value, list) else [value]
        values[f"the config setting {name!r}"] = " ".join(map(str, each))
    for name, text in values.items():
        for word in _words(text):
            if _SELECTS.match(word) and word not in allowed:
                yield name, word


def _words(value: str) -> Iterator[str]:
    """Split a value into flags, also inside ``-DCMAKE_C_FLAGS='-O3 -mavx2'``; ``-C target-cpu`` counts as one word."""
    spelled = re.sub(r"(?<!\S)(-C\s+|--codegen[\s=]\s*)", "-C", value.replace("\x1f", " "))
    yield from re.split(r"[\s\"';]+|(?<!target-feature)[=,](?=-m)", spelled)
