"""Pure: which GPUs run a piece of GPU code, and which toolkit made it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from customtags.machine.dimensions import cuda, rocm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from customtags.audit.gpu import Code

__all__ = ["runs", "spelled", "spelled_all", "toolkit", "unserved"]

#: PTX version → the first toolkit that writes it: "Release Notes" in https://docs.nvidia.com/cuda/parallel-thread-execution/
PTX = {
    **{(7, minor): (11, minor) for minor in range(9)},
    (8, 0): (12, 0),
    (8, 1): (12, 1),
    (8, 2): (12, 2),
    (8, 3): (12, 3),
    (8, 4): (12, 4),
    (8, 5): (12, 5),
    (8, 7): (12, 8),
    (8, 8): (12, 9),
    (9, 0): (13, 0),
    (9, 1): (13, 1),
    (9, 2): (13, 2),
}

#: Version of an unknown toolkit, below every one.
_NONE = (0, 0)


def runs(code: Code, target: str) -> bool:
    """Return whether every GPU that accepts a segment runs some code.

    SASS runs on its own major with an equal or greater minor, PTX on everything later; code with ``a`` on one capability
    only, with ``f`` on a family (CUDA Programming Guide, "Compute Capabilities"). AMD's runs on its own gfx, generic code on
    a family; whether page faults are retried (``xnack``) or ECC is on (``sramecc``) is the machine's setting.
    """
    if target.startswith("gfx"):
        own = re.sub(r":.*", "", code.target).replace("-", "")
        return target == own or target in rocm.GENERIC.get(own, "").split()
    gpu, special = _capability(target)
    theirs, kind = _capability(code.target)
    if kind == "a":
        return (gpu, special) == (theirs, "a")
    same = gpu[0] == theirs[0] and gpu >= theirs
    return same or (code.kind == "ptx" and kind == "" and gpu >= theirs)


def unserved(codes: Iterable[Code], major: int, minor: int | None) -> list[str]:
    """Return the capabilities for which a version of CUDA makes code, and on which none of this code runs: ``8.6``.

    A Tegra runs code of its own only, and so is no reason to call a wheel incomplete.
    """
    limit = (major, cuda.ANY if minor is None else minor)
    served = [
        gpu
        for gpu, since in cuda.SINCE.items()
        if since <= limit and gpu >= cuda.LEAST.get(major, _NONE) and gpu not in cuda.TEGRA
    ]
    codes = [*codes]
    return [f"{a}.{b}" for a, b in sorted(served) if not any(runs(c, f"sm{a}{b}") for c in codes)]


def toolkit(code: Code) -> tuple[int, int]:
    """Return the oldest toolkit that can have made some code for NVIDIA's GPUs."""
    gpu, special = _capability(code.target)
    made = [cuda.SINCE.get(gpu, _NONE), cuda.SPECIAL.get(special, _NONE)]
    if code.kind == "ptx" and code.version:
        made.append(max((PTX[each] for each in PTX if each <= code.version), default=_NONE))
    elif code.version and code.version[1] >= 8 and gpu < (10, 0):
        made.append((13, 0))  # before, this layout of the file was only used for 10.0 and later
    return max([*made, code.release or _NONE])


def spelled(code: Code) -> str:
    """Return a target as messages name it: ``sm90a``, and ``sm90+PTX`` for what the driver compiles."""
    return f"{code.target}+PTX" if code.kind == "ptx" else code.target


def spelled_all(codes: Iterable[Code]) -> list[str]:
    """Return the targets of several pieces of code, the oldest GPU first."""
    targets = {spelled(code) for code in codes}
    return sorted(targets, key=lambda each: (len(re.sub(r"\W.*|[af]$", "", each)), each))


def _capability(target: str) -> tuple[tuple[int, int], str]:
    digits = target[2:].rstrip("af")
    number = int(digits) if digits.isdigit() else 0
    return divmod(number, 10), target[len(digits) + 2 :]
