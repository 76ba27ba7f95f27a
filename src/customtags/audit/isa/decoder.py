"""The contract of what decodes the machine code of one architecture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Decoder", "Instruction"]


class Instruction(NamedTuple):
    """One instruction that requires more than the base.

    :ivar text: its mnemonic, or that of its class
    :ivar features: the CPU features that it belongs to
    """

    address: int
    text: str
    features: tuple[str, ...]


class Decoder(Protocol):
    """A decoder of the machine code of one architecture."""

    def mark(self, code: bytes) -> int:
        """Return what a function requires, as `baseline.mark` writes it."""

    def examples(self, code: bytes, address: int, level: int) -> Iterator[Instruction]:
        """Yield the instructions of a function that require at least a level."""

    def is_cpuid(self, code: bytes, place: int) -> bool:
        """Return whether an instruction at a place reads the features of the CPU."""
