"""What was read of the code of one file, and what that says of who needs what."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from customtags.audit.isa import arm, baseline, dispatch, instructions, symbols
from customtags.audit.isa.functions import Functions
from customtags.audit.isa.levels import BASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

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

    def mark(self, code: bytes) -> int:
        """Give what a function needs, as `baseline.mark` writes it."""

    def needy(self, code: bytes, address: int, number: int) -> Iterable[Instruction]:
        """Give the instructions of a function that need at least a level."""

    def asks(self, code: bytes, place: int) -> bool:
        """Tell whether an instruction begins at a place, and asks the CPU."""


def decoder(arch: str) -> Decoder:
    """Give what reads an architecture's code.

    :raises ToolError: it is not installed
    """
    return arm.Decoder() if arch == "aarch64" else instructions.Decoder()


class File(NamedTuple):
    """What was read of the code of one file; the file itself may be closed.

    :ivar functions: how many it has
    :ivar marks: what each of those needs that were read, as `baseline.mark` writes it
    :ivar names: what those are called that need more than the base, by their place in `marks`
    :ivar examples: level → an instruction that needs it, with the name of its function
    :ivar asks: what in it asks the CPU what it has, as one clause; empty if nothing does
    :ivar refuses: the level below which the loader refuses the file: its GNU property note
    """

    member: str
    arch: str
    functions: int
    marks: bytes
    names: Mapping[int, str]
    examples: Mapping[int, tuple[str, Instruction]]
    asks: str
    refuses: int

    @classmethod
    def read(cls, member: str, elf: Elf, reader: Decoder, most: int | None = None) -> File:
        """Read at most so many functions, evenly over the file.

        :raises ElfError: it is broken
        """
        functions = Functions(elf)
        numbers = functions.sample(most)
        marks = bytes(_marks(functions, numbers, reader))
        needy = [index for index, each in enumerate(marks) if each >> 4 > BASE]
        at = {index: functions[numbers[index]] for index in needy}
        known = symbols.named(elf, frozenset(each.address for each in at.values())) if at else {}
        names = {index: known.get(each.address, "") for index, each in at.items()}
        # The first one that no name says to be chosen, if there is one, shows what everybody runs.
        needy.sort(key=lambda index: bool(dispatch.implied(names[index], elf.machine)))
        examples = {}
        for level in {marks[index] >> 4 for index in needy}:
            index = next(each for each in needy if marks[each] >> 4 == level)
            found = reader.needy(functions.code(at[index]), at[index].address, level)
            examples[level] = names[index], next(iter(found))
        asks = dispatch.sign(elf, functions, reader)
        refuses = (elf.isa_needed or 0).bit_length() or BASE
        return cls(member, elf.machine, len(functions), marks, names, examples, asks, refuses)

    @property
    def top(self) -> int:
        """The highest level that a function needs."""
        return max(self.examples, default=BASE)

    def decide(self, *, asked: bool, patterns: Sequence[str]) -> baseline.Verdict:
        """Tell what everybody needs who loads it.

        What only another file can have asked for, Python code as it imports this one perhaps, is undecided.

        :param asked: whether anything in the wheel asks the CPU
        :param patterns: what the project says that it chooses at run time
        """
        base, levels = self.member.rpartition("/")[2], sorted(self.examples)
        if dispatch.declared(patterns, self.member, base):
            guarded = dict.fromkeys(levels, baseline.GUARDED)
            return baseline.Verdict(BASE, guarded, "the project says that the file is chosen")
        implied = dispatch.implied(base, self.arch)
        chosen = {
            index
            for index, name in self.names.items()
            if dispatch.declared(patterns, name)
            or self.marks[index] >> 4 in implied
            or (asked and self.marks[index] >> 4 in dispatch.implied(name, self.arch))
        }
        kept = [mark for index, mark in enumerate(self.marks) if index not in chosen]
        verdict = baseline.decide(kept, asks=asked, encodings=self.arch == "x86_64")
        state = baseline.GUARDED if asked else baseline.UNDECIDED
        above = {level: state for level in levels if level > verdict.floor}
        above.update(
            verdict.above if self.asks else dict.fromkeys(verdict.above, baseline.UNDECIDED)
        )
        return verdict._replace(above=above)


def _marks(functions: Functions, numbers: range, reader: Decoder) -> Iterator[int]:
    for count, number in enumerate(numbers):
        yield reader.mark(functions.code(functions[number]))
        if not count % _FORGET:
            functions.forget()
