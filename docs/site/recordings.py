"""What the verbs print with `--json`, recorded from the program in a folder with a few wheels and a supplier of a library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags.wheels.writer import create

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["EXAMPLES", "alike", "command", "of", "shown"]

ROOT = Path(__file__).parents[2]

#: The project whose wheels the examples use, and its tag on most machines.
WHEEL = "example-1.2.3-cp312-cp312-linux_x86_64"
FEDORA = ("--profile", "docs/fedora39.json", "--python", "3.12")

#: Verb → the arguments of its example.
EXAMPLES: Mapping[str, Sequence[str]] = {
    "show": ("--profile", "examples/cluster/cluster.json"),
    "detect": ("--root", "image"),
    "intersect": ("examples/cluster/profiles/epyc.json", "examples/cluster/profiles/zen3.json"),
    "config": (),
    "explain": (*FEDORA, f"{WHEEL}_v4.whl"),
    "rank": (*FEDORA, f"{WHEEL}_v3.whl", "example-1.2.4-py3-none-any.whl"),
    "doctor": (),
    "retag": (f"dist/{WHEEL}.whl", "--isa", "v3", "--distro", "fc39", "-d", "out"),
    "variant": (f"dist/{WHEEL}_v3.whl", "-d", "out"),
    "build-matrix": ("--source", "examples/levels", "--list"),
    "audit": (f"dist/{WHEEL}_v3_cuda12_4.whl", "--only", "accelerator"),
    "link-flags": ("vectorlib", "--package", "mine"),
    "coverage": ("dist", *FEDORA),
    "view": ("dist", "--profile", "docs/fedora39.json", "-o", "public"),
}

#: Verb → the package without which it prints nothing.
REQUIRED = {"view": "simple_repository"}

#: The verbs whose values depend on the machine: of these the keys alone must stay the same.
LOCAL = {"doctor", "explain"}


def command(verb: str) -> list[str]:
    """Return the command of an example."""
    asked = () if verb in ("detect", "intersect") else ("--json",)  # these print nothing else
    return ["customtags", verb, *EXAMPLES[verb], *asked]


def of(verb: str, old: str) -> str:
    """Return the example of a verb as JSON.

    :param old: the example that the page has; kept if the verb cannot run here, or if only the machine makes it differ
    """
    if verb in REQUIRED and find_spec(REQUIRED[verb]) is None:
        return old
    printed = _run(verb)
    if verb in LOCAL and old and alike(json.loads(old), json.loads(printed)):
        return old
    return printed


def _run(verb: str) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder)
        done = subprocess.run(
            [sys.executable, "-m", *command(verb)],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": "/home/me", "PYTHONPATH": f"{folder}/site"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.stderr, done.stderr  # noqa: S101
        venv = "/home/me/venv"
        paths = {str(folder): "/home/me", str(ROOT / "src"): f"{venv}/lib", sys.prefix: venv}
        text = done.stdout
        for path, instead in paths.items():
            text = text.replace(path, instead)
        return text


def _prepare(folder: Path) -> None:
    """Write what the examples name."""
    for name in ("docs", "examples"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "image").symlink_to(ROOT / "tests" / "machines" / "kvm-debian12-epyc--v4_deb12")
    (folder / "dist").mkdir()
    for end in ("", "_v3", "_v3_cuda12_4"):
        project, version, tag = f"{WHEEL}{end}".split("-", 2)
        create(folder / "dist", project, version, tag, {"example.py": b""})
    site = folder / "site"
    (site / "vectorlib" / "include").mkdir(parents=True)
    (site / "vectorlib" / "include" / "vectorlib.h").touch()
    info = site / "vectorlib-1.4.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vectorlib\nVersion: 1.4\n")
    (info / "RECORD").write_text("vectorlib/include/vectorlib.h,,\n")


def shown(verb: str) -> Any:
    """Return the example that the page of a verb has."""
    page = (ROOT / "docs" / "reference" / "cli" / f"{verb}.md").read_text("utf-8")
    return json.loads(page.partition("```json\n")[2].partition("```")[0])


def alike(one: Any, other: Any) -> bool:
    """Return whether two values have the same keys; an empty list or null may stand for anything."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return not (one and other) or alike(one[0], other[0])
    return None in (one, other) or not isinstance(one, (dict, list))
