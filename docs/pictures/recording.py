"""Record the demo in a terminal and draw it: `python docs/pictures/recording.py` writes `demo.cast` and `demo.svg` beside itself.

`demo.cast` is an asciicast (https://docs.asciinema.org/manual/asciicast/v2/). The picture shows the lines in the order and
with the pauses of the terminal, none longer than `PAUSE`. It plays once; a reader who prefers reduced motion sees all lines at once.
"""

from __future__ import annotations

import json
import os
import pty
import re
import sys
import time
from pathlib import Path
from typing import NamedTuple

from drawing import CHARACTER, LINE, picture, text

CAST = Path(__file__).with_name("demo.cast")

COMMAND = "customtags demo"

#: Characters of a line, and of lines, as the recorded terminal has them.
COLUMNS, ROWS = 116, 24

#: An SGR sequence of ECMA-48, section 8.3.117, as the command line prints it.
SGR = re.compile(r"\x1b\[([0-9;]*)m")

#: The longest pause of the picture, in seconds.
PAUSE = 0.7

MARGIN = 20


class Line(NamedTuple):
    """A line of the terminal.

    :ivar seconds: from the start until the picture shows it
    :ivar words: may hold `SGR` sequences
    """

    seconds: float
    words: str


def record() -> str:
    """Run the demo in a terminal, and return the asciicast."""
    start = time.monotonic()
    events: list[tuple[float, str, str]] = []

    def read(terminal: int) -> bytes:
        printed = os.read(terminal, 65536)
        events.append((round(time.monotonic() - start, 2), "o", printed.decode()))
        return printed

    size = {"COLUMNS": str(COLUMNS), "LINES": str(ROWS)}
    os.environ.update(size, TERM="xterm-256color")
    pty.spawn([sys.executable, "-m", *COMMAND.split()], read)
    header = {"version": 2, "width": COLUMNS, "height": ROWS, "command": COMMAND}
    return "".join(json.dumps(each) + "\n" for each in (header, *events))


def lines(cast: str) -> list[Line]:
    """Return the lines that the terminal showed, each with the time of its last character, pauses cut."""
    shown: list[Line] = []
    partial, clock, before = "", 0.0, 0.0
    for event in cast.splitlines()[1:]:
        now, _, printed = json.loads(event)
        clock, before = clock + min(now - before, PAUSE), now
        *whole, rest = printed.split("\r\n")
        for words in whole:
            shown.append(Line(round(clock, 2), partial + words))
            partial = ""
        partial += rest
    return shown


def draw(cast: str) -> str:
    """Return an animated picture of the recording as SVG."""
    shown = lines(cast)
    width, height = 2 * MARGIN + COLUMNS * CHARACTER, 2 * MARGIN + LINE * (len(shown) + 1)
    body = [
        "<style>@media (prefers-reduced-motion: no-preference) {",
        "g { animation: appear 1ms both; } @keyframes appear { from { visibility: hidden; } } }",
        "</style>",
        text(MARGIN, MARGIN + 12, f"$ {COMMAND}", bold=True),
    ]
    for number, line in enumerate(shown, start=1):
        y = MARGIN + 12 + LINE * number
        if line.words:
            body.append(
                f'<g style="animation-delay: {line.seconds:g}s">{_words(line.words, y)}</g>'
            )
    return picture(width, height, f"A terminal that runs '{COMMAND}'", body)


def _words(words: str, y: float) -> str:
    """Return the texts of a line; what the terminal showed bold is bold."""
    x: float = MARGIN
    drawn, bold = [], False
    for number, part in enumerate(SGR.split(words)):
        if number % 2:
            bold = part.startswith("1")
        elif part.strip():
            drawn.append(text(x, y, part, bold=bold))
        if not number % 2:
            x += CHARACTER * len(part)
    return "".join(drawn)


if __name__ == "__main__":
    CAST.write_text(record(), encoding="utf-8")
    CAST.with_suffix(".svg").write_text(draw(CAST.read_text("utf-8")), encoding="utf-8")
