"""The tables of contents, from the links of each `index.md`, so that no list of pages is kept twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: A link to a page of the index's own folder or of one below it.
LINK = re.compile(r"\]\(((?!\.\.)[^):#]+)\.md\)")


def append(_app: Sphinx, page: str, source: list[str]) -> None:
    """Append a hidden table of contents to the source of an index."""
    if page.rpartition("/")[2] == "index":
        names = dict.fromkeys(LINK.findall(source[0]))
        source[0] += "\n".join(("", "```{toctree}", ":hidden:", "", *names, "```", ""))


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the extension to Sphinx."""
    app.connect("source-read", append)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
