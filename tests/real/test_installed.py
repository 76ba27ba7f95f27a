"""doctor looks at what pip installed: what does not fit any more, and what an index has that fits better."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from customtags.wheels.writer import create
from real.environments import NEWEST, MakeEnvironment
from real.servers import ProjectPage, serve
from real.stand_ins import V2, V3

if TYPE_CHECKING:
    from pathlib import Path

    from real.environments import Environment


@pytest.fixture(scope="module")
def moved(
    make_environment: MakeEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """An environment in which pip installed wheels on a machine of level v3."""
    environment = make_environment(NEWEST)
    folder = tmp_path_factory.mktemp("wheels")
    for name, tag in {"fast": "py3-none-linux_x86_64_v3", "plain": "py3-none-any"}.items():
        create(folder, name, "1.0", tag, {f"{name}.py": b""})
    environment.pip(
        "install", "-q", "--no-index", f"--find-links={folder}", "fast", "plain", env=V3
    )
    return environment


def doctor(environment: Environment, status: int, *options: str, **env: str) -> dict[str, Any]:
    done = environment.run("-m", "customtags", "doctor", "--json", *options, env=env, status=status)
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


def test_what_does_not_fit_any_more_is_named_with_the_cure(moved: Environment) -> None:
    assert doctor(moved, 0, **V3)["unfit"] == []
    (found,) = doctor(moved, 1, **V2)["unfit"]
    assert found["reinstall"] == "pip install --force-reinstall --no-deps fast==1.0"
    assert found["misses"][0].startswith(
        "v3: requires an x86-64-v3 CPU; this CPU supports x86-64-v2"
    )
    printed = moved.run("-m", "customtags", "doctor", env=V2, status=1).stdout
    assert "Does not fit this machine: fast 1.0\n" in printed
    assert (
        "All installed distributions fit this machine."
        in moved.run("-m", "customtags", "doctor", env=V3).stdout
    )


def test_the_line_that_it_prints_puts_it_right(moved: Environment, tmp_path: Path) -> None:
    for tag in ("py3-none-linux_x86_64_v2", "py3-none-linux_x86_64_v3"):
        create(tmp_path, "fast", "1.0", tag, {"fast.py": b""})
    (found,) = doctor(moved, 1, **V2)["unfit"]
    pip, *arguments = found["reinstall"].split()
    moved.pip(*arguments, "-q", "--no-index", f"--find-links={tmp_path}", env=V2)
    assert pip == "pip"
    assert doctor(moved, 0, **V2)["unfit"] == []
    moved.pip(*arguments, "-q", "--no-index", f"--find-links={tmp_path}", env=V3)


def test_a_better_wheel_of_the_same_version_is_named(
    moved: Environment, wheelhouse: Any, tmp_path: Path
) -> None:
    for requirement in ("mousebender", "requests"):
        moved.install(wheelhouse.fetch(requirement), requirement)
    for name in (
        "example-1.0-py3-none-linux_x86_64_v2.whl",
        "example-1.0+cpu-py3-none-linux_x86_64_v3.whl",
        "example-1.1-py3-none-linux_x86_64_v3.whl",
    ):
        project, version, tag = name.removesuffix(".whl").split("-", 2)
        create(tmp_path, project, version, tag, {"example.py": b""})
    create(tmp_path / "old", "example", "1.0", "py3-none-any", {"example.py": b""})
    moved.install(tmp_path / "old", "example")
    assert doctor(moved, 0, **V3)["better"] is None
    with serve(ProjectPage({path.name: {} for path in tmp_path.glob("*.whl")}, tmp_path)) as (
        url,
        _,
    ):
        (found,) = doctor(moved, 0, "--index", url, **V3)["better"]
        assert found["wheel"] == "example-1.0-py3-none-linux_x86_64_v2.whl"
        assert doctor(moved, 0, "--index", str(tmp_path), **V3)["better"] == [found]
        assert doctor(moved, 0, "--index", PIP_INDEX_URL=url, **V3)["better"] == [found]
        places = {"PIP_INDEX_URL": "https://127.0.0.1:1/simple", "PIP_EXTRA_INDEX_URL": url}
        done = moved.run("-m", "customtags", "doctor", "--index", env={**V3, **places})
        assert "more project pages failed" in done.stderr
        assert done.stderr.count("\n") == 1
        moved.pip(*found["reinstall"].split()[1:], "-q", f"-i{url}", env=V3)
        assert "example==1.0\n" in moved.pip("freeze").stdout
        assert doctor(moved, 0, "--index", url, **V3)["better"] == []
    moved.pip("uninstall", "-q", "-y", "example")


def test_the_cache_of_answers_is_told(moved: Environment, tmp_path: Path) -> None:
    (tmp_path / "customtags").mkdir(mode=0o700)
    code = "from customtags.machine.host import cache; cache.write('nvml', [], {}, 600)"
    env = {**V3, "XDG_CACHE_HOME": str(tmp_path)}
    assert doctor(moved, 0, **env)["cache"] == {
        "folder": str(tmp_path / "customtags"),
        "seconds_left": {},
    }
    moved.run("-c", code, env=env)
    (tmp_path / "customtags" / "broken.json").write_text("{", encoding="ascii")
    left = doctor(moved, 0, **env)["cache"]["seconds_left"]
    assert left["broken"] == 0
    assert 0 < left["nvml"] <= 600
    assert "nvml (valid for 10 min)" in moved.run("-m", "customtags", "doctor", env=env).stdout
