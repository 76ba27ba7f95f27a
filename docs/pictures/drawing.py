"""Pure: the parts of a picture as SVG, one palette for all, light and dark.

A text in a picture has a fixed length (``textLength``), so that it fits its box in every monospaced font.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from customtags import parse

__all__ = ["CHARACTER", "LINE", "Chip", "chips", "note", "picture", "rule", "tag", "text"]

#: Pixels of one character, and from one line to the next.
CHARACTER, LINE = 7, 20

#: Class → its colours on light and on dark paper: of what is filled, of its edge.
FILLS = {
    "paper": ("#ffffff", "none", "#0d1117", "none"),
    "base": ("#eef1f5", "#8a97a8", "#1b222c", "#6b7686"),
    "isa": ("#e3edfb", "#4a6fa5", "#14243a", "#7aa2d8"),
    "distro": ("#e6f4e8", "#4d8f5c", "#12291a", "#63b077"),
    "accelerator": ("#fdeedd", "#bd7420", "#33230f", "#e0a050"),
    "abi": ("#f3e8fa", "#8a55b0", "#281a35", "#bd8ae0"),
    "site": ("#fbe6ee", "#b04a74", "#351824", "#e08aac"),
    "chosen": ("#2f7d46", "none", "#3f9d5b", "none"),
}

#: Class → the colour of a text on light and on dark paper.
INKS = {
    "ink": ("#1c2430", "#e6edf3"),
    "quiet": ("#5b6675", "#9aa5b1"),
    "refused": ("#a3342c", "#f08a80"),
    "good": ("#2a6f3e", "#6cc486"),
}


class Chip(NamedTuple):
    """One part of a tag in its box.

    :ivar kind: one of `FILLS`
    """

    kind: str
    label: str


def picture(width: int, height: int, title: str, body: Iterable[str]) -> str:
    """Return a whole SVG file.

    :param title: what a reader who cannot see the picture is told
    """
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{_style()}</style>",
            f'<rect class="paper" width="{width}" height="{height}" rx="8"/>',
            *body,
            "</svg>\n",
        ]
    )


def text(x: float, y: float, words: str, kind: str = "ink", *, bold: bool = False) -> str:
    """Return one line of text that begins at a point."""
    weight = ' font-weight="700"' if bold else ""
    length = f'textLength="{len(words) * CHARACTER}" lengthAdjust="spacingAndGlyphs"'
    place = f'x="{x:g}" y="{y:g}" xml:space="preserve"'
    return f'<text class="{kind}" {place} {length}{weight}>{escape(words)}</text>'


def note(x: float, y: float, lines: Iterable[str], kind: str = "quiet") -> list[str]:
    """Return lines of text below each other."""
    return [text(x, y + LINE * at, words, kind) for at, words in enumerate(lines)]


def chips(x: float, y: float, parts: Sequence[Chip]) -> tuple[str, float]:
    """Return boxes in a row on a line of text, and where the row ends."""
    drawn = []
    for part in parts:
        width = len(part.label) * CHARACTER + 8
        size = f'width="{width}" height="{LINE - 3}"'
        drawn.append(f'<rect class="{part.kind}" x="{x:g}" y="{y - 13:g}" {size} rx="3"/>')
        drawn.append(text(x + 4, y, part.label))
        x += width + 2
    return "".join(drawn), x


def tag(platform: str, dimensions: Iterable[str]) -> list[Chip]:
    """Return the boxes of a platform tag: its base, then each segment.

    :param dimensions: the dimension of each segment
    """
    base, segments = parse(platform)
    return [Chip("base", base), *map(Chip, dimensions, segments)]


def rule(x: float, y: float, end: float) -> str:
    """Return a horizontal line."""
    return f'<path class="rule" d="M{x:g} {y:g}H{end:g}"/>'


def _style() -> str:
    light = [f".{name} {{ fill: {row[0]}; stroke: {row[1]}; }}" for name, row in FILLS.items()]
    light += [f"text.{name} {{ fill: {row[0]}; }}" for name, row in INKS.items()]
    dark = [f".{name} {{ fill: {row[2]}; stroke: {row[3]}; }}" for name, row in FILLS.items()]
    dark += [f"text.{name} {{ fill: {row[1]}; }}" for name, row in INKS.items()]
    return "\n".join(
        [
            'svg { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }',
            ".rule { fill: none; stroke: #8a97a8; }",
            *light,
            "@media (prefers-color-scheme: dark) {",
            *dark,
            "}",
        ]
    )
