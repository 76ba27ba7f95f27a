"""The hooks: the wrapped back end builds in an environment that asks for the level, and its wheel gets the name that says so."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Optional

from customtags import machine
from customtags.building import compilers, inner, prepared, project, request, stale
from customtags.errors import BuildError, CustomtagsError, printable
from customtags.machine.dimensions import builtin
from customtags.tags import naming
from customtags.wheels import filename
from customtags.wheels.retag import retag

__all__ = ["Wrapper", "offer"]

Given = Optional[request.Settings]


def offer(name: str) -> Callable[..., Any]:
    """Give a hook, if the wrapped back end has it too.

    :raises AttributeError: it has it not, and the front end does without
    """
    with _one_line():
        folder = Path.cwd()  # where front ends run hooks is the project
        decided = project.read(folder)
        wrapper = Wrapper(inner.load(decided, folder), decided)
    if not hasattr(wrapper.backend, name) or not hasattr(wrapper, name):
        raise AttributeError(f"the wrapped build back end has no {name!r}")
    hook = getattr(wrapper, name)

    @functools.wraps(hook)
    def call(*arguments: Any, **named: Any) -> Any:
        with _one_line():
            return hook(*arguments, **named)

    return call


class Wrapper(NamedTuple):
    """A back end and what its project decided; its methods are hooks (PEP 517, PEP 660)."""

    backend: Any
    project: project.Project

    def get_requires_for_build_wheel(self, config_settings: Given = None) -> list[str]:
        """Ask what a wheel needs to be built."""
        with self._reading(config_settings) as settings:
            return list(self.backend.get_requires_for_build_wheel(settings))

    def get_requires_for_build_editable(self, config_settings: Given = None) -> list[str]:
        """Ask the same for an editable installation."""
        with self._reading(config_settings) as settings:
            return list(self.backend.get_requires_for_build_editable(settings))

    def get_requires_for_build_sdist(self, config_settings: Given = None) -> list[str]:
        """Ask the same for an sdist."""
        with self._reading(config_settings) as settings:
            return list(self.backend.get_requires_for_build_sdist(settings))

    def build_sdist(self, sdist_directory: str, config_settings: Given = None) -> str:
        """Build what is the same for all machines."""
        with self._reading(config_settings) as settings:
            return str(self.backend.build_sdist(sdist_directory, settings))

    def prepare_metadata_for_build_wheel(
        self, metadata_directory: str, config_settings: Given = None
    ) -> str:
        """Prepare metadata with the version that the wheel will have."""
        with self._compiling(config_settings) as wanted:
            name: str = self.backend.prepare_metadata_for_build_wheel(
                metadata_directory, wanted.settings
            )
        folder = Path(metadata_directory)
        return prepared.with_local(folder, name, wanted.local) if wanted.local else name

    def prepare_metadata_for_build_editable(
        self, metadata_directory: str, config_settings: Given = None
    ) -> str:
        """Prepare metadata; an editable installation keeps its version."""
        with self._compiling(config_settings, anew=False) as wanted:
            name = self.backend.prepare_metadata_for_build_editable(
                metadata_directory, wanted.settings
            )
        return str(name)

    def build_editable(
        self,
        wheel_directory: str,
        config_settings: Given = None,
        metadata_directory: str | None = None,
    ) -> str:
        """Compile as asked; the wheel never leaves this machine, and keeps its name."""
        with self._compiling(config_settings, anew=False) as wanted:
            name = self.backend.build_editable(wheel_directory, wanted.settings, metadata_directory)
        return str(name)

    def build_wheel(
        self,
        wheel_directory: str,
        config_settings: Given = None,
        metadata_directory: str | None = None,
    ) -> str:
        """Build a wheel that is what is asked, and says so; with nothing asked, the wrapped back end's as it is."""
        with self._compiling(config_settings) as wanted:
            given = prepared.own(metadata_directory) if wanted.local else metadata_directory
            if not wanted and not self.project.audit:
                return str(self.backend.build_wheel(wheel_directory, wanted.settings, given))
            with tempfile.TemporaryDirectory(prefix=".customtags-", dir=wheel_directory) as folder:
                built = Path(folder, self.backend.build_wheel(folder, wanted.settings, given))
                named = _named(built, wanted) if wanted else built
                if wanted and metadata_directory:
                    prepared.compare(named, metadata_directory)
                if self.project.audit:
                    _refuse_false_claims(named)
                return named.replace(Path(wheel_directory, named.name)).name

    @contextmanager
    def _reading(self, settings: Given) -> Iterator[dict[str, Any]]:
        """Take our settings out for a hook that compiles nothing."""
        wanted = request.read(settings, os.environ, self.project.variants)
        with _environment(wanted.environment):
            yield wanted.settings

    @contextmanager
    def _compiling(self, settings: Given, *, anew: bool = True) -> Iterator[request.Asked]:
        """Say what is asked, in an environment in which compilers are told so.

        :param anew: keep no folder of objects for the next build
        """
        wanted = request.read(settings, os.environ, self.project.variants)
        with ExitStack() as stack:
            stack.enter_context(_environment(wanted.environment))
            base = _base(wanted)
            wanted = wanted.resolved(base, functools.partial(_ladders, base))
            changes = _told(base, wanted) if "isa" in wanted.values else {}
            if wanted.values:
                stack.enter_context(stale.aged(Path.cwd()))
            if wanted.values and anew:
                stale.refuse(wanted.settings, wanted)
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="customtags-"))
                changes.update(stale.environment(Path(folder)))
            stack.enter_context(_environment(changes))
            yield wanted


