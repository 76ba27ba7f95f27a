"""Remember an answer that costs time to get, per user, as long as what it hangs on stays the same.

It never raises and never waits: what can't be read, is no answer, or may be somebody else's, is no answer; what can't
be written is asked again next time.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["folder", "kept", "read", "write"]

#: More than any answer needs.
LIMIT = 65536

#: Others may write: then they may also have written what is there.
ANYONE = 0o002


def folder() -> str | None:
    """Give the folder of the answers, None if this user can have none.

    https://specifications.freedesktop.org/basedir-spec: a path that is not absolute counts as not set.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        # For an empty HOME expanduser gives the root folder.
        home = os.path.expanduser("~") if os.environ.get("HOME") != "" else ""
        base = os.path.join(home, ".cache")
    return os.path.join(base, "customtags") if os.path.isabs(base) else None


def read(name: str, key: object) -> Any | None:
    """Give the answer of that name if it was given to the same key, and its time is not over."""
    place = folder()
    if place is None or not _is_ours(place):
        return None
    entry, left = _entry(f"{place}/{name}.json")
    return entry["answer"] if left > 0 and entry["key"] == key else None


def kept() -> dict[str, float] | None:
    """Tell of each answer how many seconds more it does: 0 if it is too old, or can't be used.

    :returns: None where there is no folder, or one in which somebody else may write
    """
    place = folder()
    if place is None or not _is_ours(place):
        return None
    try:
        names = sorted(name for name in os.listdir(place) if name.endswith(".json"))
    except OSError:
        return None
    return {name[: -len(".json")]: _entry(f"{place}/{name}")[1] for name in names}


def _entry(path: str) -> tuple[dict[str, Any], float]:
    """Read one answer, and how many seconds more it does; 0 if it can't be used."""
    import json
    import time

    try:
        # No link, because it could lead to a file that speaks of something else; no pipe, because it would wait.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if found.st_uid != os.geteuid() or found.st_mode & ANYONE:
                return {}, 0
            entry = json.loads(file.read(LIMIT))
        age = time.time() - entry["since"]
        left = entry["seconds"] - age if age >= 0 else 0
        return {"answer": entry["answer"], "key": entry["key"]}, max(left, 0)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}, 0


def write(name: str, key: object, answer: object, seconds: float) -> None:
    """Keep an answer for some seconds; whole or not at all, whoever else writes at the same time."""
    import json
    import time
    from contextlib import suppress

    place = folder()
    if place is None or not _is_ours(place, make=True):
        return
    entry = {"key": key, "since": time.time(), "seconds": seconds, "answer": answer}
    unfinished = f"{place}/.{name}.{os.getpid()}.{time.monotonic_ns()}"
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return
    try:
        with open(descriptor, "wb") as file:
            file.write(json.dumps(entry).encode())
        os.replace(unfinished, f"{place}/{name}.json")
    except OSError:
        with suppress(OSError):
            os.unlink(unfinished)


def _is_ours(place: str, *, make: bool = False) -> bool:
    """Tell whether only this user can put something there. Making it, root leaves other users' homes alone."""
    try:
        if make and not os.path.isdir(place):
            above = place
            while not os.path.isdir(above):
                above = os.path.dirname(above)
            if os.geteuid() == 0 and os.stat(above).st_uid != 0:
                return False
            os.makedirs(place, 0o700, exist_ok=True)
        found = os.lstat(place)
    except OSError:
        return False
    return found.st_uid == os.geteuid() and found.st_mode & (0o170000 | ANYONE) == 0o040000
