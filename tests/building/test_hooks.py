"""The hooks around a back end that writes a wheel instead of compiling one."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from customtags.building.hooks import Wrapper, offer
from customtags.building.project import Project
from customtags.errors import BuildError
from customtags.machine.settings import build_variable
from customtags.wheels.writer import create
from made_elf import shared
from needs import requires
from unpacked import contents

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = requires(sys.platform == "linux" and os.uname().machine == "x86_64", "x86-64 Linux")

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "rocm": {"isa": "v2", "accelerator": "rocm6.0", "environment": {"HIP": "gfx90a"}},
}

#: What the environment of a build is recorded of.
RECORDED = ("CFLAGS", "HIP", "SKBUILD_BUILD_DIR")


#: The flags that Python itself was compiled with.
PYTHONS = sysconfig.get_config_var("CFLAGS")

#: A library that no wheel for manylinux may link to, because nothing supplies it.
UNSUPPLIED = shared(["libgone.so"])


class BackEnd:
    """Writes a wheel, and records with which settings and environment each hook ran."""

    def __init__(
        self,
        tag: str = "py3-none-linux_x86_64",
        files: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        self.tag = tag
        self.files = files
        self.calls: list[tuple[str, Any, dict[str, str]]] = []

    def _record(self, hook: str, settings: Any) -> None:
        environ = {name: os.environ[name] for name in RECORDED if name in os.environ}
        self.calls.append((hook, settings, environ))

    def get_requires_for_build_wheel(self, settings: Any) -> tuple[str, ...]:
        self._record("requires wheel", settings)
        return ("ninja",)

    def get_requires_for_build_editable(self, settings: Any) -> tuple[str, ...]:
        self._record("requires editable", settings)
        return ("ninja",)

    def get_requires_for_build_sdist(self, settings: Any) -> tuple[str, ...]:
        self._record("requires sdist", settings)
        return ()

    def build_sdist(self, _folder: str, settings: Any) -> str:
        self._record("sdist", settings)
        return "tiny-1.tar.gz"

    def build_wheel(self, folder: str, settings: Any, _metadata: str | None) -> str:
        self._record("wheel", settings)
        return create(Path(folder), "tiny", "1", self.tag, self.files).name

    def build_editable(self, folder: str, settings: Any, _metadata: str | None) -> str:
        self._record("editable", settings)
        return create(Path(folder), "tiny", "1", self.tag, {}).name

    def prepare_metadata_for_build_wheel(self, folder: str, settings: Any) -> str:
        self._record("metadata", settings)
        info = Path(folder, "tiny-1.dist-info")
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
        return info.name

    prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def wrapped(backend: BackEnd, *, audit: bool = False) -> Wrapper:
    return Wrapper(backend, Project("own", (), VARIANTS, audit=audit))


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project, in which front ends run the hooks, without settings of the one who tests."""
    monkeypatch.chdir(tmp_path)
    for name in (*RECORDED, *filter(lambda name: name.startswith("CUSTOMTAGS_"), [*os.environ])):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "out").mkdir()
    return tmp_path


def test_a_wheel_is_compiled_for_its_name(project: Path) -> None:
    backend = BackEnd(files={"tiny.py": b""})
    given = {"isa": "v3", "local-version": "x.1", "theirs": "1"}
    name = wrapped(backend).build_wheel("out", given)
    assert name == "tiny-1+x.1-py3-none-linux_x86_64_v3.whl"
    assert [each.name for each in (project / "out").iterdir()] == [name]
    assert b"Version: 1+x.1\n" in contents(project / "out" / name)["tiny-1+x.1.dist-info/METADATA"]
    ((hook, settings, environ),) = backend.calls
    assert (hook, settings) == ("wheel", {"theirs": "1"})
    assert environ["CFLAGS"] == f"{PYTHONS} -march=x86-64-v3"
    folder = Path(environ["SKBUILD_BUILD_DIR"])
    assert not folder.parent.exists()
    assert not [each for each in RECORDED if each in os.environ]


