"""Which libraries are the system's: those that every system has, by auditwheel's policies, and those of this one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from customtags.errors import ElfError, ToolError
from customtags.libraries.supplier import mapped

if TYPE_CHECKING:
    from typing import Any

    from customtags.wheels.elf import Elf

__all__ = ["everywhere", "here", "outside", "policies"]

#: The C library's and the compiler's own, which each policy has, and the loader; the driver's, which no wheel brings; the
#: interpreter, of which another check speaks.
_OUTSIDE = re.compile(
    r"lib(c|m|dl|pthread|rt|util|gcc_s|stdc\+\+)\.so\.\d|libc\.musl-.*|ld-linux.*|ld64\.so.*"
    r"|(libcuda|libnvidia-.+|libnvcuvid)\.so\.1|libpython3.*"
)

#: Where the loader looks unless it is told otherwise (ld.so(8)), with Debian's folders for each architecture.
_FOLDERS = ("lib/*-linux-*", "usr/lib/*-linux-*", "lib64", "usr/lib64", "lib", "usr/lib")


def outside(soname: str) -> bool:
    """Tell a library that no other distribution could have."""
    return bool(_OUTSIDE.fullmatch(soname))


def everywhere() -> frozenset[str]:
    """Give the libraries that every distribution has, by the policies of manylinux and musllinux (PEP 600, 656).

    :raises ToolError: auditwheel is not installed, which knows them
    """
    every = (policy for family in ("manylinux", "musllinux") for policy in policies(family))
    return frozenset(name for policy in every for name in policy["lib_whitelist"])


def policies(family: str) -> list[dict[str, Any]]:
    """Read auditwheel's policies of ``manylinux`` or ``musllinux`` from its data: importing what reads them takes 0.1 s.

    :raises ToolError: auditwheel is not installed
    """
    from importlib.resources import files

    try:
        folder = files("auditwheel") / "policy"
    except ModuleNotFoundError:
        problem = (
            "the policies of manylinux and musllinux are auditwheel's, and it is not installed"
        )
        raise ToolError(problem, "pip install 'customtags[audit]'") from None
    found: list[dict[str, Any]] = json.loads((folder / f"{family}-policy.json").read_text("utf-8"))
    return found


def here(names: Sequence[str], machine: str) -> Iterator[tuple[str, Elf]]:
    """Give those libraries that this system has for an architecture, and what they need, each while it is open.

    :param machine: the architecture, as `Elf.machine`
    """
    folders = [folder for pattern in _FOLDERS for folder in Path("/").glob(pattern)]
    queue, seen = [*names], set(names)
    while queue:
        name = queue.pop(0)
        for folder in folders:
            try:
                with mapped(folder / name)() as elf:
                    if elf.machine == machine:
                        yield name, elf
                        queue += [each for each in elf.needed if each not in seen]
                        seen.update(elf.needed)
                        break
            except (ElfError, OSError):  # not there, or a linker script
                continue
