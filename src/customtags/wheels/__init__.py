"""Wheels: one reader (`wheel`), one writer (`edit`, `writer`), and the retagging that uses both."""
