"""JSON and TOML that anybody may have written: read without waiting, and bounded in size and depth."""

from __future__ import annotations

import sys

from customtags.errors import SettingError
from customtags.machine.host import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["parse_json", "read_json", "read_toml"]

#: The most bytes of a file. A profile has 2 KB, a large pyproject.toml 100 KB.
SIZE = 16 * 1024 * 1024

#: The most levels of nesting. A profile has 6. What is deeper could exhaust Python's stack in whatever walks over it.
DEPTH = 64


def read_json(path: str) -> Any:
    """Return the value of a JSON file.

    :raises OSError: the file cannot be opened, or is a pipe
    :raises ValueError: it cannot be parsed, or exceeds `SIZE` or `DEPTH`
    """
    return parse_json(_read(path))


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    :raises ValueError: it cannot be parsed, or exceeds `DEPTH`
    """
    import json

    return _bounded(json.loads, text)


def read_toml(path: str) -> dict[str, Any] | None:
    """Return the table of a TOML file, None if there is no such file.

    :raises SettingError: it cannot be read or parsed, or exceeds `SIZE` or `DEPTH`
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        table: dict[str, Any] = _bounded(tomllib.loads, _read(path).decode())
    except FileNotFoundError:
        return None
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
        raise SettingError(path, why, "make it readable, or remove it") from error
    except ValueError as error:  # also of an encoding other than UTF-8
        raise SettingError(path, f"is not valid TOML ({error})", "correct it") from error
    return table


def _read(path: str) -> bytes:
    content = read_file(path, SIZE + 1)
    if len(content) > SIZE:
        raise ValueError(f"larger than {SIZE} bytes")
    return content


def _bounded(parse: Callable[[Any], Any], text: str | bytes) -> Any:
    too_deep = ValueError(f"nested more than {DEPTH} levels deep")
    try:
        value = parse(text)
    except RecursionError:
        raise too_deep from None
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(DEPTH):
        containers = (each.values() if isinstance(each, dict) else each for each in level)
        level = [each for inner in containers for each in inner if isinstance(each, (dict, list))]
    if level:
        raise too_deep
    return value
