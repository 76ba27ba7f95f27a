"""Pure: what compilers and linkers are told of a level of the instruction set, from the value that the name is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from customtags.errors import BuildError

__all__ = ["FLAGS", "READ", "VARIABLES", "Flags", "environment", "flags"]


class Flags(NamedTuple):
    """What one architecture's tools are told; ``{level}`` is ``v3``, ``{version}`` its number, ``9`` for ``v9_0``.

    :ivar compiler: of C, C++ and Fortran: GCC and Clang
    :ivar rust: rustc, and through it the linker
    :ivar linker: it writes into the file what is needed, so that the loader of glibc ≥ 2.33 refuses it by an ImportError
    """

    compiler: str
    rust: str
    linker: str = ""


#: Architecture → its flags, for every level of `customtags.machine.dimensions.isa.LEVELS`.
#: GCC: gcc.gnu.org/onlinedocs/gcc/Submodel-Options.html (x86 levels from GCC 11, Clang 12; armv9-a from 12, 14);
#: Rust: ``rustc --print target-cpus`` and ``target-features``; GNU ld ≥ 2.36 and mold: ``-z x86-64-v3``,
#: sourceware.org/binutils/docs/ld/Options.html. LLD takes that option and writes nothing.
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

#: Variable that build systems read → which of the flags stand in it.
VARIABLES: Mapping[str, str] = {
    "CFLAGS": "compiler",
    "CXXFLAGS": "compiler",
    "FFLAGS": "compiler",
    "FCFLAGS": "compiler",
    "LDFLAGS": "linker",
    "RUSTFLAGS": "rust",
}

#: Cargo reads it instead of RUSTFLAGS where it is set, with the unit separator for spaces
#: (doc.rust-lang.org/cargo/reference/environment-variables.html).
_ENCODED = "CARGO_ENCODED_RUSTFLAGS"

#: Every variable in which a flag may choose instructions; the last ones are scikit-build-core's and nvcc's.
READ = (
    *(*VARIABLES, _ENCODED, "CARGO_BUILD_RUSTFLAGS", "CPPFLAGS", "CC", "CXX", "FC", "F77"),
    *("CMAKE_ARGS", "SKBUILD_CMAKE_ARGS", "SKBUILD_CMAKE_DEFINE"),
    *("NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS"),
)

#: What chooses instructions: a model, or single extensions; not what x86_64 itself has, and no tuning.
_CHOOSES = re.compile(
    r"-m(arch|cpu)=|-Ctarget-cpu=|-Ctarget-feature=(?![+-]crt-static$)"
    r"|-m(sse[34]|ssse|avx|fma|f16c|bmi|lzcnt|abm|popcnt|movbe|aes|pclmul|sha|gfni|v(aes|pclmul)|amx|xop|power\d|vx$)"
)


def flags(arch: str, level: str) -> Flags:
    """Give what the tools are told of a level.

    >>> flags("x86_64", "v3").compiler, flags("aarch64", "v9_0").rust
    ('-march=x86-64-v3', '-Ctarget-feature=+v9a')

    :raises BuildError: nothing is known of the architecture
    """
    if arch not in FLAGS:
        known = ", ".join(FLAGS)
        raise BuildError(f"isa={level} is not known to compilers for {arch}", f"there are {known}")
    version = level.lstrip("abcdefghijklmnopqrstuvwxyz").replace("_", ".").removesuffix(".0")
    return Flags(*(each.format(level=level, version=version) for each in FLAGS[arch]))


def environment(
    environ: Mapping[str, str],
    arch: str,
    level: str,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> dict[str, str]:
    """Give the variables that tell a build of a level, each with what it holds already in front.

    :param environ: the environment of the build
    :param settings: the config settings that the wrapped back end gets, as in ``{"cmake.define.CMAKE_C_FLAGS": "-O3"}``
    :raises BuildError: the architecture is not known, or environment or settings ask for other instructions
    """
    told = flags(arch, level)
    given = {name: environ.get(name, "") for name in READ}
    for name, value in settings.items():
        each = value if isinstance(value, list) else [value]
        given[f"the config setting {name!r}"] = " ".join(map(str, each))
    _refuse_others(given, told, level)
    changed = {
        name: f"{environ.get(name, '')} {getattr(told, kind)}".strip()
        for name, kind in VARIABLES.items()
        if getattr(told, kind)
    }
    if environ.get(_ENCODED):
        changed[_ENCODED] = "\x1f".join((environ[_ENCODED], *told.rust.split()))
    return changed


def _refuse_others(given: Mapping[str, str], told: Flags, level: str) -> None:
    ours = {word for flag in told for word in flag.split()}
    for name, value in given.items():
        for word in _words(value):
            if _CHOOSES.match(word) and word not in ours:
                raise BuildError(
                    f"{name} has {word!r}, and isa={level} is {told.compiler!r}",
                    f"take it out of {name}, or do not ask for isa={level}",
                )


def _words(value: str) -> Iterator[str]:
    """Split the value of a variable, and what stands in ``-DCMAKE_C_FLAGS='-O3 -mavx2'``; ``-C target-cpu`` is one word."""
    spelled = re.sub(r"(?<!\S)(-C\s+|--codegen[\s=]\s*)", "-C", value.replace("\x1f", " "))
    yield from re.split(r"[\s\"';]+|(?<!target-feature)[=,](?=-m)", spelled)
