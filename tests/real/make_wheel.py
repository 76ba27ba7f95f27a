"""Write a wheel for each file name in the arguments: what a page of the documentation takes for granted."""

from __future__ import annotations

import sys
from pathlib import Path

from customtags.wheels.writer import create

for path in map(Path, sys.argv[1:]):
    name, version, tag = path.stem.split("-", 2)
    create(path.parent, name, version, tag, {f"{name}.py": f"PLATFORM = {tag!r}\n".encode()})
