"""The cost of a .pth for each start of Python and each import after it: customtags and its peers.

Each stands alone in an empty virtual environment; the figures are those above the same one without it.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import bench
import report
import venvs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from count import Counter
    from results import Row
    from venvs import Environment

#: Who has a .pth → the wheels that bring it; none where it is written here.
PROJECTS = {
    "a finder that does nothing": (),
    "customtags": (),
    "coverage": ("coverage",),
    "setuptools": ("setuptools",),
    "an editable install": (),
    "pip-system-certs": ("pip-system-certs", "pip"),
}

#: Counting these takes as long as all others together, so they are counted on the running Python only.
SLOW = ("pip-system-certs",)

#: The least that a finder in a .pth can be.
FLOOR = """
import sys
def find_spec(name, path=None, target=None):
    return None
sys.meta_path.insert(0, sys.modules[__name__])
"""

#: Its editable install needs a finder, because the package has another name than its folder.
EDITABLE = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "example"
version = "1"
[tool.setuptools]
packages = ["example"]
package-dir = {example = "lib"}
"""

#: So many empty modules are imported to learn what one import costs.
MODULES = [f"empty{number}" for number in range(200)]

NOTHING = ("-c", "pass")
IMPORTS = ("-c", f"import {', '.join(MODULES)}")
LOADED = ("-c", "import sys; print(*sys.modules)")


def main() -> None:
    """Measure on each requested Python."""
    with bench.benchmark(
        __doc__,
        python={"action": "append", "metavar": "VERSION", "help": "only on this one; repeatable"},
        project={"action": "append", "choices": PROJECTS, "help": "only this one; repeatable"},
    ) as this:
        wanted = this.options.python or venvs.pythons.SUPPORTED
        found = {version: venvs.pythons.find(version) for version in wanted}
        modules = this.folder / "modules"
        modules.mkdir()
        for name in MODULES:
            (modules / f"{name}.py").touch()
        for version, python in found.items():
            if python is not None:
                make = _Maker(this, version, python)
                here = python == found.get("{}.{}".format(*sys.version_info))
                usual = [each for each in PROJECTS if here or each not in SLOW]
                rows = measure(this.counter, make, this.options.project or usual, modules)
                heading = f"Python {version}, instructions by {this.counter.name}"
                this.table(version, heading, rows)
            elif this.options.python:
                report.missing(f"Python {version}", "put it on PATH or into pyenv")


def measure(counter: Counter, make: _Maker, projects: Sequence[str], modules: Path) -> list[Row]:
    """Measure the environments of one Python."""
    path = {"PYTHONPATH": str(modules)}

    def count(environment: Environment, code: tuple[str, str], **variables: str) -> int:
        return counter.instructions([environment.python, *code], venvs.clean(variables))

    bare = make("nothing")
    bare.run(*IMPORTS, env=path)  # caches their bytecode
    start = count(bare, NOTHING)
    imports = count(bare, IMPORTS, **path)
    loaded = set(bare.run(*LOADED).stdout.split())
    rows: list[Row] = [
        {
            ".pth of": "none: the whole start",
            "start-up, M": start / 1e6,
            "without bytecode, M": None,
            "per import, k": (imports - start) / len(MODULES) / 1e3,
            "modules": len(loaded),
        }
    ]
    for project in projects:
        environment = make(project)
        more = set(environment.run(*LOADED).stdout.split()) - loaded
        cached = count(environment, NOTHING)
        each = (count(environment, IMPORTS, **path) - cached - imports + start) / len(MODULES)
        for cache in [*environment.site.rglob("__pycache__")]:
            shutil.rmtree(cache)
        # As where it can't be written, or else the first run would be unlike the next.
        fresh = count(environment, NOTHING, PYTHONDONTWRITEBYTECODE="1")
        rows.append(
            {
                ".pth of": project,
                "start-up, M": (cached - start) / 1e6,
                "without bytecode, M": (fresh - start) / 1e6,
                "per import, k": each / 1e3,
                "modules": len(more),
            }
        )
    return rows


class _Maker:
    """Makes environments of one Python, with one project in each."""

    def __init__(self, this: bench.Benchmark, version: str, python: str) -> None:
        self.this = this
        self.folder = this.folder / version
        self.version = version
        self.python = python

    def __call__(self, project: str) -> Environment:
        environment = venvs.Environment(self.folder / project.replace(" ", "-"), self.python)
        wheels = self._wheels(*PROJECTS.get(project, ()))
        if project == "customtags":
            wheels += self.this.wheelhouse.customtags().glob("customtags-*.whl")
        elif project == "an editable install":
            wheels.append(self._editable())
        elif project == "a finder that does nothing":
            (environment.site / "floor.pth").write_text("import _floor\n")
            (environment.site / "_floor.py").write_text(FLOOR)
        venvs.compiled(environment, *wheels)
        self.this.record(environment)
        return environment

    def _wheels(self, *requirements: str) -> list[Path]:
        fitting = (f"--python-version={self.version}", "--only-binary=:all:", "--no-deps")
        folders = [self.this.wheelhouse.fetch(each, *fitting) for each in requirements]
        return [wheel for folder in folders for wheel in folder.glob("*.whl")]

    def _editable(self) -> Path:
        source = self.folder / "project"
        (source / "lib").mkdir(parents=True)
        (source / "lib" / "__init__.py").touch()
        (source / "pyproject.toml").write_text(EDITABLE)
        builder = venvs.Environment(self.folder / "builder", self.python)
        builder = venvs.compiled(builder, *self._wheels("setuptools"))
        code = "from setuptools.build_meta import build_editable; build_editable('.')"
        builder.run("-c", code, cwd=source)
        (wheel,) = source.glob("*.whl")
        return wheel


if __name__ == "__main__":
    main()
