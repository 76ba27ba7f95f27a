"""Pure: a decoder of AArch64, whose instructions are 32 bits each, so that masks are enough.

Arm ARM (DDI 0487), chapter C4, "A64 Instruction Set Encoding".
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, NamedTuple

from customtags.audit.isa.baseline import mark
from customtags.audit.isa.decoder import Instruction
from customtags.audit.isa.levels import BASE, number

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ENCODINGS", "ArmDecoder"]


class Encoding(NamedTuple):
    """A class of instructions: those whose bits under ``mask`` are ``value``."""

    feature: str
    mnemonics: str
    mask: int
    value: int


#: Features and their encodings.
ENCODINGS = (
    Encoding("LSE", "cas", 0x3FA07C00, 0x08A07C00),
    Encoding("LSE", "casp", 0xBFA07C00, 0x08207C00),
    Encoding("LSE", "ldadd, ldclr, ldset, …", 0x3F208C00, 0x38200000),
    Encoding("LSE", "swp", 0x3F20FC00, 0x38208000),
    Encoding("CRC32", "crc32", 0x7FE0E000, 0x1AC04000),
    Encoding("RDM", "sqrdmlah", 0xBF20F400, 0x2E008400),
    Encoding("RDM", "sqrdmlah, scalar", 0xFF20F400, 0x7E008400),
    Encoding("RDM", "sqrdmlah, by element", 0xBF00D400, 0x2F00D000),
    Encoding("FCMA", "fcmla", 0xBF20E400, 0x2E00C400),
    Encoding("FCMA", "fcadd", 0xBF20EC00, 0x2E00E400),
    Encoding("JSCVT", "fjcvtzs", 0xFFFFFC00, 0x1E7E0000),
    Encoding("LRCPC", "ldapr", 0x3FFFFC00, 0x38BFC000),
    Encoding("LRCPC2", "ldapur, stlur", 0x3F200C00, 0x19000000),
    Encoding("DotProd", "sdot, udot", 0x9FE0FC00, 0x0E809400),
    Encoding("DotProd", "sdot, by element", 0x9FC0F400, 0x0F80E000),
    Encoding("FRINTTS", "frint32z, frint64z", 0xFFBE7C00, 0x1E284000),
    Encoding("FRINTTS", "frint32z, vector", 0x9FBFEC00, 0x0E21E800),
    Encoding("I8MM", "usdot", 0xBFE0FC00, 0x0E809C00),
    Encoding("I8MM", "smmla, ummla, usmmla", 0xDFE0F400, 0x4E80A400),
    Encoding("BF16", "bfdot", 0xBFE0FC00, 0x2E40FC00),
    Encoding("BF16", "bfmmla", 0xFFE0FC00, 0x6E40EC00),
    Encoding("BF16", "bfcvt", 0xFFFFFC00, 0x1E634000),
    Encoding("BF16", "bfcvtn", 0xBFFFFC00, 0x0EA16800),
    Encoding("SVE", "all of SVE", 0x1E000000, 0x04000000),
    Encoding("SME", "all of SME", 0x9E000000, 0x80000000),
    Encoding("AES", "aese, aesmc", 0xFFFFCC00, 0x4E284800),
    Encoding("AES", "pmull of 64 bits", 0xBFE0FC00, 0x0EE0E000),
    Encoding("SHA", "sha1c, sha256h", 0xFFE08C00, 0x5E000000),
    Encoding("SHA", "sha1su1, sha256su0", 0xFFFFCC00, 0x5E280800),
)

#: Words of the base that say something of the whole function: the feature that it chooses by itself, or that it is data.
#:
#: Loads and stores exclusive are the atomics without LSE: GCC's ``-moutline-atomics`` writes functions with both. Functions that
#: save the state of SME read TPIDR2_EL0, and libgcc links them to programs that have no other SME (Arm AAPCS64, "SME support
#: routines"). The last three rows are what the manual has as reserved or unallocated.
SIGNS = (
    Encoding("LSE", "ldxr, stxr", 0x3FA00000, 0x08000000),
    Encoding("LSE", "ldxp, stxp", 0xBFA00000, 0x88200000),
    Encoding("SME", "mrs tpidr2_el0", 0xFFFFFFE0, 0xD53BD0A0),
    Encoding("", "reserved", 0x9E000000, 0x00000000),
    Encoding("", "unallocated", 0x1E000000, 0x02000000),
    Encoding("", "unallocated", 0x1E000000, 0x06000000),
)

#: ``cntd x0``. libgcc's unwinder has this one word of SVE, for frames that only a CPU with SVE has (value-unwind.h).
_UNWINDING = 0x04E0E3E0


class ArmDecoder:
    """A `Decoder` of A64. Only words whose highest byte can be a row's are compared one by one."""

    def __init__(self) -> None:
        self._rows = {
            byte: [row for row in (*ENCODINGS, *SIGNS) if byte & row.mask >> 24 == row.value >> 24]
            for byte in range(256)
        }
        self._high = bytes(bool(rows) for rows in self._rows.values())

    def mark(self, code: bytes) -> int:
        """Return what a function requires, as `baseline.mark` writes it.

        A function with a word that is no instruction counts as one that requires nothing, because what stands there is data:
        GHC puts a table before each function.
        """
        rows = {row for _, row in self._found(code)}
        signs = {row.feature for row in rows.intersection(SIGNS)}
        features = {row.feature for row in rows.difference(SIGNS)}
        return mark(BASE if "" in signs else number(features - signs, "aarch64"))

    def examples(self, code: bytes, address: int, level: int) -> Iterator[Instruction]:
        """Yield the instructions of a function that require at least a level."""
        for place, row in self._found(code):
            if row not in SIGNS and number([row.feature], "aarch64") >= level > BASE:
                text = f"{row.feature} instruction ({row.mnemonics})"
                yield Instruction(address + place, text, (row.feature,))

    def is_cpuid(self, code: bytes, place: int) -> bool:  # noqa: ARG002 - the contract of decoders
        """Return False: no instruction reads the features of an Arm CPU without the kernel's help."""
        return False

    def _found(self, code: bytes) -> Iterator[tuple[int, Encoding]]:
        for match in re.finditer(rb"\x01", code[3::4].translate(self._high)):
            place = 4 * match.start()
            (word,) = struct.unpack_from("<I", code, place)
            for row in self._rows[word >> 24] if word != _UNWINDING else ():
                if word & row.mask == row.value:
                    yield place, row