def test_without_a_request_nothing_changes() -> None:
    backend = BackEnd()
    assert wrapped(backend).build_wheel("out") == "tiny-1-py3-none-linux_x86_64.whl"
    assert wrapped(backend, audit=True).build_wheel("out") == "tiny-1-py3-none-linux_x86_64.whl"
    assert backend.calls == [("wheel", {}, {})] * 2


def test_a_variant_sets_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIP", "before")
    monkeypatch.setenv(build_variable("variant"), "rocm")
    backend = BackEnd()
    assert wrapped(backend).build_wheel("out").endswith("-linux_x86_64_v2_rocm6_0.whl")
    assert backend.calls[0][2]["HIP"] == "gfx90a"
    assert os.environ["HIP"] == "before"


@pytest.mark.parametrize(
    ("backend", "user", "variant", "flags"),
    [
        ("setuptools.build_meta", None, "-DROCM", f"{PYTHONS} -DROCM -march=x86-64-v2"),
        ("setuptools.build_meta", None, "-O1 -DROCM", "-O1 -DROCM -march=x86-64-v2"),
        ("setuptools.build_meta", "-g", None, "-g -march=x86-64-v2"),
        ("scikit_build_core.build", None, None, "-march=x86-64-v2"),
        ("mesonpy", None, "-DROCM", "-DROCM -march=x86-64-v2"),
    ],
)
def test_a_compiler_optimizes_as_without_us(
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
    user: str | None,
    variant: str | None,
    flags: str,
) -> None:
    """setuptools compiles with Python's flags, or with the variable alone."""
    if user:
        monkeypatch.setenv("CFLAGS", user)
    environment = {"CFLAGS": variant} if variant else {}
    recorder = BackEnd()
    for level in ({"isa": "v2"}, {}):
        variants = {"it": {**level, "accelerator": "rocm6.0", "environment": environment}}
        project = Project(backend, (), variants, audit=False)
        Wrapper(recorder, project).build_wheel("out", {"variant": "it"})
    with_level, without = (environ.get("CFLAGS") for _, _, environ in recorder.calls)
    assert with_level == flags
    assert without == (flags.removesuffix(" -march=x86-64-v2") if user or variant else None)


def test_a_wheel_without_a_level_is_not_compiled_above_the_baseline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CFLAGS", "-O2 -march=x86-64-v3")
    backend = BackEnd()
    for request in ({"variant": "plain"}, {"accelerator": "rocm6.0"}, {"distro": "deb12"}):
        with pytest.raises(BuildError, match=r"^CFLAGS contains '-march=x86-64-v3', and a wheel"):
            wrapped(backend).build_wheel("out", request)
    monkeypatch.setenv(build_variable("variant"), "plain")
    with pytest.raises(BuildError, match="request its level with isa="):
        wrapped(backend).build_wheel("out")
    assert not backend.calls
    monkeypatch.delenv(build_variable("variant"))  # a wheel of one's own is the back end's affair
    assert wrapped(backend).build_wheel("out", {"local-version": "mine"}) in os.listdir("out")
    monkeypatch.setenv("CFLAGS", "-march=x86-64")
    assert wrapped(backend).build_wheel("out", {"variant": "plain"}) in os.listdir("out")


@pytest.mark.parametrize(
    ("hook", "recorded"),
    [
        ("get_requires_for_build_wheel", "requires wheel"),
        ("get_requires_for_build_editable", "requires editable"),
        ("get_requires_for_build_sdist", "requires sdist"),
    ],
)
def test_requirements_are_the_back_end_s(hook: str, recorded: str) -> None:
    backend = BackEnd()
    found = getattr(wrapped(backend), hook)({"isa": "v3", "theirs": "1"})
    assert found == ([] if "sdist" in hook else ["ninja"])
    assert backend.calls == [(recorded, {"theirs": "1"}, {})]


