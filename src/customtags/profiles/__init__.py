"""Profiles: the facts of one machine in a file, for use on another."""

from __future__ import annotations

from customtags.errors import ProfileError
from customtags.machine import documents
from customtags.machine.dimensions import facts_of
from customtags.profiles import interpreter
from customtags.tags import stock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from customtags.machine.spec import Page, Profile

__all__ = ["read"]

#: The version of the profiles that this release writes, and the latest that it reads.
VERSION = 1


def read(path: str, pages: Iterable[Page]) -> Profile:
    """Read the facts of a machine from a file.

    :param pages: the pages that must accept their facts
    :raises ProfileError: the file cannot be read, is not a profile, or is of a later version
    """
    again = "write it with 'customtags detect -o FILE' on that machine"
    try:
        profile = documents.read_json(path)
    except OSError as error:
        raise ProfileError(path, f"cannot be read ({error.strerror})", again) from error
    except ValueError as error:
        raise ProfileError(path, f"is not valid JSON ({error})", again) from error
    version = profile.get("version") if isinstance(profile, dict) else None
    if not isinstance(version, int):
        raise ProfileError(path, "has no 'version', so it is not a profile", again)
    if version > VERSION:
        raise ProfileError(
            path,
            f"has version {version}, and this release reads up to {VERSION}",
            "upgrade with 'pip install -U customtags'",
        )
    name = "platform"
    try:
        if profile.setdefault(name, {}):
            stock.tags(profile[name])
            name = "platform.python"
            for python in profile["platform"].get("python", ()):
                interpreter.read(python)
        name = "source"
        "".join(filter(None, profile.setdefault(name, {}).values()))
        for page in pages:
            name = page.NAME
            facts = facts_of(profile, page)
            if facts is not None:
                page.ladder(facts)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ProfileError(path, f"has a value of the wrong kind under {name!r}", again) from error
    checked: Profile = profile
    return checked
