"""The pictures of the documentation are what their scripts draw from the data."""

from __future__ import annotations

import importlib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
#: The scripts that read what they draw from the code.
DRAWN = ("ladders", "levels", "rooms", "way")


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PICTURES))


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_what_its_script_draws(name: str) -> None:
    script = importlib.import_module(name)
    drawn = script.draw(script.read())
    assert (PICTURES / f"{name}.svg").read_text("utf-8") == drawn, (
        f"run: python docs/pictures/{name}.py"
    )


def test_the_recording_is_what_its_script_draws() -> None:
    script = importlib.import_module("recording")
    drawn = script.draw((PICTURES / "demo.cast").read_text("utf-8"))
    assert (PICTURES / "demo.svg").read_text("utf-8") == drawn, (
        "run: python docs/pictures/recording.py"
    )


def test_every_picture_is_well_formed_and_has_a_title() -> None:
    pictures = sorted(PICTURES.glob("*.svg"))
    assert {f"{name}.svg" for name in (*DRAWN, "demo")} <= {path.name for path in pictures}
    for path in pictures:
        root = ET.fromstring(path.read_bytes())  # noqa: S314 - our own file
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        title = root.find("{http://www.w3.org/2000/svg}title")
        assert title is not None
        assert title.text
