"""What a scan of the machine code of one file found, and which level every CPU must have that loads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from customtags.audit.isa import arm, baseline, dispatch, symbols, x86
from customtags.audit.isa.baseline import GUARDED, UNDECIDED, Baseline
from customtags.audit.isa.functions import Functions
from customtags.audit.isa.levels import ABOVE, BASE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from customtags.audit.isa.decoder import Decoder, Instruction
    from customtags.wheels.elf import Elf

__all__ = ["Scan", "decoder"]

#: After how many functions memory is given back.
_FORGET = 10_000


def decoder(arch: str) -> Decoder:
    """Return a decoder for an architecture.

    :raises ToolError: it is not installed
    """
    return arm.ArmDecoder() if arch == "aarch64" else x86.X86Decoder()


class Scan(NamedTuple):
    """What was read of the code of one file; the file itself may be closed.

    :ivar functions: their number in the file
    :ivar marks: what each function that was read requires, as `baseline.mark` writes it
    :ivar names: index in `marks` → name, of functions that require more than the base
    :ivar examples: level → an instruction that requires it, with the name of its function
    :ivar checks_cpu: whether something in the file checks the CPU at run time
    :ivar opens_files: whether it can open libraries by their names
    :ivar linked: the libraries that it requires (DT_NEEDED)
    :ivar refuses: the level below which the loader refuses the file: its GNU property note
    """

    member: str
    arch: str
    functions: int
    marks: bytes
    names: Mapping[int, str]
    examples: Mapping[int, tuple[str, Instruction]]
    checks_cpu: bool
    opens_files: bool
    linked: Sequence[str]
    refuses: int

    @classmethod
    def of(cls, member: str, elf: Elf, reader: Decoder, most: int | None = None) -> Scan:
        """Read at most so many functions, evenly over the file.

        :raises ElfError: the file is damaged
        """
        functions = Functions(elf)
        numbers = functions.sample(most)
        marks = bytes(_marks(elf, functions, numbers, reader))
        higher = [index for index, each in enumerate(marks) if each >> 4 > BASE]
        at = {index: functions[numbers[index]] for index in higher}
        known = symbols.named(elf, frozenset(each.address for each in at.values())) if at else {}
        names = {index: known.get(each.address, "") for index, each in at.items()}
        # A function whose name does not say that it is chosen, if there is one, shows best what every CPU runs.
        higher.sort(key=lambda index: bool(dispatch.implied(names[index], elf.machine)))
        examples = {}
        for level in {marks[index] >> 4 for index in higher}:
            index = next(each for each in higher if marks[each] >> 4 == level)
            found = reader.examples(functions.code(at[index]), at[index].address, level)
            examples[level] = names[index], next(iter(found))
        return cls(
            member,
            elf.machine,
            len(functions),
            marks,
            names,
            examples,
            dispatch.checks_cpu(elf, functions, reader),
            dispatch.opens_files(elf),
            elf.needed,
            min((elf.isa_needed or 0).bit_length() or BASE, ABOVE[elf.machine]),
        )

    @property
    def file(self) -> str:
        """The name of the file, without its folder."""
        return self.member.rpartition("/")[2]

    @property
    def top(self) -> int:
        """The highest level that a function requires."""
        return max(self.examples, default=BASE)

    def baseline(self, *, checked: bool, patterns: Sequence[str], opener: str = "") -> Baseline:
        """Return what every CPU must have that loads the file.

        What only another file can have checked, Python code before it imports this one perhaps, is undecided.

        :param checked: whether anything in the wheel checks the CPU
        :param patterns: what the project lists as chosen at run time
        :param opener: the file of the wheel that checks the CPU, and may open this one by its name
        """
        levels = sorted(self.examples)
        if dispatch.listed(patterns, self.member, self.file):
            why = "pyproject.toml lists the file as chosen at run time"
            return Baseline(BASE, dict.fromkeys(levels, GUARDED), why)
        implied = dispatch.implied(self.file, self.arch)
        chosen = {
            index
            for index, name in self.names.items()
            if dispatch.listed(patterns, name)
            or self.marks[index] >> 4 in implied
            or (checked and self.marks[index] >> 4 in dispatch.implied(name, self.arch))
        }
        kept = [mark for index, mark in enumerate(self.marks) if index not in chosen]
        found = baseline.decide(kept, checked=checked, encodings=self.arch == "x86_64")
        above = dict(found.above)
        if opener:
            above.update(dict.fromkeys((n for n in levels if BASE < n <= found.level), UNDECIDED))
            why = f"{opener} checks the CPU and opens this file by its name (dlopen)"
            found = Baseline(BASE, above, why)
        state = GUARDED if checked else UNDECIDED
        rest = {level: state for level in levels if level > found.level}
        rest.update(above if self.checks_cpu else dict.fromkeys(above, UNDECIDED))
        return found._replace(above=rest)


def _marks(elf: Elf, functions: Functions, numbers: range, reader: Decoder) -> Iterator[int]:
    for count, number in enumerate(numbers, 1):
        yield reader.mark(functions.code(functions[number]))
        if not count % _FORGET:
            elf.forget()
    elf.forget()
