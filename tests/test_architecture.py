"""The rules that every line of the source is held to."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

import pytest

import customtags

PACKAGE = Path(customtags.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = Path(__file__).parent

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

#: Imports that go up, at the last moment: the file that may, and the room.
UPWARD = {("machine/__init__.py", "profiles")}

#: What asks the operating system, and so belongs into host/; os.environ is the settings', subprocess the demo's.
SYSTEM = frozenset(("ctypes", "platform", "select", "signal", "socket", "distro"))

ASSIGNED = (ast.Assign, ast.AnnAssign)
DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def room(path: Path) -> int:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    name = "" if part == "__init__" else part
    return next(number for number, names in enumerate(ROOMS) if name in names)


def imports(tree: ast.AST) -> list[str]:
    """Every module that is imported, for checking types or lazily too."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def exports(tree: ast.Module) -> list[str]:
    """Return what ``__all__`` lists."""
    for each in tree.body:
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(each.value)
            return names
    return []


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        return  # it names the public modules, lazily
    for name in imports(parse(path)):
        top, _, rest = name.partition(".")
        if top == "customtags":
            target = rest.split(".")[0]
            number = next((i for i, row in enumerate(ROOMS) if target in row), len(ROOMS))
            upward = (str(path.relative_to(PACKAGE)), target) in UPWARD
            assert number >= room(path) or upward, f"{path} imports {name}"


def test_imports_form_no_circle() -> None:
    names = {
        ".".join(("customtags", *path.relative_to(PACKAGE).with_suffix("").parts)): path
        for path in MODULES
    }
    names = {name.removesuffix(".__init__"): path for name, path in names.items()}
    arrows = {}
    for name, path in names.items():
        found = {
            each if each in names else each.rpartition(".")[0] for each in imports(parse(path))
        }
        arrows[name] = found.intersection(names) - {name, "customtags"}
    arrows["customtags"] = set()  # it names the public modules, lazily
    while arrows:
        done = [name for name, targets in arrows.items() if not targets & arrows.keys()]
        assert done, f"a circle among {sorted(arrows)}"
        for name in done:
            del arrows[name]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_host_asks_the_system(path: Path) -> None:
    if "host" not in path.parts:
        assert not SYSTEM.intersection(name.split(".")[0] for name in imports(parse(path)))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_settings_names_our_variables(path: Path) -> None:
    literals = [n.value for n in ast.walk(parse(path)) if isinstance(n, ast.Constant)]
    read = [
        v
        for v in literals
        if isinstance(v, str) and v.startswith("CUSTOMTAGS_") and v.isidentifier()
    ]
    assert not read or path.name in ("settings.py", "hook.py", "demo.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_keeps_state(path: Path) -> None:
    tree = parse(path)
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.Global, ast.Nonlocal))]
    for node in tree.body:
        value = node.value if isinstance(node, ASSIGNED) else None
        empty = isinstance(value, (ast.Dict, ast.List)) and not ast.unparse(value)[1:-1]
        assert not empty, f"{path.name} line {node.lineno} looks like a registry"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_its_law(path: Path) -> None:
    docstring = ast.get_docstring(parse(path))
    assert docstring
    assert docstring.splitlines()[0].endswith((".", ",", ":"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_export_what_they_have(path: Path) -> None:
    tree = parse(path)
    bound = {each.name for each in ast.walk(tree) if isinstance(each, DEFINED)}
    bound |= {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}
    bound |= {name.rpartition(".")[2] for name in imports(tree)}
    assert set(exports(tree)) <= bound


def test_no_module_loads_a_driver() -> None:
    for path in MODULES:
        if not {"simple_repository", "pynvml"} & {
            n.partition(".")[0] for n in imports(parse(path))
        }:
            name = ".".join(("customtags", *path.relative_to(PACKAGE).with_suffix("").parts))
            if path.name != "__main__.py" and not path.name.startswith("_ask_"):
                importlib.import_module(name.removesuffix(".__init__"))
    assert "pynvml" not in sys.modules


@pytest.mark.parametrize(
    "path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS))
)
def test_no_test_imports_another(path: Path) -> None:
    """What several tests share lies in a module that is named for its subject."""
    for name in imports(parse(path)):
        assert not [part for part in name.split(".") if part.startswith(("test_", "conftest"))]


@pytest.mark.parametrize(
    "path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS))
)
def test_only_needs_skips(path: Path) -> None:
    """Continuous integration fails there instead."""
    names = {node.attr for node in ast.walk(parse(path)) if isinstance(node, ast.Attribute)}
    skips = names.intersection(("skip", "skipif", "importorskip"))
    assert not skips or path == TESTS / "needs.py"


def test_the_tests_mirror_the_rooms() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    folders = {path.parent.name for path in TESTS.rglob("test_*.py")}
    assert folders == {*rooms, "real", "tests"}
