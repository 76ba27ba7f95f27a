"""The built-in pages: one module each, all of the shape that `customtags.spec.Page` describes."""

from __future__ import annotations

from customtags.dimensions import cuda, distro, isa, rocm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from customtags.spec import Page

__all__ = ["PAGES"]

#: In the order in which they are asked and shown; families of one dimension stand together.
PAGES: tuple[Page, ...] = (isa, distro, cuda, rocm)
