"""The wrapping back end's own decisions: requests, the settings of a project, and the hooks that it offers."""

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
from customtags.machine.settings import BUILD_KEYS, build_variable
from customtags.wheels.writer import create
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


def read(settings: request.Settings | None = None, **variables: str) -> request.BuildRequest:
    environ = {build_variable(key.replace("_", "-")): value for key, value in variables.items()}
    return request.read_request(settings, environ, VARIANTS)


def test_without_a_request_the_other_back_end_decides() -> None:
    for found in (
        read(),
        read({}),
        read({"variant": "plain"}),
        read({"isa": "none"}),
        read(isa=""),
    ):
        assert not found
        assert found.settings == {}
    assert read({"--build-option": ["-v"]}).settings == {"--build-option": ["-v"]}


def test_config_settings_win_over_the_environment_and_both_over_the_variant() -> None:
    assert read({"variant": "rocm", "isa": "v4"}).values["isa"] == "v4"
    assert read({"isa": "v4"}, isa="v2", variant="rocm").values["isa"] == "v4"
    assert read(isa="v2", variant="rocm").values["isa"] == "v2"
    assert read({"variant": "v3"}, variant="rocm").values == {"isa": "v3"}
    assert "isa" not in read({"isa": "none"}, variant="rocm").values


def test_a_variant_sets_more_than_the_name() -> None:
    found = read({"variant": "rocm", "mode": "given"})
    assert found.settings == {"cmake.define.USE_ROCM": "ON", "mode": "given"}
    assert found.environment == {"HIP": "gfx90a"}


def test_our_settings_never_reach_the_other_back_end() -> None:
    settings = {**dict.fromkeys(BUILD_KEYS, "none"), "theirs": "1"}
    assert read(settings).settings == {"theirs": "1"}


@pytest.mark.parametrize("given", ["torch2.9,numpy2", ["torch2.9", "numpy2"]])
def test_several_abis_are_given_with_commas_or_one_by_one(given: str | list[str]) -> None:
    found = read({"abi": given, "isa": "v3"})
    assert found.platforms(["linux_x86_64"]) == ["linux_x86_64_v3_numpy2_torch2_9"]


LADDERS = {"isa": ["v3", "v2"], "distro": [], "accelerator": ["rocm6_0_gfx90a", "rocm6_0"]}


def test_here_is_the_machine_s_segment() -> None:
    found = read({"isa": "here", "accelerator": "here"}).resolved("linux_x86_64", lambda: LADDERS)
    assert found.values == {"isa": "v3", "accelerator": "rocm6_0_gfx90a"}


@pytest.mark.parametrize(
    ("settings", "base", "says"),
    [
        ({"variant": "v5"}, "linux_x86_64", "unknown variant 'v5'; choose from plain, v3, rocm in"),
        ({"isa": ["v2", "v3"]}, "linux_x86_64", "isa=v2,v3 is not one value; set isa to one value"),
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
            "neither is set; set one of them",
        ),
        ({"local-version": "a+b"}, "linux_x86_64", "is not valid (PEP 440); use letters"),
    ],
)
def test_an_impossible_request_is_refused_with_the_cure(
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
    found = read({"variant": "rocm", "local-version": given})
    assert found.resolved("linux_x86_64", lambda: LADDERS).local == local


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
            "not a list of strings; write it as in backend-path",
        ),
        (
            "[tool.customtags]\nbackend-path = ['../x']",
            "'../x' in backend-path, which is outside",
        ),
        ("[tool.customtags]\nbackend-path = ['/x']", "'/x' in backend-path, which is outside"),
        ("[tool.customtags]\nvariants = ['v3']", "not a table"),
        ("[tool.customtags.variants]\nv3 = 'v3'", "no table [tool.customtags.variants.v3]"),
        (
            "[tool.customtags.variants]\nv3 = { cpu = 'v3' }",
            "unknown key 'cpu' in [tool.customtags.v",
        ),
        ("[tool.customtags.variants]\nv3 = { isa = 3 }", 'not a string; write it as in isa = "v3"'),
        (
            "[tool.customtags]\naudit = 'yes'",
            "not true or false or a table; write it as in audit = true",
        ),
        ("[tool.customtags.audit]\nbild = true", "unknown key 'bild' in [tool.customtags.audit]"),
        ("[tool]\ncustomtags = 1", "has no table [tool.customtags]"),
        ("tool = 1", "has no table [tool.customtags]"),
        ("[tool", "is not valid TOML"),
    ],
)
def test_a_wrong_table_of_a_project_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingError) as caught:
        project.read(write(tmp_path, text))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "audited"),
    [
        ("[tool.customtags]\naudit = true", True),
        ("[tool.customtags]\naudit = false", False),
        ("[tool.customtags.audit]\nbuild = true\ndispatched = ['*_avx2']", True),
        ("[tool.customtags.audit]\ndispatched = ['*_avx2']", False),
        ("", False),
    ],
)
def test_a_project_chooses_whether_its_builds_are_audited(
    tmp_path: Path, text: str, audited: bool
) -> None:
    assert project.read(write(tmp_path, text)).audit is audited


