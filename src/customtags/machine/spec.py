"""The contract between the parts, and for third parties: what a page is, and what it is given.

Only types live here; nothing imports this module at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from customtags.errors import CustomtagsError

__all__ = ["Facts", "Host", "Page", "Probe", "Profile", "Tell"]

#: What one page found out, as plain JSON. A key ``arch`` restricts it to that architecture.
Facts = Mapping[str, Any]

#: Everything known about one machine: ``version``, ``platform``, ``source``, and one key per dimension.
Profile = dict[str, Any]


class Host(Protocol):
    """The machine, or a folder that holds the files of one."""

    def read(self, path: str, limit: int = ...) -> str | None:
        """Give the beginning of a file, None if there is none.

        :raises FactError: it is there and cannot be read
        """

    def glance(self, path: str, limit: int = ...) -> str | None:
        """Give the same, but None where it can't be read, too."""

    def names(self, path: str) -> list[str]:
        """Give the sorted names in a folder; none if there is no such folder."""

    def exists(self, path: str) -> bool:
        """Tell whether there is a file, folder or device of that name."""

    def arch(self) -> str | None:
        """Give the architecture in the words of ``uname -m``."""

    def variable(self, name: str) -> str | None:
        """Give an environment variable."""

    def release(self) -> dict[str, str] | None:
        """Give ``pretty_name`` and ``version_id`` from files older than os-release, None if there are none."""

    def cpuid(self) -> list[str] | None:
        """Give the x86 features that CPU and operating system support, None if they can't be asked."""

    def auxv(self) -> dict[int, int] | None:
        """Give the entries of the auxiliary vector (getauxval(3)) by type, None if there is none."""

    def getauxval(self) -> dict[int, int] | None:
        """Give its masks of CPU features as the C library has them, None if it can't be asked."""

    def ld_so(self, loader: str) -> list[str] | None:
        """Give the levels that glibc's dynamic loader supports, best first, None if it does not say."""

    def nvml(self) -> dict[str, Any] | None:
        """Give what NVIDIA's driver says of itself or ``{"fault": why}``, None if it can't be asked."""

    def nvidia_smi(self) -> dict[str, Any] | None:
        """Give what the program ``nvidia-smi`` says of NVIDIA's driver, None without one."""

    def installed(self, name: str) -> str | None:
        """Give the version of a distribution installed in the running environment."""

    def variants(self, plugin: str, release: str) -> dict[str, Any] | None:
        """Give what a plugin of wheel variants supports or ``{"fault": why}``, None if it can't be asked."""


#: Is told of everything that is left out, now and whenever one of the pages fails later.
Tell = Callable[[CustomtagsError], None]

#: Asks one source; None means that it says nothing.
Probe = Callable[[Host], "Facts | None"]


class Page(Protocol):
    """One dimension, or one vendor's family of the dimension ``accelerator``.

    It may have ``common(several: Sequence[Facts]) -> Iterable[Facts]``, too. Pure: guesses at facts that accept what
    several machines all accept, which is something. Without it `customtags.profiles.intersect` takes the facts of the
    machine that accepts the least, if all the others accept that.

    A page may also have ``owns(segment: str, arch: str) -> bool``: whether a segment, with the code for a GPU behind
    it if it is an accelerator's, can be one of its ladder's on some machine. Names are checked by it. And
    ``examples(arch: str) -> Sequence[str]``: values as users write them, for the error message about a wrong one.
    """

    #: The key of its facts: ``isa``, ``cuda``.
    NAME: str
    #: What its segments speak of: ``isa``, ``accelerator``.
    DIMENSION: str
    #: Where the facts are read, best first; an override may name one.
    PROBES: Mapping[str, Probe]

    def override(self, value: str, arch: str | None) -> Facts | None:
        """Give the facts that a setting of the user's stands for, None if it is not of this family.

        :raises ValueError: it is, but means nothing; the message is the cure
        """

    def ladder(self, facts: Facts) -> list[str]:
        """Pure: give the segments that such a machine accepts, best first."""

    def describe(self, facts: Facts) -> str:
        """Pure: say in a few words what was found."""
