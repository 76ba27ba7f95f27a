"""Several wheels of one command: work goes on after a wheel that fails, and the exit status says so at the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from customtags.cli.output import warn
from customtags.errors import CustomtagsError
from customtags.wheels import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Batch"]

Result = TypeVar("Result")
Wheel = TypeVar("Wheel", bound="str | Path")


class Batch(Generic[Wheel]):
    """The wheels that the command line names, and what came of each.

    :ivar entries: wheel → what `--json` prints of it; a verb adds the entries of the wheels that succeed
    """

    def __init__(self, wheels: Sequence[Wheel], key: str = "wheel") -> None:
        """Take the wheels, each once.

        :param key: the key of the verb's entries that names the wheel
        """
        self._wheels = list(dict.fromkeys(wheels))
        self._key = key
        self._failed: set[Wheel] = set()
        self.entries: dict[Wheel, Sequence[dict[str, Any]]] = {}

    def each(self, work: Callable[[Wheel], Result]) -> Iterator[tuple[Wheel, Result]]:
        """Yield every wheel that has not failed yet, with what the work returns; report a path that does not exist, and a wheel that fails."""
        for wheel in self._wheels:
            if wheel in self._failed:
                continue
            try:
                if isinstance(wheel, Path):
                    listing.check(wheel)
                result = work(wheel)
            except CustomtagsError as error:
                self.fail(wheel, error)
            else:
                yield wheel, result

    def fail(self, wheel: Wheel, error: CustomtagsError) -> None:
        """Report a wheel that fails, and leave it out from now on."""
        named = len(self._wheels) == 1 or str(wheel) in str(error)
        warn(error if named else f"{wheel}: {error}")
        self._failed.add(wheel)
        self.entries[wheel] = [{self._key: str(wheel), "error": str(error)}]

    def report(self) -> list[dict[str, Any]]:
        """Return the entries in the order of the command line."""
        return [entry for wheel in self._wheels for entry in self.entries.get(wheel, ())]

    def status(self, otherwise: int = 0) -> int:
        """Return the exit status: 2 if a wheel failed."""
        return 2 if self._failed else otherwise
