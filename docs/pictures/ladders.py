"""Draw the ladders of a machine and the order of its tags: `python docs/pictures/ladders.py` writes `ladders.svg` beside itself.

The machine is the one of `docs/fedora39.json`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import customtags
from customtags import machine
from customtags.tags import PRIORITY
from drawing import LINE, Chip, chips, note, picture, rule, tag, text

PROFILE = Path(__file__).parents[1] / "fedora39.json"

#: The stock tags of that machine that count here; an installer has more, between these.
STOCK = ("linux_x86_64", "manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux_2_17_x86_64")

#: The first tags that are drawn one by one, and pixels of the picture.
SHOWN, WIDTH, LEFT, SECOND = 12, 720, 20, 316


class Machine(NamedTuple):
    """What is drawn.

    :ivar ladders: dimension → segments, best first; the dimension that decides first is the first
    :ivar tags: the extended tags, best first
    """

    ladders: dict[str, list[str]]
    tags: list[str]


def read() -> Machine:
    """Return the ladders and the tags of the machine in the profile."""
    profile = customtags.read_profile(PROFILE)
    ladders = machine.ladders({**profile}, "x86_64")
    ordered = {name: ladders[name] for name in PRIORITY if ladders.get(name)}
    return Machine(ordered, customtags.extend(STOCK, profile).tags)


def draw(drawn: Machine) -> str:
    """Return the picture as SVG."""
    top, row = 96, LINE * 1.2
    rest = len(drawn.tags) - SHOWN
    body = [
        text(LEFT, 32, "1  A ladder of each dimension", bold=True),
        text(SECOND, 32, "2  Every combination is a tag", bold=True),
        *note(LEFT + 21, 54, ["Fedora 39, ROCm 6.0, one gfx90a"]),
        *note(SECOND + 21, 54, [f"{len(drawn.tags)} extended tags, best first"]),
        rule(LEFT, 68, WIDTH - LEFT),
        *_ladders(drawn, top),
    ]
    kinds = _kinds(drawn)
    for at, platform in enumerate(drawn.tags[:SHOWN]):
        body.append(text(SECOND, top + row * at, f"{at + 1:2}", "quiet"))
        segments = customtags.parse(platform).segments
        chip, _ = chips(
            SECOND + 21, top + row * at, tag(platform, map(kinds.__getitem__, segments))
        )
        body.append(chip)
    end = top + row * SHOWN
    body += note(
        SECOND + 21, end, [f"… {rest} more, down to {drawn.tags[-1]},", "then the stock tags"]
    )
    return picture(WIDTH, int(end + 44), "The ladders of a machine and the order of its tags", body)


def _kinds(drawn: Machine) -> dict[str, str]:
    """Return the dimension of each segment; a rung may consist of two."""
    return {
        segment: name
        for name, rungs in drawn.ladders.items()
        for rung in rungs
        for segment in customtags.parse(f"linux_x86_64_{rung}").segments
    }


def _ladders(drawn: Machine, top: float) -> list[str]:
    """Return the ladders below each other, that which decides first at the top."""
    parts, y = [], top
    ranks = ("decides first", "then", "then", "then", "then")
    for rank, (name, rungs) in zip(ranks, drawn.ladders.items()):
        parts.append(text(LEFT + 21, y, f"{name}: {rank}", "quiet"))
        for rung in (*rungs, ""):
            y += LINE * 1.2
            row, _ = chips(LEFT + 21, y, [Chip(name if rung else "base", rung or "none")])
            parts.append(row)
        y += LINE * 1.6
    return parts


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(draw(read()), encoding="utf-8")
