"""Pure: why a Python refuses the interpreter and the ABI of a tag (PEP 425)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customtags.choosing.miss import Miss
from customtags.profiles import interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from customtags.choosing.target import Target

__all__ = ["misses"]

#: PEP 425, and what packaging calls others.
IMPLEMENTATIONS = {"cp": "CPython", "pp": "PyPy", "ip": "IronPython", "jy": "Jython"}

#: The last letter of CPython's ABI tags.
#: https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/#abi-tag
KINDS = {
    "t": "a free-threaded Python",
    "d": "a debug build of Python",
    "m": "a Python with pymalloc",
}


def misses(python: str, abi: str, target: Target) -> Iterator[Miss]:
    """Yield what the first two parts of a tag lack."""
    if (python, abi) in target.rows:
        return
    word = python.rstrip("0123456789_")
    own = target.python
    here = f"this Python is {_implementation(own.implementation)} {target.name}"
    other = f"a wheel for {target.interpreter}-{own.abi}"
    version = _version(python[len(word) :])

    def miss(part: str, segment: str, needs: str, cure: str) -> Miss:
        return Miss(part, segment, needs, here, None, cure)

    if word not in ("py", own.implementation) or not version:
        needs = f"{_implementation(word)} {'.'.join(map(str, version))}".rstrip()
        yield miss("implementation", python, needs, f"use {needs}")
    elif word != "py" and not version[1:]:
        needs = f"a minor version, as in {target.interpreter}"
        yield miss("python", python, needs, f"use {other}")
    elif abi == "abi3" and version <= own.version:
        lock = "a Python with the global interpreter lock"
        threaded = own.abi.endswith(("t", "td"))
        yield miss(
            "python abi",
            abi,
            lock if threaded else "the interpreter tag cp32 or later",
            f"use {other}",
        )
    elif word == "py" or abi == "abi3" or (version == own.version and abi in ("none", own.abi)):
        later = " or later" if version[0] == own.version[0] else ""
        needs = "Python {}".format(".".join(map(str, version))) + later
        yield miss("python", python, needs, f"use {needs}")
    elif version != own.version:
        own_abi = abi if abi in (python, f"{python}t") else python
        needs = f"{_implementation(word)} {interpreter.spell(python, own_abi)}"
        yield miss("python", python, needs, f"use {needs}, or {other}")
    else:
        kind = KINDS.get(abi[-1:]) if abi.startswith("cp") else None
        needs = f"{kind} ({abi})" if kind else f"a Python with the ABI {abi}"
        yield miss("python abi", abi, needs, f"use {needs}, or {other}")


def _implementation(word: str) -> str:
    return IMPLEMENTATIONS.get(word, "Python" if word == "py" else word)


def _version(digits: str) -> tuple[int, ...]:
    """Parse ``312``, ``3`` and ``3_12``."""
    parts = digits.split("_") if "_" in digits else [digits[:1], digits[1:]]
    return tuple(int(part) for part in parts if part.isdigit())
