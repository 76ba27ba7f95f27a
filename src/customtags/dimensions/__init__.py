"""The built-in pages: one module each, all of the shape that `customtags.spec.Page` describes."""

from __future__ import annotations

from customtags.dimensions import cuda, distro, isa, rocm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.spec import Page

__all__ = ["OPTIONAL", "PAGES", "optional"]

#: In the order in which they are asked and shown; families of one dimension stand together.
PAGES: tuple[Page, ...] = (isa, distro, cuda, rocm)

#: Those that say nothing unless the configuration does, and so are not even imported before.
OPTIONAL = ("abi", "site")


def optional(name: str, projects: Sequence[str]) -> Page:
    """Give one of the optional pages.

    :param projects: those whose installed version counts as ABI
    """
    if name == "site":
        from customtags.dimensions import site

        return site
    from customtags.dimensions.abi import Abi

    return Abi(projects)
