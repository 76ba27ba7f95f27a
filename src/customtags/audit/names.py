"""The check ``names``: whether the file name, the tags in WHEEL and the architecture of the libraries agree."""

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
    "tags-disagree": "the file name and the file WHEEL have different tags",
    "mixed-set": "the name has extended and stock platforms: any machine accepts the wheel for the stock ones",
    "wrong-arch": "an extension module is for another architecture than the name claims, or the platform is any",
    "other-arch": "a file that Python does not import is for another architecture",
}

#: The suffixes of extension modules: importlib.machinery.EXTENSION_SUFFIXES of CPython and PyPy on Linux.
_IMPORTED = (".abi3.so", ".abi3t.so", "-linux-gnu.so", "-linux-musl.so", "-linux-gnueabihf.so")

#: Architectures of ELF files that run on a GPU or in the kernel (BPF), and so are data to the CPU.
_DATA = ("cuda", "amdgpu", "machine 247")


def check(wheel: Unpacked, claims: NameClaims) -> Iterator[Finding]:
    """Compare the tags of the name with those in WHEEL, and with the architecture of each file."""
    extended = {bool(platform.runs) for platform in claims.platforms}
    if len(extended) == 2:
        stock = ", ".join(each.tag for each in claims.platforms if not each.runs)
        says = f"the name has stock platforms next to extended ones, and any machine accepts it for {stock}"
        cure = "give it one kind of platform: customtags retag --platform"
        yield Finding("mixed-set", FALSE, says, cure=cure)
    yield from _disagreement(wheel)
    yield from wheel.each(partial(_architecture, claims))


def imported(name: str) -> bool:
    """Return whether Python imports a file of that path as an extension module."""
    return name.endswith(_IMPORTED)


def _disagreement(wheel: Unpacked) -> Iterator[Finding]:
    path = wheel.own("WHEEL")
    inside, outside = set(wheel.tags), set(wheel.name.tags)
    if inside != outside:
        says = f"only the file name has {_list(outside - inside)}; only WHEEL has {_list(inside - outside)}"
        cure = "build it again, or rename it with a tool that changes both"
        yield Finding("tags-disagree", FALSE, says, path, cure=cure)


def _architecture(claims: NameClaims, name: str, elf: Elf) -> Iterator[Finding]:
    claimed = {platform.arch for platform in claims.platforms}
    if elf.machine in claimed or elf.machine in _DATA:
        return
    module = imported(name) or _initialises(name, elf)
    if {"universal2", "any"}.isdisjoint(claimed) or module:
        said = " and ".join(platform.tag for platform in claims.platforms)
        kind = f"{elf.bits} bit, {'little' if elf.little else 'big'}-endian {elf.machine}"
        says = f"is {kind}; the name claims {said}"
        if module:
            yield Finding("wrong-arch", FALSE, says, name, cure=f"tag it for {elf.machine}")
        else:
            yield Finding("other-arch", NOTE, says, name)


def _initialises(name: str, elf: Elf) -> bool:
    """Return whether a file is an extension module with the suffix ``.so`` alone, by the function that Python calls."""
    init = f"PyInit_{name.rpartition('/')[2][: -len('.so')]}"
    return name.endswith(".so") and any(s.name == init for s in elf.dynamic_symbols(defined=True))


def _list(tags: set[str]) -> str:
    return ", ".join(sorted(tags)) or "none"
