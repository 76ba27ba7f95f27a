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
        linked = dict.fromkeys(LINK.findall(source[0]))
        # What another index lists has its place there.
        indexes = {name.rpartition("/")[0] for name in linked if name.endswith("/index")}
        names = [
            name
            for name in linked
            if name.endswith("/index") or name.rpartition("/")[0] not in indexes
        ]
        source[0] += "\n".join(("", "```{toctree}", ":hidden:", "", *names, "```", ""))


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the extension to Sphinx."""
    app.connect("source-read", append)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
