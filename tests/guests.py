"""Two environments that differ by the hook alone, and what a host does in both of them.

With the settings below the hook adds one platform, whose lines end in ``_fc39``. Without these lines the outcome
of every host must be that of the environment without the hook: exit status, stdout and stderr.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import packaging

from real.environments import PROJECT, Environment, clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["HOSTS", "SETTINGS", "TAGS", "Outcome", "Pair", "give_hook", "give_packaging", "run"]

#: One dimension, the same on every machine.
SETTINGS = {
    "CUSTOMTAGS_ISA": "none",
    "CUSTOMTAGS_DISTRO": "fc39",
    "CUSTOMTAGS_ACCELERATOR": "none",
}

#: What nearly every host ends with.
TAGS = """
import packaging.tags
print(*packaging.tags.platform_tags(), sep="\\n")
print(*packaging.tags.sys_tags(), sep="\\n")
"""

#: What a process may do with `packaging.tags`.
HOSTS = {
    "import": TAGS,
    "namespace": """
import packaging.tags as tags
print(sorted(vars(tags)), tags.__spec__, tags.__file__, sorted(vars(tags.__spec__)))
print(type(tags.__loader__), type(tags.__spec__.loader), tags.__spec__.cached)
"""
    + TAGS,
    "inspect": """
import inspect, packaging.tags as tags
print(inspect.getsource(tags)[:60], inspect.getsource(tags.platform_tags))
print(inspect.signature(tags.platform_tags), inspect.getmodule(tags.platform_tags) is tags)
print(tags.platform_tags.__name__, tags.platform_tags.__qualname__, tags.platform_tags.__doc__)
print(tags.platform_tags.__annotations__)
"""
    + TAGS,
    "pickle": """
import copy, pickle, packaging.tags as tags
found = list(tags.sys_tags())
print(pickle.loads(pickle.dumps(found)) == found == copy.deepcopy(found))
print(pickle.loads(pickle.dumps(tags.platform_tags)) is tags.platform_tags)
print(pickle.loads(pickle.dumps(tags.__spec__.name)), copy.copy(tags.__spec__))
"""
    + TAGS,
    "spec": """
import copy, importlib.util, inspect, pkgutil
spec = importlib.util.find_spec("packaging.tags")
print(spec.name, spec.origin, spec.cached, spec.has_location, spec.loader.get_filename("packaging.tags"))
print(copy.deepcopy(spec).loader.get_source("packaging.tags")[:40], spec.loader.is_package(spec.name))
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(*module.platform_tags(), module, type(module.__spec__.loader), sep="\\n")
""",
    "reload": """
import importlib, packaging.tags as tags
for _ in range(3):
    print(importlib.reload(tags) is tags, type(tags.__loader__), type(tags.__spec__.loader))
    function, depth = tags.platform_tags, 0
    while hasattr(function, "__wrapped__"):
        function, depth = function.__wrapped__, depth + 1
    print(depth < 2)
"""
    + TAGS,
    "lazy": """
import importlib.util, sys
spec = importlib.util.find_spec("packaging.tags")
spec.loader = importlib.util.LazyLoader(spec.loader)
module = importlib.util.module_from_spec(spec)
sys.modules["packaging.tags"] = module
spec.loader.exec_module(module)
print(type(module).__name__)
import packaging
packaging.tags = module
print(packaging.tags.Tag, type(packaging.tags), type(packaging.tags.__loader__))
"""
    + TAGS,
    "lazy everything": """
import importlib.machinery, importlib.util, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and name.startswith("packaging") and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec
sys.meta_path.insert(len(sys.meta_path) - 1, Finder())
"""
    + TAGS,
    "zip": """
import os, sys, tempfile, zipfile, packaging
folder = os.path.dirname(packaging.__file__)
with tempfile.TemporaryDirectory() as work:
    with zipfile.ZipFile(os.path.join(work, "z.zip"), "w") as archive:
        for name in sorted(os.listdir(folder)):
            if name.endswith(".py"):
                archive.write(os.path.join(folder, name), "packaging/" + name)
    for name in [name for name in sys.modules if name.startswith("packaging")]:
        del sys.modules[name]
    sys.path.insert(0, os.path.join(work, "z.zip"))
    import packaging.tags as tags
    print(os.path.relpath(tags.__file__, work), type(tags.__loader__), type(tags.__spec__.loader))
    list(tags.platform_tags())  # Python 3.15 imports parts of packaging 26.4 here (PEP 810)
"""
    + TAGS,
    "finders": """
import pkgutil, sys, packaging
print(sys.meta_path, [each.name for each in pkgutil.iter_modules(packaging.__path__)])
import packaging.tags
importer = sys.path_importer_cache[packaging.__path__[0]]
print(type(importer), importer.path == packaging.__path__[0], importer.find_spec("packaging.nothing"))
import importlib.util
importlib.invalidate_caches()
print(importlib.util.find_spec("packaging.version").name)
"""
    + TAGS,
    "run as a module": """
import runpy, sys
sys.argv = ["tags"]
print(sorted(runpy.run_module("packaging.tags"))[:9])
import packaging.tags
print(*packaging.tags.platform_tags(), sep="\\n")
""",
    "a finder that starts over": """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        for finder in sys.meta_path:
            if finder is not self:
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    return spec
sys.meta_path.insert(len(sys.meta_path) - 1, Finder())
"""
    + TAGS,
    "a finder that starts over with itself": """
