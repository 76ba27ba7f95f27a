"""The files of examples/serve run commands that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

from command import run

EXAMPLES = Path(__file__).parents[2] / "examples" / "serve"


def test_their_commands_have_options_that_exist() -> None:
    unit = (EXAMPLES / "customtags-serve@.service").read_text("utf-8")
    (line,) = re.findall(r"^ExecStart=(.*)", unit, re.MULTILINE)
    container = (EXAMPLES / "Containerfile").read_text("utf-8")
    (entry,) = re.findall(r"^ENTRYPOINT (.*)", container, re.MULTILINE)
    known = set(re.findall(r"--[a-z-]+", run("serve", "--help").stdout))
    for program, verb, *arguments in (line.split(), json.loads(entry)):
        assert (Path(program).name, verb) == ("customtags", "serve")
        assert {word for word in arguments if word.startswith("--")} <= known


def test_their_page_names_each_file() -> None:
    page = (EXAMPLES / "README.md").read_text("utf-8")
    names = {each.name for each in EXAMPLES.iterdir()} - {"README.md"}
    assert names == set(re.findall(r"^\| `(\S+)`", page, re.MULTILINE))
