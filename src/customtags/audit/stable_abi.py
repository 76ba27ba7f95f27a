"""The check ``stable-abi``: whether suffixes and required symbols of extension modules fit the Pythons in the name.

The limited API, and the version in which each part was added, are the data of abi3info, which abi3audit uses:
https://docs.python.org/3/c-api/stable.html, PEP 384, PEP 3149 for the suffixes.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from customtags.audit.finding import FALSE, NOTE, UNDECIDED, Finding, Fix
from customtags.audit.names import imported
from customtags.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from customtags.wheels.claims import NameClaims
    from customtags.wheels.elf import Elf, Symbol
    from customtags.wheels.unpacked import Unpacked

__all__ = ["CODES", "NAME", "check"]

NAME = "stable-abi"

CODES: Mapping[str, str] = {
    "wrong-suffix": "the suffix of an extension module is that of a Python that the name does not claim, or excludes one that it claims",
    "abi3-symbol": "the name claims the stable ABI, and a required symbol is not in it",
    "abi3-too-new": "the name claims the stable ABI of one version, and a required symbol was added later",
    "abi3-linked": "the name claims several Pythons, and a library of one version is linked: libpython, libtorch_python",
    "abi-unclaimed": "the name claims no ABI of Python, and a file requires its symbols",
    "could-be-abi3": "every required symbol is in the stable ABI, and the name claims one Python",
    "python-free": "no file requires a symbol of Python, and the name claims one Python, or the stable ABI",
}

#: The suffixes of extension modules of one Python: CPython's, PyPy's, and on Windows.
_ONE_PYTHON = re.compile(
    r"\.(?:cpython-(\d)(\d+)(?:t|d)*-[^/]*\.so|pypy(\d)(\d+)-[^/]*\.so|cp(\d)(\d+)t?-win[^/]*\.pyd)$"
)

#: Libraries of one version of Python: its own, and the part of PyTorch that uses the whole C API.
_LINKED = re.compile(r"libpython3\.\d+[td]*\.so.*|libtorch_python\.so.*")

Version = tuple[int, int]


class Module(NamedTuple):
    """A file that requires symbols of Python, or that Python imports."""

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
        says = "no file requires a symbol of Python: the wheel fits every interpreter"
        yield Finding("python-free", NOTE, says, cure="tag it py3-none")


def _suffixes(wheel: Unpacked, claims: NameClaims) -> Iterator[Finding]:
    """Report extension modules for a Python that the name does not claim, unless the wheel has one for each of several."""
    mine = {name: version for name in wheel.names for version in _version_of(name)}
    # A wheel with one module for each of several Pythons claims none of them.
    if claims.abis == ("none",) and len(set(mine.values())) > 1:
        return
    claimed = {python[2:] for python in claims.pythons if python.startswith(("cp", "pp"))}
    abi3 = any(abi.startswith("abi3") for abi in claims.abis)
    for name, version in mine.items():
        if abi3 or version not in claimed:
            says = f"is for Python {version[0]}.{version[1:]} only by its suffix"
            said = f"{'.'.join(claims.pythons)}-{'.'.join(claims.abis)}"
            limited = "name it .pyd" if name.endswith(".pyd") else "name it .abi3.so"
            cure = limited if abi3 else "build it for the claimed Python"
            yield Finding("wrong-suffix", FALSE, f"{says}; the name claims {said}", name, cure=cure)


def _version_of(name: str) -> Iterator[str]:
    found = _ONE_PYTHON.search(name)
    if found:
        yield "".join(group for group in found.groups() if group)


def _gather(modules: list[Module], name: str, elf: Elf) -> Iterator[Finding]:
    """Collect what one file requires of Python; a symbol with a version is another library's."""
    symbols = [
        each
        for each in elf.dynamic_symbols(defined=False)
        if each.name.startswith(("Py", "_Py")) and each.version is None
    ]
    linked = [library for library in elf.needed if _LINKED.fullmatch(library)]
    module = imported(name) or bool(_ONE_PYTHON.search(name))
    if symbols or linked or module:
        modules.append(Module(name, symbols, linked, module))
    yield from ()


