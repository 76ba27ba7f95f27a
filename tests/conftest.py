"""What all tests share."""

from __future__ import annotations

import pytest
from hypothesis import settings

from needs import lacking

# How long an example takes says more about the machine than about the code.
settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "requires(fulfilled, what): run only where a condition holds (tests/needs.py)"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test before its fixtures are made, or fail it in CI."""
    for mark in item.iter_markers("requires"):
        fulfilled, what = mark.args
        if not fulfilled:
            lacking(what)
