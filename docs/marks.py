"""Pure: the parts of a page that a script writes, each between two comments; what is around them is the page's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["filled"]


def filled(page: str, kind: str, made: Callable[[str, str], str]) -> str:
    """Return a page with new text between each ``<!-- KIND WORDS -->`` and its ``<!-- end -->``.

    :param made: returns the text for the words of a mark and for what stands there now
    :raises ValueError: a mark has no end, so that what follows it would be lost
    """
    start = f"<!-- {kind} "

    def part(found: re.Match[str]) -> str:
        mark, words, old, end = found.groups()
        return f"{mark}\n{made(words, old)}\n\n{end}"

    marks = re.compile(rf"({re.escape(start)}([^\n]*) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
    for found in marks.finditer(page):
        if start in found[3]:
            raise ValueError(f"'{start}{found[2]} -->' has no '<!-- end -->'")
    return marks.sub(part, page)
