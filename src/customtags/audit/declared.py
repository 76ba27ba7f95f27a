"""What a project says of its own wheels in pyproject.toml, under ``[tool.customtags.audit]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customtags.errors import SettingError
from customtags.machine.documents import read_toml

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["dispatched"]

_EXAMPLE = 'write it as in [tool.customtags.audit] dispatched = ["example/_kernels*.so", "*_avx2"]'


def dispatched(path: Path) -> tuple[str, ...]:
    """Give the patterns (`fnmatch`) of the members and functions that are chosen at run time; none where no file is.

    :raises SettingError: the file is no TOML, or says it in another shape
    """
    found = read_toml(str(path)) or {}
    for key in ("tool", "customtags", "audit"):
        found = found.get(key, {})
        if key == "audit" and isinstance(
            found, bool
        ):  # whether builds are audited, and nothing else
            return ()
        if not isinstance(found, dict):
            raise SettingError(str(path), f"has {key!r} that is no table", _EXAMPLE)
    patterns = found.get("dispatched", [])
    if not isinstance(patterns, list) or not all(isinstance(each, str) for each in patterns):
        raise SettingError(str(path), f"has {patterns!r} for 'dispatched'", _EXAMPLE)
    return tuple(patterns)
