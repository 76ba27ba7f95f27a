"""The blocks of code in the documentation, each with the notes that its page gives on it.

A note is an HTML comment directly before the fence. No reader of the page sees it, every reader of its source does:

    <!-- not run: the reason -->        the block is not run
    <!-- file: NAME -->                 the reader saves the block as this file
    <!-- server: PORT -->               the block starts a server, which runs until the page ends
    <!-- status: 1 -->                  the exit status that the block's last command has
    <!-- setup: COMMAND -->             the page takes this for granted; it runs before the block
    <!-- continues: PAGE -->            the blocks of that page come first
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

__all__ = ["PAGES", "ROOT", "SAVED", "SHELL", "Block", "Command", "read"]

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

#: What a note may be called.
NOTES = {"not run", "file", "server", "status", "setup", "continues"}
NOTE = re.compile(r"\s*<!-- ([a-z ]+): (.*?)\s*-->", re.DOTALL)

#: How a fence names what is run in a shell, what is read by a tool, and what is no program.
SHELL = ("console", "sh")
SAVED = ("c", "dockerfile", "ini", "json", "nginx", "python", "toml", "yaml")
OTHERS = ("diff", "pycon", "text")  # tests/test_docs.py runs doctests, and makes diffs again


class Command(NamedTuple):
    """What a reader types.

    :ivar shown: what the page says that it prints; None if the page does not say
    :ivar line: where that begins, counted from the first line of the page
    """

    text: str
    shown: str | None
    line: int
    status: int


class Block(NamedTuple):
    """One fence of a page; `line` is that of the fence, counted from 1."""

    page: Path
    line: int
    kind: str
    text: str
    notes: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def commands(self) -> Iterator[Command]:
        """Yield the commands of a shell's block: in a console, a prompt begins each."""
        status = int(self.notes.get("status", "0"))
        if self.kind == "sh":
            yield Command(self.text, None, self.line + 1, status)
            return
        assert self.text.startswith("$ "), f"{self}: a console begins with a prompt"
        lines = self.text.splitlines(keepends=True)
        starts = [index for index, line in enumerate(lines) if line.startswith("$ ")]
        for start, end in zip(starts, [*starts[1:], len(lines)]):
            begin = start + 1
            while begin < end and lines[begin].startswith("> "):
                begin += 1
            typed = "".join(line[2:] for line in lines[start:begin])
            shown = "".join(lines[begin:end])
            last = end == len(lines)
            yield Command(typed, shown, self.line + begin + 1, status if last else 0)


def read(page: Path) -> list[Block]:
    """Return the blocks of a page, in order.

    :raises AssertionError: a block has no language, or a note has no block
    """
    found: list[Block] = []
    notes: dict[str, str] = {}
    for token in MarkdownIt("commonmark").parse(page.read_text("utf-8")):
        here = f"{page.relative_to(ROOT)}:{token.map[0] + 1 if token.map else 0}"
        assert token.type != "code_block", f"{here}: fence it, and name its language"
        if token.type == "html_block":
            notes.update(NOTE.findall(token.content))
            assert notes.keys() <= NOTES, f"{here}: a note is called one of {sorted(NOTES)}"
        elif token.type == "fence":
            assert token.map
            kind = token.info.strip()
            assert kind in (*SHELL, *SAVED, *OTHERS) or kind.startswith("{"), f"{here}: {kind!r}"
            if not kind.startswith("{"):  # a directive of MyST
                found.append(Block(page, token.map[0] + 1, kind, token.content, notes))
            notes = {}
        else:
            assert not notes or token.nesting, f"{here}: a note stands directly before its block"
    return found
