"""What pip chooses for: one Python of one machine, and the tags that it accepts, in pip's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from packaging import tags

from customtags import machine
from customtags.machine.settings import Settings
from customtags.profiles import interpreter
from customtags.tags import naming
from customtags.variants.supported import supported

if TYPE_CHECKING:
    from packaging.version import Version

    from customtags.machine.spec import Page, Profile
    from customtags.profiles.interpreter import Interpreter
    from customtags.variants.supported import Supported

__all__ = ["Target"]


class Target:
    """One Python of a machine, as pip sees both; the machine may be this one, or that of a profile.

    :ivar python: the Python that is installed into
    :ivar release: its whole version, as in ``3.12.4``
    :ivar pip: the version of its pip, None for the newest
    :ivar hook: whether its pip accepts extended tags
    :ivar stock: the stock platforms, the native ``linux_<arch>`` first, as pip ≥ 26.3 orders them
    :ivar platforms: every accepted platform, extended ones included, best first
    :ivar places: the place of each platform in that order, and of ``any``
    :ivar order: every accepted tag and its place in pip's order
    :ivar rows: every accepted pair of interpreter and ABI
    :ivar bases: the platforms that an extended tag may be built on
    :ivar ladders: the accepted segments of each dimension, best first
    :ivar apart: the pairs of a segment of ``accelerator`` and of ``abi`` that no tag may hold together, and why
    :ivar dropped: how many extended tags the configured limit drops
    """

    def __init__(  # noqa: PLR0913 - all that the answer depends on
        self,
        profile: Profile,
        stock: Sequence[str],
        python: Interpreter,
        *,
        settings: Settings | None = None,
        pages: Sequence[Page],
        release: str | None = None,
        pip: Version | None = None,
        hook: bool = True,
    ) -> None:
        """Work out the tags.

        :param stock: the stock platforms that the machine accepts
        :param pages: the dimensions that explain the profile
        :param release: by default what pip assumes of another Python: ``.0``
        """
        settings = Settings({}) if settings is None else settings
        native = machine.native_tag(stock)
        self.python = python
        self.release = release or "{}.{}.0".format(*python.version)
        self.pip = pip
        self.hook = hook
        self.pages = pages
        self.profile = profile
        self.arch = naming.arch(native) if native else ""
        self.stock = list(dict.fromkeys(each for each in (native, *stock) if each))
        self.bases = machine.bases(stock, settings)
        self.ladders = machine.ladders(profile, self.arch, pages, machine.libcs(stock))
        self.apart = machine.apart(profile, pages, self.ladders)
        self.extended, self.dropped = (
            machine.combine(self.ladders, stock, settings, self.apart) if hook else ([], 0)
        )
        self.platforms = [*self.extended, *self.stock]
        self.places = {
            **{name: place for place, name in enumerate(self.platforms)},
            "any": len(self.platforms),
        }
        self.order = _order(python, self.platforms)
        self.rows = {tuple(tag.split("-")[:2]) for tag in self.order}

    @property
    def interpreter(self) -> str:
        """The interpreter tag of its Python, as in ``cp312``."""
        return "{}{}{}".format(self.python.implementation, *self.python.version)

    @property
    def name(self) -> str:
        """Its Python as a profile names it, as in ``3.12`` and ``3.13t``."""
        return interpreter.spell(self.interpreter, self.python.abi)

    @property
    def sources(self) -> Mapping[str, str | None]:
        """Where the facts of each dimension were read."""
        found: Mapping[str, str | None] = self.profile.get("source", {})
        return found

    @cached_property
    def properties(self) -> Supported:
        """The properties of wheel variants that the machine supports, best first."""
        return supported(self.ladders, self.arch, self.pages)

    @cached_property
    def older(self) -> dict[str, int]:
        """The tags and their places in a pip before 26.3, which puts the native ``linux_<arch>`` last."""
        return _order(self.python, [*self.extended, *self.stock[1:], *self.stock[:1]])


def _order(python: Interpreter, platforms: Sequence[str]) -> dict[str, int]:
    """Return a Python's tags as pip orders them; of a repeated one the last place counts.

    https://github.com/pypa/pip/blob/26.3/src/pip/_internal/utils/compatibility_tags.py, ``get_supported``
    """
    name = "{}{}{}".format(python.implementation, *python.version)
    # A debug build runs what was built for releases, too.
    debug = [python.abi[:-1]] if python.abi == f"{name}d" else []
    abis = [python.abi, *debug]
    if python.implementation == "cp":
        own = tags.cpython_tags(python.version, abis, platforms)
    else:
        own = tags.generic_tags(name, abis, platforms)
    found = [*own, *tags.compatible_tags(python.version, name, platforms)]
    return {str(tag): place for place, tag in enumerate(found)}
