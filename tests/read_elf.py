"""All that customtags reads of an ELF file."""

from __future__ import annotations

from typing import Any

from customtags.audit import gpu
from customtags.audit.isa import symbols
from customtags.wheels.elf import Elf

__all__ = ["everything"]


def everything(data: Any) -> list[object]:
    """Return all that can be read of a file."""
    elf = Elf(data)
    parts: list[object] = [elf.machine, elf.needed, elf.soname, elf.rpath, elf.runpath, elf.needs]
    parts += [elf.isa_needed, *elf.notes(), *elf.dynamic_symbols(), *elf.sections]
    parts += [bytes(elf.content(part)) for part in elf.sections]
    parts += [bytes(elf.content(part)) for part in elf.segments]
    parts += [*gpu.fatbins(elf), *gpu.bundled(elf)]
    functions = symbols.sizes(elf)
    parts += [functions, symbols.named(elf, functions)]
    return parts
