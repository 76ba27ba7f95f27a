"""Pure: what the instructions of AArch64 functions need; all have 32 bits, so that masks tell them.

Arm ARM (DDI 0487), chapter C4, "A64 Instruction Set Encoding".
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, NamedTuple

from customtags.audit.isa.baseline import mark
from customtags.audit.isa.levels import BASE, level

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ROWS", "Decoder", "Instruction", "Row"]


class Row(NamedTuple):
    """Instructions of one class: those that have ``value`` where ``mask`` has ones."""

    feature: str
    what: str
    mask: int
    value: int


#: Feature → encodings. The first rows are no feature: loads and stores exclusive, as atomics are done without LSE.
ROWS = (
    Row("", "ldxr, stxr", 0x3FA00000, 0x08000000),
    Row("", "ldxp, stxp", 0xBFA00000, 0x88200000),
    Row("LSE", "cas", 0x3FA07C00, 0x08A07C00),
    Row("LSE", "casp", 0xBFA07C00, 0x08207C00),
    Row("LSE", "ldadd, ldclr, ldset, …", 0x3F208C00, 0x38200000),
    Row("LSE", "swp", 0x3F20FC00, 0x38208000),
    Row("CRC32", "crc32", 0x7FE0E000, 0x1AC04000),
    Row("RDM", "sqrdmlah", 0xBF20F400, 0x2E008400),
    Row("RDM", "sqrdmlah, scalar", 0xFF20F400, 0x7E008400),
    Row("RDM", "sqrdmlah, by element", 0xBF00D400, 0x2F00D000),
    Row("FCMA", "fcmla", 0xBF20E400, 0x2E00C400),
    Row("FCMA", "fcadd", 0xBF20EC00, 0x2E00E400),
    Row("JSCVT", "fjcvtzs", 0xFFFFFC00, 0x1E7E0000),
    Row("LRCPC", "ldapr", 0x3FFFFC00, 0x38BFC000),
    Row("LRCPC2", "ldapur, stlur", 0x3F200C00, 0x19000000),
    Row("DotProd", "sdot, udot", 0x9FE0FC00, 0x0E809400),
    Row("DotProd", "sdot, by element", 0x9FC0F400, 0x0F80E000),
    Row("FRINTTS", "frint32z, frint64z", 0xFFBE7C00, 0x1E284000),
    Row("FRINTTS", "frint32z, vector", 0x9FBFEC00, 0x0E21E800),
    Row("I8MM", "usdot", 0xBFE0FC00, 0x0E809C00),
    Row("I8MM", "smmla, ummla, usmmla", 0xDFE0F400, 0x4E80A400),
    Row("BF16", "bfdot", 0xBFE0FC00, 0x2E40FC00),
    Row("BF16", "bfmmla", 0xFFE0FC00, 0x6E40EC00),
    Row("BF16", "bfcvt", 0xFFFFFC00, 0x1E634000),
    Row("BF16", "bfcvtn", 0xBFFFFC00, 0x0EA16800),
    Row("SVE", "all of SVE", 0x1E000000, 0x04000000),
    Row("SME", "all of SME", 0x9E000000, 0x80000000),
    Row("AES", "aese, aesmc", 0xFFFFCC00, 0x4E284800),
    Row("AES", "pmull of 64 bits", 0xBFE0FC00, 0x0EE0E000),
    Row("SHA", "sha1c, sha256h", 0xFFE08C00, 0x5E000000),
    Row("SHA", "sha1su1, sha256su0", 0xFFFFCC00, 0x5E280800),
)


class Instruction(NamedTuple):
    """One instruction that needs more than the base: its class, and the features that it belongs to."""

    address: int
    text: str
    features: tuple[str, ...]


class Decoder:
    """Reads A64 machine code. Only words whose highest byte may be a row's are looked at one by one."""

    def __init__(self) -> None:
        self._rows = {
            byte: [row for row in ROWS if byte & row.mask >> 24 == row.value >> 24]
            for byte in range(256)
        }
        self._high = bytes(bool(rows) for rows in self._rows.values())

    def mark(self, code: bytes) -> int:
        """Give what a function needs, as `floor.mark` writes it.

        One that has atomics with and without LSE chooses between them by itself: GCC's ``-moutline-atomics``.
        """
        found = {row.feature for _, row in self._found(code)}
        if "" in found:
            found.discard("LSE")
        return mark(level(found, "aarch64"))

    def needy(self, code: bytes, address: int, number: int) -> Iterator[Instruction]:
        """Give the instructions of a function that need at least a level."""
        for place, row in self._found(code):
            if level([row.feature], "aarch64") >= number > BASE:
                yield Instruction(address + place, row.what, (row.feature,))

    def asks(self, code: bytes, place: int) -> bool:  # noqa: ARG002 - the contract of decoders
        """Tell whether an instruction asks the CPU: none does without the kernel's help."""
        return False

    def _found(self, code: bytes) -> Iterator[tuple[int, Row]]:
        for match in re.finditer(rb"\x01", code[3::4].translate(self._high)):
            place = 4 * match.start()
            (word,) = struct.unpack_from("<I", code, place)
            for row in self._rows[word >> 24]:
                if word & row.mask == row.value:
                    yield place, row
