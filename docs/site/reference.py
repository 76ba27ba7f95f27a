"""Write what the reference takes from the code into its pages: `python docs/site/reference.py`.

The verbs and their options are argparse's, the keys of a profile those of its JSON Schema, the examples recorded from the
program. A page has each part between two comments; what is before, between and after is its own. A test
compares both.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))
import marks
import recordings
from customtags import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DOCS = Path(__file__).parents[1]
SCHEMA = DOCS.parent / "src" / "customtags" / "profiles" / "profile.schema.json"

#: What the mark of a part that is made here begins with; the name of the part follows, and that of its subject.
MARK = "from the code, by docs/site/reference.py:"

#: In the words of a help: what is quoted, an option, what Markdown obeys.
MARKED = re.compile(r"(?<!\w)'([^']+)'(?!\w)|(?<!\S)(--?[a-z][a-z-]*)|([*<>\[\]|`])")


def made(page: str) -> str:
    """Return a page with its parts as they are in the code now."""

    def now(words: str, old: str) -> str:
        part, _, subject = words.partition(" ")
        return "\n".join(PARTS[part](subject, old))

    return marks.filled(page, MARK, now)


def verb(name: str, _: str) -> Iterator[str]:
    """Yield the arguments and options of a verb."""
    parser = _parser(name)
    words = [_word(each) for each in parser._get_positional_actions()]
    yield f"{_text(parser.description)}"
    yield from ("", "```text", " ".join(("customtags", name, "[OPTION …]", *words)), "```")
    for group in parser._action_groups:
        actions = [each for each in group._group_actions if each.dest != "help"]
        if any(each.option_strings for each in actions):
            title = "" if group is parser._optionals else f"{(group.title or '').capitalize()}. "
            if title or group.description:
                yield from ("", f"**{title.strip()}** {_text(group.description)}".strip())
            yield from ("", "| option | meaning |", "| --- | --- |")
        elif any(each.help for each in actions):
            yield from ("", "| argument | meaning |", "| --- | --- |")
        else:
            continue
        for each in actions:
            yield f"| {_spelled(each)} | {_text(_help(parser, each))} |"
    yield from ("", f"Example: `{str(parser.epilog).removeprefix('example: ')}`")


def verbs(*_: str) -> Iterator[str]:
    """Yield what each verb does."""
    yield from ("| verb | does |", "| --- | --- |")
    for name in cli.VERBS:
        purpose = str(_parser(name).description)
        yield f"| [`{name}`]({name}.md) | {_text(purpose[0].lower() + purpose[1:].rstrip('.'))} |"


def example(name: str, page: str) -> Iterator[str]:
    """Yield what a verb prints with `--json`."""
    _, _, shown = page.partition("```json\n")
    yield f"`{shlex.join(recordings.command(name))}` prints:"
    yield from ("", "```json", recordings.of(name, shown.partition("```")[0]).rstrip(), "```")


def schema(*_: str) -> Iterator[str]:
    """Yield the keys of a profile."""
    yield from ("| key | type | meaning |", "| --- | --- | --- |")
    yield from _properties(json.loads(SCHEMA.read_text("utf-8")), "")


def _properties(part: Mapping[str, Any], above: str) -> Iterator[str]:
    for name, each in part.get("properties", {}).items():
        yield f"| `{above}{name}` | {_type(each)} | {_text(each.get('description'))} |"
        yield from _properties(each, f"{above}{name}.")


def _type(part: Mapping[str, Any]) -> str:
    if "const" in part:
        return f"`{json.dumps(part['const'])}`"
    if "enum" in part:
        return ", ".join(f"`{json.dumps(each)}`" for each in part["enum"])
    if "$ref" in part:
        return "two numbers"
    kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
    inner = part.get("items") or part.get("additionalProperties")
    of = f" of {_type(inner)}" if isinstance(inner, dict) else ""
    return " or ".join(f"{each}{of}" if each in ("array", "object") else each for each in kinds)


def _parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of one verb; `add_subparsers` is the last action, and the only group of positional arguments."""
    (verbs,) = cli.parser([name])._get_positional_actions()
    assert isinstance(verbs.choices, dict)  # noqa: S101 - argparse's own
    found: argparse.ArgumentParser = verbs.choices[name]
    return found


def _word(action: argparse.Action) -> str:
    """Return an argument, or the value of an option, as it stands in a command."""
    name = action.metavar or (
        "|".join(map(str, action.choices)) if action.choices else action.dest.upper()
    )
    return {"?": f"[{name}]", "*": f"[{name} …]", "+": f"{name} …"}.get(
        str(action.nargs), str(name)
    )


def _spelled(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else f" {_word(action)}"
    names = action.option_strings or [""]
    return ", ".join(f"`{name}{value}`".replace("` ", "`") for name in names).replace("|", "\\|")


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    return parser._get_formatter()._expand_help(action) if action.help else ""


def _text(words: str | None) -> str:
    """Return words as Markdown: what is quoted and what is an option becomes code, what Markdown obeys is escaped."""
    return MARKED.sub(
        lambda found: f"\\{found[3]}" if found[3] else f"`{found[1] or found[2]}`", words or ""
    )


#: Kind of a part → what yields its lines, from its subject and from the lines that the page has.
PARTS: Mapping[str, Callable[[str, str], Iterator[str]]] = {
    "verb": verb,
    "example": example,
    "verbs": verbs,
    "schema": schema,
}


def main() -> None:
    """Write the pages."""
    for path in DOCS.rglob("*.md"):
        page = path.read_text("utf-8")
        if made(page) != page:
            path.write_text(made(page), encoding="utf-8")


if __name__ == "__main__":
    main()
