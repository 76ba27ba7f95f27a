"""A cache on disk, per user, of answers that cost time to get; an answer is stale once its key changes.

Nothing here raises or waits. A file that cannot be read or parsed, or that another user may have written, counts as
missing; what cannot be written is not cached.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["folder", "read", "seconds_left", "write"]

#: The most bytes of one answer.
LIMIT = 65536

#: The permission for other users to write. Where it is set, they may have written the content.
ANYONE = 0o002


def folder() -> str | None:
    """Return the folder of the cache, None if this user has no home.

    https://specifications.freedesktop.org/basedir-spec: a path that is not absolute counts as not set.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        # With an empty HOME, expanduser returns the root folder.
        home = os.path.expanduser("~") if os.environ.get("HOME") != "" else ""
        base = os.path.join(home, ".cache")
    return os.path.join(base, "customtags") if os.path.isabs(base) else None


def read(name: str, key: object) -> Any | None:
    """Return the cached answer of that name, None if there is none for this key or its lifetime is over."""
    place = folder()
    if place is None or not _is_ours(place):
        return None
    entry, left = _entry(f"{place}/{name}.json")
    return entry["answer"] if left > 0 and entry["key"] == key else None


def seconds_left() -> dict[str, float] | None:
    """Return the rest of each answer's lifetime, 0 if it is over or the file cannot be used.

    :returns: None without a folder, or if another user may write there
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
    """Return one answer with its key, and the rest of its lifetime, 0 if the file cannot be used."""
    import json
    import time

    try:
        # No symbolic link, which could lead to any file; no waiting for the other end of a pipe.
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
    """Write an answer with a lifetime in seconds: atomically, whoever else writes at the same time."""
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
    """Return whether only this user can write there.

    :param make: create the folder if it is missing, but as root none in another user's home
    """
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
