"""What a project's pyproject.toml declares for the audit of its wheels, under ``[tool.customtags.audit]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customtags.errors import SettingError
from customtags.machine.documents import read_toml

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["dispatched"]

_EXAMPLE = 'write it as in [tool.customtags.audit] dispatched = ["example/_kernels*.so", "*_avx2"]'


def dispatched(path: Path) -> tuple[str, ...]:
    """Return the patterns (`fnmatch`) of members and functions that are chosen at run time; none without a file.

    :raises SettingError: the file is not TOML, or the list has another shape
    """
    found = read_toml(str(path)) or {}
    for key in ("tool", "customtags", "audit"):
        found = found.get(key, {})
        # A boolean says whether builds are audited, and lists nothing.
        if key == "audit" and isinstance(found, bool):
            return ()
        if not isinstance(found, dict):
            raise SettingError(str(path), f"has {key!r}, which is not a table", _EXAMPLE)
    patterns = found.get("dispatched", [])
    if not isinstance(patterns, list) or not all(isinstance(each, str) for each in patterns):
        why = f"has {patterns!r} for 'dispatched'; expected a list of strings"
        raise SettingError(str(path), why, _EXAMPLE)
    return tuple(patterns)