def test_a_project_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="run this in the project's folder"):
        project.read(tmp_path)


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        (None, "names no build back end"),
        ("customtags.build", "names no build back end"),
        (
            "no_such_module",
            r"cannot be loaded \(No module named .*\(without build isolation, install it\)",
        ),
        ("sys:no.such", "cannot be loaded"),
    ],
)
def test_a_back_end_that_can_t_be_wrapped_is_refused(
    tmp_path: Path, backend: str | None, says: str
) -> None:
    with pytest.raises(CustomtagsError, match=says):
        inner.load(project.Project(backend, (), {}, audit=False), tmp_path)


def test_compiled_files_are_made_older_than_any_source(tmp_path: Path) -> None:
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
    with pytest.raises(BuildError, match=f"may be compiled for other than isa=v3; remove {key!r}"):
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


def test_only_the_hooks_of_the_wrapped_back_end_are_offered(tmp_path: Path) -> None:
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
def test_a_wheel_for_any_platform_gets_no_extended_tag(tmp_path: Path) -> None:
    done = call(tmp_path, 'b.build_wheel(".", {"distro": "fc39"})')
    assert done.returncode == 1
    assert done.stderr == (
        "customtags: 'tiny-1-py3-none-any.whl' runs on any platform, so distro=fc39 cannot apply; "
        "build it without: the project compiles nothing\n"
    )
    assert list(tmp_path.glob("*.whl")) == []


def test_an_error_is_one_line(tmp_path: Path) -> None:
    done = call(tmp_path, "b.build_sdist('.')", **{build_variable("variant"): "v3"})
    assert done.returncode == 1
    assert done.stderr.startswith("customtags: unknown variant 'v3'; define it in [")
    assert done.stderr.count("\n") == 1


def test_prepared_metadata_is_compared_with_the_wheel_s_own(tmp_path: Path) -> None:
    """And not with that of a project which the wheel brings along, as setuptools does."""
    bundled = {"example/_vendor/other-9.dist-info/METADATA": b"Name: other\nVersion: 9\n"}
    wheel = create(tmp_path, "example", "1", "py3-none-linux_x86_64_v3", bundled)
    promised = tmp_path / "METADATA"
    with zipfile.ZipFile(wheel) as archive:
        promised.write_bytes(archive.read("example-1.dist-info/METADATA"))
    prepared.compare(wheel, str(tmp_path))
    promised.write_bytes(promised.read_bytes().replace(b"Version: 1", b"Version: 2"))
    with pytest.raises(
        BuildError, match="'Version: 1' in its metadata, and 'Version: 2' was prepared"
    ):
        prepared.compare(wheel, str(tmp_path))
