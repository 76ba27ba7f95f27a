"""packaging's own tests of its tags say the same with the hook as without it."""

from __future__ import annotations

import shutil
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from guests import SETTINGS, Pair, run

if TYPE_CHECKING:
    from pathlib import Path

    from real.environments import Wheelhouse

#: From the last one with the private name of the seam to the newest, and the extra plugins that its tests need.
VERSIONS = ("20.9", "21.0", "21.3", "23.2", "24.2", "25.0", "26.0", "26.3")

#: Without any extended tag, the suite must not see us.
NOTHING = dict.fromkeys(SETTINGS, "none")

_RUN = """
import pytest, sys
sys.exit(pytest.main([*sys.argv[1:], "-p", "no:cacheprovider", "-rA", "--tb=line", "-q", "suite"]))
"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, wheelhouse: Wheelhouse) -> Pair:
    pair = Pair.make(tmp_path_factory.mktemp("suite"), sys.executable)
    for requirement in ("pytest", "pretend"):
        for wheel in wheelhouse.fetch(requirement).glob("*.whl"):
            for each in pair:
                each.unpack(wheel)
    return pair


@pytest.mark.parametrize("version", VERSIONS)
def test_the_suite_says_the_same(pair: Pair, wheelhouse: Wheelhouse, version: str) -> None:
    wheel = wheelhouse.wheel(f"packaging=={version}")
    options = ("--no-deps", "--no-binary=:all:")
    (sdist,) = wheelhouse.fetch(f"packaging=={version}", *options).glob("*.tar.gz")
    for each in pair:
        for folder in (each.site / "packaging", each.folder / "suite"):
            shutil.rmtree(folder, ignore_errors=True)
        each.unpack(wheel)
        _unpack_tests(sdist, each.folder / "suite")
    bare, hooked = (run(each, _RUN, env=NOTHING) for each in pair)
    verdicts = [line for line in bare.stdout if line.startswith("PASSED suite/test_tags.py")]
    assert len(verdicts) > 90
    assert _without_times(hooked.stdout) == _without_times(bare.stdout)
    assert (hooked.status, hooked.stderr) == (bare.status, bare.stderr)


def _unpack_tests(sdist: Path, folder: Path) -> None:
    with tarfile.open(sdist) as archive:
        for member in archive:
            name = member.name.partition("/tests/")[2]
            if name in ("__init__.py", "test_tags.py", "conftest.py") and member.isfile():
                member.name = name
                archive.extract(member, folder, set_attrs=False)


def _without_times(lines: list[str]) -> list[str]:
    return [line.rpartition(" in ")[0] or line for line in lines]
