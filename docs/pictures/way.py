"""Draw the way from a wheel's file name to pip's choice: `python docs/pictures/way.py` writes `way.svg` beside itself.

The machine is the one of `docs/fedora39.json`; places and reasons are those of ``customtags rank``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from drawing import LINE, Chip, chips, note, picture, rule, tag, text

PROFILE = Path(__file__).parents[1] / "fedora39.json"

#: The platforms of the wheels in the index, all of one version, Python and ABI.
PLATFORMS = {
    "linux_x86_64_v3_fc39_rocm6_0": ("isa", "distro", "accelerator"),
    "linux_x86_64_v3_fc39": ("isa", "distro"),
    "linux_x86_64_v3_el9": ("isa", "distro"),
    "linux_x86_64_v4": ("isa",),
    "manylinux_2_28_x86_64_v2": ("isa",),
    "linux_x86_64_cuda12_4": ("accelerator",),
    "manylinux_2_28_x86_64": (),
}

#: What the profile says, in few words.
MACHINE = "x86-64-v3, Fedora 39, ROCm 6.0"

NAME = "example-1.2.3-cp312-cp312-"

WIDTH, LEFT, SECOND = 720, 20, 372


class Wheel(NamedTuple):
    """A row of the picture.

    :ivar place: the place of its tag among those that the machine accepts, or ``None``
    :ivar reason: why pip does not take the wheel
    """

    platform: str
    place: int | None
    reason: str


class Way(NamedTuple):
    """What is drawn: the wheels in the order of pip, and how many tags the machine accepts."""

    wheels: list[Wheel]
    tags: int


def read() -> Way:
    """Return what `rank` and `show` print for the wheels and the machine."""
    with tempfile.TemporaryDirectory() as folder:
        for platform in PLATFORMS:
            Path(folder, f"{NAME}{platform}.whl").touch()
        ranked = _run("rank", folder, "--python", "3.12")["wheels"]
    places = {tag: at for at, tag in enumerate(_run("show", "--all")["platforms"], start=1)}
    wheels = []
    for each in ranked:
        platform = each["name"].removeprefix(NAME).removesuffix(".whl")
        reason = "".join(f"requires {miss['needs']}" for miss in each["misses"][:1])
        wheels.append(Wheel(platform, places.get(platform), reason))
    return Way(wheels, len(places))


def _run(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "customtags", *arguments, "--profile", str(PROFILE), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def draw(way: Way) -> str:
    """Return the picture as SVG."""
    top = 96
    end = top + LINE * 1.5 * len(way.wheels)
    body = [
        text(LEFT, 32, "1  Files of one version in an index", bold=True),
        text(SECOND, 32, "2  The machine accepts", bold=True),
        *note(LEFT + 21, 54, [f"{NAME}…"]),
        *note(SECOND + 21, 54, [f"{way.tags} tags: {MACHINE}"]),
        rule(LEFT, 68, WIDTH - LEFT),
    ]
    for at, wheel in enumerate(way.wheels):
        body += _row(wheel, top + LINE * 1.5 * at, chosen=at == 0)
    body += [
        rule(LEFT, end, WIDTH - LEFT),
        text(LEFT, end + 26, "3  pip takes the first", bold=True),
        *note(
            LEFT + 21,
            end + 48,
            [
                "among the files of the highest version. A pip without customtags",
                "accepts only the stock tags, here the last file that is accepted.",
            ],
        ),
        *_legend(end + 100),
    ]
    return picture(WIDTH, int(end + 122), "From a wheel's file name to the choice of pip", body)


def _row(wheel: Wheel, y: float, *, chosen: bool) -> list[str]:
    names = wheel.platform.split("_")
    del names
    drawn, _ = chips(LEFT + 21, y, tag(wheel.platform, PLATFORMS[wheel.platform]))
    if wheel.place is None:
        return [drawn, text(SECOND + 21, y, wheel.reason, "refused")]
    words = text(SECOND + 21, y, f"place {wheel.place}", "good" if chosen else "ink", bold=chosen)
    mark = text(SECOND + 110, y, "← pip installs this", "good", bold=True) if chosen else ""
    return [drawn, words, mark]


def _legend(y: float) -> list[str]:
    labels = {"base": "stock tag", "isa": "instruction set", "distro": "distribution"}
    x: float = LEFT + 21
    drawn = []
    for kind, label in (*labels.items(), ("accelerator", "accelerator")):
        row, x = chips(x, y, [Chip(kind, label)])
        drawn.append(row)
        x += 8
    return drawn


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(draw(read()), encoding="utf-8")
