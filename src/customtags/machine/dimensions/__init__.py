"""The built-in pages: one module each, all of the shape that `customtags.machine.spec.Page` describes."""

from __future__ import annotations

from importlib import import_module

from customtags.machine.dimensions import distro, isa

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.machine.host import Host
    from customtags.machine.spec import Facts, Page, Profile

__all__ = ["OPTIONAL", "VENDORS", "builtin", "facts_of", "optional", "record"]

#: The vendors of accelerators: the module of each page, and what a driver leaves, of NVIDIA's the last two under WSL 2
#: and on Tegra. Where nothing of it is, pip's process is spared the page.
VENDORS = {
    "cuda": ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg", "/dev/nvmap"),
    "rocm": ("/sys/class/kfd",),
}

#: Those that say nothing unless the configuration does, and so are not even imported before.
OPTIONAL = ("abi", "site")


def builtin(host: Host | None = None) -> list[Page]:
    """Give the built-in pages, in the order in which they are asked and shown.

    :param host: leave out the vendors of which it shows no sign
    """
    vendors = [
        f"{__name__}.{name}"
        for name, signs in VENDORS.items()
        if host is None or any(map(host.exists, signs))
    ]
    return [isa, distro, *map(import_module, vendors)]


def optional(name: str, projects: Sequence[str]) -> Page:
    """Give one of the optional pages.

    :param projects: those whose installed version counts as ABI
    """
    if name == "site":
        from customtags.machine.dimensions import site

        return site
    from customtags.machine.dimensions.abi import Abi

    return Abi(projects)


def facts_of(profile: Profile, page: Page) -> Facts | None:
    """Find the facts of one page: below its dimension, families of one dimension side by side."""
    facts = profile.get(page.DIMENSION)
    return facts if page.NAME == page.DIMENSION or facts is None else facts.get(page.NAME)


def record(profile: Profile, page: Page, facts: Facts | None, source: str | None) -> None:
    """Put the facts of one page there, and where they come from."""
    if page.NAME == page.DIMENSION:
        profile[page.NAME] = facts
    else:
        profile.setdefault(page.DIMENSION, {})[page.NAME] = facts
    profile["source"][page.NAME] = source
