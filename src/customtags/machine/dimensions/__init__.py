"""The built-in pages, one module each (`customtags.machine.spec.Page`), and where a profile keeps the facts of a page."""

from __future__ import annotations

from importlib import import_module

from customtags.machine.dimensions import distro, isa

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.machine.host import Host
    from customtags.machine.spec import Facts, Page, Profile

__all__ = ["OPTIONAL", "VENDORS", "builtin", "facts_of", "optional", "record"]

#: The vendors of accelerators: the module of each page → the paths of which a driver creates at least one, for NVIDIA the
#: last two under WSL 2 and on Tegra. Without any of them, pip's process does not import the page.
VENDORS = {
    "cuda": ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg", "/dev/nvmap"),
    "rocm": ("/sys/class/kfd",),
}

#: The pages that find nothing unless the configuration names something, and are imported only then.
OPTIONAL = ("abi", "site")


def builtin(host: Host | None = None) -> list[Page]:
    """Return the built-in pages, in the order in which they are probed and shown.

    :param host: skip the vendors whose driver it shows no sign of
    """
    vendors = [
        f"{__name__}.{name}"
        for name, signs in VENDORS.items()
        if host is None or any(map(host.exists, signs))
    ]
    return [isa, distro, *map(import_module, vendors)]


def optional(name: str, projects: Sequence[str]) -> Page:
    """Return one of the optional pages.

    :param projects: the ones whose installed version counts as ABI
    """
    if name == "site":
        from customtags.machine.dimensions import site

        return site
    from customtags.machine.dimensions.abi import Abi

    return Abi(projects)


def facts_of(profile: Profile, page: Page) -> Facts | None:
    """Return the facts of one page: under its dimension, or for a family under its name there."""
    facts = profile.get(page.DIMENSION)
    return facts if page.NAME == page.DIMENSION or facts is None else facts.get(page.NAME)


def record(profile: Profile, page: Page, facts: Facts | None, source: str | None) -> None:
    """Write the facts of one page and their source into a profile."""
    if page.NAME == page.DIMENSION:
        profile[page.NAME] = facts
    else:
        profile.setdefault(page.DIMENSION, {})[page.NAME] = facts
    profile["source"][page.NAME] = source
