"""Every Python: the hook is the same guest in all that are supported, and silent in all others."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

import pythons
from guests import HOSTS, SETTINGS, TAGS, Pair, give_hook
from needs import lacking
from real import debian
from real.environments import Wheelhouse, clean

if TYPE_CHECKING:
    from pathlib import Path

#: Debian's are newer than most machines', and fetched.
FETCHED = ("3.14", "3.15")

#: They may share a directory of packages with a supported one.
OLD = ("2.7", "3.6", "3.7", "3.8")

#: Tested where a machine has one; no distribution packages it.
FREE_THREADED = ("3.13t", "3.14t", "3.15t")

#: Options that make a guest's carelessness seen.
STRICT = ("-I", "-bb", "-Werror", "-OO", "-Xdev")


@pytest.fixture(scope="module", params=(*pythons.SUPPORTED, *filter(pythons.find, FREE_THREADED)))
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, wheelhouse: Wheelhouse
) -> Pair:
    version: str = request.param
    if version in FETCHED and not pythons.find(version):
        debian.provide()
    interpreter = pythons.find(version)
    if interpreter is None:
        lacking(f"Python {version} (or {', '.join(debian.TOOLS)} and root to fetch it)")
    made = Pair.make(tmp_path_factory.mktemp(version), interpreter)
    for each in made if version == "3.9" else ():  # packaging 26.4 requires 3.10
        shutil.rmtree(each.site / "packaging")
        each.unpack(wheelhouse.wheel("packaging<26.4"))
    return made


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_cannot_tell(pair: Pair, host: str) -> None:
    pair.same(HOSTS[host])


@pytest.mark.parametrize("option", STRICT)
def test_a_strict_host_cannot_tell(pair: Pair, option: str) -> None:
    pair.same(TAGS, option)


def test_without_a_lock_nothing_is_locked_again(pair: Pair) -> None:
    """Importing an extension that needs the lock switches it on again, with a warning on stderr."""
    pair.same("import sys; print(getattr(sys, '_is_gil_enabled', bool)())" + TAGS)


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("option", ["-c", "-Wc", "-Ec"])
def test_old_pythons_print_nothing_and_go_on(tmp_path: Path, version: str, option: str) -> None:
    interpreter = pythons.find(version)
    if interpreter is None:
        lacking(f"Python {version}")
    give_hook(tmp_path)
    script = f"""
from __future__ import print_function
import site, sys
finders = list(sys.meta_path)
site.addsitedir({os.fspath(tmp_path)!r})
print("_customtags" in sys.modules, "customtags" in sys.modules, sys.meta_path == finders)
import json
raise SystemExit(4)
"""
    options = ["-W", "error", "-c"] if option == "-Wc" else [option]
    done = subprocess.run(
        [interpreter, *options, script], env=clean(SETTINGS), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (4, b"True False True\n", b"")
