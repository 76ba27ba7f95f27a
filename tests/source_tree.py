"""The source as rooms and files, and what imports what: for the test of the architecture and for its drawing."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "HOOK",
    "INSIDE",
    "MODULES",
    "PACKAGE",
    "ROOMS",
    "exports",
    "imports",
    "law",
    "name_of",
    "outer_imports",
    "parse",
    "relative",
    "room",
]

PACKAGE = Path(__file__).parents[1] / "src" / "customtags"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: What runs in every Python process.
HOOK = PACKAGE.with_name("_customtags.py")

#: The rooms, from what a user sees down to what everything rests on. Imports go down only.
ROOMS = (
    ("__main__",),
    ("cli",),
    ("api", "results", "build", "linking", "testing", "demo"),
    ("building",),
    ("view",),
    ("audit",),
    ("libraries",),
    ("choosing",),
    ("variants",),
    ("wheels",),
    ("profiles",),
    ("hook",),
    ("machine",),
    ("tags",),
    ("errors", ""),
)

#: The rooms that run inside pip.
INSIDE = ("hook", "machine", "tags", "errors")


def relative(path: Path) -> str:
    """Return the path of a file below the package."""
    return str(path.relative_to(PACKAGE))


def name_of(path: Path) -> str:
    """Return the name of a file's module."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(("customtags", *parts)).removesuffix(".__init__")


def room(path: Path) -> str:
    """Return the room that a file belongs to; the package's own ``__init__.py`` has an empty name."""
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if part == "__init__" else part


def parse(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def law(path: Path) -> str:
    """Return the docstring of a file."""
    return ast.get_docstring(parse(path)) or ""


def imports(tree: ast.AST) -> list[str]:
    """Return every module or name that is imported, also inside functions and for checking types alone."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def outer_imports(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the modules of others that these nodes import at run time."""
    for_types: set[ast.AST] = set()
    for node in nodes:
        names: list[str] = []
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for_types.update(each for part in node.body for each in ast.walk(part))
        elif isinstance(node, ast.Import) and node not in for_types:
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node not in for_types:
            names = [node.module]
        for name in names:
            if name.split(".")[0] not in ("customtags", "__future__"):
                yield name


def exports(tree: ast.Module) -> list[str]:
    """Return what ``__all__`` lists."""
    for each in tree.body:
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(each.value)
            return names
    return []
