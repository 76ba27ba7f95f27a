"""Wheels of one version for many machines, a machine that chooses among them, and what an installer took."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from customtags.wheels.writer import create
from real import table
from real.environments import run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["DEMO", "MEANS", "OFF", "PLATFORMS", "V2", "V3", "customtags", "taken", "write_wheels"]

#: What an index may hold; what a machine with v3 must leave is there too.
PLATFORMS = (
    "any",
    "manylinux_2_17_x86_64",
    "linux_x86_64",
    "linux_x86_64_v2",
    "linux_x86_64_v3",
    "linux_x86_64_v4",
    "linux_x86_64_v3_cuda12_4",
)

#: A machine that is the same on every machine.
V3 = {"CUSTOMTAGS_ISA": "v3", "CUSTOMTAGS_DISTRO": "none", "CUSTOMTAGS_ACCELERATOR": "none"}
V2 = {**V3, "CUSTOMTAGS_ISA": "v2"}
OFF = {**V3, "CUSTOMTAGS_DISABLE": "1"}

#: Each word of the table, in these wheels.
MEANS: dict[str, list[set[str]]] = {
    table.EXTENDED: [{"linux_x86_64_v3"}],
    table.STOCK: [{"linux_x86_64"}, {"manylinux_2_17_x86_64"}],
    table.NONE: [set()],
}

#: Builds the wheels of the demo into a folder, with the interpreter that runs it.
DEMO = """
import sys
from pathlib import Path
from customtags import demo
from customtags.profiles import running
for variant in demo.variants(running.platforms()):
    demo.build(Path(sys.argv[1]), *variant, demo.compiler())
"""

#: Where a platform stands: in a WHEEL file, or in a wheel's name.
_PLATFORM = re.compile(r"^Tag: py3-none-(\w+)$|\bexample-1\.2\.3-py3-none-(\w+)\.whl", re.MULTILINE)


def write_wheels(folder: Path, platforms: Sequence[str] = PLATFORMS) -> Path:
    """Write a wheel for each platform, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in platforms:
        create(folder, "example", "1.2.3", f"py3-none-{each}", {"example.py": b""})
    return folder


def taken(folder: Path) -> set[str]:
    """Return the platforms of the wheels that an installer left in a folder, or named in a report or lock."""
    words = [path.name for path in folder.rglob("*.whl")]
    for pattern in ("example-*/WHEEL", "*.json", "pylock.toml"):
        words += [path.read_text(encoding="utf-8") for path in folder.rglob(pattern)]
    return {tag or name for tag, name in _PLATFORM.findall("\n".join(words))}


def customtags(*arguments: object, status: Any = 0, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command line on the machine that has the level v3 and nothing else."""
    command = [sys.executable, "-m", "customtags", *arguments]
    return run(command, env={**V3, **env}, status=status)
