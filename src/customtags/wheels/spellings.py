"""Pure: the segment that users mean by a word of another place: a local version, a CPU feature, a distribution's name."""

from __future__ import annotations

import re

from customtags.machine.dimensions import distro, isa
from customtags.wheels.local_versions import meaning

__all__ = ["meant"]


def meant(dimension: str, word: str, arch: str) -> str | None:
    """Return the segment of a dimension that a word means, None if no table knows the word.

    >>> meant("accelerator", "cu128", "x86_64"), meant("isa", "x86-64-v3", "x86_64"), meant("isa", "avx2", "x86_64")
    ('cuda12_8', 'v3', 'v3')
    >>> meant("distro", "debian12", "x86_64"), meant("distro", "noble", "x86_64"), meant("distro", "avx2", "x86_64")
    ('deb12', 'ubuntu24_04', None)
    """
    text = word.strip().lower().replace("-", "_").replace(".", "_")
    if dimension == "accelerator":
        said = meaning(text)
        found = (
            [] if said.unknown else [each for several in said.values.values() for each in several]
        )
        return found[0] if found == said.values.get("accelerator") else None
    if dimension == "isa":
        levels = isa.LEVELS.get(arch, ())
        means = (level for level, needs in levels if text in (f"{arch}_{level}", *needs.split()))
        return next(means, None)
    return _release(text) if dimension == "distro" else None


def _release(text: str) -> str | None:
    """Return the segment of a code name, or of a distribution's ID and version."""
    match = re.fullmatch(r"([a-z_]+?)_?(\d[\d_]*)", text)
    known = distro.WORDS.get(match[1].replace("_", "-")) if match else None
    if match and known:
        word, parts = known
        return word + "_".join(match[2].split("_")[:parts])
    return distro.CODENAMES.get(text) or None
