"""What counts of pip's configuration; real pips agree in tests/real/test_index.py."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from customtags.choosing.pip_settings import PYPI, PipSettings, options
from customtags.errors import SettingError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_strongest_file_wins(tmp_path: Path) -> None:
    for number, name in enumerate(("home/.pip", "home/.config/pip", "prefix", "named")):
        path = tmp_path / name / "pip.conf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"[global]\ntimeout = {number}\n", encoding="utf-8")
        env = {"HOME": str(tmp_path / "home"), "XDG_CONFIG_DIRS": str(tmp_path)}
        env |= {"PIP_CONFIG_FILE": str(path)} if name == "named" else {}
        assert options(env, str(tmp_path / "prefix"))["timeout"] == str(number)
    assert options({**env, "PIP_TIMEOUT": "9"})["timeout"] == "9"
    assert options({**env, "PIP_CONFIG_FILE": os.devnull}, str(tmp_path / "prefix")) == {
        "config-file": os.devnull
    }


def test_a_section_of_install_wins_over_the_global_one(tmp_path: Path) -> None:
    path = tmp_path / "pip.conf"
    path.write_text("[install]\npre = no\n[global]\npre = yes\nproxy = p\n", encoding="utf-8")
    found = options({"PIP_CONFIG_FILE": str(path), "HOME": str(tmp_path)}, str(tmp_path))
    assert (found["pre"], found["proxy"]) == ("no", "p")


@pytest.mark.parametrize("text", ["no section = 1\n", "[global]\n[global]\n", "[global]\nx\n"])
def test_a_file_that_cannot_be_parsed_is_named_in_a_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "pip.conf"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match="cannot be read") as caught:
        options({"PIP_CONFIG_FILE": str(path), "HOME": str(tmp_path)}, str(tmp_path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {"indexes": (PYPI,), "timeout": 15.0, "pre": False}),
        ({"index-url": "a", "extra-index-url": "b\n c"}, {"indexes": ("a", "b", "c")}),
        ({"index-url": "a", "no-index": "true"}, {"indexes": ()}),
        ({"find-links": "x y", "trusted-host": "h"}, {"find_links": ("x", "y"), "trusted_hosts": ("h",)}),
        ({"timeout": "", "default-timeout": "7"}, {"timeout": 7.0}),
        ({"pre": "ON", "prefer-binary": "0"}, {"pre": True, "prefer_binary": False}),
        ({"only-binary": ":all:"}, {"only_binary": frozenset([":all:"])}),
        ({"no-binary": "a,:none:,B_.c, d"}, {"no_binary": frozenset(["b-c", "d"])}),
        ({"cert": "", "client-cert": "me.pem"}, {"cert": None, "client_cert": "me.pem"}),
    ],
)  # fmt: skip
def test_values_mean_what_they_mean_to_pip(
    values: dict[str, str], expected: dict[str, Any]
) -> None:
    found = PipSettings.of(values)
    assert {name: getattr(found, name) for name in expected} == expected


def test_a_timeout_that_is_no_number_is_named() -> None:
    with pytest.raises(SettingError, match="'timeout' of pip is not a number"):
        PipSettings.of({"timeout": "soon"})
