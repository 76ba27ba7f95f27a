"""explain says of real files, names and indexes what real pip does with them, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from customtags.wheels.writer import create
from real.environments import NEWEST, MakeEnvironment
from real.offers import Offer
from real.offers import write as offer
from real.servers import ProjectPage, serve
from real.stand_ins import V3, customtags
from sample import SEED

if TYPE_CHECKING:
    from real.environments import Environment

#: Tags for this very interpreter and for others; pip itself says which of them it takes.
TAGS = (
    *("py3-none-any", "py2-none-any", "py2.py3-none-any", "cp27-cp27m-linux_x86_64", "py3-none-win_amd64"),
    *("py3-none-linux_x86_64", "py3-none-linux_x86_64_v3", "py3-none-linux_x86_64_v4", "py3-none-linux_aarch64"),
    *("py3-none-manylinux_2_17_x86_64", "py3-none-manylinux_2_99_x86_64", "py3-none-musllinux_1_2_x86_64"),
    *("py3-none-manylinux_2_17_x86_64_v2", "py3-none-manylinux_2_20_x86_64_v2", "cp36-abi3-linux_x86_64"),
    *("cp399-abi3-linux_x86_64", "py3-none-linux_x86_64_v3_hardened", "py3-none-linux_x86_64_v2_v3"),
    *("py3-none-linux_x86_64_fc39", "py3-none-linux_x86_64_cuda12_4", "pp310-pypy310_pp73-linux_x86_64"),
)  # fmt: skip


@pytest.fixture(scope="module")
def environment(make_environment: MakeEnvironment) -> Environment:
    return make_environment(NEWEST)


@pytest.fixture
def seed(tmp_path: Path) -> str:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(SEED), encoding="utf-8")
    return str(path)


def explained(*arguments: object, **env: str) -> list[dict[str, Any]]:
    done = customtags("explain", "--json", *arguments, status=None, **env)
    wheels: list[dict[str, Any]] = json.loads(done.stdout)["wheels"]
    return wheels


def test_pip_installs_what_fits_and_refuses_what_does_not(
    environment: Environment, tmp_path: Path
) -> None:
    wheels = [create(tmp_path, "example", "1.0", tag, {"example.py": b""}) for tag in TAGS]
    fits = {wheel["name"]: wheel["fits"] for wheel in explained(*wheels)}
    assert set(fits.values()) == {True, False}
    command = ("install", "-q", "--dry-run", "--no-deps", "--no-index")
    accepted, refused = ([w for w in wheels if fits[w.name] == fit] for fit in (True, False))
    for wheel in refused:
        done = environment.pip(*command, wheel, env=V3, status=1)
        assert "is not a supported wheel on this platform" in done.stderr
    for wheel in accepted:
        environment.pip(*command, wheel, env=V3)


def test_each_refusal_says_what_is_there_and_where_that_was_read() -> None:
    (wheel,) = explained("example-1.0-py3-none-linux_x86_64_v4.whl")
    (miss,) = wheel["tags"][0]["misses"]
    assert (miss["part"], miss["segment"], miss["source"]) == ("isa", "v4", "CUSTOMTAGS_ISA=v3")
    assert miss["has"] == "this CPU supports x86-64-v3"
    assert miss["cure"] == "remove the override CUSTOMTAGS_ISA=v3, or use a wheel for v3"


def test_it_says_no_by_its_status_and_yes() -> None:
    customtags("explain", "example-1.0-py3-none-any.whl")
    customtags("explain", "https://example.org/w/example-1.0-py3-none-linux_x86_64_v3.whl")
    customtags("explain", "a-1.0-py3-none-any.whl", "a-1.0-py3-none-linux_x86_64_v4.whl", status=1)


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("example.whl", "is not a wheel file name"),
        ("nowhere/example-1.0-py3-none-any.whl", "does not exist"),
        ("no such/thing", "is not a project"),
    ],
)
def test_bad_input_is_told_in_a_line(what: str, says: str) -> None:
    done = customtags("explain", what, status=2)
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_requires_python_of_a_wheel_at_hand_counts(tmp_path: Path) -> None:
    offer(tmp_path, "a", Offer("1.0", "", "py3-none-any", None))
    offer(tmp_path, "a", Offer("1.1", "", "py3-none-any", ">=3.99"))
    older, newer = explained(*sorted(tmp_path.iterdir()))
    assert older["fits"]
    assert not newer["fits"]
    assert newer["misses"][0]["part"] == "requires-python"


def test_a_damaged_wheel_is_judged_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "example-1.0-py3-none-any.whl"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("example-1.0.dist-info/METADATA", "Requires-Python: >=3\n" * 9)
    start = len("example-1.0.dist-info/METADATA") + 30  # APPNOTE.TXT, section 4.3.7
    content = path.read_bytes()
    path.write_bytes(content[:start] + b"\xff" * 8 + content[start + 8 :])
    (found,) = explained(path)
    assert found["fits"]


def test_another_machine_and_each_of_its_pythons(seed: str, tmp_path: Path) -> None:
    name = "example-1.0-cp312-cp312-linux_x86_64_v3_fc39_rocm6_0.whl"
    none = {"CUSTOMTAGS_ISA": "", "CUSTOMTAGS_DISTRO": "", "CUSTOMTAGS_ACCELERATOR": ""}
    (found,) = explained("--profile", seed, "--python", "3.12", name, **none)
    assert found["fits"]
    (found,) = explained("--profile", seed, "--python", "3.13t", name, **none)
    assert [miss["part"] for miss in found["tags"][0]["misses"]] == ["python"]
    both = tmp_path / "both.json"
    platform = {**SEED["platform"], "python": ["3.9", "3.12"]}
    both.write_text(json.dumps({**SEED, "platform": platform}), encoding="utf-8")
    (found,) = explained("--profile", both, name, **none)
    assert (found["fits"], found["python"]) == (True, "3.12")
    assert (
        "write a Python as in 3.12" in customtags("explain", "--python", "x", name, status=2).stderr
    )


def test_a_version_on_an_index(tmp_path: Path) -> None:
    names = ["1.0-py3-none-any", "1.1-py3-none-linux_x86_64_v4", "1.1-py3-none-win_amd64"]
    with serve(ProjectPage({f"example-{name}.whl": {} for name in names}, tmp_path)) as (url, _):
        customtags("explain", "example==1.0", "--index-url", url)
        done = customtags("explain", "example==1.1", "--index-url", url, status=1)
        first, second = done.stdout.split("\n\n")[:2]
        assert "v4: requires an x86-64-v4 CPU" in first
        assert "win_amd64: requires Windows" in second
        done = customtags("explain", "example==3", "--index-url", url, status=2)
        assert "no wheel of the project 'example==3' found" in done.stderr


def test_where_the_hook_is_off_it_says_that_pip_sees_less() -> None:
    done = customtags("explain", "a-1.0-py3-none-linux_x86_64_v3.whl", CUSTOMTAGS_DISABLE="1")
    assert "The hook is switched off" in done.stdout
