"""What tells that code is chosen at run time: names, what is imported, and the instruction that asks the CPU."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol

from customtags.wheels.audit import symbols

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.wheels.audit.functions import Functions
    from customtags.wheels.elf import Elf

__all__ = ["declared", "named", "sign"]

#: A name that says for which CPUs a function or its source file is: ``sum.avx2``, ``loops.dispatch.AVX512_SKX.c``,
#: ``dgemm_kernel_HASWELL``, ``f.arch_x86_64_v3`` (GCC's target_clones), ``__aarch64_ldadd4_relax``.
_SAYS = re.compile(
    r"(?<![a-z])(avx|ssse3|sse[34]|bmi[12]|f16c|fma[34]|aes_?ni|pclmul|vpclmul|vaes|gfni|sha_?ni|amx_?(bf|int|tile)|vnni"
    r"|x86_64_v[234]|nehalem|penryn|sandybridge|ivybridge|haswell|broadwell|skylake|cascadelake|cooperlake"
    r"|icelake|alderlake|sapphire_?rapids|bulldozer|piledriver|steamroller|excavator|znver\d|zen\d?(?![a-z])"
    r"|sve2?(?![a-z])|neoverse|armv[89]_\d|i8mm|dotprod)|_fma$|^__aarch64_(cas|swp|ld)",
    re.IGNORECASE,
)

#: What a file imports to know the CPU: libgcc's and compiler-rt's __cpu_model, glibc's __x86_get_cpuid_feature_leaf,
#: cpuinfo_has_x86_avx2, av_get_cpu_flags, getauxval (AT_HWCAP).
_ASKS = re.compile(
    r"cpu_?(id|info|model|features?|flags|supports|indicator|caps|has)|getauxval|hwcap",
    re.IGNORECASE,
)

_CPUID = b"\x0f\xa2"


class Reader(Protocol):
    """What can tell whether an instruction at a place asks the CPU."""

    def asks(self, code: bytes, place: int) -> bool:
        """Tell it."""


def named(name: str) -> bool:
    """Tell whether a name says for which CPUs it is.

    >>> named("sum.avx2"), named("loops.dispatch.AVX512F.c:add"), named("sum"), named("N2at6native4AVX23addE")
    (True, True, False, True)
    """
    return _SAYS.search(name) is not None


def declared(patterns: Sequence[str], *names: str) -> bool:
    """Tell whether one of the names is in a project's list of what it chooses at run time.

    >>> declared(["polars*"], "polars/polars.abi3.so"), declared(["*_avx2"], "sum", "x.so")
    (True, False)
    """
    return any(fnmatchcase(name, pattern) for name in names if name for pattern in patterns)


def sign(elf: Elf, functions: Functions, reader: Reader) -> str:
    """Give what in a file asks the CPU what it has, as one clause; empty if nothing does."""
    for symbol in elf.dynamic_symbols(defined=False):
        if _ASKS.search(symbol.name):
            return f"{symbol.name} is imported"
    chosen = symbols.chosen_by_loader(elf)
    if chosen:
        return f"{chosen} is chosen by the loader"
    if any(reader.asks(code, place) for code, place in functions.find(_CPUID)):
        return "cpuid is used"
    return ""
