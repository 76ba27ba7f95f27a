"""The page of what works is what the tests' rows say."""

from __future__ import annotations

from real import table
from real.environments import PROJECT


def test_the_committed_page_is_the_one_that_the_rows_make() -> None:
    page = (PROJECT / "docs" / "explanation" / "where-it-works.md").read_text(encoding="utf-8")
    assert page == table.page(), (
        "run: python tests/real/table.py > docs/explanation/where-it-works.md"
    )
