"""Pure: the Pythons of a machine as a profile names them, and the options of pip that select one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Interpreter", "pip_arguments", "read", "spell"]

_DIGITS = "0123456789"


class Interpreter(NamedTuple):
    """One Python.

    :ivar implementation: ``cp`` for CPython, ``pp`` for PyPy (PEP 425)
    :ivar version: major and minor
    :ivar abi: ``cp313``, free-threaded ``cp313t``, ``pypy310_pp73``
    """

    implementation: str
    version: tuple[int, int]
    abi: str


def read(text: str) -> Interpreter:
    """Return the Python that an item of ``platform.python`` names.

    ``3.13`` and ``3.13t`` (free-threaded) are CPython; any other is named by its tags:

    >>> read("3.13t")
    Interpreter(implementation='cp', version=(3, 13), abi='cp313t')
    >>> read("pp310-pypy310_pp73")
    Interpreter(implementation='pp', version=(3, 10), abi='pypy310_pp73')

    :raises ValueError: it is neither; the message is the cure
    """
    tag, dash, abi = text.partition("-")
    if not dash:
        tag, abi = f"cp{text.rstrip('t').replace('.', '')}", f"cp{text.replace('.', '')}"
    word = tag.rstrip(_DIGITS)
    number = tag[len(word) :]
    valid = len(number) > 1 and word.isalpha() and abi.replace("_", "").isalnum()
    interpreter = Interpreter(word, (int(number[0]), int(number[1:])), abi) if valid else None
    if interpreter is None or spell(tag, abi) != text:
        raise ValueError("write a Python as in 3.12, 3.13t or pp310-pypy310_pp73")
    return interpreter


def spell(interpreter: str, abi: str) -> str:
    """Return the name of a Python in a profile, from the interpreter and the ABI of its best tag.

    >>> spell("cp312", "cp312"), spell("cp313", "cp313t"), spell("cp312", "cp312d")
    ('3.12', '3.13t', 'cp312-cp312d')
    """
    number = interpreter[2:]
    if interpreter[:2] == "cp" and abi in (f"cp{number}", f"cp{number}t"):
        return f"{number[0]}.{abi[3:]}"
    return f"{interpreter}-{abi}"


def pip_arguments(platforms: Sequence[str], python: Interpreter) -> list[str]:
    """Return the options with which any pip, with or without the hook, chooses as a pip on that machine.

    https://pip.pypa.io/en/stable/cli/pip_download/#options: pip prefers platforms in the order of the options, adds
    the older ABIs of the Python itself, and does not build for another machine.

    :param platforms: every platform that the machine accepts, best first
    """
    return [
        *(f"--platform={platform}" for platform in platforms),
        f"--python-version={python.version[0]}.{python.version[1]}",
        f"--implementation={python.implementation}",
        f"--abi={python.abi}",
        "--only-binary=:all:",
    ]
