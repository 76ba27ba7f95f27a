"""The documentation and the docstrings tell the truth: what they show of Python is run."""

from __future__ import annotations

import doctest
import importlib
import re
import shlex
from pathlib import Path

import pytest

import customtags
from blocks import PAGES as BLOCK_PAGES
from blocks import read
from command import run_in

PACKAGE = Path(customtags.__file__).parent
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if ">>> " in path.read_text("utf-8")]
ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
#: Every page, and those that show Python.
WHOLE = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if ">>> " in page.read_text("utf-8")]


def examples(page: Path) -> list[doctest.Example]:
    """Return the examples in the blocks of a page; the fence of a block is not output."""
    parser = doctest.DocTestParser()
    found: list[doctest.Example] = []
    line = 0
    for index, text in enumerate(page.read_text("utf-8").split("```")):
        if index % 2:  # inside a fence
            kind, _, code = text.partition("\n")
            assert kind == "pycon" or ">>> " not in code, f"{page}:{line + 1}: call it pycon"
            for example in parser.get_examples(code if kind == "pycon" else ""):
                example.lineno += line + 1
                found.append(example)
        else:
            assert ">>> " not in text, f"{page}:{line + 1}: an example outside of a block"
        line += text.count("\n")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = examples(page)
    test = doctest.DocTest(source, {}, page.name, str(page), 0, None)
    report: list[str] = []
    monkeypatch.chdir(DOCS.parent)
    result = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF).run(test, out=report.append)
    assert not result.failed, "".join(report)
    assert result.attempted == len(source) > 0


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_examples_of_a_module(path: Path) -> None:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    result = doctest.testmod(importlib.import_module(".".join(parts).removesuffix(".__init__")))
    assert not result.failed
    assert result.attempted


def test_pages_have_examples() -> None:
    assert PACKAGE / "tags" / "__init__.py" in MODULES
    assert DOCS / "reference" / "grammar.md" in PAGES


#: The blocks that show one command and require nothing but a checkout: they are run on every Python, here. tests/real/test_pages.py
#: runs the blocks of each page in order, as a reader does.
SESSIONS = [
    (block.page, block.text)
    for page in BLOCK_PAGES
    for block in read(page)
    if block.kind == "console"
    and re.match(r"\$ customtags .*(docs|examples)/", block.text)
    and len([*block.commands()]) == 1
]


@pytest.mark.parametrize(
    ("page", "session"),
    SESSIONS,
    ids=[f"{page.stem}-{text.partition(chr(10))[0]}" for page, text in SESSIONS],
)
def test_what_is_shown_of_the_command_line_is_what_it_prints(page: Path, session: str) -> None:
    command, _, shown = session.removeprefix("$ ").partition("\n")
    _, *arguments = shlex.split(command)
    assert run_in(DOCS.parent, *arguments).stdout == shown, page


@pytest.mark.parametrize("page", BLOCK_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_names_its_language_and_is_run_or_says_why_not(page: Path) -> None:
    """`tests/real/test_pages.py` runs them."""
    for block in read(page):
        assert len(block.notes.get("not run", "a reason in words").split()) > 3, f"{block}: why?"


def test_the_readme_has_a_session() -> None:
    assert any(page.name == "README.md" for page, _ in SESSIONS)


#: How a text refers to a module or a name of customtags. Two pages show the source itself.
IMPORT = re.compile(r"\bfrom (customtags[\w.]*) import ([\w, ]+)|\bimport (customtags[\w.]*)")
TEXTS = [
    path
    for path in (
        DOCS.parent / "README.md",
        *sorted(DOCS.rglob("*.md")),
        *sorted((DOCS.parent / "examples").rglob("*.py")),
    )
    if path.name not in ("how-the-hook-works.md", "add.md")
]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_only_public_names_are_shown(path: Path) -> None:
    doors = {"build", "linking", "testing"}
    public = {*doors, *customtags.__all__}
    modules = {"customtags", "customtags_mpi", *(f"customtags.{each}" for each in doors)}
    for module, names, alone in IMPORT.findall(path.read_text("utf-8")):
        assert (module or alone) in modules
        if module == "customtags":
            assert {each.strip() for each in names.split(",")} <= public


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as web views of repositories and MyST make them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", WHOLE, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_a_file_and_to_a_heading(page: Path) -> None:
    broken = []
    for link, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
        target = page.parent / link if link else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(f"{link}#{anchor}")
    assert broken == []


def test_every_page_is_in_an_index() -> None:
    indexes = sorted(DOCS.rglob("index.md"))
    assert len(indexes) >= 5
    named = {
        (index.parent / link).resolve()
        for index in indexes
        for link in re.findall(r"\]\(([^)#:]+\.md)\)", index.read_text("utf-8"))
    }
    assert {*DOCS.rglob("*.md")} - named == {DOCS / "index.md"}
