"""Pure: what pip is asked for: one project, the versions that will do, and the options that count."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet

from customtags.choosing.pip_settings import PipSettings

if TYPE_CHECKING:
    from packaging.version import Version

__all__ = ["Request"]


class Request(NamedTuple):
    """What pip is asked for.

    :ivar project: the normalized name
    :ivar specifier: the versions that will do
    """

    project: str
    specifier: SpecifierSet = SpecifierSet()
    settings: PipSettings = PipSettings()

    def takes(self, version: Version) -> bool:
        """Return whether a version will do, pre-releases included."""
        return len(self.specifier) == 0 or self.specifier.contains(version, prereleases=True)

    @property
    def pinned(self) -> bool:
        """Whether it names one version (PEP 592: then a yanked file will do)."""
        return any(
            each.operator == "===" or (each.operator == "==" and not each.version.endswith(".*"))
            for each in self.specifier
        )
