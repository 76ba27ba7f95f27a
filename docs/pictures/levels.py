"""Draw what the wheels of the survey require: `python docs/pictures/levels.py` writes `levels.svg` beside itself.

The data is that of `docs/survey/results.json`.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from drawing import LINE, picture, rule, text

RESULTS = Path(__file__).parents[1] / "survey" / "results.json"

#: Pixels: of the picture, its margin, where the bars begin, and the longest bar.
WIDTH, LEFT, BARS, LONGEST = 760, 20, 190, 440

#: The bars of the first chart: level → label. The name of every wheel claims the first.
LEVELS = {1: "x86-64", 2: "x86-64-v2", 3: "x86-64-v3", 4: "x86-64-v4", 5: "more"}


def read() -> list[dict[str, Any]]:
    """Return the wheels of the survey."""
    wheels: list[dict[str, Any]] = json.loads(RESULTS.read_text("utf-8"))["wheels"]
    return wheels


def draw(wheels: list[dict[str, Any]]) -> str:
    """Return the picture as SVG."""
    x86 = [each for each in wheels if each["arch"] == "x86_64"]
    body = [
        text(
            LEFT,
            32,
            f"What {len(x86)} wheels require of the CPU; every name says x86-64",
            bold=True,
        )
    ]
    y = 64.0
    levels = Counter(each["level"] for each in x86)
    confirmed = Counter(
        each["level"] for each in x86 if each.get("cpu", {}).get("verdict") == "confirmed"
    )
    for level, label in LEVELS.items():
        if levels[level]:
            says = f", {confirmed[level]} confirmed on an emulated CPU" if level > 1 else ""
            body += _bar(
                y, label, [("isa" if level > 1 else "base", levels[level])], len(x86), says
            )
            y += LINE * 1.4
    y += LINE
    body += [rule(LEFT, y - LINE, WIDTH - LEFT)]
    body.append(text(LEFT, y + 6, "Wheels with a claim that does not hold, by code", bold=True))
    y += LINE * 1.8
    arm = [each for each in wheels if each["arch"] == "aarch64"]
    codes = Counter(code for each in wheels for code in each["false"])
    for code, _ in codes.most_common():
        counts = [sum(code in each["false"] for each in of) for of in (x86, arm)]
        body += _bar(y, code, [("isa", counts[0]), ("distro", counts[1])], max(codes.values()))
        y += LINE * 1.4
    body += [
        f'<rect class="isa" x="{BARS}" y="{y - 5:g}" width="14" height="12" rx="2"/>',
        text(BARS + 20, y + 6, f"of {len(x86)} for x86_64", "quiet"),
        f'<rect class="distro" x="{BARS + 180}" y="{y - 5:g}" width="14" height="12" rx="2"/>',
        text(BARS + 200, y + 6, f"of {len(arm)} for aarch64", "quiet"),
    ]
    title = f"Bars: how many of {len(x86)} wheels require which x86-64 level, and how many have a false claim of each code"
    return picture(WIDTH, round(y + LINE * 1.5), title, body)


def _bar(
    y: float, label: str, parts: list[tuple[str, int]], whole: int, says: str = ""
) -> list[str]:
    """Return one row: its label, a bar of one or more parts, their numbers, and what is said of them."""
    drawn, x = [text(LEFT, y, label)], float(BARS)
    for kind, number in parts:
        width = number / whole * LONGEST
        if number:
            size = f'width="{max(2, width):.1f}" height="{LINE - 4}"'
            drawn.append(f'<rect class="{kind}" x="{x:.1f}" y="{y - 12:g}" {size} rx="2"/>')
            x += max(2, width) + 2
    numbers = " + ".join(str(number) for _, number in parts if number)
    drawn.append(text(x + 6, y, numbers + says))
    return drawn


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(draw(read()), encoding="utf-8")
