"""What scripts write into pages stands between marks, and nothing else of a page is lost."""

from __future__ import annotations

import pytest

from marks import filled


def test_text_is_written_between_marks_alone() -> None:
    page = "a\n<!-- part x y -->\nold\n<!-- end -->\nb\n<!-- other z -->\nc\n<!-- end -->\n"
    made = filled(page, "part", lambda words, old: f"{words}: {old.strip()}")
    assert made == page.replace("old\n", "\nx y: old\n\n")


def test_a_mark_without_an_end_is_refused() -> None:
    page = "<!-- part x -->\n## Lost\n<!-- part y -->\n<!-- end -->\n"
    with pytest.raises(ValueError, match="'<!-- part x -->' has no '<!-- end -->'"):
        filled(page, "part", lambda words, _: words)
