"""The public functions; `customtags` loads them on first use.

They return the types of `customtags.results`. Those are imported where a value of one is made, because the module
``typing`` would take longer to import than a machine takes to detect.
"""

from __future__ import annotations

import os

from customtags import machine, tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from customtags.audit.report import Report
    from customtags.machine.host import Host
    from customtags.results import Extended, Parsed, Profile

__all__ = ["audit_wheel", "detect", "extend", "format", "parse", "read_profile"]


def parse(tag: str) -> Parsed:
    """Split a platform tag into its base and its segments.

    A tag of another system than Linux is a base without segments.

    >>> parse("linux_x86_64_v3_fc39_rocm6_0")
    Parsed(base='linux_x86_64', segments=('v3', 'fc39', 'rocm6_0'))

    :raises TagError: the tag is not in the grammar
    """
    from customtags.results import Parsed

    return Parsed(*tags.parse(tag))


def format(base: str, segments: Iterable[str]) -> str:
    """Join a base and segments to a platform tag.

    >>> format("linux_x86_64", ["v3", "fc39"])
    'linux_x86_64_v3_fc39'

    :raises TagError: the tag would not be in the grammar
    """
    return tags.format(base, segments)


def detect(host: Host | None = None) -> Profile:
    """Detect what a machine is: overrides of the environment and the configuration first, then what its files and drivers say.

    :param host: by default the running machine; ``Host("/mnt/image")`` for one whose files lie below a folder
    :raises CustomtagsError: an override is not valid, or a source exists and is not readable
    """
    profile: Profile = machine.detect(host)  # type: ignore[assignment] # JSON, of the shape that the schema checks
    return profile


def read_profile(path: str | os.PathLike[str]) -> Profile:
    """Read a profile, as ``customtags detect -o FILE`` writes it.

    :raises ProfileError: the file is missing or is not a profile that this release understands
    """
    profile: Profile = machine.read_profile(os.fspath(path))  # type: ignore[assignment] # as above
    return profile


def extend(stock: Sequence[str], profile: Profile, *, limit: int | None = None) -> Extended:
    """Return the extended tags that a machine accepts, best first.

    >>> extend(["manylinux_2_17_x86_64", "linux_x86_64"], {"distro": {"segment": "fc39"}})
    Extended(tags=['linux_x86_64_fc39'], dropped=0)

    :param stock: the stock tags of the machine, best first; without ``linux_ARCH`` there are no extended ones
    :param profile: of the machine, as `detect` and `read_profile` return it
    :param limit: the most tags; by default all
    """
    from customtags.machine.settings import Settings
    from customtags.results import Extended

    return Extended(*machine.extend(stock, {**profile}, Settings({}, limit=limit)))


def audit_wheel(
    path: str | os.PathLike[str],
    *,
    only: Sequence[str] = (),
    full: bool = False,
    dispatched: Sequence[str] = (),
) -> Report:
    """Compare what a wheel contains with what its name claims, as ``customtags audit`` does.

    It runs in the calling process, and reads nothing but the wheel and the installed distributions: any number of processes
    can audit at the same time.

    :param only: the checks to run and the codes to report; by default all
    :param full: read every function instead of a sample of each file
    :param dispatched: patterns (`fnmatch`) of files in the wheel and of functions that are chosen at run time
    :raises CustomtagsError: the file is not a wheel, or a check requires a package that is not installed
    """
    from pathlib import Path

    from customtags.audit.report import Auditor

    return Auditor(only, full=full, dispatched=dispatched).report(Path(path))
