"""What can be wrong with customtags itself: the state of the hook, its cost, and probes that disagree."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from customtags import hook
from customtags.errors import FactError
from customtags.machine import settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import ModuleType

    from customtags.machine.host import Host
    from customtags.machine.spec import Page

__all__ = [
    "OLDEST_PIP",
    "Copy",
    "Hook",
    "copies",
    "cost",
    "describe",
    "disagreements",
    "hook_state",
]

#: The oldest pip that the tests run. pip 19.3 and older ones make the list of their tags themselves.
OLDEST_PIP = "20.3.4"

#: The copy of ``packaging.tags`` that pip uses.
_OF_PIP = "pip._vendor.packaging.tags"

#: Times, in a new process, what the hook adds to the first list of platforms.
_TIMED = """
import importlib, sys, time
before = time.perf_counter()
list(importlib.import_module(sys.argv[1]).platform_tags())
print(time.perf_counter() - before)
"""


class Hook(NamedTuple):
    """The hook itself.

    :ivar installed: whether Python started it, as it does for pip
    :ivar wanted: False if a variable switches it off
    :ivar pip: whether the environment has a pip
    :ivar patched: whether the copy in that pip is patched
    :ivar start: the file that runs at start-up
    :ivar pth: the file that makes it run, None if it is missing
    :ivar engine: the file that patches
    """

    installed: bool
    wanted: bool
    pip: bool
    patched: bool
    start: str
    pth: str | None
    engine: str

    @property
    def active(self) -> bool:
        """Whether the pip of the environment, if there is one, accepts extended tags."""
        return self.installed and self.wanted and (self.patched or not self.pip)


class Copy(NamedTuple):
    """A copy of ``packaging.tags`` that the hook patches.

    :ivar file: None if it is not installed
    :ivar patched: the functions that are replaced
    :ivar by: the file that replaced them
    """

    name: str
    file: str | None
    patched: Sequence[str]
    by: str | None


class Disagreement(NamedTuple):
    """Two sources of one fact that lead to different segments."""

    page: str
    answers: dict[str, Sequence[str]]


def hook_state() -> Hook:
    """Return the state of the hook in this environment."""
    installed = _started()
    start = Path(str(_start_up().__file__))
    pth = start.with_name("customtags.pth")
    pip = importlib.util.find_spec("pip") is not None
    return Hook(
        installed=installed,
        wanted=hook.enabled(os.environ),
        pip=pip,
        patched=pip and bool(_copy(_OF_PIP).patched),
        start=str(start),
        pth=str(pth) if pth.exists() else None,
        engine=str(hook.__file__),
    )


def describe(hook: Hook) -> tuple[str, str | None]:
    """Return whether pip accepts wheels with extended tags; if not, every reason, and the cures."""
    reasons = list(_off(hook))
    if reasons:
        whys, cures = zip(*reasons)
        return " ".join(whys), ", and ".join(cures)
    return "The hook is active: pip in this environment accepts wheels with these tags.", None


def _off(hook: Hook) -> Iterator[tuple[str, str]]:
    """Yield each reason why pip accepts no extended tags, with its cure."""
    if not hook.wanted:
        name = _switch(os.environ)
        yield f"The hook is switched off by {name}={os.environ.get(name)}.", f"unset {name}"
    if not hook.installed:
        off = "The hook is not started in this environment:"
        if hook.pth is None:
            cure = "restore customtags.pth, or reinstall customtags"
            yield f"{off} no customtags.pth in {os.path.dirname(hook.start)}.", cure
        else:
            yield f"{off} Python did not run {hook.pth}.", "install customtags into site-packages"
    if hook.wanted and hook.installed and not hook.pip:
        cure = "install pip; for another installer, run 'customtags serve'"
        yield "The hook is active, but pip is not installed in this environment.", cure
    elif hook.wanted and hook.installed and not hook.patched:
        cure = f"install pip {OLDEST_PIP} or later, or upgrade customtags"
        yield f"The hook is active, but does not reach this pip: {_OF_PIP} is not patched.", cure


def _switch(environ: Mapping[str, str]) -> str:
    """Return the variable that switches the hook off: the user's, or one that marks the process of a build back end."""
    marks = (mark for mark in hook.BUILD_MARKS if mark in environ)
    return next(marks, settings.variable("disable"))


def _started() -> bool:
    return any(getattr(each, "__module__", None) == "_customtags" for each in sys.path_hooks)


def _start_up() -> ModuleType:
    """Return the start-up module, and leave the hook as Python started this process.

    An import of the module starts the hook. It is undone here where no ``.pth`` file has started the hook before, because
    pip does not import the module either.
    """
    started = _started()
    module = importlib.import_module("_customtags")
    if not started:
        module.uninstall()
    return module


def copies() -> list[Copy]:
    """Return every copy that the hook knows, imported, and whether it is patched."""
    return [_copy(name) for name in sorted(_start_up().TARGETS)]


def _copy(name: str) -> Copy:
    try:
        module = importlib.import_module(name)
    except ImportError:
        return Copy(name, None, [], None)
    patched = hook.patched(module)
    by = getattr(module, patched[0]).__code__.co_filename if patched else None
    return Copy(name, module.__file__, patched, by)


def cost(name: str) -> float:
    """Measure what the hook adds to the first list of platforms of a copy, in seconds.

    Each time is the least of five, in new processes with and without the hook in turn: whatever else happens on a
    machine only adds to a time.
    """
    times: dict[str, list[float]] = {"0": [], "1": []}
    for _ in range(5):
        for disabled, measured in times.items():
            done = subprocess.run(
                [sys.executable, "-c", _TIMED, name],
                env={**os.environ, settings.variable("disable"): disabled},
                capture_output=True,
                check=True,
            )
            measured.append(float(done.stdout))
    return max(0.0, min(times["0"]) - min(times["1"]))


def disagreements(pages: Iterable[Page], host: Host) -> list[Disagreement]:
    """Return the pages whose sources lead to different segments; every source is read, not only the first that answers."""
    found = []
    for page in pages:
        answers: dict[str, Sequence[str]] = {}
        for source, probe in page.PROBES.items():
            try:
                facts = probe(host)
            except FactError:
                continue  # a source without an answer does not disagree
            if facts is not None:
                answers[source] = page.ladder(facts)
        if len(set(map(tuple, answers.values()))) > 1:
            found.append(Disagreement(page.NAME, answers))
    return found
