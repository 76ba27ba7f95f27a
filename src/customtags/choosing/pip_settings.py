"""What pip is configured to do where it looks for wheels, read from the files and variables that pip documents.

``pip config list`` cannot replace this: it starts a pip, which an environment may not have, and lists a key once for
each file without saying which one wins. https://pip.pypa.io/en/stable/topics/configuration/
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from packaging.utils import canonicalize_name

from customtags.errors import SettingError

__all__ = ["PipSettings", "options"]

#: Where pip looks if nothing else is configured.
PYPI = "https://pypi.org/simple"

#: The sections that count for ``pip install``, the strongest last.
_SECTIONS = ("global", "install")


class PipSettings(NamedTuple):
    """What counts when pip chooses a file (https://pip.pypa.io/en/stable/cli/pip_install/#options).

    :ivar indexes: the URLs of the indexes, the main one first
    :ivar proxy, cert, client_cert: as pip has them, None for the default
    :ivar timeout: in seconds
    :ivar only_binary, no_binary: projects, or ``:all:``
    """

    indexes: tuple[str, ...] = (PYPI,)
    find_links: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    proxy: str | None = None
    cert: str | None = None
    client_cert: str | None = None
    timeout: float = 15.0
    only_binary: frozenset[str] = frozenset()
    no_binary: frozenset[str] = frozenset()
    prefer_binary: bool = False
    pre: bool = False

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> PipSettings:
        """Read the settings of the pip of this environment.

        :raises SettingError: a file cannot be read, or a value is invalid
        """
        return cls.of(options(environ))

    @classmethod
    def of(cls, values: Mapping[str, str]) -> PipSettings:
        """Parse the values of pip's options, as `options` returns them.

        :raises SettingError: a value is invalid
        """
        main = values.get("index-url") or PYPI
        indexes = (main, *values.get("extra-index-url", "").split())
        try:
            timeout = float(values.get("timeout") or values.get("default-timeout") or cls().timeout)
        except ValueError as error:
            why, cure = "of pip is not a number", "see 'pip config list'"
            raise SettingError("timeout", why, cure) from error
        return cls(
            indexes=() if _switch(values, "no-index") else indexes,
            find_links=tuple(values.get("find-links", "").split()),
            trusted_hosts=tuple(values.get("trusted-host", "").split()),
            proxy=values.get("proxy") or None,
            cert=values.get("cert") or None,
            client_cert=values.get("client-cert") or None,
            timeout=timeout,
            only_binary=_projects(values, "only-binary"),
            no_binary=_projects(values, "no-binary"),
            prefer_binary=_switch(values, "prefer-binary"),
            pre=_switch(values, "pre"),
        )


def options(environ: Mapping[str, str], prefix: str = sys.prefix) -> dict[str, str]:
    """Return pip's options and their values: files, the later ones stronger, then the sections, then the variables.

    :param prefix: of the environment that pip would run in
    :raises SettingError: a file cannot be read
    """
    sections: dict[str, dict[str, str]] = {name: {} for name in _SECTIONS}
    for path in filter(os.path.isfile, _paths(environ, prefix)):
        parser = configparser.RawConfigParser()
        try:
            with open(path, encoding="utf-8") as file:
                parser.read_file(file)
        except (configparser.Error, OSError, ValueError) as error:
            why = f"cannot be read ({' '.join(str(error).split())})"
            cure = "correct it; 'pip config debug' shows all files"
            raise SettingError(path, why, cure) from error
        for name in _SECTIONS:
            if parser.has_section(name):
                sections[name].update((_option(key), value) for key, value in parser.items(name))
    values = {**sections["global"], **sections["install"]}
    variables = {_option(name[4:]): value for name, value in environ.items() if name[:4] == "PIP_"}
    return {**values, **{name: value for name, value in variables.items() if value}}


def _paths(environ: Mapping[str, str], prefix: str) -> Iterator[str]:
    """Yield where configuration files may be, the strongest last."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    home = environ.get("HOME", "")
    shared = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    yield from (f"{folder}/pip/pip.conf" for folder in shared.split(":"))
    yield "/etc/pip.conf"
    if not (named and os.path.exists(named)):
        yield f"{home}/.pip/pip.conf"
        yield f"{environ.get('XDG_CONFIG_HOME') or f'{home}/.config'}/pip/pip.conf"
    yield f"{prefix}/pip.conf"
    if named:
        yield named


def _option(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")


def _switch(values: Mapping[str, str], name: str) -> bool:
    """Parse a switch as pip does (``strtobool``)."""
    return values.get(name, "").lower() in ("y", "yes", "t", "true", "on", "1")


def _projects(values: Mapping[str, str], name: str) -> frozenset[str]:
    """Parse the projects of a format control; ``:none:`` empties what stands before it."""
    found: list[str] = []
    for each in map(str.strip, values.get(name, "").split(",")):
        found = [] if each == ":none:" else [*found, each]
    return frozenset(each if each == ":all:" else canonicalize_name(each) for each in found if each)