import importlib.util, sys
class Finder:
    asked = []
    def find_spec(self, name, path=None, target=None):
        if name == "packaging.tags" and len(self.asked) < 9:
            self.asked.append(name)
            return importlib.util.find_spec(name)
sys.meta_path.insert(len(sys.meta_path) - 1, Finder())
import packaging.tags
print(len(Finder.asked) < 10)
print(hasattr(getattr(packaging.tags.platform_tags, "__wrapped__", None), "__wrapped__"))
"""
    + TAGS,
    "an import inside find_spec": """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "colorsys":
            import packaging.tags
        if name == "packaging.tags":
            import json.tool
sys.meta_path.insert(0, Finder())
import colorsys
"""
    + TAGS,
    "an old finder": """
import sys, warnings
warnings.simplefilter("ignore")
class Finder:
    def find_module(self, name, path=None):
        return None
sys.meta_path.insert(len(sys.meta_path) - 1, Finder())
"""
    + TAGS,
    "meta_path replaced": """
import sys
sys.meta_path = list(sys.meta_path)
"""
    + TAGS,
    "thirty threads": """
import sys, threading
sys.setswitchinterval(1e-6)
start, found = threading.Barrier(30), []
def work():
    start.wait()
    import packaging.tags
    found.append(tuple(packaging.tags.platform_tags()))
threads = [threading.Thread(target=work) for _ in range(30)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found), len(set(found)))
print(*found[0], sep="\\n")
""",
    "fork": """
import os, packaging.tags
child = os.fork()
print("child" if child == 0 else os.waitpid(child, 0)[1], flush=True)
print(*packaging.tags.platform_tags(), sep="\\n", flush=True)
""",
    "spawn": """
import multiprocessing
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        source = "list(__import__('packaging.tags').tags.platform_tags())"
        print(*pool.apply(eval, (source,)), sep="\\n")
""",
    "subinterpreter": """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
source = '''
import packaging.tags
print(*packaging.tags.platform_tags(), sep="\\\\n", flush=True)
'''
for _ in range(2):
    one = interpreters.create()
    print(interpreters.run_string(one, source), flush=True)
    interpreters.destroy(one)
"""
    + TAGS,
    "modules forgotten": """
import sys
import packaging.tags
list(packaging.tags.platform_tags())
for name in [name for name in sys.modules if name.split(".")[0] in ("packaging", "customtags", "_customtags")]:
    del sys.modules[name]
"""
    + TAGS,
    "platforms of the caller": """
import packaging.tags as tags
print(*tags.cpython_tags((3, 11), ["cp311"], ["linux_x86_64"]), sep="\\n")
print(*tags.compatible_tags((3, 11), "cp311", platforms=["any_64"]), sep="\\n")
"""
    + TAGS,
    "exit status": TAGS + "raise SystemExit(7)",
    "traceback": TAGS + "raise ValueError('as ever')",
}


class Outcome(NamedTuple):
    """What a process left: its status, and the lines of its stdout and stderr."""

    status: int
    stdout: list[str]
    stderr: list[str]

    def stock(self) -> Outcome:
        """Return the outcome without the lines that the hook adds."""
        return self._replace(stdout=[line for line in self.stdout if not line.endswith("_fc39")])

    def extended(self) -> bool:
        """Return whether the hook added a line."""
        return self.stock() != self


class Pair(NamedTuple):
    """The two environments, of one interpreter."""

    bare: Environment
    hooked: Environment

    @classmethod
    def make(cls, folder: Path, interpreter: str, *options: str) -> Pair:
        """Create both, each with the ``packaging`` of this process."""
        pair = cls(*(Environment(folder / name, interpreter, *options) for name in cls._fields))
        for environment in pair:
            give_packaging(environment.site)
        give_hook(pair.hooked.site)
        # Python 3.13 and later load a codec for the first .pth of any kind.
        (pair.bare.site / "another.pth").write_text("import sys\n")
        return pair

    def same(
        self,
        script: str,
        *options: str,
        env: Mapping[str, str] | None = None,
        extended: bool = True,
    ) -> Outcome:
        """Check that a host does the same in both apart from the tags, and return its outcome."""
        bare, hooked = (run(each, script, *options, env=env) for each in self)
        assert hooked.stock() == bare
        assert hooked.extended() is extended
        return hooked


def give_hook(site: Path) -> None:
    """Copy customtags's files to where an installer puts them."""
    shutil.copy(PROJECT / "customtags.pth", site)
    shutil.copy(PROJECT / "src" / "_customtags.py", site)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "src" / "customtags", site / "customtags", ignore=ignored)


def give_packaging(site: Path) -> None:
    """Copy the ``packaging`` of this process there."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(packaging.__path__[0]), site / "packaging", ignore=ignored)


def run(
    environment: Environment,
    script: str,
    *options: str,
    env: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
) -> Outcome:
    """Run a script and return its outcome without the name of the environment."""
    done = subprocess.run(
        [*prefix, os.fspath(environment.python), *options, "-c", script],
        env=clean({**SETTINGS, **(env or {})}),
        capture_output=True,
        check=False,
        timeout=60,
        cwd=environment.folder,
    )
    outputs = (_lines(output, environment) for output in (done.stdout, done.stderr))
    return Outcome(done.returncode, *outputs)


def _lines(output: bytes, environment: Environment) -> list[str]:
    text = output.replace(os.fsencode(environment.folder), b"ENVIRONMENT")
    # Addresses differ from process to process.
    return re.sub("0x[0-9a-f]+", "0x", text.decode("utf-8", "backslashreplace")).splitlines()
