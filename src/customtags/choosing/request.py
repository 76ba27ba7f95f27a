"""Pure: a request to pip: one project, the accepted versions, and the options that count."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet

from customtags.choosing.pip_settings import PipSettings

if TYPE_CHECKING:
    from packaging.version import Version

__all__ = ["Request"]


class Request(NamedTuple):
    """A request to pip for one project.

    :ivar project: the normalized name
    :ivar specifier: the accepted versions
    """

    project: str
    specifier: SpecifierSet = SpecifierSet()
    settings: PipSettings = PipSettings()

    def takes(self, version: Version) -> bool:
        """Return whether a version is accepted, pre-releases included."""
        return len(self.specifier) == 0 or self.specifier.contains(version, prereleases=True)

    @property
    def pinned(self) -> bool:
        """Whether it names one version; then a yanked file is accepted, too (PEP 592)."""
        return any(
            each.operator == "===" or (each.operator == "==" and not each.version.endswith(".*"))
            for each in self.specifier
        )
