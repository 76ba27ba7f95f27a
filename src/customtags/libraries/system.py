"""The libraries of the system: those that every distribution has, by auditwheel's policies, and those of this system."""

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

#: The libraries of C and of the compiler, which every policy has, and the loader; the driver's, which no wheel contains; the
#: interpreter, which another check reports.
_OUTSIDE = re.compile(
    r"lib(c|m|dl|pthread|rt|util|gcc_s|stdc\+\+)\.so\.\d|libc\.musl-.*|ld-linux.*|ld64\.so.*"
    r"|(libcuda|libnvidia-.+|libnvcuvid)\.so\.1|libpython3.*"
)

#: The default folders of the loader (ld.so(8)), and Debian's folders for each architecture.
_FOLDERS = ("lib/*-linux-*", "usr/lib/*-linux-*", "lib64", "usr/lib64", "lib", "usr/lib")


def outside(soname: str) -> bool:
    """Return whether no other distribution can supply a library."""
    return bool(_OUTSIDE.fullmatch(soname))


def everywhere() -> frozenset[str]:
    """Return the libraries that every distribution has, by the policies of manylinux and musllinux (PEP 600, 656).

    :raises ToolError: auditwheel, which contains the policies, is not installed
    """
    every = (policy for family in ("manylinux", "musllinux") for policy in policies(family))
    return frozenset(name for policy in every for name in policy["lib_whitelist"])


def policies(family: str) -> list[dict[str, Any]]:
    """Read auditwheel's policies of ``manylinux`` or ``musllinux`` from its data; to import auditwheel would take 0.1 s.

    :raises ToolError: auditwheel is not installed
    """
    from importlib.resources import files

    try:
        folder = files("auditwheel") / "policy"
    except ModuleNotFoundError:
        problem = (
            "auditwheel, which contains the policies of manylinux and musllinux, is not installed"
        )
        raise ToolError(problem, "pip install 'customtags[audit]'") from None
    found: list[dict[str, Any]] = json.loads((folder / f"{family}-policy.json").read_text("utf-8"))
    return found


def here(names: Sequence[str], machine: str) -> Iterator[tuple[str, Elf]]:
    """Yield the libraries of these names that this system has, and those that they link to in turn.

    Each is open until the next one.

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
            except (ElfError, OSError):  # missing, or a linker script
                continue
