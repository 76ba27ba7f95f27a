"""What was read of the code of one file, and what is asked of it only when that needs more than is claimed."""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from customtags.errors import ToolError
from customtags.wheels.audit import arm, dispatch, floor, symbols
from customtags.wheels.audit.functions import Functions
from customtags.wheels.audit.levels import BASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from customtags.wheels.elf import Elf

__all__ = ["Decoder", "File", "decoder"]


#: After how many functions memory is given back.
_FORGET = 10_000


class Instruction(Protocol):
    """One instruction that needs more than the base, as a decoder tells it."""

    @property
    def address(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def features(self) -> tuple[str, ...]: ...


class Decoder(Protocol):
    """Reads the machine code of one architecture."""

    #: Whether vectors have an old and a new encoding.
    encodings: bool

    def mark(self, code: bytes) -> int:
        """Give what a function needs, as `floor.mark` writes it."""

    def needy(self, code: bytes, address: int, number: int) -> Iterable[Instruction]:
        """Give the instructions of a function that need at least a level."""

    def asks(self, code: bytes, place: int) -> bool:
        """Tell whether an instruction begins at a place, and asks the CPU."""


def decoder(arch: str) -> Decoder:
    """Give what reads an architecture's code.

    :raises ToolError: it is not installed
    """
    if arch == "aarch64":
        return arm.Decoder()
    if find_spec("iced_x86") is None:
        cure = "on x86_64 pip install 'customtags[audit]', or choose other checks with --only"
        raise ToolError("reading instructions needs iced-x86", cure)
    from customtags.wheels.audit import instructions

    return instructions.Decoder()


class File:
    """The code of one file.

    :ivar numbers: which of its functions were read
    :ivar marks: what each of those needs, as `floor.mark` writes it
    :ivar refuses: the level below which the loader refuses the file: its GNU property note
    :raises ElfError: it is broken
    """

    def __init__(self, member: str, elf: Elf, reader: Decoder, most: int | None) -> None:
        self.member = member
        self._base, self._arch = member.rpartition("/")[2], elf.machine
        self.functions = Functions(elf)
        self.numbers = self.functions.sample(most)
        self.marks = bytes(self._read(reader))
        self.refuses = (elf.isa_needed or 0).bit_length() or BASE
        self._elf, self._decoder = elf, reader

    @property
    def top(self) -> int:
        """The highest level that a function needs."""
        return max(self.marks, default=0) >> 4 or BASE

    @cached_property
    def names(self) -> dict[int, str]:
        """What the functions are called that need more than the base, by their place in `marks`."""
        needy = [index for index, each in enumerate(self.marks) if each >> 4 > BASE]
        at = {index: self.functions[self.numbers[index]].address for index in needy}
        known = symbols.named(self._elf, frozenset(at.values()))
        return {index: known.get(address, "") for index, address in at.items()}

    @cached_property
    def asks(self) -> str:
        """What in it asks the CPU what it has, as one clause; empty if nothing does."""
        return dispatch.sign(self._elf, self.functions, self._decoder)

    def decide(self, *, asked: bool, patterns: Sequence[str]) -> floor.Verdict:
        """Tell what everybody needs who loads it.

        What only another file can have asked for, Python code as it imports this one perhaps, is undecided.

        :param asked: whether anything in the wheel asks the CPU
        :param patterns: what the project says that it chooses at run time
        """
        levels = sorted({each >> 4 for each in self.marks if each >> 4 > BASE})
        if dispatch.declared(patterns, self.member, self._base):
            guarded = dict.fromkeys(levels, floor.GUARDED)
            return floor.Verdict(BASE, guarded, "the project says that the file is chosen")
        kept = [
            mark
            for index, mark in enumerate(self.marks)
            if not self._is_chosen(index, patterns, asked=asked)
        ]
        verdict = floor.decide(kept, asks=asked, encodings=self._decoder.encodings)
        state = floor.GUARDED if asked else floor.UNDECIDED
        above = {level: state for level in levels if level > verdict.floor}
        above.update(verdict.above if self.asks else dict.fromkeys(verdict.above, floor.UNDECIDED))
        return verdict._replace(above=above)

    def example(self, level: int, patterns: Sequence[str]) -> tuple[str, Instruction]:
        """Give an instruction that needs at least a level, with its function's name.

        One of a function that nothing says to be chosen goes before others, and the lowest level.

        :raises ValueError: there is none
        """
        needy = [index for index, each in enumerate(self.marks) if each >> 4 >= level]
        chosen = {each for each in needy if self._is_chosen(each, patterns, asked=True)}
        index = min(needy, key=lambda i: (i in chosen, self.marks[i] >> 4))
        function = self.functions[self.numbers[index]]
        found = self._decoder.needy(self.functions.code(function), function.address, level)
        return self.names[index], next(iter(found))

    def _read(self, reader: Decoder) -> Iterator[int]:
        for count, number in enumerate(self.numbers):
            yield reader.mark(self.functions.code(self.functions[number]))
            if not count % _FORGET:
                self.functions.forget()

    def _is_chosen(self, index: int, patterns: Sequence[str], *, asked: bool) -> bool:
        """Tell whether a function is for chosen CPUs, as the project says, or a name where anything asks for the level."""
        level, name = self.marks[index] >> 4, self.names.get(index, "")
        if level == BASE:
            return False
        if dispatch.declared(patterns, name) or level in dispatch.implied(self._base, self._arch):
            return True
        return asked and level in dispatch.implied(name, self._arch)
