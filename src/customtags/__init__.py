"""Extended platform tags: plain pip picks the wheel for this CPU, distribution and accelerator.

Importing this package imports nothing else; the names below are loaded on first use (PEP 562).
"""

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from customtags.errors import CustomtagsError
    from customtags.machine import detect, extend, read_profile
    from customtags.machine.host import Host
    from customtags.tags import format, parse

__all__ = ["CustomtagsError", "Host", "detect", "extend", "format", "parse", "read_profile"]
__version__ = "0.1.0"

#: Where each public name lives.
_HOMES = {
    "CustomtagsError": "errors",
    "Host": "machine.host",
    "detect": "machine",
    "extend": "machine",
    "format": "tags",
    "parse": "tags",
    "read_profile": "machine",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
