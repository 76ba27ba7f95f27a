"""The rules that every line of the source is held to: what imports what, what runs inside pip, and how files are made."""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sample import SEED, V3, write
from source_tree import (
    HOOK,
    INSIDE,
    MODULES,
    PACKAGE,
    ROOMS,
    exports,
    imports,
    law,
    name_of,
    outer_imports,
    parse,
    relative,
    room,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

TESTS = Path(__file__).parent

every_module = pytest.mark.parametrize("path", MODULES, ids=relative)
every_test = pytest.mark.parametrize(
    "path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS))
)

#: Imports that go up, at the last moment: the file that may, and the room.
UPWARD = {("machine/__init__.py", "profiles")}

#: What asks the operating system, and so belongs into host/; os.environ is the settings', subprocess the demo's.
SYSTEM = frozenset(("ctypes", "platform", "select", "signal", "socket", "distro"))

#: What a file outside of host/ that runs inside pip may call of `os`.
OS_CALLS = {"os.environ.get", "os.path.dirname", "os.path.join"}

#: Files of the rooms that run inside pip which do not: programs of a child process, and types.
NOT_INSIDE = ("_ask_nvml.py", "_ask_variants.py", "naming.py", "spec.py")

#: The part of the standard library that pip has loaded when it asks for the platforms, or that is built in.
CHEAP = frozenset(
    (
        *("_thread", "collections.abc", "errno", "functools", "importlib", "itertools", "os"),
        *("stat", "sys", "types", "zlib"),
    )
)

#: The file → what its functions import where they are called.
LATE = {
    "machine/configuration.py": {"difflib"},
    "machine/documents.py": {"json", "tomli", "tomllib"},
    "machine/host/auxv.py": {"ctypes"},
    "machine/host/cache.py": {"contextlib", "json", "time"},
    "machine/host/child.py": {"contextlib", "json", "select", "signal", "subprocess", "time"},
    "machine/host/cpuid.py": {"ctypes"},
    "machine/host/ld_so.py": {"subprocess"},
    "machine/host/nvml.py": {"contextlib", "importlib.util"},
    "machine/host/release.py": {"distro"},
    "machine/plugins.py": {"importlib.metadata", "json"},
}

#: The modules of customtags that a pip run loads on every machine.
ALWAYS = {
    *("", ".hook", ".machine", ".machine.dimensions", ".machine.dimensions.distro"),
    *(".machine.dimensions.isa", ".machine.host", ".machine.settings", ".tags", ".tags.ladder"),
}

#: What a configuration file takes.
CONFIGURED = {".errors", ".machine.configuration", ".machine.documents"}

#: The kind of machine → the modules that a pip run loads there beyond `ALWAYS`.
LOADED: dict[str, set[str]] = {
    "CPU only": set(),
    "NVIDIA": {
        *(".machine.dimensions.cuda", ".machine.host.nvml"),
        *(".machine.host.cache", ".machine.host.child"),
    },
    "AMD": {".machine.dimensions.rocm"},
    "configuration file": CONFIGURED,
    "third party's page": {*CONFIGURED, ".machine.plugins"},
    "profile": {
        *(*CONFIGURED, ".machine.plugins", ".machine.dimensions.abi", ".machine.dimensions.cuda"),
        *(".machine.dimensions.flavour", ".machine.dimensions.rocm", ".machine.dimensions.site"),
        *(".profiles", ".profiles.interpreter", ".tags.stock"),
    },
}

#: The kind of machine → the files that show it.
SIGNS = {
    "CPU only": {},
    "NVIDIA": {"dev/nvidiactl": "", "proc/driver/nvidia/gpus/0/information": ""},
    "AMD": {
        "opt/rocm/.info/version": "6.0.2-115\n",
        "sys/class/kfd/kfd/topology/nodes/1/properties": "gfx_target_version 90010\n",
    },
    "configuration file": {"home/.config/customtags/customtags.toml": 'isa = "v2"\n'},
    "third party's page": {
        "home/.config/customtags/customtags.toml": 'dimensions = ["mpi"]\n',
        "usr/lib64/libmpi.so.12": "",
        "site/mpi-1.0.dist-info/entry_points.txt": "[customtags.dimensions]\nmpi = customtags_mpi\n",
        "site/mpi-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: mpi\nVersion: 1.0\n",
    },
    "profile": {"seed.json": json.dumps(SEED)},
}

#: The kind of machine → its best tag, without the base.
BEST = {
    "CPU only": "v3_fc39",
    "NVIDIA": "v3_fc39",
    "AMD": "v3_fc39_rocm6_0_gfx90a",
    "configuration file": "v2_fc39",
    "third party's page": "v3_fc39_mpich12",
    "profile": "v3_fc39_rocm6_0_gfx90a",
}

#: Asks a copy of packaging.tags for its tags on the machine below a root, and prints the best one and what is loaded.
RUN = """
import sys
import _customtags
assert not [name for name in sys.modules if name.split(".")[0] == "customtags"]
from packaging import tags
from customtags.machine import host
make = host.Host.__init__
host.Host.__init__ = lambda self, root=sys.argv[1]: make(self, root, live=True)
best = next(tag.platform for tag in tags.sys_tags() if tag.platform[:5] == "linux" and tag.platform[-3:] != "_64")
ours = [name for name in sys.modules if name.split(".")[0] == "customtags"]
print(best, *(name[len("customtags"):] for name in ours), sep=",")
"""

#: The files → what is used of them without an import of its name: a page, a check, a verb, the two verbs of the hook.
BY_NAME = {
    "machine/dimensions/*.py": {
        *("NAME", "DIMENSION", "PROBES", "override", "ladder", "describe"),
        *("common", "examples", "libc", "owns"),
    },
    "audit/*.py": {"NAME", "CODES", "check"},
    "cli/*.py": {"declare", "declare_detect", "declare_show", "declare_view"},
    "hook.py": {"apply", "undo"},
}

#: The files whose exports are public.
PUBLIC = ("__init__.py", "api.py", "linking.py", "results.py", "testing.py")

DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def inside(path: Path) -> bool:
    """Return whether a file runs inside pip."""
    return room(path) in INSIDE and path.name not in NOT_INSIDE


def level(name: str) -> int:
    """Return the place of a room in the table."""
    return next(number for number, names in enumerate(ROOMS) if name in names)


def uses(tree: ast.AST, modules: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the module and the name of everything that a file uses of these modules."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in modules:
                    bound[alias.asname or alias.name] = full
                elif node.module in modules:
                    yield node.module, alias.name
    for node in ast.walk(tree):
        holder = node.value if isinstance(node, ast.Attribute) else None
        if isinstance(node, ast.Attribute) and isinstance(holder, ast.Name) and holder.id in bound:
            yield bound[holder.id], node.attr


@every_module
def test_imports_go_down_only(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        return  # it names the public modules, lazily
    for name in imports(parse(path)):
        top, _, rest = name.partition(".")
        if top == "customtags":
            target = rest.split(".")[0]
            number = next((i for i, row in enumerate(ROOMS) if target in row), len(ROOMS))
            upward = (relative(path), target) in UPWARD
            assert number >= level(room(path)) or upward, f"{path} imports {name}"


def test_imports_form_no_circle() -> None:
    names = {name_of(path): path for path in MODULES}
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


@pytest.mark.parametrize("kind", LOADED)
def test_a_pip_run_loads_these_modules_and_no_others(kind: str, tmp_path: Path) -> None:
    machine = {
        "proc/cpuinfo": f"flags : {V3}\n",
        "etc/os-release": "ID=fedora\nVERSION_ID=39\n",
        "bin/sh": "",
    }
    write(tmp_path, {**machine, **SIGNS[kind]})
    page = PACKAGE.parents[1] / "examples" / "customtags-mpi" / "src"
    variables = {
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": os.pathsep.join(map(str, (tmp_path / "site", page, PACKAGE.parent))),
        **({"CUSTOMTAGS_PROFILE": str(tmp_path / "seed.json")} if kind == "profile" else {}),
    }
    ours = ("CUSTOMTAGS_", "XDG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path)],
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    best, *loaded = done.stdout.strip().split(",")
    assert best == f"linux_{os.uname().machine}_{BEST[kind]}"
    assert {*loaded} == ALWAYS | LOADED[kind]
    rooms = {"", *INSIDE, *(["profiles"] if kind == "profile" else [])}
    assert {name.lstrip(".").split(".")[0] for name in loaded} <= rooms


@every_module
def test_what_runs_inside_pip_imports_the_cheap_part_of_the_standard_library(path: Path) -> None:
    if inside(path):
        tree = parse(path)
        at_once, anywhere = {*outer_imports(tree.body)}, {*outer_imports(ast.walk(tree))}
        assert at_once <= CHEAP
        assert anywhere - CHEAP == LATE.get(relative(path), set())


@every_module
def test_only_host_asks_the_system(path: Path) -> None:
    if "host" in path.parts:
        return
    tree = parse(path)
    assert not SYSTEM.intersection(name.split(".")[0] for name in imports(tree))
    if inside(path):
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert {each for each in calls if each == "open" or each.startswith("os.")} <= OS_CALLS


def test_start_up_imports_sys_alone() -> None:
    tree = parse(HOOK)
    assert [*outer_imports(ast.walk(tree))] == ["sys"]
    assert imports(tree) == ["sys", "customtags.hook"]
    assert not [node for node in tree.body if isinstance(node, ast.ImportFrom)]


@every_module
def test_only_settings_names_our_variables(path: Path) -> None:
    literals = [n.value for n in ast.walk(parse(path)) if isinstance(n, ast.Constant)]
    read = [
        v
        for v in literals
        if isinstance(v, str) and v.startswith("CUSTOMTAGS_") and v.isidentifier()
    ]
    assert not read or path.name in ("settings.py", "hook.py", "demo.py")


@every_module
def test_no_module_keeps_state(path: Path) -> None:
    tree = parse(path)
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.Global, ast.Nonlocal))]
    assert not {"functools.cache", "functools.lru_cache"}.intersection(imports(tree))
    for node in tree.body:
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        empty = value is not None and ast.unparse(value) in (
            "{}",
            "[]",
            "set()",
            "dict()",
            "list()",
        )
        assert not empty, f"{path.name} line {node.lineno} looks like a registry"


@every_module
def test_every_module_says_its_law(path: Path) -> None:
    assert law(path)
    assert law(path).splitlines()[0].endswith((".", ",", ":"))


@every_module
def test_what_says_pure_touches_nothing(path: Path) -> None:
    if "Pure" not in law(path).splitlines()[0]:
        return
    tree = parse(path)
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not calls & {"open", "print", "input", "exec", "eval", "__import__"}
    assert not attributes & {"read_bytes", "read_text", "write_bytes", "write_text", "iterdir"}
    assert not {*outer_imports(ast.walk(tree))} & {
        *("os", "subprocess", "pathlib", "shutil", "tempfile", "zipfile", "glob", "time", "random"),
        *("socket", "importlib", "http.client", "urllib.request", "ctypes"),
    }


@every_module
def test_a_long_file_has_a_reason(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 300 or "300 lines" in law(path)


@every_module
def test_a_file_is_named_for_its_subject(path: Path) -> None:
    assert path.stem.strip("_") not in ("utils", "util", "helpers", "common", "misc", "constants")


def test_one_word_means_one_thing() -> None:
    classes = [
        node.name
        for path in (*MODULES, HOOK)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ClassDef)
    ]
    assert [name for name, count in Counter(classes).items() if count > 1] == []


@every_module
def test_modules_export_what_they_have(path: Path) -> None:
    tree = parse(path)
    bound = {each.name for each in ast.walk(tree) if isinstance(each, DEFINED)}
    bound |= {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}
    bound |= {name.rpartition(".")[2] for name in imports(tree)}
    assert set(exports(tree)) <= bound


def test_modules_export_what_others_import() -> None:
    modules = {name_of(path): path for path in MODULES}
    used: dict[str, set[str]] = {name: set() for name in modules}
    root = PACKAGE.parents[1]
    for folder in ("src", "tests", "benchmarks", "docs"):
        for path in sorted((root / folder).rglob("*.py")):
            for module, name in uses(parse(path), modules):
                if modules[module] != path:
                    used[module].add(name)
    for module, path in modules.items():
        if relative(path) not in PUBLIC:
            named = [names for files, names in BY_NAME.items() if path.match(f"customtags/{files}")]
            unused = {*exports(parse(path))}.difference(used[module], *named)
            assert not unused, f"{path} exports what nobody imports"


def test_no_module_loads_a_driver() -> None:
    extras = {"fastapi", "httpx", "pynvml", "simple_repository", "starlette", "uvicorn"}
    for path in MODULES:
        outer = {name.partition(".")[0] for name in imports(parse(path))}
        program = path.name == "__main__.py" or path.name.startswith("_ask_")
        if not outer & extras and not program:
            importlib.import_module(name_of(path))
    assert "pynvml" not in sys.modules


@every_test
def test_no_test_imports_another(path: Path) -> None:
    """What several tests share lies in a module that is named for its subject."""
    for name in imports(parse(path)):
        assert not [part for part in name.split(".") if part.startswith(("test_", "conftest"))]


@every_test
def test_only_needs_skips(path: Path) -> None:
    """Continuous integration fails there instead."""
    names = {node.attr for node in ast.walk(parse(path)) if isinstance(node, ast.Attribute)}
    skips = names.intersection(("skip", "skipif", "importorskip"))
    assert not skips or path == TESTS / "needs.py"


def test_the_tests_mirror_the_rooms() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    folders = {path.parent.name for path in TESTS.rglob("test_*.py")}
    assert folders == {*rooms, "real", "tests"}
