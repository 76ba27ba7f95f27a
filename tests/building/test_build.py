"""The wrapping back end's own decisions: what is asked, what a project may say, and which hooks there are."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from customtags.building import inner, prepared, project, request, stale
from customtags.errors import BuildError, CustomtagsError, SettingError
from customtags.machine.settings import build_variable
from customtags.wheels import write as wheels
from needs import requires

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "v3": {"isa": "v3"},
    "rocm": {
        "isa": "v3",
        "distro": "fc39",
        "accelerator": "rocm6.0",
        "local-version": "auto",
        "config-settings": {"cmake.define.USE_ROCM": "ON", "mode": "variant"},
        "environment": {"HIP": "gfx90a"},
    },
}


def read(settings: request.Settings | None = None, **variables: str) -> request.Asked:
    environ = {build_variable(key.replace("_", "-")): value for key, value in variables.items()}
    return request.read(settings, environ, VARIANTS)


def test_nothing_asked_leaves_all_to_the_other_back_end() -> None:
    for wanted in (
        read(),
        read({}),
        read({"variant": "plain"}),
        read({"isa": "none"}),
        read(isa=""),
    ):
        assert not wanted
        assert wanted.settings == {}
    assert read({"--build-option": ["-v"]}).settings == {"--build-option": ["-v"]}


def test_config_settings_win_over_the_environment_and_both_over_the_variant() -> None:
    assert read({"variant": "rocm", "isa": "v4"}).values["isa"] == "v4"
    assert read({"isa": "v4"}, isa="v2", variant="rocm").values["isa"] == "v4"
    assert read(isa="v2", variant="rocm").values["isa"] == "v2"
    assert read({"variant": "v3"}, variant="rocm").values == {"isa": "v3"}
    assert "isa" not in read({"isa": "none"}, variant="rocm").values


def test_a_variant_sets_more_than_the_name() -> None:
    wanted = read({"variant": "rocm", "mode": "given"})
    assert wanted.settings == {"cmake.define.USE_ROCM": "ON", "mode": "given"}
    assert wanted.environment == {"HIP": "gfx90a"}


def test_ours_never_reaches_the_other_back_end() -> None:
    settings = {**dict.fromkeys(request.KEYS, "none"), "theirs": "1"}
    assert read(settings).settings == {"theirs": "1"}


@pytest.mark.parametrize("given", ["torch2.9,numpy2", ["torch2.9", "numpy2"]])
def test_several_abis_are_given_with_commas_or_one_by_one(given: str | list[str]) -> None:
    wanted = read({"abi": given, "isa": "v3"})
    assert wanted.platforms(["linux_x86_64"]) == ["linux_x86_64_v3_numpy2_torch2_9"]


LADDERS = {"isa": ["v3", "v2"], "distro": [], "accelerator": ["rocm6_0_gfx90a", "rocm6_0"]}


def test_here_is_what_the_machine_is() -> None:
    wanted = read({"isa": "here", "accelerator": "here"}).resolved("linux_x86_64", lambda: LADDERS)
    assert wanted.values == {"isa": "v3", "accelerator": "rocm6_0_gfx90a"}


@pytest.mark.parametrize(
    ("settings", "base", "says"),
    [
        ({"variant": "v5"}, "linux_x86_64", "'v5' is not known; there are plain, v3, rocm in"),
        ({"isa": ["v2", "v3"]}, "linux_x86_64", "isa=v2,v3 is not one value; give isa once"),
        ({"isa": ""}, "linux_x86_64", "isa= is not one value"),
        (
            {"distro": "here"},
            "linux_x86_64",
            "this machine has no segment of the dimension 'distro'",
        ),
        ({"site": "here"}, "linux_x86_64", "this machine has no segment of the dimension 'site'"),
        ({"isa": "v9"}, "linux_x86_64", "write one such as v2, v3, v4"),
        ({"isa": "v3"}, "linux_aarch64", "write one such as v8_1"),
        ({"accelerator": "opencl"}, "linux_x86_64", "write one such as cuda12.4"),
        (
            {"local-version": "auto", "isa": "v3"},
            "linux_x86_64",
            "neither is asked for; ask for one",
        ),
        ({"local-version": "a+b"}, "linux_x86_64", "not one of PEP 440; write letters"),
    ],
)
def test_what_means_nothing_is_refused_with_the_cure(
    settings: dict[str, str], base: str, says: str
) -> None:
    with pytest.raises(CustomtagsError) as caught:
        read(settings).resolved(base, lambda: LADDERS)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("given", "local"),
    [("auto", "fc39.rocm6.0"), ("ACME-01", "acme.1"), ("none", None)],
)
def test_a_local_version_is_made_or_given(given: str, local: str | None) -> None:
    wanted = read({"variant": "rocm", "local-version": given})
    assert wanted.resolved("linux_x86_64", lambda: LADDERS).local == local


def write(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[tool.customtags]\nbuild-backed = 'x'",
            "unknown key 'build-backed' in [tool.customtags]",
        ),
        (
            "[tool.customtags]\nbackend-path = '.'",
            "not a list of texts; write it as in backend-path",
        ),
        (
            "[tool.customtags]\nbackend-path = ['../x']",
            "'../x' in backend-path, which is not below",
        ),
        ("[tool.customtags]\nbackend-path = ['/x']", "'/x' in backend-path, which is not below"),
        ("[tool.customtags]\nvariants = ['v3']", "not a table"),
        ("[tool.customtags.variants]\nv3 = 'v3'", "no table [tool.customtags.variants.v3]"),
        (
            "[tool.customtags.variants]\nv3 = { cpu = 'v3' }",
            "unknown key 'cpu' in [tool.customtags.v",
        ),
        ("[tool.customtags.variants]\nv3 = { isa = 3 }", 'not a text; write it as in isa = "v3"'),
        (
            "[tool.customtags]\naudit = 'yes'",
            "not true or false or a table; write it as in audit = true",
        ),
        ("[tool.customtags.audit]\nbild = true", "unknown key 'bild' in [tool.customtags.audit]"),
        ("[tool]\ncustomtags = 1", "has no table [tool.customtags]"),
        ("tool = 1", "has no table [tool.customtags]"),
        ("[tool", "is no TOML"),
    ],
)
def test_a_project_that_can_t_be_understood_is_refused(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(SettingError) as caught:
        project.read(write(tmp_path, text))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[tool.customtags]\naudit = true", True),
        ("[tool.customtags]\naudit = false", False),
        ("[tool.customtags.audit]\nbuild = true\ndispatched = ['*_avx2']", True),
        ("[tool.customtags.audit]\ndispatched = ['*_avx2']", False),
        ("", False),
    ],
)
def test_a_project_says_whether_its_builds_are_audited(
    tmp_path: Path, text: str, wanted: bool
) -> None:
    assert project.read(write(tmp_path, text)).audit is wanted


def test_a_project_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="run this in the project's folder"):
        project.read(tmp_path)


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        (None, "names no build-backend"),
        ("customtags.build", "names no build-backend"),
        ("no_such_module", r"cannot be loaded \(No module named"),
        ("sys:no.such", "cannot be loaded"),
    ],
)
def test_a_back_end_that_can_t_be_wrapped_is_refused(
    tmp_path: Path, backend: str | None, says: str
) -> None:
    with pytest.raises(CustomtagsError, match=says):
        inner.load(project.Project(backend, (), {}, audit=False), tmp_path)


def test_what_was_compiled_before_is_made_older_than_any_source(tmp_path: Path) -> None:
    names = ("src/a.o", "src/b.abi3.so", "src/given.so", "src/a.c", ".git/x.o", "venv/lib/y.o")
    for name in (*names, "venv/pyvenv.cfg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with stale.aged(tmp_path):
        (tmp_path / "src/new.o").touch()
    aged = {name for name in (*names, "src/new.o") if (tmp_path / name).stat().st_mtime < 4e8}
    assert aged == {"src/a.o", "src/b.abi3.so", "src/new.o"}


@pytest.mark.parametrize("key", ["build-dir", "builddir", "skbuild.build-dir"])
def test_a_folder_that_keeps_objects_is_refused(key: str) -> None:
    with pytest.raises(BuildError, match="perhaps for other than isa=v3; leave it out"):
        stale.refuse({key: "build"}, read({"isa": "v3"}))


BACKEND = """
import os
def build_wheel(folder, config_settings=None, metadata_directory=None):
    print(sorted(config_settings), os.environ.get("CFLAGS"))
    open(os.path.join(folder, "tiny-1-py3-none-any.whl"), "w").close()
    return "tiny-1-py3-none-any.whl"
