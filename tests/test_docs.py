"""The documentation tells the truth: what it shows of Python is run."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if ">>> " in page.read_text("utf-8")]


def examples(page: Path) -> list[doctest.Example]:
    """Give the examples of a page's blocks; a block's fence is no output."""
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
def test_the_examples_of_a_page(page: Path) -> None:
    source = examples(page)
    test = doctest.DocTest(source, {}, page.name, str(page), 0, None)
    report: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF).run(test, out=report.append)
    assert not result.failed, "".join(report)
    assert result.attempted == len(source) > 0


def test_pages_have_examples() -> None:
    assert DOCS / "grammar.md" in PAGES
