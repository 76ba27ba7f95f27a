"""The lines of an audit, one JSON object for each wheel, and a file of them that a later run completes."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags.audit.finding import FALSE
from customtags.errors import FactError
from customtags.wheels.atomic import atomic
from customtags.wheels.copying import write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from customtags.audit.report import Report
    from customtags.errors import CustomtagsError

    Entry = dict[str, Any]

__all__ = ["Journal", "encoded", "entry", "failed", "is_wrong"]

#: How every line begins, so that the beginning of a line can be told from other text.
_HEAD = b'{"version": 1, "wheel": "'


def entry(wheel: Path, audit: Callable[[Path], Report], settings: Mapping[str, Any]) -> Entry:
    """Audit a wheel, and return its line.

    :raises WheelError: the file is not a wheel, or cannot be read
    :raises ToolError: a check requires a package that is not installed
    """
    state = _state(str(wheel))  # before it is read: a change in between is seen by the next run
    report = audit(wheel).as_json()
    return {"version": 1, "wheel": report.pop("wheel"), **state, "settings": settings, **report}


def failed(wheel: Path, error: CustomtagsError) -> Entry:
    """Return the line of a wheel that cannot be read."""
    return {"version": 1, "wheel": str(wheel), "error": str(error)}


def is_wrong(line: Entry) -> bool:
    """Return whether a line has a false claim."""
    return any(finding["severity"] == FALSE for finding in line["findings"])


def encoded(line: Entry) -> str:
    """Return the text of a line, which begins as each does."""
    return json.dumps(line)


class Journal:
    """A file with one line for each wheel, which one run at a time completes.

    A run that is killed leaves whole lines, and at most one that is half-written: the next one removes it, and the lines of
    wheels that could not be read or have changed since.

    :ivar done: the wheels of this run that have a line → whether a claim of theirs is false
    """

    def __init__(self, path: str, settings: Mapping[str, Any], wheels: Collection[str]) -> None:
        """Open or create the file.

        :param settings: those of this run; lines that were made with others are refused
        :raises FactError: the file cannot be written, is in use by another run, or has other lines
        """
        self.done: dict[str, bool] = {}
        self._path, self._settings, self._wheels = path, settings, wheels
        try:
            self._file = self._locked(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666))
            dropped = self._read()
            if dropped:
                self._rewrite(dropped)
        except OSError as error:
            why = f"cannot be written ({error.strerror})"
            raise FactError(path, why, "name another file") from error

    def add(self, line: Entry) -> None:
        """Append a line, or nothing.

        :raises FactError: the file cannot be written
        """
        end = os.fstat(self._file).st_size
        try:
            write_all(self._file, f"{encoded(line)}\n".encode())
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, end)
            why = f"cannot be written ({error.strerror}); its lines are whole"
            raise FactError(self._path, why, "make room, and run the same command again") from error

    def _locked(self, file: int) -> int:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise FactError(self._path, "is not a regular file", "name another file")
        try:
            # A lock of this process alone: one that outlives it must not keep the file from the next run.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise FactError(self._path, "is in use by another run", "wait until it ends") from error
        return file

    def _read(self) -> set[int]:
        """Read the file, and return the numbers of the lines that another has to replace."""
        dropped = set()
        with open(self._file, "rb", closefd=False) as file:
            for number, text in enumerate(file, 1):
                if not text.endswith(b"\n") and text[: len(_HEAD)] == _HEAD[: len(text)]:
                    dropped.add(number)  # the run was killed while it wrote the line
                elif not self._keeps(self._parsed(number, text)):
                    dropped.add(number)
        return dropped

    def _parsed(self, number: int, text: bytes) -> Entry:
        why = f"has line {number}, which is not a line of an audit"
        try:
            line: Entry = json.loads(text)
            if line["version"] != 1:
                why = f"has version {line['version']!r} in line {number}; expected 1"
            elif isinstance(line["wheel"], str):
                _ = line["error"] if "error" in line else is_wrong(line)
                return line
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
        raise FactError(self._path, why, "name another file")

    def _keeps(self, line: Entry) -> bool:
        """Return whether a line stays, and note what it says of a wheel of this run."""
        wheel = line["wheel"]
        if wheel not in self._wheels:
            return True
        if "error" in line or wheel in self.done:
            return False
        state = _state(wheel)
        if not state or {key: line.get(key) for key in state} != state:
            return False
        if line.get("settings") != self._settings:
            why = f"has a line of {wheel!r} that was made with other settings"
            raise FactError(self._path, why, "repeat the options of that run, or name another file")
        self.done[wheel] = is_wrong(line)
        return True

    def _rewrite(self, dropped: Collection[int]) -> None:
        """Replace the file by one without some of its lines."""
        mode = stat.S_IMODE(os.fstat(self._file).st_mode)
        with (
            open(self._file, "rb", closefd=False) as old,
            atomic(Path(self._path).resolve(), mode) as (unfinished, _),
        ):
            old.seek(0)
            for number, text in enumerate(old, 1):
                if number not in dropped:
                    write_all(unfinished, text)
            new = os.dup(unfinished)
        self._file = self._locked(new)


def _state(wheel: str) -> Entry:
    """Return what changes with the content of a file: its size in bytes, its time of modification in seconds; nothing without a file."""
    try:
        found = os.stat(wheel)
    except OSError:
        return {}
    return {"size": found.st_size, "mtime": found.st_mtime}
