"""Whether the extension modules fit the Pythons that the name claims, by their suffixes and by the symbols that they need.

The limited API and when each part came into it is the data of abi3info, which abi3audit uses:
https://docs.python.org/3/c-api/stable.html, PEP 384, PEP 3149 for the suffixes.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from customtags.audit.finding import FALSE, NOTE, UNDECIDED, Finding, Fix
from customtags.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from customtags.wheels.claims import NameClaims
    from customtags.wheels.elf import Elf, Symbol
    from customtags.wheels.unpacked import Unpacked

__all__ = ["CODES", "NAME", "check"]

NAME = "stable-abi"

CODES: Mapping[str, str] = {
    "wrong-suffix": "the suffix of an extension module lets a Python import it that is not claimed, or not those that are",
    "abi3-symbol": "the name claims the stable ABI, and a symbol is needed that is not in it",
    "abi3-too-new": "the name claims the stable ABI of one version, and a symbol came into it later",
    "abi3-linked": "the name claims more than one Python, and a library of one is linked: libpython, libtorch_python",
    "abi-unclaimed": "the name claims no ABI of Python, and a file needs its symbols",
    "could-be-abi3": "every symbol that is needed is in the stable ABI, and the name claims one Python",
    "python-free": "no file needs a symbol of Python, and the name claims one Python, or the stable ABI",
}

#: The suffixes of extension modules of one Python: CPython's, PyPy's, and on Windows.
_ONE_PYTHON = re.compile(
    r"\.(?:cpython-(\d)(\d+)(?:t|d)*-[^/]*\.so|pypy(\d)(\d+)-[^/]*\.so|cp(\d)(\d+)t?-win[^/]*\.pyd)$"
)

_ABI3 = (".abi3.so", ".abi3t.so")

#: Libraries that belong to one version of Python: its own, and that part of PyTorch that uses its whole C API.
_LINKED = re.compile(r"libpython3\.\d+[td]*\.so.*|libtorch_python\.so.*")

Version = tuple[int, int]


class Module(NamedTuple):
    """A file that needs symbols of Python, or that Python imports."""

    member: str
    symbols: list[Symbol]
    linked: list[str]
    imported: bool


def check(wheel: Unpacked, claims: NameClaims) -> Iterator[Finding]:
    """Compare suffixes, symbols and libraries with the Python and ABI tags."""
    modules: list[Module] = []
    yield from _suffixes(wheel, claims)
    yield from wheel.each(partial(_gather, modules))
    if any(abi.startswith("abi3") for abi in claims.abis):
        yield from _abi3(wheel, claims, modules)
    elif claims.abis == ("none",):
        yield from _none(claims, modules)
    elif modules:
        yield from _could_be(wheel, claims, modules)
    free = claims.abis != ("none",) and not any(m.symbols or m.imported for m in modules)
    if free and any(True for _ in wheel.elfs()):
        says = "no file needs a symbol of Python: it fits every interpreter"
        yield Finding("python-free", NOTE, says, cure="tag it py3-none")


def _suffixes(wheel: Unpacked, claims: NameClaims) -> Iterator[Finding]:
    """An extension module of one Python belongs into a wheel for that Python, or for several beside its like."""
    mine = {name: version for name in wheel.names for version in _version_of(name)}
    # Wheels that bring one module for each of several Pythons claim none of them.
    if claims.abis == ("none",) and len(set(mine.values())) > 1:
        return
    claimed = {python[2:] for python in claims.pythons if python.startswith(("cp", "pp"))}
    abi3 = any(abi.startswith("abi3") for abi in claims.abis)
    for name, version in mine.items():
        if abi3 or version not in claimed:
            says = f"only Python {version[0]}.{version[1:]} imports it"
            said = f"{'.'.join(claims.pythons)}-{'.'.join(claims.abis)}"
            limited = "name it .pyd" if name.endswith(".pyd") else "name it .abi3.so"
            cure = limited if abi3 else "build it for the Python that is claimed"
            yield Finding(
                "wrong-suffix", FALSE, f"{says}, and the name claims {said}", name, cure=cure
            )


def _version_of(name: str) -> Iterator[str]:
    found = _ONE_PYTHON.search(name)
    if found:
        yield "".join(group for group in found.groups() if group)


def _gather(modules: list[Module], name: str, elf: Elf) -> Iterator[Finding]:
    """Collect what one file needs of Python; a symbol with a version is another library's."""
    symbols = [
        each
        for each in elf.dynamic_symbols(defined=False)
        if each.name.startswith(("Py", "_Py")) and each.version is None
    ]
    linked = [library for library in elf.needed if _LINKED.fullmatch(library)]
    imported = bool(_ONE_PYTHON.search(name)) or name.endswith(_ABI3)
    if symbols or linked or imported:
        modules.append(Module(name, symbols, linked, imported))
    yield from ()


