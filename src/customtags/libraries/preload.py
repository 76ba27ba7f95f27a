"""Pure: the way from an extension module to another distribution's library, by RPATH or by loading it first.

An RPATH is relative to the file, so it leads to a neighbour in the same site-packages only. Where packages lie in different
folders of ``sys.path`` (``--target``, a user's site-packages above the system's), the package loads the library itself
before its extension modules are: glibc's loader takes a library that is loaded for the one that is needed if its SONAME is
the same (ld.so(8); glibc, ``_dl_map_object``). musl's loader does not.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from customtags.errors import WheelError

if TYPE_CHECKING:
    from customtags.libraries.supplier import Library, Supplier

__all__ = ["MODULE", "importing", "inits", "listed", "loader", "module"]

#: The loader that is written into a package.
MODULE = "_customtags_preload"

#: Runs in a stranger's process: small, and of the standard library alone.
LOADER = '''\
"""Load libraries of other distributions, before an extension module of this package needs them.

They may lie in another folder of sys.path than this package, where no RPATH leads.
Written by "customtags repair --preload".
"""

import ctypes
import importlib
import os

#: The module that is imported first, and the library from the folder that the module lies in.
LIBRARIES = (
{rows}
)

for _module, _path in LIBRARIES:
    _folders = importlib.import_module(_module).__path__
    _files = [os.path.join(os.path.dirname(folder), *_path.split("/")) for folder in _folders]
    _found = next(filter(os.path.exists, _files), None)
    if _found is None:
        raise ImportError(
            "%s is not there, which this package was built against; install a %s that has it"
            % (_files[0], _module)
        )
    ctypes.CDLL(_found)
'''


class _Wheel(Protocol):
    @property
    def names(self) -> Sequence[str]: ...

    def text(self, name: str) -> str: ...


def inits(names: Iterable[str], member: str) -> list[str]:
    """Give the ``__init__.py`` that run before a member is imported, the topmost first."""
    folders = [str(each) for each in reversed(_parents(member))]
    there = set(names)
    return [init for folder in folders if (init := f"{folder}/__init__.py") in there]


def listed(wheel: _Wheel, member: str) -> list[str]:
    """Give the libraries that a loader of ours in a wheel loads before a member is imported."""
    found = []
    for init in inits(wheel.names, member):
        text = wheel.text(f"{posixpath.dirname(init)}/{MODULE}.py")
        found += re.findall(r'^    \(".*", "(.*)"\),$', text, re.MULTILINE)
    return found


def module(supplier: Supplier, library: Library) -> str:
    """Name the module that is imported before a supplier's library is loaded: the package that it lies in or beside.

    :raises WheelError: the supplier has none
    """
    packages = [
        file.partition("/")[0]
        for file in supplier.files
        if file.count("/") == 1 and file.endswith("/__init__.py")
    ]
    wanted = (library.path.partition("/")[0], supplier.name.replace("-", "_"), *packages)
    found = next((name for name in wanted if name in packages), None)
    if found is None:
        raise WheelError(
            str(supplier), "has no package to import", "link to it by RPATH, without --preload"
        )
    return found


def loader(rows: Iterable[tuple[str, str]]) -> str:
    """Write the loader.

    :param rows: module and library, in the order of loading
    """
    return LOADER.format(rows="\n".join(f'    ("{name}", "{path}"),' for name, path in rows))


def importing(source: bytes, name: str) -> bytes:
    """Give the source of an ``__init__.py`` with the loader imported before all else that runs.

    :param name: of the file, for the error
    :raises WheelError: it is not Python, or its first lines leave no room
    """
    line = f"from . import {MODULE}  # noqa: F401\n".encode()
    if line in source:
        return source
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError) as error:
        raise WheelError(name, f"is not Python ({error})", "repair it without --preload") from error
    lines, head = source.splitlines(keepends=True), 0
    for node in body:
        if not _is_head(node):
            break
        head = node.end_lineno or 0
    if any(not _is_head(node) and node.lineno <= head for node in body):
        raise WheelError(name, "has code beside its docstring", "put that on a line of its own")
    if head and not lines[head - 1].endswith(b"\n"):
        lines[head - 1] += b"\n"
    return b"".join([*lines[:head], line, *lines[head:]])


def _is_head(node: ast.stmt) -> bool:
    """Tell a docstring, or an import of ``__future__``, which must come first."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _parents(member: str) -> list[str]:
    parts = member.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
