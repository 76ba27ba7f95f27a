"""What pip is configured to do where it looks for wheels: read from the files and variables that pip documents.

pip itself could be asked (``pip config list``), but that takes as long as ranking thousands of files does, and an
environment may have no pip. https://pip.pypa.io/en/stable/topics/configuration/
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from customtags.errors import SettingError

__all__ = ["PipSettings", "files", "read"]

#: Where pip looks if nothing else is configured.
PYPI = "https://pypi.org/simple"

#: The sections that count for ``pip install``, the strongest last.
_SECTIONS = ("global", "install")


class PipSettings(NamedTuple):
    """What counts when pip chooses a file (https://pip.pypa.io/en/stable/cli/pip_install/#options).

    :ivar indexes: the URLs of the indexes, the main one first
    :ivar proxy, cert, client_cert: as pip has them, None for the usual ones
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
    def of(cls, values: Mapping[str, str]) -> PipSettings:
        """Understand the values of pip's options, as `read` gives them.

        :raises SettingError: one of them means nothing
        """
        many = {name: tuple(values.get(name, "").split()) for name in _MANY}
        indexes = (
            ()
            if _truth(values, "no-index")
            else (values.get("index-url") or PYPI, *many["extra-index-url"])
        )
        try:
            timeout = float(values.get("timeout") or values.get("default-timeout") or cls().timeout)
        except ValueError as error:
            raise SettingError("timeout", "of pip is no number", "see 'pip config list'") from error
        return cls(
            indexes=indexes,
            find_links=many["find-links"],
            trusted_hosts=many["trusted-host"],
            proxy=values.get("proxy") or None,
            cert=values.get("cert") or None,
            client_cert=values.get("client-cert") or None,
            timeout=timeout,
            only_binary=_projects(values, "only-binary"),
            no_binary=_projects(values, "no-binary"),
            prefer_binary=_truth(values, "prefer-binary"),
            pre=_truth(values, "pre"),
        )


#: Options that may be given several times: their values are separated by white space.
_MANY = ("extra-index-url", "find-links", "trusted-host")


def read(environ: Mapping[str, str], prefix: str = sys.prefix) -> dict[str, str]:
    """Give pip's options and their values: files, the later ones stronger, then the sections, then the variables.

    :param prefix: of the environment that pip would run in
    :raises SettingError: a file can't be read
    """
    sections: dict[str, dict[str, str]] = {name: {} for name in _SECTIONS}
    for path in files(environ, prefix):
        parser = configparser.RawConfigParser()
        try:
            with open(path, encoding="utf-8") as file:
                parser.read_file(file)
        except (configparser.Error, OSError, ValueError) as error:
            why = f"can't be read ({' '.join(str(error).split())})"
            raise SettingError(path, why, "mend it; 'pip config debug' shows them all") from error
        for name in _SECTIONS:
            if parser.has_section(name):
                sections[name].update((_option(key), value) for key, value in parser.items(name))
    values = {**sections["global"], **sections["install"]}
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            values[_option(name[4:])] = value
    return values


def files(environ: Mapping[str, str], prefix: str = sys.prefix) -> list[str]:
    """Give the configuration files that are there, the strongest last."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    return [path for path in _places(environ, prefix, named) if os.path.isfile(path)]


def _places(environ: Mapping[str, str], prefix: str, named: str | None) -> Iterator[str]:
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


def _truth(values: Mapping[str, str], name: str) -> bool:
    """Read a switch as pip does (``strtobool``)."""
    return values.get(name, "").lower() in ("y", "yes", "t", "true", "on", "1")


def _projects(values: Mapping[str, str], name: str) -> frozenset[str]:
    """Read the projects of a format control; ``:none:`` empties what stands before it."""
    found: list[str] = []
    for each in values.get(name, "").split(","):
        found = (
            []
            if each == ":none:"
            else [*found, each.strip().lower().replace("_", "-").replace(".", "-")]
        )
    return frozenset(filter(None, found))
