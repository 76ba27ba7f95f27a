"""What is replaced in a copy of packaging.tags, and how it is put back."""

from __future__ import annotations

import os
import sys

from customtags import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType
    from typing import Any

__all__ = ["apply", "patched", "undo"]

#: The copy that build back ends ask for the tag of this machine: the first one that is no manylinux.
PUBLIC = frozenset(("packaging.tags",))

#: The seam, best first; its name was private up to packaging 21.0.
SEAMS = ("platform_tags", "_platform_tags")

#: They take the platforms as their third argument. Only a compiled copy needs them replaced.
ROWS = ("cpython_tags", "generic_tags", "compatible_tags")

#: Where a replacement keeps what it replaced.
_STOCK = "__customtags_stock__"


def apply(module: ModuleType) -> None:
    """Let a copy of ``packaging.tags`` know the extended tags, unless this process must not."""
    if not settings.hook_wanted(os.environ):
        return
    name = next((seam for seam in SEAMS if hasattr(module, seam)), None)
    if name is None or patched(module):
        return
    _replace(module, name, _platforms(getattr(module, name), module.__name__ in PUBLIC))
    # A compiled copy has bound its own function already.
    if getattr(module.compatible_tags, "__globals__", None) is not vars(module):
        for row in ROWS:
            _replace(module, row, _row(getattr(module, row), getattr(module, name)))


def undo(module: ModuleType) -> None:
    """Give a copy its own functions back."""
    for name in patched(module):
        setattr(module, name, getattr(vars(module)[name], _STOCK))


def patched(module: ModuleType) -> list[str]:
    """Name the functions of a copy that are replaced."""
    return [name for name in (*SEAMS, *ROWS) if hasattr(vars(module).get(name), _STOCK)]


def _replace(module: ModuleType, name: str, function: Callable[..., Any]) -> None:
    stock = getattr(module, name)
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(function, attribute, getattr(stock, attribute, None))
    function.__wrapped__ = stock  # type: ignore[attr-defined]
    setattr(function, _STOCK, stock)
    setattr(module, name, function)


def _platforms(
    stock: Callable[[], Iterator[str]], native_first: bool
) -> Callable[[], Iterator[str]]:
    # The one memo. It also holds what could not be extended, so that a driver that hangs does it once.
    remembered: dict[tuple[str, ...], list[str]] = {}

    def platform_tags() -> Iterator[str]:
        platforms = tuple(stock())
        if platforms not in remembered:
            remembered[platforms] = list(platforms)
            try:
                from customtags import machine

                remembered[platforms] = machine.platform_tags(platforms, native_first=native_first)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the guard
                _complain(error)
        return iter(remembered[platforms])

    return platform_tags


def _row(
    stock: Callable[..., Any], platform_tags: Callable[[], Iterator[str]]
) -> Callable[..., Any]:
    def row(*arguments: Any, **options: Any) -> Any:
        if len(arguments) < 3 and not options.get("platforms"):
            options["platforms"] = list(platform_tags())
        return stock(*arguments, **options)

    return row


def _complain(error: BaseException) -> None:
    if settings.wants_complaints(os.environ) and sys.stderr is not None:
        print(f"customtags: no extended tags: {error}", file=sys.stderr)
