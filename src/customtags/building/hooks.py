"""The hooks: the wrapped back end builds in an environment that sets the ISA level, and its wheel gets the matching tags."""

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
from customtags.building import compilers, inner, prepared, project, reason, stale
from customtags.building.request import BuildRequest, Settings, read_request
from customtags.errors import BuildError, CustomtagsError, printable
from customtags.machine.dimensions import builtin
from customtags.tags import naming
from customtags.wheels import filename
from customtags.wheels.retag import retag

__all__ = ["Wrapper", "offer"]

Given = Optional[Settings]


def offer(name: str) -> Callable[..., Any]:
    """Return a hook, if the wrapped back end has it too.

    :raises AttributeError: the wrapped back end lacks it
    """
    with _one_line():
        folder = Path.cwd()  # front ends run hooks in the project's folder
        table = project.read(folder)
        wrapper = Wrapper(inner.load(table, folder), table)
    if not hasattr(wrapper.backend, name) or not hasattr(wrapper, name):
        raise AttributeError(f"the wrapped build back end has no {name!r}")
    hook = getattr(wrapper, name)

    @functools.wraps(hook)
    def call(*arguments: Any, **named: Any) -> Any:
        with _one_line():
            return hook(*arguments, **named)

    return call


class Wrapper(NamedTuple):
    """A back end and the settings of its project; the methods are hooks (PEP 517, PEP 660)."""

    backend: Any
    project: project.Project

    def get_requires_for_build_wheel(self, config_settings: Given = None) -> list[str]:
        """Return the build requirements of a wheel."""
        with self._reading(config_settings) as settings:
            return list(self.backend.get_requires_for_build_wheel(settings))

    def get_requires_for_build_editable(self, config_settings: Given = None) -> list[str]:
        """Return the build requirements of an editable installation."""
        with self._reading(config_settings) as settings:
            return list(self.backend.get_requires_for_build_editable(settings))

    def get_requires_for_build_sdist(self, config_settings: Given = None) -> list[str]:
        """Return the build requirements of an sdist."""
        with self._reading(config_settings) as settings:
            return list(self.backend.get_requires_for_build_sdist(settings))

    def build_sdist(self, sdist_directory: str, config_settings: Given = None) -> str:
        """Build an sdist, which is the same for all machines."""
        with self._reading(config_settings) as settings:
            return str(self.backend.build_sdist(sdist_directory, settings))

    def prepare_metadata_for_build_wheel(
        self, metadata_directory: str, config_settings: Given = None
    ) -> str:
        """Prepare metadata with the version that the wheel will have."""
        with self._compiling(config_settings) as request:
            name: str = self.backend.prepare_metadata_for_build_wheel(
                metadata_directory, request.settings
            )
        folder = Path(metadata_directory)
        return prepared.with_local(folder, name, request.local) if request.local else name

    def prepare_metadata_for_build_editable(
        self, metadata_directory: str, config_settings: Given = None
    ) -> str:
        """Prepare metadata; an editable installation keeps its version."""
        with self._compiling(config_settings, anew=False) as request:
            name = self.backend.prepare_metadata_for_build_editable(
                metadata_directory, request.settings
            )
        return str(name)

    def build_editable(
        self,
        wheel_directory: str,
        config_settings: Given = None,
        metadata_directory: str | None = None,
    ) -> str:
        """Compile for the requested level; the wheel stays on this machine, and keeps its name."""
        with self._compiling(config_settings, anew=False) as request:
            name = self.backend.build_editable(
                wheel_directory, request.settings, metadata_directory
            )
        return str(name)

    def build_wheel(
        self,
        wheel_directory: str,
        config_settings: Given = None,
        metadata_directory: str | None = None,
    ) -> str:
        """Build a wheel with the requested tags; without a request, the wrapped back end's wheel is unchanged."""
        with self._compiling(config_settings) as request:
            given = prepared.own(metadata_directory) if request.local else metadata_directory
            if not request and not self.project.audit:
                return str(self.backend.build_wheel(wheel_directory, request.settings, given))
            with tempfile.TemporaryDirectory(prefix=".customtags-", dir=wheel_directory) as folder:
                built = Path(folder, self.backend.build_wheel(folder, request.settings, given))
                named = _named(built, request) if request else built
                if request and metadata_directory:
                    prepared.compare(named, metadata_directory)
                if self.project.audit:
                    _refuse_false_claims(named)
                return named.replace(Path(wheel_directory, named.name)).name

    @contextmanager
    def _reading(self, settings: Given) -> Iterator[dict[str, Any]]:
        """Yield the settings for the wrapped back end, for a hook that compiles nothing."""
        request = read_request(settings, os.environ, self.project.variants)
        with _environment(request.environment):
            yield request.settings

    @contextmanager
    def _compiling(self, settings: Given, *, anew: bool = True) -> Iterator[BuildRequest]:
        """Yield the request, in an environment that sets the compilers' flags.

        :param anew: compile in a folder that is removed after the build
        """
        request = read_request(settings, os.environ, self.project.variants)
        own = os.environ.keys() - request.environment.keys()
        with ExitStack() as stack:
            stack.enter_context(_environment(request.environment))
            base = _base(request)
            request = request.resolved(base, functools.partial(_ladders, base))
            changes = _flags(base, request)
            if not (self.project.backend or "").startswith(compilers.OPTIMIZING):
                given = {**request.environment, **changes}
                ours = {name: value for name, value in given.items() if name not in own}
                changes |= compilers.with_pythons(ours, sysconfig.get_config_var("CFLAGS") or "")
            if request.values:
                stack.enter_context(stale.aged(Path.cwd()))
            if request.values and anew:
                stale.refuse(request.settings, request)
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="customtags-"))
                changes.update(stale.environment(Path(folder)))
            stack.enter_context(_environment(changes))
            yield request


