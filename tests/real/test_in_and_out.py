"""customtags comes as a package like any other, and leaves nothing behind."""

from __future__ import annotations

import csv
import json
import platform
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from customtags.wheels.writer import create
from guests import SETTINGS
from real import table
from real.environments import NEWEST, OLDEST, PROJECT, Environment, MakeEnvironment, Wheelhouse
from real.stand_ins import MEANS, V3, taken, write_wheels

if TYPE_CHECKING:
    from pathlib import Path

#: Asks whether the hook is there, and from where.
HOOK = "import sys, _customtags; assert _customtags.path_hook in sys.path_hooks; print(_customtags.__file__)"
NO_HOOK = "import sys; print([each for each in sys.path_hooks if 'customtags' in each.__module__])"

CHECKERS = {
    "twine==7.0.0": ("-m", "twine", "check", "--strict"),
    "check-wheel-contents==0.6.3": ("-m", "check_wheel_contents"),
}


def our_wheel(wheelhouse: Wheelhouse) -> Path:
    (wheel,) = wheelhouse.customtags().glob("customtags-*.whl")
    return wheel


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def files(environment: Environment) -> set[str]:
    """Every file of an environment but what Python caches."""
    return {
        str(path.relative_to(environment.folder))
        for path in environment.folder.rglob("*")
        if "__pycache__" not in path.parts
    }


@pytest.fixture(params=[OLDEST, NEWEST])
def environment(
    request: pytest.FixtureRequest, wheelhouse: Wheelhouse, tmp_path: Path
) -> Environment:
    """An environment of the test's own, with what customtags requires and a pip."""
    made = Environment(tmp_path / "venv", sys.executable)
    made.unpack(wheelhouse.wheel(f"pip=={request.param}"))
    made.install(wheelhouse.customtags(), "distro", "packaging")
    return made


def test_the_wheel_holds_the_start_up_files_as_they_stand_here(wheelhouse: Wheelhouse) -> None:
    found = contents(our_wheel(wheelhouse))
    assert found["customtags.pth"] == b"import _customtags\n"
    assert found["_customtags.py"] == (PROJECT / "src" / "_customtags.py").read_bytes()
    top = {name.partition("/")[0] for name in found if ".dist-info" not in name}
    assert top == {"customtags.pth", "_customtags.py", "customtags"}


def test_in_upgrade_and_out(
    environment: Environment, wheelhouse: Wheelhouse, tmp_path: Path
) -> None:
    before = files(environment)
    new = contents(our_wheel(wheelhouse))
    parts = {name: content for name, content in new.items() if ".dist-info/" not in name}
    old = create(
        tmp_path, "customtags", "0.0.1", "py3-none-any", {**parts, "customtags/old.py": b""}
    )
    environment.pip("install", "--no-index", "--no-deps", old)
    assert "customtags/old.py" in " ".join(files(environment))

    # The upgrade runs in a pip that is itself patched by the files that it replaces.
    wheels = write_wheels(tmp_path / "wheels") if platform.machine() == "x86_64" else None
    links = [f"--find-links={each}" for each in (wheelhouse.customtags(), wheels) if each]
    wanted = ["customtags", *(["example"] if wheels else [])]
    done = environment.pip("install", "--no-index", *links, "--upgrade", *wanted, env=V3)
    assert "Traceback" not in done.stderr
    if wheels:
        assert taken(environment.site) in MEANS[table.EXTENDED]
        environment.pip("uninstall", "-q", "-y", "example")
    assert environment.run("-c", HOOK).stdout.strip() == str(environment.site / "_customtags.py")
    (record,) = environment.site.glob("customtags-*.dist-info/RECORD")
    assert "0.0.1" not in record.parent.name
    listed = {row[0] for row in csv.reader(record.read_text(encoding="utf-8").splitlines())}
    assert {"customtags.pth", "_customtags.py"} <= listed
    assert not any("old.py" in name for name in files(environment))

    done = environment.pip("uninstall", "-y", "customtags")
    assert "Traceback" not in done.stderr
    assert files(environment) == before
    done = environment.run("-c", NO_HOOK)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_editable(make_environment: MakeEnvironment, wheelhouse: Wheelhouse) -> None:
    environment = make_environment(hooked=False)
    before = files(environment)
    backend = map(wheelhouse.fetch, ("hatchling==1.33.0", "editables==0.5"))
    links = [f"--find-links={each}" for each in (wheelhouse.customtags(), *backend)]
    environment.pip("install", "--no-index", *links, "-e", PROJECT)
    assert environment.run("-c", HOOK).stdout.strip() == str(environment.site / "_customtags.py")
    where = environment.run("-c", "import customtags; print(customtags.__file__)").stdout.strip()
    assert where == str(PROJECT / "src" / "customtags" / "__init__.py")
    environment.pip("uninstall", "-q", "-y", "customtags")
    assert not [name for name in files(environment) - before if "customtags" in name]
    assert environment.run("-c", NO_HOOK).stdout == "[]\n"