def test_an_sdist_is_the_back_end_s() -> None:
    backend = BackEnd()
    assert wrapped(backend).build_sdist("out", {"variant": "rocm"}) == "tiny-1.tar.gz"
    assert backend.calls == [("sdist", {}, {"HIP": "gfx90a"})]


def test_prepared_metadata_have_the_local_version_and_the_wheel_keeps_it(project: Path) -> None:
    backend = BackEnd()
    (project / "meta").mkdir()
    given = {"isa": "v2", "local-version": "acme.1"}
    name = wrapped(backend).prepare_metadata_for_build_wheel("meta", given)
    assert name == "tiny-1+acme.1.dist-info"
    made = wrapped(backend).build_wheel("out", given, f"meta/{name}")
    assert made == "tiny-1+acme.1-py3-none-linux_x86_64_v2.whl"
    with pytest.raises(BuildError, match=r"'Version: 1\+other' in its metadata, and .* prepared"):
        wrapped(backend).build_wheel("out", {**given, "local-version": "other"}, f"meta/{name}")


def test_fewer_fields_than_prepared_are_refused(project: Path) -> None:
    (project / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1\nX: y\n")
    with pytest.raises(BuildError, match="has 3 fields in its metadata, and 4 were prepared"):
        wrapped(BackEnd()).build_wheel("out", {"isa": "v2"}, str(project))


def test_an_editable_wheel_keeps_its_name_and_is_compiled_for_the_level() -> None:
    backend = BackEnd()
    given = {"isa": "v3", "local-version": "x"}
    assert wrapped(backend).prepare_metadata_for_build_editable("out", given) == "tiny-1.dist-info"
    assert wrapped(backend).build_editable("out", given) == "tiny-1-py3-none-linux_x86_64.whl"
    flags = {"CFLAGS": f"{PYTHONS} -march=x86-64-v3"}
    assert [environ for _, _, environ in backend.calls] == [flags, flags]


def test_a_false_claim_fails_an_audited_build(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pyproject.toml").touch()
    backend = BackEnd("py3-none-manylinux_2_17_x86_64", {"tiny/a.so": UNSUPPLIED})
    with pytest.raises(BuildError, match=r"_v2\.whl' makes a false claim: library-missing: tiny/a"):
        wrapped(backend, audit=True).build_wheel("out", {"isa": "v2"})
    assert capsys.readouterr().err == ""
    backend.files = {**backend.files, "tiny/b.so": shared(["libother.so"])}
    with pytest.raises(BuildError, match="makes 2 false claims, the first is: library-missing: ti"):
        wrapped(backend, audit=True).build_wheel("out", {"isa": "v2"})
    assert capsys.readouterr().err.startswith("customtags: library-missing: tiny/b.so: ")
    assert not [*(project / "out").iterdir()]


def test_another_system_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_platform", lambda: "macosx-14.0-arm64")
    with pytest.raises(BuildError, match="isa=v3 on 'macosx_14_0_arm64': extended tags are for"):
        wrapped(BackEnd()).build_wheel("out", {"isa": "v3"})
    assert wrapped(BackEnd()).build_wheel("out")


def test_a_hook_is_offered_if_the_back_end_has_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '[tool.customtags]\nbuild-backend = "own_back_end"\nbackend-path = ["."]\n'
    (project / "pyproject.toml").write_text(text)
    source = "def build_sdist(folder, settings):\n    return 'tiny-1.tar.gz'\n"
    (project / "own_back_end.py").write_text(source)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert offer("build_sdist")("out") == "tiny-1.tar.gz"
    with pytest.raises(SystemExit, match=r"^customtags: unknown variant 'v9'; "):
        offer("build_sdist")("out", {"variant": "v9"})
    with pytest.raises(AttributeError, match="has no 'build_wheel'"):
        offer("build_wheel")
    (project / "pyproject.toml").write_text("[tool.customtags]\n")
    with pytest.raises(SystemExit, match=r"^customtags: .* names no build back end"):
        offer("build_sdist")