def build_sdist(folder, config_settings=None):
    return "tiny-1.tar.gz"
"""

CALL = "import customtags.build as b, sys; print(eval(sys.argv[1]))"


def call(folder: Path, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Evaluate in a process of its own, in the project's folder, as front ends do."""
    write(folder, '[tool.customtags]\nbuild-backend = "own"\nbackend-path = ["in"]\n')
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / "own.py").write_text(BACKEND, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CUSTOMTAGS_")}
    return subprocess.run(
        [sys.executable, "-c", CALL, code],
        env={**kept, **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_only_the_hooks_of_the_wrapped_back_end_are_there(tmp_path: Path) -> None:
    hooks = (
        *("build_wheel", "build_sdist", "build_editable", "prepare_metadata_for_build_wheel"),
        *("get_requires_for_build_wheel", "build_something", "other"),
    )
    done = call(tmp_path, f"[each for each in {hooks} if hasattr(b, each)]")
    assert done.stdout == "['build_wheel', 'build_sdist']\n"


def test_importing_reads_nothing(tmp_path: Path) -> None:
    code = "[m for m in sys.modules if m.startswith('customtags.') and m != 'customtags.build']"
    assert call(tmp_path, code).stdout == "[]\n"


def test_the_wrapped_back_end_gets_the_rest(tmp_path: Path) -> None:
    done = call(tmp_path, 'b.build_wheel(".", {"theirs": "1", "isa": "none"})')
    assert done.stdout == "['theirs'] None\ntiny-1-py3-none-any.whl\n"
    assert (tmp_path / "tiny-1-py3-none-any.whl").read_bytes() == b""


@requires(sys.platform == "linux", "Linux")
def test_a_wheel_for_any_platform_gets_no_other_name(tmp_path: Path) -> None:
    done = call(tmp_path, 'b.build_wheel(".", {"distro": "fc39"})')
    assert done.returncode == 1
    assert done.stderr == (
        "customtags: 'tiny-1-py3-none-any.whl' runs on any platform, whatever distro=fc39 says; "
        "ask for nothing, for this project compiles nothing\n"
    )
    assert list(tmp_path.glob("*.whl")) == []


def test_what_goes_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    done = call(tmp_path, "b.build_sdist('.')", **{build_variable("variant"): "v3"})
    assert done.returncode == 1
    assert done.stderr.startswith("customtags: the variant 'v3' is not known; there is none in [")
    assert done.stderr.count("\n") == 1


def test_prepared_metadata_is_compared_with_the_wheel_s_own(tmp_path: Path) -> None:
    """And not with that of a project which the wheel brings along, as setuptools does."""
    bundled = {"example/_vendor/other-9.dist-info/METADATA": b"Name: other\nVersion: 9\n"}
    wheel = wheels.write(tmp_path, "example", "1", "py3-none-linux_x86_64_v3", bundled)
    promised = tmp_path / "METADATA"
    with zipfile.ZipFile(wheel) as archive:
        promised.write_bytes(archive.read("example-1.dist-info/METADATA"))
    prepared.compare(wheel, str(tmp_path))
    promised.write_bytes(promised.read_bytes().replace(b"Version: 1", b"Version: 2"))
    with pytest.raises(BuildError, match="'Version: 1' in its metadata where 'Version: 2'"):
        prepared.compare(wheel, str(tmp_path))