def test_a_renamed_pth_starts_nothing_and_doctor_and_show_say_so(
    environment: Environment, wheelhouse: Wheelhouse
) -> None:
    """As docs/how-to/turn-off.md proposes; the proof is the list of tags of the pip itself."""
    environment.install(wheelhouse.customtags(), "customtags")
    pth = environment.site / "customtags.pth"
    off = pth.rename(pth.with_name("customtags.pth.off"))
    assert "_fc39" not in environment.pip("debug", "--verbose", env=SETTINGS).stdout
    doctor = environment.run("-m", "customtags", "doctor", env=SETTINGS, status=1).stdout
    said = f"The hook is not started in this environment: no customtags.pth in {environment.site}."
    assert doctor.splitlines()[:2] == [
        said,
        "  help: restore customtags.pth, or reinstall customtags",
    ]
    assert "platform_tags" not in doctor
    state = environment.run("-m", "customtags", "doctor", "--json", env=SETTINGS, status=1).stdout
    assert not any(copy["patched"] for copy in json.loads(state)["copies"])
    assert environment.run("-m", "customtags", "show", env=SETTINGS).stdout.splitlines()[-1] == said

    off.rename(pth)
    assert "_fc39" in environment.pip("debug", "--verbose", env=SETTINGS).stdout
    doctor = environment.run("-m", "customtags", "doctor", env=SETTINGS).stdout
    assert doctor.startswith("The hook is active: pip in this environment accepts")


def test_where_there_is_no_pip_doctor_and_show_promise_nothing_of_it(
    environment: Environment, wheelhouse: Wheelhouse
) -> None:
    environment.install(wheelhouse.customtags(), "customtags")
    environment.pip("uninstall", "-q", "-y", "pip")
    said = "The hook is active, but pip is not installed in this environment."
    doctor = environment.run("-m", "customtags", "doctor").stdout
    assert doctor.splitlines()[0] == said
    assert environment.run("-m", "customtags", "show").stdout.splitlines()[-1] == said


def test_a_pip_that_cannot_be_patched_is_named(
    environment: Environment, wheelhouse: Wheelhouse
) -> None:
    """pip 19.3.1 makes its list of tags itself, and its copy of packaging.tags has no list of platforms."""
    environment.install(wheelhouse.customtags(), "customtags")
    environment.pip("uninstall", "-q", "-y", "pip")
    environment.unpack(wheelhouse.wheel("pip==19.3.1"))
    said = "The hook is active, but does not reach this pip: pip._vendor.packaging.tags is not patched."
    doctor = environment.run("-m", "customtags", "doctor", status=1).stdout
    cure = "  help: install pip 20.3.4 or later, or upgrade customtags"
    assert doctor.splitlines()[:2] == [said, cure]
    assert environment.run("-m", "customtags", "show").stdout.splitlines()[-1] == said
    for verb in ("explain", "rank"):
        done = environment.run("-m", "customtags", verb, "example-1.0-py3-none-any.whl")
        assert f"Note: {said} pip accepts stock tags only.\n" in done.stdout


def test_target(make_environment: MakeEnvironment, wheelhouse: Wheelhouse, tmp_path: Path) -> None:
    """Python reads no .pth file in a folder on PYTHONPATH: the command works, the hook sleeps."""
    environment = make_environment(hooked=False)
    target = tmp_path / "target"
    install = ("install", "-q", "--no-index", "--find-links", wheelhouse.customtags())
    environment.pip(*install, "--target", target, "customtags")
    assert {"customtags.pth", "_customtags.py"} <= {path.name for path in target.iterdir()}
    there = {"PYTHONPATH": str(target)}
    done = environment.run("-c", NO_HOOK, env=there)
    assert (done.stdout, done.stderr) == ("[]\n", "")
    state = environment.run("-m", "customtags", "show", env=there).stdout.splitlines()[-1]
    assert state.endswith(f"Python did not run {target / 'customtags.pth'}.")
    awake = f"import site; site.addsitedir({str(target)!r}); {HOOK}"
    assert environment.run("-c", awake).stdout.strip() == str(target / "_customtags.py")


def test_the_sdist_gives_the_same_wheel(
    make_environment: MakeEnvironment, wheelhouse: Wheelhouse, tmp_path: Path
) -> None:
    environment = make_environment(hooked=True)
    environment.install(wheelhouse.fetch("hatchling==1.33.0"), "hatchling")
    environment.run("-m", "hatchling", "build", "-d", tmp_path, cwd=PROJECT)
    (sdist,) = tmp_path.glob("*.tar.gz")
    (direct,) = tmp_path.glob("*.whl")
    build = ("wheel", "-q", "--no-index", "--no-deps", "--no-build-isolation")
    environment.pip(*build, "-w", tmp_path / "again", sdist)
    assert direct.name.endswith("-py3-none-any.whl")
    assert contents(tmp_path / "again" / direct.name) == contents(direct)
    for requirement, command in CHECKERS.items():
        environment.install(wheelhouse.fetch(requirement), requirement)
        environment.run(*command, direct, *([sdist] if "twine" in requirement else []))
