"""Draw the rooms of the source and what imports what: `python docs/pictures/rooms.py` writes `rooms.svg` beside itself.

The chart is read along the lines: from the box of a room to the right, at a circle down, to the box of the room that it
imports. The rooms and their order are those of `tests/source_tree.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from source_tree import HOOK, INSIDE, MODULES, ROOMS, imports, parse, room

#: Pixels from one room to the next, to the right and down, and around all.
ACROSS, DOWN, MARGIN = 64, 48, 24

#: Half of a box, and the radius of a circle.
HALF_WIDTH, HALF_HEIGHT, RADIUS = 50, 20, 5

#: Lines of text in a box: pixels between them.
LINE = 11

#: The name of the drawn room of what runs in every Python process.
START = "_customtags"

STYLE = """
  svg { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; text-anchor: middle; }
  .paper { fill: #ffffff; }
  .inside { fill: #eef6ee; stroke: #7fb08a; stroke-dasharray: 4 3; }
  .box { fill: #f3f6fb; stroke: #4a6fa5; stroke-width: 1.3; }
  .line { fill: none; stroke: #8a97a8; stroke-width: 1.2; }
  .late { stroke-dasharray: 4 3; }
  .dot { fill: #4a6fa5; }
  .head { fill: #8a97a8; }
  text { fill: #1c2430; }
  .small { font-size: 10px; }
  .note { text-anchor: start; fill: #4b5563; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; }
    .inside { fill: #12261a; stroke: #3f7a50; }
    .box { fill: #161f2e; stroke: #7aa2d8; }
    .line { stroke: #6b7686; }
    .dot { fill: #7aa2d8; }
    .head { fill: #6b7686; }
    text { fill: #e6edf3; }
    .note { fill: #9aa5b1; }
  }
"""


class Chart(NamedTuple):
    """What is drawn.

    :ivar rows: the names in each box, from top to bottom
    :ivar arrows: the importing and the imported row of each
    """

    rows: tuple[tuple[str, ...], ...]
    arrows: frozenset[tuple[int, int]]


def read() -> Chart:
    """Return the rooms that there are, and what they import."""
    present = {room(path) for path in MODULES} - {"", "__main__"}
    named = (tuple(name for name in names if name in present) for names in ROOMS)
    rows = [names for names in named if names]
    rows.insert(rows.index(("hook",)), (START,))
    places = {name: number for number, names in enumerate(rows) for name in names}
    places["__main__"] = places["cli"]
    arrows: set[tuple[int, int]] = set()
    for path in (*MODULES, HOOK):
        origin = places.get(START if path == HOOK else room(path))
        for name in imports(parse(path)):
            target = places.get(name.split(".")[1]) if name.startswith("customtags.") else None
            if origin is not None and target is not None and origin != target:
                arrows.add((origin, target))
    return Chart(tuple(rows), frozenset(arrows))


def draw(chart: Chart) -> str:
    """Return the chart as SVG."""
    width = 2 * MARGIN + 2 * HALF_WIDTH + ACROSS * (len(chart.rows) - 1)
    height = 2 * MARGIN + 2 * HALF_HEIGHT + DOWN * (len(chart.rows) - 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        "<title>The rooms of customtags and what imports what</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="8"/>',
        *_inside(chart),
        *(_line(chart, number) for number in range(len(chart.rows))),
        *(_column(chart, number) for number in range(len(chart.rows))),
        *(_upward(*arrow) for arrow in sorted(chart.arrows) if arrow[0] > arrow[1]),
        *(_dot(chart, *arrow) for arrow in sorted(chart.arrows)),
        *(_box(*row) for row in enumerate(chart.rows)),
        *_notes(height),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _x(number: int) -> int:
    return MARGIN + HALF_WIDTH + ACROSS * number


def _y(number: int) -> int:
    return MARGIN + HALF_HEIGHT + DOWN * number


def _inside(chart: Chart) -> list[str]:
    """Return the area of what runs inside pip."""
    numbers = [at for at, names in enumerate(chart.rows) if {*names} & {START, *INSIDE}]
    left, top = _x(numbers[0]) - HALF_WIDTH - 8, _y(numbers[0]) - HALF_HEIGHT - 5
    right, bottom = _x(numbers[-1]) + HALF_WIDTH + 8, _y(numbers[-1]) + HALF_HEIGHT + 8
    area = f'width="{right - left}" height="{bottom - top}"'
    return [
        f'<rect class="inside" x="{left}" y="{top}" {area} rx="6"/>',
        f'<text class="note" x="{left + 8}" y="{bottom - 10}">runs inside pip</text>',
    ]


def _line(chart: Chart, number: int) -> str:
    """Return the line from a room to the last one that it imports."""
    targets = [target for origin, target in chart.arrows if origin == number < target]
    if not targets:
        return ""
    return f'<path class="line" d="M{_x(number) + HALF_WIDTH} {_y(number)}H{_x(max(targets))}"/>'


def _column(chart: Chart, number: int) -> str:
    """Return the line from the first room that imports one down to its box."""
    origins = [origin for origin, target in chart.arrows if target == number > origin]
    if not origins:
        return ""
    x, end = _x(number), _y(number) - HALF_HEIGHT
    head = f'<path class="head" d="M{x - 4} {end - 7}h8l-4 7z"/>'
    return f'<path class="line" d="M{x} {_y(min(origins))}V{end - 6}"/>{head}'


def _upward(origin: int, target: int) -> str:
    """Return the line of an import that goes up, at the last moment."""
    x, end = _x(target), _y(target) + HALF_HEIGHT
    head = f'<path class="head" d="M{x - 4} {end + 7}h8l-4 -7z"/>'
    line = f'<path class="line late" d="M{_x(origin) - HALF_WIDTH} {_y(origin)}H{x}V{end + 6}"/>'
    return line + head


def _dot(chart: Chart, origin: int, target: int) -> str:
    who, what = (" ".join(chart.rows[number]) for number in (origin, target))
    circle = f'<circle class="dot" cx="{_x(target)}" cy="{_y(origin)}" r="{RADIUS}">'
    return f"{circle}<title>{who} imports {what}</title></circle>"


def _box(number: int, names: tuple[str, ...]) -> str:
    x, y = _x(number), _y(number)
    size = f'width="{2 * HALF_WIDTH}" height="{2 * HALF_HEIGHT}"'
    parts = [
        f'<rect class="box" x="{x - HALF_WIDTH}" y="{y - HALF_HEIGHT}" {size} rx="5"/>',
    ]
    lines = [" ".join(names[at : at + 2]) for at in range(0, len(names), 2)]
    kind = ' class="small"' if len(lines) > 1 else ""
    for at, line in enumerate(lines):
        lower = y + 4 + LINE * at - LINE * (len(lines) - 1) / 2
        parts.append(f'<text{kind} x="{x}" y="{lower:g}">{line}</text>')
    return "".join(parts)


def _notes(height: int) -> list[str]:
    """Return how the chart is read, in the corner that no line crosses."""
    lines = (
        "From a room to the right, then down at a circle:",
        "it imports the room below the circle.",
        "Dashed: imported at the last moment, upward.",
    )
    top = height - MARGIN - 16 * (len(lines) - 1)
    return [
        f'<text class="note" x="{MARGIN}" y="{top + 16 * at}">{line}</text>'
        for at, line in enumerate(lines)
    ]


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(draw(read()), encoding="utf-8")
