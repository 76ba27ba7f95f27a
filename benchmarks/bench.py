"""One benchmark: its command line, its environments and its tables.

A script looks like this::

    def main() -> None:
        with bench.benchmark(__doc__) as this:
            environment = this.environment("customtags", "wheel")
            commands = {"wheel": [environment.command("wheel"), "version"]}
            costs = clock.in_turn(commands, venvs.clean())
            times = [cost.seconds for cost in costs["wheel"]]
            this.table("start", "The start of each tool", [{"tool": "wheel", "time, s": times}])

`nox -s bench -- NAME` runs it and keeps the tables in `results/NAME.json`. `docs/benchmarks.py` makes the tables and plots
of the documentation from these files.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import report
import results
import venvs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import count

__all__ = ["Benchmark", "benchmark"]


class Benchmark:
    """A benchmark that runs.

    :ivar options: what its command line says
    :ivar folder: a folder that is removed at the end
    :ivar wheelhouse: wheels from the index
    """

    def __init__(
        self, options: argparse.Namespace, folder: Path, wheelhouse: venvs.Wheelhouse
    ) -> None:
        self.options = options
        self.folder = folder
        self.wheelhouse = wheelhouse
        self._run = results.new_run(_command())

    @cached_property
    def counter(self) -> count.Counter:
        """The counter of instructions of this machine; without one, the benchmark ends."""
        return report.counter()

    def environment(
        self,
        *requirements: str,
        name: str = "environment",
        pip: str = venvs.PIP,
        python: str = sys.executable,
    ) -> venvs.Environment:
        """Make an environment in which one run of pip installs all requirements, and record their versions.

        :param requirements: "customtags" is the checkout; all others come from the index
        :param name: another one for each environment of a benchmark
        """
        made = venvs.installed(
            self.folder / name, self.wheelhouse, *requirements, pip=pip, python=python
        )
        self.record(made)
        return made

    def record(self, environment: venvs.Environment) -> None:
        """Record the versions of what is installed in an environment that is measured."""
        packages = self._run["packages"]
        for path in sorted(environment.site.glob("*.dist-info")):
            name, _, version = path.stem.partition("-")
            name = name.replace("_", "-").lower()
            packages[name] = sorted({*packages.get(name, ()), version})

    def table(self, name: str, heading: str, rows: Sequence[Mapping[str, results.Cell]]) -> None:
        """Print a table, and keep it in the file of results if there is one.

        :param name: how the documentation refers to it; an older table of that name is replaced
        :param rows: rows with the same columns: first a label, then for each unit of measurement a number, None, or the
            list of what several runs took
        """
        table: results.Table = {"name": name, "heading": heading, "rows": [{**row} for row in rows]}
        self._run["tables"].append(table)
        report.show(table)
        if self.options.output:
            path = Path(self.options.output)
            results.write(path, results.added(results.read(path), self._run))


@contextmanager
def benchmark(about: str | None, **more: Mapping[str, object]) -> Iterator[Benchmark]:
    """Parse the command line, and yield the benchmark; ``more`` declares options of its own."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--output", metavar="FILE", help="keep the tables in this file of results")
    parser.add_argument("--wheels", metavar="DIR", help="keep downloaded wheels in this folder")
    for name, settings in more.items():
        parser.add_argument(f"--{name}", **settings)  # type: ignore[arg-type]  # argparse's own types
    options = parser.parse_args()
    with venvs.temporary(options.wheels) as (folder, wheelhouse):
        yield Benchmark(options, folder, wheelhouse)


def _command() -> str:
    """Return the command that measures this again, without the folders of this machine."""
    words = iter(sys.argv[1:])
    kept = [Path(sys.argv[0]).stem]
    for word in words:
        option, _, value = word.partition("=")
        if option not in ("--output", "--wheels"):
            kept.append(word)
        elif not value:
            next(words, None)
    return " ".join(["nox -s bench --", *kept])