def _abi3(wheel: Unpacked, claims: NameClaims, modules: list[Module]) -> Iterator[Finding]:
    """Report symbols outside the stable ABI of the claimed version, and libraries of one Python."""
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
        yield from _linked(module, f"the name claims the stable ABI of {_said(least)}")
        for symbol in module.symbols:
            since = added.get(symbol.name)
            # A weak symbol may be missing: the module tests for it.
            severity = UNDECIDED if symbol.binding == "WEAK" else FALSE
            if since is None and symbol.name not in inside:
                says = f"requires {symbol.name}, which is not in the stable ABI"
                cure = "build it with Py_LIMITED_API, or tag it for one Python"
                yield Finding("abi3-symbol", severity, says, module.member, symbol.name, cure=cure)
            elif since is not None and since > least:
                says = (
                    f"requires {symbol.name}, which was added to the stable ABI in {_said(since)}"
                )
                cure = f"build it with Py_LIMITED_API={_hexadecimal(least)}"
                cure += "" if foreign else f", or tag it {later}-abi3"
                mends = severity == FALSE and not foreign
                fix = Fix("interpreter", f"{later}-abi3") if mends else None
                yield Finding(
                    "abi3-too-new", severity, says, module.member, symbol.name, cure=cure, fix=fix
                )


def _none(claims: NameClaims, modules: list[Module]) -> Iterator[Finding]:
    """Report files that require symbols of Python in a wheel whose name claims no ABI."""
    versions = {version for module in modules for version in _version_of(module.member)}
    severity = UNDECIDED if len(versions) > 1 else FALSE
    for module in modules:
        said = f"the name claims {'.'.join(claims.pythons)}-none"
        yield from _linked(module, said)
        if module.symbols:
            one, more = module.symbols[0].name, len(module.symbols) - 1
            others = f" and {more} more symbol{'s' if more > 1 else ''}" if more else ""
            says = f"requires {one}{others} of Python; {said}"
            cure = "tag it for one Python, or build it with Py_LIMITED_API and tag it abi3"
            yield Finding("abi-unclaimed", severity, says, module.member, one, cure=cure)


def _could_be(wheel: Unpacked, claims: NameClaims, modules: list[Module]) -> Iterator[Finding]:
    """Report a wheel for one Python whose symbols are all in the stable ABI."""
    needed = {symbol.name for module in modules for symbol in module.symbols}
    if not needed or any(module.linked for module in modules) or _threaded(claims):
        return
    added = _limited()
    limited = needed & added.keys()
    if not limited or needed - limited - _defined(wheel, needed - limited):
        return
    newest = max(added[name] for name in limited)
    if any(newest <= version for version in map(_python, claims.pythons) if version):
        says = f"every required symbol of Python is in the stable ABI of {_said(newest)}"
        cure = "build it with Py_LIMITED_API, if its macros allow that, and tag it abi3"
        yield Finding("could-be-abi3", NOTE, says, cure=cure)


def _linked(module: Module, said: str) -> Iterator[Finding]:
    for library in module.linked:
        says = f"links {library}, which is of one Python; {said}"
        yield Finding("abi3-linked", FALSE, says, module.member, cure=f"do not link {library}")


def _defined(wheel: Unpacked, names: set[str]) -> set[str]:
    """Return those of some symbols that files of the wheel define."""
    if not names:
        return set()
    return {
        symbol.name
        for _, elf in wheel.elfs()
        for symbol in elf.dynamic_symbols(defined=True)
        if symbol.name in names
    }


def _limited() -> dict[str, Version]:
    """Return the stable ABI: symbol → the Python in which it was added.

    :raises ToolError: abi3info is not installed
    """
    try:
        from abi3info import DATAS, FUNCTIONS
    except ImportError:
        problem = "the check stable-abi requires abi3info, which is not installed"
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
    """Return whether a wheel is for a Python without the GIL, which has a stable ABI of its own (PEP 803)."""
    return any(abi.endswith("t") for abi in claims.abis)


def _said(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def _hexadecimal(version: Version) -> str:
    return f"0x{version[0]:02X}{version[1]:02X}0000"
