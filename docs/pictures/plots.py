"""Draw the results of the benchmarks: `python docs/pictures/plots.py` writes one picture for each row of `PLOTS`.

A number is a bar. What several runs took is a line from the least to the most with a mark for each, and the least as a
number, as in the tables.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import results
from drawing import CHARACTER, LINE, picture, text

__all__ = ["PLOTS", "Plot", "draw", "read"]

#: Pixels: of the whole, around it, of the numbers at the right.
WIDTH, MARGIN, NUMBERS = 720, 20, 84

#: From one row to the next, half of a bar, and the radius of a mark.
ROW, BAR, MARK = 24, 6, 2.6


class Plot(NamedTuple):
    """One picture.

    :ivar table: the file of results and the table
    :ivar column: what is drawn
    :ivar title: what it shows
    :ivar skipped: the labels of rows that are not drawn
    :ivar logarithmic: whether each step of the scale is ten times the one before
    """

    table: tuple[str, str]
    column: str
    title: str
    skipped: tuple[str, ...] = ()
    logarithmic: bool = False


#: Name of the picture → what is drawn.
PLOTS = {
    "cost-start": Plot(
        ("startup", "3.11"),
        "start-up, M",
        "What a .pth adds to each start of Python 3.11, million instructions",
        ("none: the whole start",),
        logarithmic=True,
    ),
    "cost-pip": Plot(
        ("pip_run", "pip==26.3"),
        "%",
        "What customtags adds to a small dry run of pip 26.3, % of its instructions",
        ("without customtags",),
        logarithmic=True,
    ),
    "cost-rank": Plot(
        ("rank", "rank"),
        "CPU time, s",
        "CPU time for a project page of 5,000 files, s, each of ten runs",
    ),
}


class Series(NamedTuple):
    """A label and its values, in the order in which they were measured."""

    label: str
    values: tuple[float, ...]
    several: bool


def read(plot: Plot) -> list[Series]:
    """Return what is drawn, from the file of results."""
    name, wanted = plot.table
    runs = results.read(results.FOLDER / f"{name}.json")["runs"]
    (table,) = (each for run in runs for each in run["tables"] if each["name"] == wanted)
    found = []
    for row in table["rows"]:
        label, cell = str(next(iter(row.values()))), row[plot.column]
        if label in plot.skipped or cell is None or isinstance(cell, str):
            continue
        several = isinstance(cell, list)
        found.append(Series(label, tuple(cell) if isinstance(cell, list) else (cell,), several))
    return found


def draw(plot: Plot, drawn: list[Series]) -> str:
    """Return the picture as SVG."""
    left = MARGIN + CHARACTER * max(len(each.label) for each in drawn) + 12
    scale = _Scale(left, WIDTH - MARGIN - NUMBERS, drawn, logarithmic=plot.logarithmic)
    top = 68
    bottom = top + ROW * len(drawn)
    body = [text(MARGIN, 30, plot.title, bold=True)]
    for step in scale.steps:
        x = scale.place(step)
        body.append(f'<path class="rule" d="M{x:g} {top - 14}V{bottom - 8}" opacity="0.35"/>')
        body.append(
            text(x - CHARACTER * len(_number(step)) / 2, bottom + 10, _number(step), "quiet")
        )
    for at, each in enumerate(drawn):
        body += _row(scale, top + ROW * at, each)
    words = f"{plot.title}: " + "; ".join(f"{s.label} {_number(min(s.values))}" for s in drawn)
    return picture(WIDTH, bottom + LINE, words, body)


class _Scale:
    """Where a value is on the horizontal axis, which begins at 0 or, if it is logarithmic, at a power of ten."""

    def __init__(self, left: int, right: int, drawn: list[Series], *, logarithmic: bool) -> None:
        self.left, self.right, self.logarithmic = left, right, logarithmic
        values = [value for each in drawn for value in each.values]
        if logarithmic:
            low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
            self.steps = [10.0**power for power in range(low, high + 1)]
        else:
            unit = 10.0 ** math.floor(math.log10(max(values)))
            step = next(
                part * unit for part in (0.1, 0.2, 0.5, 1, 2) if max(values) <= 5 * part * unit
            )
            self.steps = [step * number for number in range(math.ceil(max(values) / step) + 1)]

    def place(self, value: float) -> float:
        """Return the place of a value in pixels."""
        low, high = self.steps[0], self.steps[-1]
        if self.logarithmic:
            share = math.log10(value / low) / math.log10(high / low)
        else:
            share = (value - low) / (high - low)
        return round(self.left + (self.right - self.left) * share, 1)


def _row(scale: _Scale, y: float, series: Series) -> list[str]:
    """Return one row: its label, its bar or marks, and its least value."""
    ours = series.label.startswith("customtags")
    kind = "chosen" if ours else "isa"
    places = [scale.place(value) for value in series.values]
    drawn = [text(MARGIN, y, series.label, bold=ours)]
    centre = y - 4
    if series.several:
        line = f"M{min(places):g} {centre:g}H{max(places):g}"
        drawn.append(f'<path class="rule" d="{line}"/>')
        drawn += [
            f'<circle class="{kind}" cx="{place:g}" cy="{centre:g}" r="{MARK}"/>'
            for place in places
        ]
    else:
        size = f'width="{places[0] - scale.left:g}" height="{2 * BAR}"'
        drawn.append(f'<rect class="{kind}" x="{scale.left}" y="{centre - BAR:g}" {size} rx="2"/>')
    drawn.append(text(max(places) + 8, y, _number(min(series.values)), "quiet"))
    return drawn


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2g}"


if __name__ == "__main__":
    for name, each in PLOTS.items():
        target = Path(__file__).with_name(f"{name}.svg")
        target.write_text(draw(each, read(each)), encoding="utf-8")
