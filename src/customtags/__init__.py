"""Extended platform tags: plain pip picks the wheel for this CPU, distribution and accelerator.

Importing this package imports nothing else: each public name below is loaded on first use (PEP 562). Public are these names
and the modules `customtags.build`, `customtags.linking` and `customtags.testing`; everything else may change without notice.
"""

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from customtags.api import audit_wheel, detect, extend, format, parse, read_profile
    from customtags.audit.finding import Finding, Fix
    from customtags.audit.report import Report
    from customtags.errors import (
        CustomtagsError,
        FactError,
        OverrideError,
        ProfileError,
        SettingError,
        TagError,
    )
    from customtags.machine.host import Host
    from customtags.machine.spec import Facts, Page, Probe
    from customtags.results import Extended, Parsed, Profile

__all__ = [
    "CustomtagsError",
    "Extended",
    "FactError",
    "Facts",
    "Finding",
    "Fix",
    "Host",
    "OverrideError",
    "Page",
    "Parsed",
    "Probe",
    "Profile",
    "ProfileError",
    "Report",
    "SettingError",
    "TagError",
    "audit_wheel",
    "detect",
    "extend",
    "format",
    "parse",
    "read_profile",
]
__version__ = "0.1.0"

#: Where the public names live.
_HOMES = {
    "api": ("audit_wheel", "detect", "extend", "format", "parse", "read_profile"),
    "audit.finding": ("Finding", "Fix"),
    "audit.report": ("Report",),
    "errors": (
        *("CustomtagsError", "FactError", "OverrideError", "ProfileError", "SettingError"),
        "TagError",
    ),
    "machine.host": ("Host",),
    "machine.spec": ("Facts", "Page", "Probe"),
    "results": ("Extended", "Parsed", "Profile"),
}

if not TYPE_CHECKING:  # a type checker would take every name for a public one

    def __getattr__(name: str) -> object:
        for home, names in _HOMES.items():
            if name in names:
                from importlib import import_module

                return getattr(import_module(f"{__name__}.{home}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
