"""What the file name, the WHEEL file and the architecture of the libraries say of each other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from customtags.audit.finding import FALSE, NOTE, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from customtags.wheels.claims import NameClaims
    from customtags.wheels.elf import Elf
    from customtags.wheels.unpacked import Unpacked

__all__ = ["CODES", "NAME", "check", "imported"]

NAME = "names"

CODES: Mapping[str, str] = {
    "tags-disagree": "the file name and the tags in WHEEL are not the same",
    "mixed-set": "a set has extended and stock platforms: any machine takes the wheel by its stock half",
    "wrong-arch": "an extension module is for another architecture than the platform, or the platform is any",
    "other-arch": "a file that Python does not import is for another architecture",
}

#: How the file of an extension module ends: importlib.machinery.EXTENSION_SUFFIXES of CPython and PyPy on Linux.
_IMPORTED = (".abi3.so", ".abi3t.so", "-linux-gnu.so", "-linux-musl.so", "-linux-gnueabihf.so")

#: Architectures of ELF files that run on a GPU, or in the kernel: data to the machine.
_DATA = ("cuda", "amdgpu", "machine 247")


def check(wheel: Unpacked, claims: NameClaims) -> Iterator[Finding]:
    """Compare them."""
    extended = {bool(platform.runs) for platform in claims.platforms}
    if len(extended) == 2:
        stock = ", ".join(each.tag for each in claims.platforms if not each.runs)
        says = f"stock platforms stand beside extended ones, and any machine takes it for {stock}"
        cure = "give it either kind: customtags retag"
        yield Finding("mixed-set", FALSE, says, cure=cure)
    yield from _disagreement(wheel, claims)
    yield from wheel.each(partial(_architecture, claims))


def imported(name: str) -> bool:
    """Tell whether Python imports a file of that path as an extension module."""
    return name.endswith(_IMPORTED)


def _disagreement(wheel: Unpacked, claims: NameClaims) -> Iterator[Finding]:
    path = wheel.own("WHEEL")
    inside, outside = set(wheel.tags), set(claims.file.tags)
    if inside != outside:
        says = f"the name says {_list(outside - inside)}, and WHEEL says {_list(inside - outside)}"
        cure = "rename it with a tool that changes both: customtags retag"
        yield Finding("tags-disagree", FALSE, says, path, cure=cure)


def _architecture(claims: NameClaims, name: str, elf: Elf) -> Iterator[Finding]:
    claimed = {platform.arch for platform in claims.platforms}
    if elf.machine in claimed or elf.machine in _DATA:
        return
    module = imported(name) or _initialises(name, elf)
    if {"universal2", "any"}.isdisjoint(claimed) or module:
        said = " and ".join(platform.tag for platform in claims.platforms)
        kind = f"{elf.bits} bit, {'little' if elf.little else 'big'}-endian {elf.machine}"
        says = f"is {kind}, and the name says {said}"
        if module:
            yield Finding("wrong-arch", FALSE, says, name, cure=f"tag it for {elf.machine}")
        else:
            yield Finding("other-arch", NOTE, says, name)


def _initialises(name: str, elf: Elf) -> bool:
    """Tell an extension module by the function that Python calls, where its suffix is no more than ``.so``."""
    init = f"PyInit_{name.rpartition('/')[2][: -len('.so')]}"
    return name.endswith(".so") and any(s.name == init for s in elf.dynamic_symbols(defined=True))


def _list(tags: set[str]) -> str:
    return ", ".join(sorted(tags)) or "no more"
