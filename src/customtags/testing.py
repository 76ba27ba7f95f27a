"""The test kit for third parties: a machine made of text, and a check of a dimension's page (docs/how-to/write-a-dimension.md)."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from customtags.errors import FactError
from customtags.machine.host import Host
from customtags.machine.plugins import fault_of_page, fault_of_segments

if TYPE_CHECKING:
    from customtags.machine.spec import Page

__all__ = ["FakeHost", "check_dimension"]


class FakeHost(Host):
    """A machine that consists of the given files.

    :param files: path → text, or the exception that reading it raises; folders follow from the paths
    :param variables: the environment variables
    :param arch: the architecture, as ``uname -m`` prints it
    :param installed: the installed distributions, name → version
    """

    def __init__(
        self,
        files: Mapping[str, str | OSError] | None = None,
        variables: Mapping[str, str] | None = None,
        arch: str | None = "x86_64",
        installed: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__("/nonexistent/customtags", live=False)
        self._files = files or {}
        self._variables = variables or {}
        self._arch = arch
        self._installed = installed or {}

    def read(self, path: str, limit: int = 65536) -> str | None:
        """Return the beginning of a file, None if it does not exist."""
        content = self._files.get(path)
        if isinstance(content, OSError):
            raise FactError(path, f"cannot be read ({content.strerror})", "make it readable")
        return None if content is None else content[:limit]

    def glance(self, path: str, limit: int = 65536) -> str | None:
        """Return the beginning of a file, None if it does not exist or is not readable."""
        with contextlib.suppress(FactError):
            return self.read(path, limit)
        return None

    def names(self, path: str) -> list[str]:
        """Return the sorted names in a folder."""
        folder = f"{path.rstrip('/')}/"
        below = (each[len(folder) :] for each in self._files if each.startswith(folder))
        return sorted({each.split("/")[0] for each in below})

    def exists(self, path: str) -> bool:
        """Return whether a file or folder exists."""
        return path in self._files or bool(self.names(path))

    def variable(self, name: str) -> str | None:
        """Return the value of an environment variable, None if it is not set."""
        return self._variables.get(name)

    def arch(self) -> str | None:
        """Return the architecture."""
        return self._arch

    def installed(self, name: str) -> str | None:
        """Return the version of a distribution, None if it is not installed."""
        return self._installed.get(name)

    def installed_text(self, name: str, path: str) -> str | None:
        """Return the beginning of a file of an installed distribution, which lies below ``/NAME.dist-info``."""
        return self.glance(os.path.normpath(f"/{name}.dist-info/{path}"))


def check_dimension(
    page: Page | ModuleType, hosts: Iterable[Host] = (), overrides: Iterable[str] = ()
) -> list[list[str]]:
    """Check that a page keeps the contract, and return the ladders of the hosts and then of the overrides.

    :param hosts: machines on which a probe must find facts; on an empty machine none may
    :param overrides: valid values of the page's setting
    :raises AssertionError: the page breaks the contract; the message says how
    """
    fault = fault_of_page(page, getattr(page, "NAME", ""))
    _require(fault is None, f"the page {fault}")
    output = io.StringIO()
    ladders = []
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        _require(_probe(page, FakeHost()) is None, "finds facts on an empty machine")
        for host in hosts:
            facts = _probe(page, host)
            _require(facts is not None, f"finds no facts on {vars(host)}")
            ladders.append(_check_facts(page, facts))
        for value in overrides:
            facts = page.override(value, "x86_64")
            _require(facts is not None, f"does not accept the override {value!r}")
            ladders.append(_check_facts(page, facts))
        for value in ("", "\N{SNOWMAN}"):
            with contextlib.suppress(ValueError):
                _require(page.override(value, None) is None, f"accepts the override {value!r}")
    text = output.getvalue()
    _require(not text, f"prints {text!r}; programs that parse the output of pip would fail")
    return ladders


def _require(fulfilled: bool, fault: str) -> None:
    """Raise AssertionError unless a condition holds, with ``python -O`` too."""
    if not fulfilled:
        raise AssertionError(fault)


def _probe(page: Any, host: Host) -> Any | None:
    answers = (probe(host) for probe in page.PROBES.values())
    return next((facts for facts in answers if facts is not None), None)


def _check_facts(page: Any, facts: Any) -> list[str]:
    before = json.dumps(facts, default=repr)
    _require(isinstance(facts, dict), f"returns the facts {facts!r}, which are no dict")
    _require(json.loads(before) == facts, f"returns the facts {facts!r}, which are no plain JSON")
    segments: list[str] = list(page.ladder(facts))
    for segment in segments:
        fault = fault_of_segments(segment)
        _require(fault is None, f"the ladder {fault}")
    _require(len(set(segments)) == len(segments), f"repeats a segment in {segments}")
    again = list(page.ladder(json.loads(before)))
    _require(segments == again, "returns another ladder for the same facts")
    words = page.describe(facts)
    _require(isinstance(words, str), f"describes facts by {words!r}, which is no text")
    _require("\n" not in words, f"describes facts by {words!r}, which is more than one line")
    _require(json.dumps(facts) == before, "changes the facts")
    return segments
