"""The reference says what the code says: verbs and options, keys and types, and what `--json` prints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import reference
from customtags.cli import VERBS
from customtags.machine.configuration import KEYS, read
from customtags.profiles.provenance import unknown_variables
from recordings import EXAMPLES

DOCS = Path(__file__).parents[1] / "docs"

VERB_PAGES = {name: DOCS / "reference" / "cli" / f"{name}.md" for name in VERBS}
MADE = [
    page
    for page in sorted(DOCS.rglob("*.md"))
    if f"<!-- {reference.MARK} " in page.read_text("utf-8")
]


@pytest.mark.parametrize("page", MADE, ids=lambda page: page.stem)
def test_what_is_taken_from_the_code_is_what_the_code_says(page: Path) -> None:
    text = page.read_text("utf-8")
    assert reference.made(text) == text, "run: python docs/site/reference.py"


def test_every_verb_has_a_page() -> None:
    assert {*VERB_PAGES.values()} < {*MADE}
    for name, page in VERB_PAGES.items():
        assert f"reference.py: verb {name} -->" in page.read_text("utf-8")


#: The keys whose value has keys that are no words of ours: paths, machines, dimensions, and the facts of a profile.
NAMES = {
    "environment",
    "facts",
    "files",
    "missing",
    "preloaded",
    "rpaths",
    "segments",
    "unknown",
    "wanted",
}


def keys(value: Any) -> Iterator[str]:
    """Yield the keys in a value."""
    if isinstance(value, list):
        for each in value:
            yield from keys(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            if key not in NAMES:
                yield from keys([*each.values()] if key == "machines" else each)


@pytest.mark.parametrize("verb", sorted({*EXAMPLES, "demo", "repair"} - {"detect", "intersect"}))
def test_every_key_of_the_json_is_explained(verb: str) -> None:
    part = VERB_PAGES[verb].read_text("utf-8").partition("\n## JSON\n")[2]
    table, _, shown = part.partition("```json\n")
    explained = {"version", *re.findall(r"`(\w+)`", table)}
    found = {*keys(json.loads(shown.partition("```")[0]))}
    assert len(found) > 2
    assert found - explained == set()


#: The rows of the configuration's keys: key, variable, example.
ROWS = [
    [cell.strip(" `") for cell in line.split("|")[1:4]]
    for line in (DOCS / "reference" / "configuration.md").read_text("utf-8").splitlines()
    if line.startswith("| ") and line.count("|") == 5
]


def test_the_keys_of_the_configuration_are_those_that_are_checked(tmp_path: Path) -> None:
    rows = {key: example for key, _, example in ROWS if key in KEYS}
    assert rows.keys() == KEYS.keys()
    file = tmp_path / "customtags.toml"
    file.write_text("".join(f"{key} = {example}\n" for key, example in rows.items()))
    values, _ = read([str(file)], lambda _: ("accelerator", "isa"))
    assert values.keys() == KEYS.keys()


def test_the_variables_of_the_configuration_are_known() -> None:
    variables = {name: "" for _, name, _ in ROWS if name.isupper()}
    assert len(variables) > 8
    assert unknown_variables(variables, []).keys() == {"CUSTOMTAGS_MPI"}  # a third party's