def _base(wanted: request.Asked) -> str:
    """Name the platform that this interpreter builds for."""
    base = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    if wanted.values and not base.startswith("linux_"):
        raise BuildError(f"{wanted} on {base!r}: such names are for Linux", "ask for nothing here")
    return base


def _ladders(base: str) -> Mapping[str, Sequence[str]]:
    return machine.ladders(machine.detect(), naming.arch(base))


def _told(base: str, wanted: request.Asked) -> dict[str, str]:
    """Give the flags of the level that the name will have."""
    _, runs = naming.runs(wanted.platforms([base])[0], builtin())
    (level,) = (run.text for run in runs if run.dimension == "isa")
    return compilers.environment(os.environ, naming.arch(base), level, wanted.settings)


def _named(built: Path, wanted: request.Asked) -> Path:
    """Give a wheel the name that says what it was asked to be."""
    name = filename.parse(built.name)
    if wanted.values and "any" in name.platforms:
        why = f"{built.name!r} runs on any platform, whatever {wanted} says"
        raise BuildError(why, "ask for nothing, for this project compiles nothing")
    platforms = wanted.platforms(name.platforms) if wanted.values else None
    folder = built.parent / "named"
    # What was said by dimension was checked when it was made into a name.
    return retag(built, platforms=platforms, local=wanted.local, folder=folder, unknown=True)


def _refuse_false_claims(wheel: Path) -> None:
    """Hold a wheel to its name, where the project wants that."""
    from customtags.audit import CHECKS, FALSE, audit, declared, isa

    patterns = declared.dispatched(Path("pyproject.toml"))
    checks = dict(CHECKS)
    checks[isa.NAME] = functools.partial(isa.check, full=True, dispatched=patterns)
    false = [finding for finding in audit(wheel, checks) if finding.severity == FALSE]
    for finding in false:
        line = f"{finding.code}: {finding.says}; {finding.cure}"
        print(f"customtags: {printable(line)}", file=sys.stderr)
    if false:
        count = "a false claim" if len(false) == 1 else f"{len(false)} false claims"
        raise BuildError(f"{wheel.name!r} makes {count}", "what is wrong stands above")


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Change this process's environment for a while."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _one_line() -> Iterator[None]:
    """End the process with one line instead of a traceback where the user can put it right."""
    try:
        yield
    except CustomtagsError as error:
        raise SystemExit(f"customtags: {error}") from None
