"""Pure: what the file name of a wheel claims (PEP 425, 427, 491)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from customtags.errors import TagError, WheelError
from customtags.machine.dimensions import builtin
from customtags.tags import naming
from customtags.wheels import filename

if TYPE_CHECKING:
    from customtags.tags.naming import Run
    from customtags.wheels.filename import FileName

__all__ = ["NameClaims", "PlatformTag"]


class PlatformTag(NamedTuple):
    """One platform tag, as in ``linux_x86_64_v3_cuda12_4_sm90``: base, architecture and segments."""

    tag: str
    base: str
    arch: str
    runs: tuple[Run, ...]

    def value(self, dimension: str) -> str | None:
        """Return the segments of a dimension, ``cuda12_4_sm90`` for ``accelerator``; None without a claim."""
        return next((run.text for run in self.runs if run.dimension == dimension), None)


class NameClaims(NamedTuple):
    """The file name of a wheel, and the claims of its parts."""

    file: FileName
    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[PlatformTag, ...]

    @classmethod
    def of(cls, name: str) -> NameClaims:
        """Parse a file name.

        :raises WheelError: it is not a wheel file name, or a platform tag is not valid
        """
        file = filename.parse(name)
        tags = tuple(_platform(tag, name) for tag in file.platforms)
        return cls(file, tuple(file.python.split(".")), tuple(file.abi.split(".")), tags)

    @property
    def stem(self) -> str:
        """Name, version and, if there is one, build tag: ``example-1.2.3``."""
        file = self.file
        return "-".join(part for part in (file.project, file.version, file.build) if part)

    def values(self, dimension: str) -> list[str]:
        """Return what the platforms claim of a dimension, without repetition; ``base`` is one, too."""
        each = (p.base if dimension == "base" else p.value(dimension) for p in self.platforms)
        return list(dict.fromkeys(text for text in each if text is not None))


def _platform(tag: str, name: str) -> PlatformTag:
    try:
        base, runs = naming.runs(tag, builtin())
    except TagError as error:
        why = f"has an invalid platform tag: {error.problem}"
        raise WheelError(name, why, error.cure) from error
    return PlatformTag(tag, base, naming.arch(base), tuple(runs))
