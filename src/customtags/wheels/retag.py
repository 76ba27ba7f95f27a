"""Retagging: a wheel gets other platforms, another local version or another build tag.

What is refused: a name that no machine would look for, that every machine would take, or for machines that the wheel was not
built for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from customtags.errors import TagError, WheelError
from customtags.machine.dimensions import builtin
from customtags.tags import naming, parse
from customtags.wheels import filename, metadata
from customtags.wheels.edit import Edit, edit
from customtags.wheels.verify import verify
from customtags.wheels.wheel import Wheel
from customtags.wheels.writer import write

if TYPE_CHECKING:
    from customtags.machine.spec import Page
    from customtags.wheels.filename import FileName

__all__ = ["NewTags", "plan", "renamed", "retag"]

#: How platforms begin (https://packaging.python.org/specifications/platform-compatibility-tags/).
_SYSTEMS = (
    *("any", "linux_", "manylinux", "musllinux_", "macosx_", "win32", "win_", "ios_", "android_"),
    *("emscripten_", "pyodide_", "pyemscripten_", "wasi_", "freebsd_", "openbsd_", "netbsd_"),
)


class NewTags(NamedTuple):
    """The tags that one wheel is to get, and what is allowed on the way.

    :ivar platforms: of the name, as in ``["linux_x86_64_v3_fc39"]``; None keeps them
    :ivar local: the local version (PEP 440), as in ``"fc39.rocm6.0"``; empty for none, None keeps it
    :ivar build: the build tag; empty for none, None keeps it
    :ivar folder: where the result is placed; None for beside the wheel
    :ivar verify: check the hash of every file
    :ivar unknown: allow segments of no known dimension
    :ivar force: allow names for machines that the wheel was not built for
    :ivar trust_name: allow a wheel whose WHEEL has other platforms than its name
    :ivar pages: the dimensions; None for the built-in ones
    :ivar fix_requires: let requirements of one local version accept every one
    :ivar interpreter: the Python and ABI tags, as in ``"cp310-abi3"``; None keeps them
    """

    platforms: Sequence[str] | None = None
    local: str | None = None
    build: str | None = None
    folder: Path | None = None
    verify: bool = False
    unknown: bool = False
    force: bool = False
    trust_name: bool = False
    pages: Sequence[Page] | None = None
    fix_requires: bool = False
    interpreter: str | None = None


def retag(  # noqa: PLR0913 - each is an option of its own, and has a default
    wheel: Path,
    *,
    platforms: Sequence[str] | None,
    local: str | None = None,
    build: str | None = None,
    folder: Path | None = None,
    verify: bool = False,
    unknown: bool = False,
    force: bool = False,
    trust_name: bool = False,
    pages: Sequence[Page] | None = None,
    remove: bool = False,
) -> Path:
    """Write a wheel with other tags; `NewTags` and `write` describe the options.

    :returns: the new wheel
    :raises CustomtagsError: it is refused, and nothing is written
    """
    request = NewTags(platforms, local, build, folder, verify, unknown, force, trust_name, pages)
    return write(plan(wheel, request), remove=remove)


def plan(path: Path, request: NewTags) -> Edit:
    """Check a wheel and a request, and return what the wheel becomes; only the disk can refuse that.

    :raises WheelError: the wheel is damaged, contradicts itself, or would be broken
    :raises TagError: a platform is not valid
    """
    old = filename.parse(path.name)
    new = renamed(old, request)
    wheel = Wheel(path)
    wheel.check(trust_name=request.trust_name)
    if request.verify:
        verify(wheel)
    contents = {}
    if request.fix_requires:
        described = wheel.own("METADATA")
        contents[described] = metadata.with_public_requirements(wheel.read(described))
    return edit(wheel, new, contents, request.folder)


def renamed(old: FileName, request: NewTags) -> FileName:
    """Return the name that a wheel gets.

    :raises WheelError: the wheel was not built for that, or the local version or build tag is not valid
    :raises TagError: a platform is not valid
    """
    new = old
    if request.platforms:
        platforms = [each for given in request.platforms for each in given.split(".")]
        _check_platforms(platforms, request)
        new = new._replace(platform=filename.compressed(platforms))
    if request.interpreter:
        python, _, abi = request.interpreter.partition("-")
        new = new._replace(python=python, abi=abi)
    if request.local is not None:
        public = old.version.partition("+")[0]
        new = new._replace(version=public + _local(old, request.local))
    if request.build is not None:
        if not re.fullmatch(r"(\d[A-Za-z0-9_.]*)?", request.build):
            why = f"cannot have the build tag {request.build!r}"
            raise WheelError(str(old), why, "begin with a digit, as in 1 or 8_el9")
        new = new._replace(build=request.build or None)
    if not request.force:
        _refuse_other_machines(old, new)
    return new


def _check_platforms(platforms: Sequence[str], request: NewTags) -> None:
    extended = set()
    for tag in platforms:
        if tag[:1].isdigit():
            cure = "write rocm6_0 for rocm6.0, and each of several platforms by itself"
            raise TagError(tag, "is not a platform: a dot separates platforms in a name", cure)
        base, segments = parse(tag)
        if not re.fullmatch("[a-z0-9_]+", base):
            raise TagError(tag, "is not a platform", "use a-z, 0-9 and _ only")
        if not base.startswith(_SYSTEMS) and not request.unknown:
            raise TagError(tag, "is not a platform of any system", "write it as linux_x86_64_v3")
        naming.check(tag, request.pages or builtin(), unknown=request.unknown)
        extended.add(bool(segments))
    if len(extended) != 1:
        why = "mixes extended and stock tags: a pip without customtags would take it by the latter"
        raise TagError(".".join(platforms), why, "make two wheels of it")


def _refuse_other_machines(old: FileName, new: FileName) -> None:
    """Refuse a name for machines that the wheel cannot have been built for."""
    if "any" in old.platforms and old.platform != new.platform:
        why = "runs on any platform: nothing in it requires another name"
        raise WheelError(str(old), why, "leave it, or --force it")
    built, named = ({_arch(each) for each in name.platforms} for name in (old, new))
    if not named <= built:
        why = f"is built for {', '.join(sorted(built))}, not for {', '.join(sorted(named - built))}"
        raise WheelError(str(old), why, "name its own architecture, or --force it")


def _arch(platform: str) -> str:
    """Return the architecture of a platform of Linux, or another platform as a whole."""
    base, _ = parse(platform)
    linux = base.startswith(("linux_", "manylinux", "musllinux"))
    return naming.arch(base) if linux else base


def _local(wheel: FileName, local: str) -> str:
    """Return the end of a version with a local one, spelled as PEP 440 normalizes it."""
    if not local:
        return ""
    from packaging.version import InvalidVersion, Version

    try:
        return f"+{Version(f'0+{local}').local}"
    except InvalidVersion as error:
        why = f"cannot have the local version {local!r}"
        raise WheelError(str(wheel), why, "use letters and digits, as in fc39.rocm6.0") from error