def _abi3(wheel: Unpacked, claims: NameClaims, modules: list[Module]) -> Iterator[Finding]:
    """The stable ABI of one version: its symbols, and no library of one Python."""
    least = min(filter(None, map(_python, claims.pythons)), default=(3, 2))
    added = _limited() if modules else {}
    inside = _defined(wheel, {s.name for m in modules for s in m.symbols} - added.keys())
    newest = max((added.get(s.name, least) for m in modules for s in m.symbols), default=least)
    later = f"cp{newest[0]}{newest[1]}"
    foreign = any(m.linked for m in modules) or any(
        symbol.name not in added and symbol.name not in inside and symbol.binding != "WEAK"
        for module in modules
        for symbol in module.symbols
    )
    for module in modules:
        yield from _linked(module, f"the stable ABI of {_said(least)} is claimed")
        for symbol in module.symbols:
            since = added.get(symbol.name)
            # What is weak may be missing: the module asks whether it is there.
            severity = UNDECIDED if symbol.binding == "WEAK" else FALSE
            if since is None and symbol.name not in inside:
                says = f"needs {symbol.name}, which is not in the stable ABI"
                cure = "build it with Py_LIMITED_API, or tag it for one Python"
                yield Finding("abi3-symbol", severity, says, module.member, symbol.name, cure=cure)
            elif since is not None and since > least:
                says = f"needs {symbol.name}, which came into the stable ABI with {_said(since)}"
                cure = f"build it with Py_LIMITED_API={_hexadecimal(least)}"
                cure += "" if foreign else f", or tag it {later}-abi3"
                mends = severity == FALSE and not foreign
                fix = Fix("interpreter", f"{later}-abi3") if mends else None
                yield Finding(
                    "abi3-too-new", severity, says, module.member, symbol.name, cure=cure, fix=fix
                )


def _none(claims: NameClaims, modules: list[Module]) -> Iterator[Finding]:
    """A name without an ABI: what Python loads may not need any."""
    versions = {version for module in modules for version in _version_of(module.member)}
    severity = UNDECIDED if len(versions) > 1 else FALSE
    for module in modules:
        said = f"{'.'.join(claims.pythons)}-none is claimed"
        yield from _linked(module, said)
        if module.symbols:
            one = module.symbols[0].name
            says = (
                f"{said}, and {len(module.symbols)} symbols of Python are needed, {one} among them"
            )
            cure = "tag it for one Python, or build it with Py_LIMITED_API and tag it abi3"
            yield Finding("abi-unclaimed", severity, says, module.member, one, cure=cure)


def _could_be(wheel: Unpacked, claims: NameClaims, modules: list[Module]) -> Iterator[Finding]:
    """Tell of a wheel for one Python that its symbols would allow the stable ABI."""
    needed = {symbol.name for module in modules for symbol in module.symbols}
    if not needed or any(module.linked for module in modules) or _threaded(claims):
        return
    added = _limited()
    limited = needed & added.keys()
    if not limited or needed - limited - _defined(wheel, needed - limited):
        return
    newest = max(added[name] for name in limited)
    if any(newest <= version for version in map(_python, claims.pythons) if version):
        says = f"every symbol of Python that is needed is in the stable ABI of {_said(newest)}"
        cure = "build it with Py_LIMITED_API if its macros allow that, and tag it abi3"
        yield Finding("could-be-abi3", NOTE, says, cure=cure)


def _linked(module: Module, said: str) -> Iterator[Finding]:
    for library in module.linked:
        says = f"{said}, and {library} belongs to one Python"
        yield Finding("abi3-linked", FALSE, says, module.member, cure=f"don't link {library}")


def _defined(wheel: Unpacked, names: set[str]) -> set[str]:
    """Tell which of some symbols other files of the wheel define."""
    if not names:
        return set()
    return {
        symbol.name
        for _, elf in wheel.elfs()
        for symbol in elf.dynamic_symbols(defined=True)
        if symbol.name in names
    }


def _limited() -> dict[str, Version]:
    """Read the stable ABI: symbol → the Python that has it since.

    :raises ToolError: abi3info is not installed
    """
    try:
        from abi3info import DATAS, FUNCTIONS
    except ImportError:
        problem = "what is in the stable ABI is told by abi3info, and it is not installed"
        raise ToolError(problem, "pip install 'customtags[audit]'") from None
    return {
        symbol.name: (each.added.major, each.added.minor)
        for table in (FUNCTIONS, DATAS)
        for symbol, each in table.items()
    }


def _python(tag: str) -> Version | None:
    found = re.fullmatch(r"cp(\d)(\d+)", tag)
    return (int(found[1]), int(found[2])) if found else None


def _threaded(claims: NameClaims) -> bool:
    """Tell whether it is for a Python without the GIL, which has a stable ABI of its own (PEP 803)."""
    return any(abi.endswith("t") for abi in claims.abis)


def _said(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def _hexadecimal(version: Version) -> str:
    return f"0x{version[0]:02X}{version[1]:02X}0000"
