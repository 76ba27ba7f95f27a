"""A decoder of x86-64: the one place that knows iced-x86."""

from __future__ import annotations

from functools import reduce
from operator import attrgetter, or_
from typing import TYPE_CHECKING, Any

from customtags.audit.isa.baseline import CPUID, NEW, OLD, mark
from customtags.audit.isa.decoder import Instruction
from customtags.audit.isa.levels import BASE, number
from customtags.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["X86Decoder"]

#: Extensions of SSE that compilers for AVX write in the old encoding, too: they have no other.
_OLD_ONLY = frozenset(("SHA", "GFNI", "SSE4A"))

#: The flag of what is no instruction, beside those of `baseline`.
_DATA = 4

_CODE = attrgetter("code")


class X86Decoder:
    """A `Decoder` of x86-64; creating one takes 25 ms.

    :raises ToolError: iced-x86 is not installed
    """

    def __init__(self) -> None:
        try:
            import iced_x86
        except ImportError:
            cure = "on x86_64: pip install 'customtags[audit]'; elsewhere choose other checks with --only"
            raise ToolError("decoding x86-64 instructions requires iced-x86", cure) from None
        self._iced = iced_x86
        self._features = _names(iced_x86.CpuidFeature)
        kinds = _names(iced_x86.OpCodeOperandKind).items()
        vectors = frozenset(kind for kind, name in kinds if name[:3] in ("XMM", "YMM", "ZMM"))
        codes = _names(iced_x86.Code)
        self._marks = bytes(self._mark(code, vectors) for code in range(max(codes) + 1))

    def mark(self, code: bytes) -> int:
        """Return what a function requires, as `baseline.mark` writes it.

        tzcnt counts as ``rep bsf``, which it is on a CPU without BMI1: compilers write it for such a CPU, too.
        A function with bytes that are no instruction counts as one that requires nothing: what stands there is data, and
        decodes to instructions by chance. GHC puts a table before each function, and OCaml a header.
        """
        marks = set(map(self._marks.__getitem__, map(_CODE, self._iced.Decoder(64, code))))
        flags = reduce(or_, marks, 0) & 15
        return mark(BASE) if flags & _DATA else mark(max(marks, default=0) >> 4, flags)

    def examples(self, code: bytes, address: int, level: int) -> Iterator[Instruction]:
        """Yield the instructions of a function that require at least a level."""
        formatter = self._iced.Formatter(self._iced.FormatterSyntax.NASM)
        for each in self._iced.Decoder(64, code, ip=address):
            if self._marks[each.code] >> 4 >= level:
                features = tuple(self._features[feature] for feature in each.cpuid_features())
                yield Instruction(each.ip, formatter.format_mnemonic(each), features)

    def is_cpuid(self, code: bytes, place: int) -> bool:
        """Return whether an instruction begins at a place, and is CPUID."""
        found = (each.code for each in self._iced.Decoder(64, code) if each.ip == place)
        return next(found, None) == self._iced.Code.CPUID

    def _mark(self, code: Any, vectors: frozenset[int]) -> int:
        instruction = self._iced.Instruction()
        if code == self._iced.Code.INVALID:
            return mark(BASE, _DATA)
        instruction.code = code
        features = {self._features[each] for each in instruction.cpuid_features()}
        about = self._iced.OpCodeInfo(code)
        kinds = self._iced.EncodingKind
        flags = CPUID if code == self._iced.Code.CPUID else 0
        if about.encoding == kinds.EVEX:  # on masks, too
            flags |= NEW
        elif any(about.op_kind(index) in vectors for index in range(about.op_count)):
            flags |= NEW if about.encoding in (kinds.VEX, kinds.XOP) else OLD
        if features & _OLD_ONLY and flags & OLD:
            flags ^= OLD
        ignored = about.mnemonic == self._iced.Mnemonic.TZCNT
        return mark(BASE if ignored else number(features), flags)


def _names(kind: object) -> dict[Any, str]:
    """Return one of the decoder's tables: number → name."""
    return {number: name for name, number in vars(kind).items() if isinstance(number, int)}
