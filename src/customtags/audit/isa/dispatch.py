"""Signs that code is chosen at run time: names, imported symbols, the instruction CPUID, and files that are opened by name."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import islice
from typing import TYPE_CHECKING

from customtags.audit.isa import symbols

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from customtags.audit.isa.decoder import Decoder
    from customtags.audit.isa.functions import Functions
    from customtags.wheels.elf import Elf

__all__ = ["checks_cpu", "implied", "listed", "opened", "opens_files"]

#: Words in names → the levels of the CPUs for which such code is chosen; 5 is "in no level". As in ``sum.avx2``,
#: ``loops.dispatch.AVX512_SKX.c``, ``dgemm_kernel_HASWELL``, ``f.arch_x86_64_v3`` (GCC's target_clones); ``libggml-cpu-icelake.so``
#: (llama.cpp, ggml/src/CMakeLists.txt). AVX10.1 has what AVX-512 has from Sapphire Rapids on (Intel 356368).
#:
#: oneMKL opens ``libmkl_mc3.so.3`` for CPUs with SSE4.2, ``mc`` up to 2024 for SSSE3 (oneMKL Developer Guide for Linux,
#: "Detailed Directory Structure"); IPP ``libippsl9.so`` (Intel IPP Developer Guide, "Dispatching").
_IMPLY = {
    r"ssse3|sse[34]|popcnt|nehalem|penryn|westmere|x86_64_v2": {2},
    r"(lib)?mkl_([a-z]+_)?mc3?(?![a-z\d])|libipp[a-z]+(m7|n8|y8)\.so": {2},
    r"libipp[a-z]+(e9|l9)\.so": {2, 3},
    r"libipp[a-z]+(n0|k0)\.so": {2, 3, 4},
    r"libipp[a-z]+k1\.so|avx_?10(?!\d)": {2, 3, 4, 5},
    r"aes_?ni|aes_hw|v?aes_|clmul|pclmul|sha_?ni|sha_?ext": {2, 5},
    r"avx2?(?!_?10|[\da-z]*512)|fma[34]?(?![a-z])|bmi[12]?(?![a-z])|f16c|(sandy|ivy)_?bridge|haswell|broadwell"
    r"|skylake(?!_?x|_?avx)|znver[123]|zen[123]?(?![a-z\d])|x86_64_v3": {2, 3},
    r"vaes|vpclmul|avx_?vnni|alderlake|bulldozer|piledriver|steamroller|excavator|fma4|xop": {
        2,
        3,
        5,
    },
    r"avx_?512|skx|skylake_?x|skylake_?avx|cascadelake|knl|x86_64_v4": {2, 3, 4},
    r"vnni|vbmi|ifma|bf16|fp16|gfni|amx_?(bf|int|tile)|icl(?![a-z])|icelake|cooperlake|cannonlake|spr(?![a-z])"
    r"|sapphire_?rapids|znver[45]|zen[45]": {2, 3, 4, 5},
}

#: The same for AArch64, where names are few.
_IMPLY_ARM = {
    r"_?aarch64_(cas|swp|ld)|lse(?![a-z])|crc32|rdma": {2},
    r"dotprod|asimddp": {2, 3, 4},
    r"i8mm|bf16": {2, 3, 4, 5, 6},
    r"sve2?(?![a-z])|neoverse|a64fx|armv9": {2, 3, 4, 5, 6, 7},
    r"sme\d?(?![a-z])|crypto|aes_|sha": {8},
}

_NAMES = {
    arch: [
        (re.compile(f"(?<![a-z])({pattern})", re.IGNORECASE), levels)
        for pattern, levels in table.items()
    ]
    for arch, table in (("x86_64", _IMPLY), ("aarch64", _IMPLY_ARM))
}

#: What a file imports to check the CPU: libgcc's and compiler-rt's __cpu_model, glibc's __x86_get_cpuid_feature_leaf,
#: cpuinfo_has_x86_avx2, av_get_cpu_flags, getauxval (AT_HWCAP).
_CHECKS = re.compile(
    r"cpu_?(id|info|model|features?|flags|supports|indicator|caps|has)|getauxval|hwcap",
    re.IGNORECASE,
)

#: What opens a library by its name (dlopen(3)).
_OPENS = ("dlopen", "dlmopen")

#: In every name of a library, which is no longer than this (NAME_MAX in limits.h).
_SUFFIX, _LONGEST = b".so", 255

_CPUID = b"\x0f\xa2"

#: How many places of CPUID, or names of libraries, are read at most; by chance the two bytes of CPUID occur once in 64 KiB.
_MOST = 100_000


def implied(name: str, arch: str = "x86_64") -> set[int]:
    """Return the levels that a CPU must have before code of this name is run.

    >>> implied("sum.avx2"), implied("loops.dispatch.AVX512_SKX.c:add"), implied("sum")
    ({2, 3}, {2, 3, 4}, set())
    """
    return set().union(*(levels for pattern, levels in _NAMES[arch] if pattern.search(name)))


def listed(patterns: Sequence[str], *names: str) -> bool:
    """Return whether one of the names is in a project's list of what it chooses at run time.

    >>> listed(["polars*"], "polars/polars.abi3.so"), listed(["*_avx2"], "sum", "x.so")
    (True, False)
    """
    return any(fnmatchcase(name, pattern) for name in names if name for pattern in patterns)


def checks_cpu(elf: Elf, functions: Functions, decoder: Decoder) -> bool:
    """Return whether something in a file checks at run time what the CPU supports.

    On AArch64 only an import shows a check, so that a static program, which imports nothing, counts as one that may have one.
    """
    if elf.machine == "aarch64" and next(elf.dynamic_symbols(), None) is None:
        return True
    if any(_CHECKS.search(symbol.name) for symbol in elf.dynamic_symbols(defined=False)):
        return True
    if symbols.has_ifunc(elf):
        return True
    places = islice(functions.find(_CPUID), _MOST)
    return any(decoder.is_cpuid(code, place) for code, place in places)


def opens_files(elf: Elf) -> bool:
    """Return whether a file can open libraries by their names."""
    return any(symbol.name in _OPENS for symbol in elf.dynamic_symbols(defined=False))


def opened(elf: Elf, names: Collection[str]) -> set[str]:
    """Return those file names that are strings in a file, alone or at the end of a path, so that it can open them."""
    return {string for string in islice(_libraries(elf), _MOST) if string in names}


def _libraries(elf: Elf) -> Iterator[str]:
    """Yield what precedes and follows each ``.so`` up to a NUL, without folders."""
    data = elf.data
    for place in elf.places(_SUFFIX, 0, len(data)):
        least = max(0, place - _LONGEST)
        begin = max(data.rfind(b"\0", least, place), data.rfind(b"/", least, place), least - 1) + 1
        end = data.find(b"\0", place, place + _LONGEST)
        if end >= 0:
            yield data[begin:end].decode("utf-8", "replace")
