"""The functions that are replaced in a copy of packaging.tags, and how they are restored."""

from __future__ import annotations

import os
import sys
from _thread import get_ident
from functools import update_wrapper
from itertools import groupby, repeat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType
    from typing import Any

__all__ = ["apply", "enabled", "patched", "undo"]

#: The copy that build back ends take the name of a wheel from: the first tag that is not a policy's.
PUBLIC = frozenset(("packaging.tags",))

#: The function of the platforms; its name was private up to packaging 21.0.
SEAMS = ("platform_tags", "_platform_tags")

#: The functions of whole tags; the last one calls the others. In a compiled copy they are bound to its own `platform_tags`.
ROWS = ("cpython_tags", "generic_tags", "compatible_tags", "sys_tags")

#: A placeholder for all platforms of a machine.
_EACH = "each"

#: Variables that are set while a build back end runs: by pip ≥ 25.0 and build, and by pip ≤ 24.3.1.
BUILD_MARKS = ("_PYPROJECT_HOOKS_BUILD_BACKEND", "PEP517_BUILD_BACKEND")

#: The attribute of a replacement that holds the original function.
_STOCK = "__customtags_stock__"


def apply(module: ModuleType) -> None:
    """Replace the functions of a copy of ``packaging.tags``, if customtags is enabled and has not done so before."""
    if not enabled(os.environ) or patched(module):
        return
    name = next((seam for seam in SEAMS if hasattr(module, seam)), None)
    if name is None:
        return
    stock = getattr(module, name)
    extended = _platforms(stock, module.__name__ in PUBLIC)
    _replace(module, name, extended)
    # In a compiled copy the original is bound already.
    if getattr(module.sys_tags, "__globals__", None) is not vars(module):
        for row in ROWS:
            _replace(module, row, _row(getattr(module, row), module.Tag, stock, extended))
    elif module.__name__ not in PUBLIC:
        made: dict[tuple[str, ...], dict[tuple[str, str], list[Any]]] = {}
        for row in ROWS[:-1]:
            _replace(module, row, _shared(getattr(module, row), module.Tag, extended, made))


def enabled(environ: Mapping[str, str]) -> bool:
    """Return whether copies are patched in a process with these environment variables."""
    disabled = environ.get("CUSTOMTAGS_DISABLE", "") not in ("", "0")
    return not disabled and not any(mark in environ for mark in BUILD_MARKS)


def undo(module: ModuleType) -> None:
    """Restore the original functions of a copy."""
    for name in patched(module):
        setattr(module, name, getattr(vars(module)[name], _STOCK))


def patched(module: ModuleType) -> list[str]:
    """Return the names of the functions of a copy that are replaced."""
    return [name for name in (*SEAMS, *ROWS) if hasattr(vars(module).get(name), _STOCK)]


def _replace(module: ModuleType, name: str, function: Callable[..., Any]) -> None:
    stock = getattr(module, name)
    update_wrapper(function, stock)
    setattr(function, _STOCK, stock)
    setattr(module, name, function)


def _platforms(
    stock: Callable[[], Iterator[str]], native_first: bool
) -> Callable[[], Iterator[str]]:
    # The one memo. It also holds the result of a failure, so that a driver hangs once and not at every call.
    remembered: dict[tuple[str, ...], tuple[str, ...]] = {}
    # A call from within a call returns the stock list. No lock, because a fork would inherit it.
    asking: set[int] = set()

    def platform_tags() -> Iterator[str]:
        answer = stock()
        platforms = tuple(answer)
        thread = get_ident()
        if platforms not in remembered and thread not in asking:
            asking.add(thread)
            try:
                from customtags import machine

                found = machine.platform_tags(
                    platforms, native_first=native_first, report=_complain
                )
                remembered[platforms] = tuple(found)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the guard
                remembered[platforms] = platforms
                _complain("no extended tags:", error)
            finally:
                asking.discard(thread)
        extended = remembered.get(platforms, platforms)
        # packaging's own tests make it return a list, and expect that list.
        untouched = extended == platforms and iter(answer) is not answer
        return answer if untouched else iter(extended)

    return platform_tags


def _row(
    stock_row: Callable[..., Iterator[Any]],
    make_tag: Callable[[str, str, str], Any],
    stock: Callable[[], Iterator[str]],
    extended: Callable[[], Iterator[str]],
) -> Callable[..., Iterator[Any]]:
    def row(*arguments: Any, **options: Any) -> Iterator[Any]:
        tags = stock_row(*arguments, **options)
        # The caller's own platforms, the third argument, are not changed.
        return tags if options.get("platforms") or arguments[2:] else exchanged(tags)

    def exchanged(tags: Iterator[Any]) -> Iterator[Any]:
        own = list(stock())
        for (interpreter, abi), run in groupby(tags, lambda tag: (tag.interpreter, tag.abi)):
            same = list(run)
            if [tag.platform for tag in same] == own:
                same = [make_tag(interpreter, abi, platform) for platform in extended()]
            yield from same

    return row


def _shared(
    stock_row: Callable[..., Iterator[Any]],
    make_tag: Callable[[str, str, str], Any],
    extended: Callable[[], Iterator[str]],
    made: dict[tuple[str, ...], dict[tuple[str, str], list[Any]]],
) -> Callable[..., Iterator[Any]]:
    """Return a function that makes each tag once, however often pip requests all of them: half of the cost of a tag.

    :param made: platforms → interpreter and ABI → their tags
    """

    def row(*arguments: Any, **options: Any) -> Iterator[Any]:
        if not (options.get("platforms") or arguments[2:]):
            try:
                return iter(whole(stock_row(*arguments, **{**options, "platforms": [_EACH]})))
            except (Exception, SystemExit):  # noqa: BLE001, S110 - the guard
                pass
        return stock_row(*arguments, **options)

    def whole(tags: Iterator[Any]) -> list[Any]:
        platforms = tuple(extended())
        known = made.setdefault(platforms, {})
        found = []
        for tag in tags:
            if tag.platform != _EACH:
                found.append(tag)
                continue
            pair = (tag.interpreter, tag.abi)
            if pair not in known:
                known[pair] = list(map(make_tag, *map(repeat, pair), platforms))
            found += known[pair]
        return found

    return row


def _complain(*problem: object) -> None:
    try:
        debug = os.environ.get("CUSTOMTAGS_DEBUG", "") not in ("", "0")
        # The default limit, which the user did not set, may refuse a wheel, so it is reported without a request.
        by_default = getattr(problem[0], "limit", 0) is None
        if (debug or by_default) and sys.stderr is not None:
            from customtags.errors import printable

            print("customtags:", *map(printable, map(str, problem)), file=sys.stderr)
    except Exception:  # noqa: BLE001, S110 - stderr may be closed
        pass
