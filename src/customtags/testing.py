"""For third parties: a machine made of text, and a check that a page keeps the contract (docs/third-parties.md)."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from customtags.errors import FactError
from customtags.machine.host import Host
from customtags.machine.plugins import fault_of_page, fault_of_segments

__all__ = ["FakeHost", "check_dimension"]


class FakeHost(Host):
    """A machine with these files and nothing else.

    :param files: path → text, or an exception that reading it raises; folders are those that are on the way
    :param variables: of the environment
    :param arch: in the words of ``uname -m``
    :param installed: the distributions of the environment, name → version
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
        """Give the beginning of a file."""
        content = self._files.get(path)
        if isinstance(content, OSError):
            raise FactError(path, f"cannot be read ({content.strerror})", "make it readable")
        return None if content is None else content[:limit]

    def glance(self, path: str, limit: int = 65536) -> str | None:
        """Give the same, but None where it can't be read, too."""
        with contextlib.suppress(FactError):
            return self.read(path, limit)
        return None

    def names(self, path: str) -> list[str]:
        """Give the sorted names in a folder."""
        folder = f"{path.rstrip('/')}/"
        below = (each[len(folder) :] for each in self._files if each.startswith(folder))
        return sorted({each.split("/")[0] for each in below})

    def exists(self, path: str) -> bool:
        """Tell whether there is such a file or folder."""
        return path in self._files or bool(self.names(path))

    def variable(self, name: str) -> str | None:
        """Give an environment variable."""
        return self._variables.get(name)

    def arch(self) -> str | None:
        """Give the architecture."""
        return self._arch

    def installed(self, name: str) -> str | None:
        """Give the version of an installed distribution."""
        return self._installed.get(name)


def check_dimension(
    page: Any, hosts: Iterable[Host] = (), overrides: Iterable[str] = ()
) -> list[list[str]]:
    """Hold a page to the contract, and give the ladders that follow from the hosts, then from the overrides.

    :param hosts: machines on which it must find something; on an empty one it must find nothing
    :param overrides: values of its setting that mean something
    :raises AssertionError: it breaks the contract; the message says how
    """
    fault = fault_of_page(page, getattr(page, "NAME", ""))
    _demand(fault is None, f"the page {fault}")
    said = io.StringIO()
    ladders = []
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        _demand(_observe(page, FakeHost()) is None, "finds something on an empty machine")
        for host in hosts:
            facts = _observe(page, host)
            _demand(facts is not None, f"finds nothing on {vars(host)}")
            ladders.append(_check_facts(page, facts))
        for value in overrides:
            facts = page.override(value, "x86_64")
            _demand(facts is not None, f"does not know the override {value!r}")
            ladders.append(_check_facts(page, facts))
        for value in ("", "\N{SNOWMAN}"):
            with contextlib.suppress(ValueError):
                _demand(page.override(value, None) is None, f"takes the override {value!r}")
    _demand(not said.getvalue(), f"prints {said.getvalue()!r}, which breaks whoever reads from pip")
    return ladders


def _demand(fine: bool, fault: str) -> None:
    """Assert, with ``python -O`` too."""
    if not fine:
        raise AssertionError(fault)


def _observe(page: Any, host: Host) -> Any | None:
    answers = (probe(host) for probe in page.PROBES.values())
    return next((facts for facts in answers if facts is not None), None)


def _check_facts(page: Any, facts: Any) -> list[str]:
    before = json.dumps(facts, default=repr)
    _demand(isinstance(facts, dict), f"gives {facts!r}, which is no dict")
    _demand(json.loads(before) == facts, f"gives {facts!r}, which is no plain JSON")
    segments: list[str] = list(page.ladder(facts))
    for segment in segments:
        fault = fault_of_segments(segment)
        _demand(fault is None, f"the ladder {fault}")
    _demand(len(set(segments)) == len(segments), f"repeats itself in {segments}")
    _demand(
        segments == list(page.ladder(json.loads(before))), "gives another ladder the second time"
    )
    words = page.describe(facts)
    _demand(isinstance(words, str), f"describes with {words!r}, which is no text")
    _demand("\n" not in words, f"describes with {words!r}, which is more than a line")
    _demand(json.dumps(facts) == before, "changes the facts")
    return segments
