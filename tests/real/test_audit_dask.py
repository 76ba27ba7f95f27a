"""The example that audits on a Dask cluster: every wheel has one line, although a worker is killed in the middle."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customtags.machine.documents import read_toml
from customtags.wheels.writer import create
from needs import requires
from real.environments import NEWEST, PROJECT, Environment

if TYPE_CHECKING:
    from real.environments import Wheelhouse

pytestmark = requires(sys.version_info >= (3, 10), "a Python that distributed supports (3.10)")

EXAMPLE = PROJECT / "examples" / "audit-dask"
LIBRARY = Path(__file__).parents[1] / "wheels" / "elf" / "x86_64.so"

#: How many wheels there are, and after how many lines a worker is killed.
WHEELS, KILLED = 60, 5

#: Runs the example on two worker processes, kills one of them as soon as the file has some lines, and prints their number.
PROGRAM = f"""
import os, signal, sys, threading, time
from pathlib import Path
import audit_dask
from distributed import Client, LocalCluster

def kill(cluster, lines):
    process = next(iter(cluster.workers.values())).process.process
    while (count := lines.exists() and lines.read_bytes().count(b"\\n")) < {KILLED}:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    print(count)

if __name__ == "__main__":
    folder, lines = sys.argv[1:]
    settings = {{"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}}
    with LocalCluster(**settings) as cluster:
        thread = threading.Thread(target=kill, args=[cluster, Path(lines)])
        thread.start()
        audit_dask.main(cluster.scheduler_address, folder, lines)
        thread.join()
"""


@pytest.fixture(scope="module")
def environment(wheelhouse: Wheelhouse, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    table = read_toml(str(PROJECT / "pyproject.toml")) or {}
    extra = table["project"]["optional-dependencies"]["audit"]
    made = Environment(tmp_path_factory.mktemp("dask") / "venv", sys.executable)
    made.unpack(wheelhouse.wheel(f"pip=={NEWEST}"))
    made.install(wheelhouse.customtags(), "customtags")
    made.install(wheelhouse.fetch("distributed", *extra), "distributed", *extra)
    return made


def test_a_killed_worker_loses_no_wheel(environment: Environment, tmp_path: Path) -> None:
    content = LIBRARY.read_bytes()
    names = [f"demo{number}" for number in range(WHEELS)]
    tag = "py3-none-manylinux_2_17_x86_64"
    folder = tmp_path / "wheels"
    folder.mkdir()
    paths = {str(create(folder, name, "1", tag, {"demo/a.so": content})) for name in names}
    (folder / "broken-1-py3-none-any.whl").write_bytes(b"no archive")
    program, lines = tmp_path / "program.py", tmp_path / "lines.jsonl"
    program.write_text(PROGRAM, encoding="utf-8")
    done = environment.run(program, folder, lines, env={"PYTHONPATH": str(EXAMPLE)})
    assert KILLED <= int(done.stdout) < WHEELS, "the worker was not killed in the middle"
    whole = lines.read_text("utf-8")
    found = [json.loads(line) for line in whole.splitlines()]
    wheels = [each["wheel"] for each in found]
    assert sorted(wheels) == sorted([*paths, str(folder / "broken-1-py3-none-any.whl")])
    assert [each for each in found if "error" in each] == [
        {
            "version": 1,
            "wheel": str(folder / "broken-1-py3-none-any.whl"),
            "error": "'broken-1-py3-none-any.whl' is not a zip archive; build or download it again",
        }
    ]
    left = "".join(line + "\n" for line in whole.splitlines()[:-3])
    lines.write_text(left + whole[len(left) : len(left) + 30], encoding="utf-8")
    code = f"import audit_dask; assert len(audit_dask.audited(__import__('pathlib').Path({str(lines)!r}))) == {WHEELS - 2}"
    environment.run("-c", code, env={"PYTHONPATH": str(EXAMPLE)})
    assert lines.read_text("utf-8") == left
