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

__all__ = ["Claims", "Platform"]


class Platform(NamedTuple):
    """One platform tag, ``linux_x86_64_v3_cuda12_4_sm90``: base, architecture, and what else it says."""

    tag: str
    base: str
    arch: str
    runs: tuple[Run, ...]

    def says(self, dimension: str) -> str | None:
        """Give its text for a dimension, ``cuda12_4_sm90`` for ``accelerator``, None where it claims nothing."""
        return next((run.text for run in self.runs if run.dimension == dimension), None)


class Claims(NamedTuple):
    """A wheel's file name, and what its parts claim."""

    file: FileName
    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[Platform, ...]

    @classmethod
    def of(cls, name: str) -> Claims:
        """Take a file name apart.

        :raises WheelError: it is no wheel's
        """
        file = filename.parse(name)
        tags = tuple(_platform(tag, name) for tag in file.platforms)
        return cls(file, tuple(file.python.split(".")), tuple(file.abi.split(".")), tags)

    @property
    def stem(self) -> str:
        """Name and version, and the build tag if it has one: ``example-1.2.3``."""
        file = self.file
        return "-".join(part for part in (file.project, file.version, file.build) if part)

    def said(self, dimension: str) -> list[str]:
        """Give what the platforms say of a dimension, each once; a base is one too."""
        each = (p.base if dimension == "base" else p.says(dimension) for p in self.platforms)
        return list(dict.fromkeys(text for text in each if text is not None))


def _platform(tag: str, name: str) -> Platform:
    try:
        base, runs = naming.runs(tag, builtin())
    except TagError as error:
        raise WheelError(
            name, f"has a platform tag that is none: {error.problem}", error.cure
        ) from error
    return Platform(tag, base, naming.arch(base), tuple(runs))
