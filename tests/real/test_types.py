"""mypy and pyright see the public API of the built wheel, and nothing else of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import customtags
from customtags import linking, testing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from real.environments import Environment, MakeEnvironment, Wheelhouse

#: Uses every public name, as each type checker must accept it; it also runs.
RIGHT = """
from __future__ import annotations

from types import ModuleType

from typing_extensions import assert_type

import customtags
from customtags import (
    CustomtagsError, Extended, FactError, Facts, Finding, Fix, Host, OverrideError, Page, Parsed, Probe, Profile, ProfileError, Report,
    SettingError, TagError,
)
from customtags import build, linking, testing

base, segments = customtags.parse("linux_x86_64_v3")
assert_type(base, str)
assert_type(customtags.parse("linux_x86_64_v3"), Parsed)
assert_type(customtags.parse("linux_x86_64_v3").segments, tuple[str, ...])
assert_type(customtags.format(base, ["v3"]), str)
profile: Profile = {"version": 1, "isa": {"arch": "x86_64", "features": []}, "distro": {"segment": "fc39"}}
found = customtags.extend(["linux_x86_64"], profile, limit=5)
assert_type(found, Extended)
assert_type(found.tags, list[str])
assert_type(found.dropped, int)
assert_type(customtags.detect(), Profile)
detected = customtags.detect(Host("/nonexistent"))
isa = detected.get("isa")
if isa is not None:
    assert_type(isa["features"], list[str])
try:
    customtags.read_profile("/nonexistent")
except (FactError, OverrideError, SettingError, TagError, ProfileError) as error:
    cause: CustomtagsError = error
    assert_type(cause.problem + cause.cure, str)


def audited(path: str) -> list[Finding]:
    report = customtags.audit_wheel(path, only=["isa"], full=True)
    assert_type(report, Report)
    assert_type(report.wrong, bool)
    fixes: list[Fix | None] = [each.fix for each in report.findings]
    return report.findings[: len(fixes)]


def probe(host: Host) -> Facts | None:
    return {"release": host.read("/etc/mpi")} if host.exists("/etc/mpi") else None


class Mpi:
    NAME = DIMENSION = "mpi"
    PROBES: dict[str, Probe] = {"/etc/mpi": probe}

    def override(self, value: str, arch: str | None) -> Facts | None:
        return {"release": value} if value.isalnum() and value.isascii() else None

    def ladder(self, facts: Facts) -> list[str]:
        return [str(facts["release"])]

    def describe(self, facts: Facts) -> str:
        return str(facts["release"])


page: Page = Mpi()
hosts = [testing.FakeHost({"/etc/mpi": "mpich12"}, {}, "x86_64", installed={})]
assert_type(testing.check_dimension(page, hosts, ["openmpi40"]), list[list[str]])
check: ModuleType = testing


def flags(distribution: str) -> list[str]:
    made = linking.link(distribution, package="mine", libraries=["torch"], path=None)
    assert_type(made, linking.Linking)
    assert_type(made.extension["include_dirs"], list[str])
    return [*made.cflags, *made.libs, *made.segments]


def wheel(folder: str) -> str:
    return build.build_wheel(folder, {"isa": "v3"})
"""

#: Lines that a type checker must refuse, each by itself.
WRONG = (
    "customtags.nope",
    "customtags.parse(7)",
    "customtags.parse('linux_x86_64').nope",
    "customtags.detect()['nope']",
    "customtags.audit_wheel('a.whl').findings[0].nope",
    "customtags.extend(['linux_x86_64'], {'isa': 'v3'})",
    "build.nope",
    "linking.link(7)",
    "linking.link('torch').extension['nope']",
    "testing.check_dimension('mpi')",
)


@pytest.fixture(scope="module")
def environment(make_environment: MakeEnvironment, wheelhouse: Wheelhouse) -> Environment:
    """An environment with customtags's wheel and both type checkers."""
    environment = make_environment()
    environment.install(wheelhouse.fetch("mypy"), "mypy")
    environment.install(wheelhouse.fetch("pyright[nodejs]"), "pyright[nodejs]")
    return environment


def mypy(environment: Environment, folder: Path) -> str:
    return environment.run("-m", "mypy", "--strict", ".", cwd=folder, status=1).stdout


def pyright(environment: Environment, folder: Path) -> str:
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', encoding="utf-8")
    options = ("-m", "pyright", f"--pythonpath={environment.python}")
    return environment.run(*options, cwd=folder, status=1).stdout


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_type_checkers_accept_the_public_names_and_no_others(
    checker: Callable[[Environment, Path], str], environment: Environment, tmp_path: Path
) -> None:
    (tmp_path / "right.py").write_text(RIGHT, encoding="utf-8")
    for number, line in enumerate(WRONG):
        module = "" if line.startswith("customtags") else "from customtags "
        text = f"\n{module}import {line.partition('.')[0]}\nprint({line})\n"
        (tmp_path / f"wrong{number}.py").write_text(text, encoding="utf-8")
    output = checker(environment, tmp_path)
    refused = set(re.findall(r"(\w+)\.py:3\b.* error:", output))
    assert refused == {f"wrong{number}" for number in range(len(WRONG))}, output
    assert "right.py" not in output, output


def test_the_sample_uses_every_public_name_and_runs(environment: Environment) -> None:
    names = {*customtags.__all__, *linking.__all__, *testing.__all__}
    assert {name for name in names if not re.search(rf"\b{name}\b", RIGHT)} == set()
    environment.run("-c", RIGHT)
