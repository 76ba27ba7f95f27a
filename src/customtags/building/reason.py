"""Why a build was refused, carried from the process of the back end to `build-matrix`, whose last line says it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from customtags.machine.settings import build_variable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from customtags.errors import CustomtagsError

__all__ = ["VARIABLE", "read", "write"]

#: The variable that names the file. `build-matrix` sets it, and front ends pass it on.
VARIABLE = build_variable("reason")

#: The most characters that are read, because any build script can write the file.
_MOST = 4000


class Refusal(NamedTuple):
    """The problem and the cure of an error, without line breaks."""

    problem: str
    cure: str


def write(error: CustomtagsError, environ: Mapping[str, str]) -> None:
    """Write why a build is refused into the file that the environment names, if it names one."""
    file = environ.get(VARIABLE)
    if file:
        lines = [" ".join(each.split()) for each in (error.problem, error.cure)]
        with suppress(OSError):  # the back end prints the reason as well
            Path(file).write_text("\n".join(lines), encoding="utf-8", errors="replace")


def read(file: Path) -> Refusal | None:
    """Return why a build was refused; None if it ended otherwise, by an error of the compiler."""
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            problem, _, cure = opened.read(_MOST).partition("\n")
    except OSError:
        return None
    return Refusal(problem, cure)