def _base(request: BuildRequest) -> str:
    """Return the platform that this interpreter builds for."""
    base = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    if request.values and not base.startswith("linux_"):
        raise BuildError(
            f"{request} on {base!r}: extended tags are for Linux only", "build without them"
        )
    return base


def _ladders(base: str) -> Mapping[str, Sequence[str]]:
    return machine.ladders(machine.detect(), naming.arch(base))


def _flags(base: str, request: BuildRequest) -> dict[str, str]:
    """Return the variables with the flags of the level that the name will have; none if it will have no level.

    :raises BuildError: the environment or the settings select other instructions than the name will claim
    """
    arch = naming.arch(base)
    if "isa" not in request.values:
        if (request.values or request.variant) and base.startswith("linux_"):
            compilers.refuse_above_baseline(os.environ, arch, request.settings)
        return {}
    _, runs = naming.runs(request.platforms([base])[0], builtin())
    (level,) = (run.text for run in runs if run.dimension == "isa")
    return compilers.variables(os.environ, arch, level, request.settings)


def _named(built: Path, request: BuildRequest) -> Path:
    """Write a wheel with the requested tags."""
    name = filename.parse(built.name)
    if request.values and "any" in name.platforms:
        why = f"{built.name!r} runs on any platform, so {request} cannot apply"
        raise BuildError(why, "build it without: the project compiles nothing")
    platforms = request.platforms(name.platforms) if request.values else None
    folder = built.parent / "named"
    # The segments were checked when the platforms were made.
    return retag(built, platforms=platforms, local=request.local, folder=folder, unknown=True)


def _refuse_false_claims(wheel: Path) -> None:
    """Refuse a wheel whose audit finds a false claim."""
    from customtags.audit import CHECKS, audit, declared, instructions
    from customtags.audit.finding import FALSE

    patterns = declared.dispatched(Path("pyproject.toml"))
    checks = dict(CHECKS)
    checks[instructions.NAME] = functools.partial(
        instructions.check, full=True, dispatched=patterns
    )
    false = [finding for finding in audit(wheel, checks) if finding.severity == FALSE]
    for finding in false[1:]:
        line = f"{finding.code}: {finding.sentence}; {finding.cure}"
        print(f"customtags: {printable(line)}", file=sys.stderr)
    if false:
        count = "a false claim" if len(false) == 1 else f"{len(false)} false claims, the first is"
        why = f"{wheel.name!r} makes {count}: {false[0].code}: {false[0].sentence}"
        raise BuildError(why, false[0].cure)


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process, and restore them afterwards."""
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
    """End the process with one line instead of a traceback if the user can correct the error."""
    try:
        yield
    except CustomtagsError as error:
        reason.write(error, os.environ)
        raise SystemExit(f"customtags: {printable(str(error))}") from None
