"""Pure: a loader in a package that loads another distribution's library before the extension modules that link to it.

An RPATH is relative to the file, so it finds only libraries in the same site-packages. If packages are in different
folders of ``sys.path`` (``--target``, a user's site-packages above the system's), the package loads the library itself:
glibc's loader then uses the loaded library if its SONAME is the needed one (ld.so(8); glibc, ``_dl_map_object``). musl's
loader does not.
"""

from __future__ import annotations

import ast
import json
import posixpath
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from customtags.errors import WheelError

if TYPE_CHECKING:
    from customtags.libraries.supplier import Library, Supplier

__all__ = ["MODULE", "importing", "inits", "listed", "loader", "module"]

#: The module that is written into a package.
MODULE = "_customtags_preload"

#: Its source. It runs in the user's process, so it is small and imports the standard library only.
LOADER = '''\
"""Load the libraries of other distributions that the extension modules of this package link to.

They may be in another folder of sys.path than this package, which no RPATH can reach.
Written by "customtags repair --preload".
"""

import ctypes
import importlib
import os

#: The module that is imported first, and the path of the library from the folder that contains the module.
LIBRARIES = (
{rows}
)

for _module, _path in LIBRARIES:
    _folders = importlib.import_module(_module).__path__
    _files = [os.path.join(os.path.dirname(folder), *_path.split("/")) for folder in _folders]
    _found = next(filter(os.path.exists, _files), None)
    if _found is None:
        raise ImportError(
            "%s, which this package links to, does not exist; install a version of %s that has it"
            % (_files[0], _module)
        )
    ctypes.CDLL(_found)
'''


class _Wheel(Protocol):
    @property
    def names(self) -> Sequence[str]: ...

    def text(self, name: str) -> str: ...


def inits(names: Iterable[str], member: str) -> list[str]:
    """Return each ``__init__.py`` that runs before a member is imported, the topmost first."""
    folders = [str(each) for each in reversed(_parents(member))]
    present = set(names)
    return [init for folder in folders if (init := f"{folder}/__init__.py") in present]


def listed(wheel: _Wheel, member: str) -> list[str]:
    """Return the paths of the libraries that loaders in a wheel load before a member is imported."""
    found: list[str] = []
    for init in inits(wheel.names, member):
        text = wheel.text(f"{posixpath.dirname(init)}/{MODULE}.py")
        for path in re.findall(r'^    \(".*", (".*")\),$', text, re.MULTILINE):
            with suppress(ValueError):  # another's loader
                found.append(json.loads(path))
    return found


def module(supplier: Supplier, library: Library) -> str:
    """Return the module to import before a supplier's library is loaded: the package that contains the library or is next to it.

    :raises WheelError: the supplier has no package
    """
    packages = [
        file.partition("/")[0]
        for file in supplier.files
        if file.count("/") == 1 and file.endswith("/__init__.py")
    ]
    candidates = (library.path.partition("/")[0], supplier.name.replace("-", "_"), *packages)
    found = next((name for name in candidates if name in packages), None)
    if found is None:
        raise WheelError(
            str(supplier),
            "has no package to import",
            "repair the wheel without --preload, by RPATH",
        )
    return found


def loader(rows: Iterable[tuple[str, str]]) -> str:
    """Return the source of the loader.

    :param rows: module and library, in the order of loading
    """
    # As JSON, because a path of another's wheel may contain quotes.
    lines = (f"    ({json.dumps(name)}, {json.dumps(path)})," for name, path in rows)
    return LOADER.format(rows="\n".join(lines))


def importing(source: bytes, name: str) -> bytes:
    """Return the source of an ``__init__.py`` with an import of the loader before all other code.

    :param name: the name of the file, for the error
    :raises WheelError: it is not valid Python, or has code on the line of its docstring
    """
    line = f"from . import {MODULE}  # noqa: F401\n".encode()
    if line in source:
        return source
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError) as error:
        raise WheelError(
            name, f"is not valid Python ({error})", "repair the wheel without --preload"
        ) from error
    lines, head = source.splitlines(keepends=True), 0
    for node in body:
        if not _is_head(node):
            break
        head = node.end_lineno or 0
    if any(not _is_head(node) and node.lineno <= head for node in body):
        raise WheelError(name, "has code on the line of its docstring", "move it to its own line")
    if head and not lines[head - 1].endswith(b"\n"):
        lines[head - 1] += b"\n"
    return b"".join([*lines[:head], line, *lines[head:]])


def _is_head(node: ast.stmt) -> bool:
    """Return whether a statement is a docstring or an import of ``__future__``, which must come first."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _parents(member: str) -> list[str]:
    parts = member.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
