"""The hook among other guests: import hooks, editable installs, compiled copies, other people's files."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import packaging
import pytest

from guests import HOSTS, SETTINGS, TAGS, Pair, give_hook, give_packaging, run
from needs import lacking
from real.environments import NEWEST, OLDEST, Environment, Wheelhouse, clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from real.environments import MakeEnvironment

_BEARTYPE = """
import warnings
warnings.simplefilter("ignore")
from beartype import claw
"""

#: Tools that hook imports too: what to install, how a host switches them on, and whether there are tags then. There
#: are none where they put types to the test that only exist for type checkers, or ask finders before ours.
TOOLS = {
    "coverage": (
        "coverage",
        """
import coverage
measured = coverage.Coverage(data_file=None, source=["packaging", "customtags"])
measured.start()
import packaging.tags
list(packaging.tags.sys_tags())
measured.stop()
""",
        True,
    ),
    "typeguard": ("typeguard", "import typeguard; typeguard.install_import_hook(['json'])", True),
    "typeguard of packaging": (
        "typeguard",
        "import typeguard; typeguard.install_import_hook(['packaging'])",
        False,
    ),
    "typeguard of ours": (
        "typeguard",
        "import typeguard; typeguard.install_import_hook(['customtags'])",
        False,
    ),
    "beartype": ("beartype", _BEARTYPE + "claw.beartype_package('json')", True),
    "beartype of ours": ("beartype", _BEARTYPE + "claw.beartype_package('customtags')", False),
    "distutils": (
        "setuptools",
        """
import sys
print([type(each).__name__ for each in sys.meta_path if "istutils" in type(each).__name__])
import distutils.version
print(distutils.__file__.rpartition("site-packages")[2])
""",
        True,
    ),
    "pip-system-certs": ("pip-system-certs", "import pip_system_certs.wrapt_requests", True),
    "wrapt": (
        "wrapt",
        """
import wrapt
wrapt.register_post_import_hook(lambda module: print("seen", module.__name__), "packaging.tags")
""",
        True,
    ),
}

#: Back ends whose editable installs put a finder of their own into sys.meta_path: where the code lies, what the
#: project says, and whether our importer is asked: not where the folder has another name than the package, nor where
#: the finder of meson-python makes the loader itself.
EDITABLE = {
    "setuptools": (
        "code/inside",
        """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[tool.setuptools]
packages = ["packaging"]
package-dir = {packaging = "code/inside"}
""",
        False,
    ),
    "scikit-build-core": (
        "code/packaging",
        """
[build-system]
requires = ["scikit-build-core"]
build-backend = "scikit_build_core.build"
[tool.scikit-build]
wheel.cmake = false
wheel.packages = ["code/packaging"]
editable.mode = "redirect"
""",
        True,
    ),
    "meson-python": (
        "code/packaging",
        """
[build-system]
requires = ["meson-python"]
build-backend = "mesonpy"
""",
        False,
    ),
}

_PROJECT = """
[project]
name = "packaging"
version = "99"
"""

_MESON = """
project('packaging', version: '99')
python = import('python').find_installation(pure: true)
python.install_sources([{}], subdir: 'packaging')
"""

#: What can be done to a copy without source code.
COMPILED_HOSTS = ("import", "reload", "platforms of the caller", "thirty threads", "fork")


def install(pair: Pair, wheelhouse: Wheelhouse, *requirements: str) -> None:
    """Install the same into both, by a pip that is in neither."""
    for requirement in requirements:
        wheels = wheelhouse.fetch(requirement)
        for each in pair:
            pip_into(each, "--no-index", "--find-links", wheels, requirement)


def pip_into(environment: Environment, *arguments: str | Path) -> None:
    """Install by the pip of this process into an environment without pip."""
    path = os.pathsep.join((os.fspath(environment.folder / "bin"), os.environ["PATH"]))
    pip = (sys.executable, "-m", "pip", "--python", environment.python, "install", "-q")
    done = subprocess.run(
        (*pip, *arguments), env=clean({"PATH": path}), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("tool", TOOLS)
def test_tools_that_hook_imports(tmp_path: Path, wheelhouse: Wheelhouse, tool: str) -> None:
    requirement, script, extended = TOOLS[tool]
    pair = Pair.make(tmp_path, sys.executable)
    install(pair, wheelhouse, requirement)
    pair.same(script + "\n" + TAGS, extended=extended)


def test_coverage_of_a_whole_process(tmp_path: Path, wheelhouse: Wheelhouse) -> None:
    pair = Pair.make(tmp_path, sys.executable)
    install(pair, wheelhouse, "coverage")
    settings = tmp_path / "settings"
    # Coverage removes what is no database of its own: never name a device.
    settings.write_text(f"[run]\nsource = packaging\ndata_file = {tmp_path / 'coverage'}\n")
    env = {"COVERAGE_PROCESS_START": str(settings)}
    pair.same("import coverage; print(coverage.Coverage.current() is None)" + TAGS, env=env)


@pytest.mark.parametrize("backend", EDITABLE)
def test_editable_installs_of_packaging(
    tmp_path: Path, wheelhouse: Wheelhouse, backend: str
) -> None:
    place, settings, extended = EDITABLE[backend]
    pair = Pair.make(tmp_path, sys.executable)
    project = tmp_path / "project"
    code = project / place
    ignored = shutil.ignore_patterns("__pycache__", "licenses")
    shutil.copytree(Path(packaging.__path__[0]), code, ignore=ignored)
    (project / "pyproject.toml").write_text(settings + _PROJECT)
    names = (f"'{place}/{each.name}'" for each in sorted(code.glob("*.py")))
    (project / "meson.build").write_text(_MESON.format(", ".join(names)))
    tools = ("ninja", "meson") if backend == "meson-python" else ()
    install(pair, wheelhouse, backend, *tools)
    for each in pair:
        shutil.rmtree(each.site / "packaging")
        if backend != "setuptools":  # they need packaging to build it
            give_packaging(each.site)
        pip_into(each, "--no-build-isolation", "--no-deps", "--no-index", "-e", project)
        shutil.rmtree(each.site / "packaging", ignore_errors=True)
    show = "import packaging.tags; print(packaging.tags.__file__)" + TAGS
    outcome = pair.same(show, extended=extended)
    assert outcome.stdout[0] == str(code / "tags.py")
    pair.same(
        "import importlib, packaging.tags as t; importlib.reload(t)" + TAGS, extended=extended
    )


# A compiled copy


@pytest.fixture(scope="module")
def compiled(pytestconfig: pytest.Config, wheelhouse: Wheelhouse) -> Path:
    """Compile `packaging.tags` with mypyc, once per version, and give the package's folder."""
    if shutil.which("gcc") is None:
        lacking("gcc")
    cache = pytestconfig.cache.mkdir("compiled")
    folder = cache / f"{packaging.__version__}{sysconfig.get_config_var('EXT_SUFFIX')}"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "packaging").exists():
            shutil.rmtree(folder, ignore_errors=True)
            environment = Environment(folder / "venv", sys.executable)
            both = Pair(environment, environment)
            install(both, wheelhouse, "mypy", "setuptools")
            give_packaging(folder / "part")
            command = (environment.command("mypyc"), "packaging/tags.py")
            subprocess.run(
                command, cwd=folder / "part", env=clean(), check=True, capture_output=True
            )
            shutil.rmtree(folder / "venv")
            (folder / "part" / "packaging").rename(folder / "packaging")
    return folder / "packaging"


@pytest.fixture(scope="module")
def compiled_pair(compiled: Path, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    pair = Pair.make(tmp_path_factory.mktemp("compiled"), sys.executable)
    for each in pair:
        shutil.rmtree(each.site / "packaging")
        shutil.copytree(compiled, each.site / "packaging")
    return pair


@pytest.mark.parametrize("host", COMPILED_HOSTS)
def test_a_compiled_copy(compiled_pair: Pair, host: str) -> None:
    compiled_pair.same("import packaging.tags; print(packaging.tags.__file__)" + HOSTS[host])


def test_every_row_of_a_compiled_copy_has_the_tags_and_gives_them_back(compiled_pair: Pair) -> None:
    script = """
import packaging.tags as tags, _customtags
stock = "None"
for step in ("install", "uninstall"):
    getattr(_customtags, step)()
    for row in ("cpython_tags", "compatible_tags", "generic_tags", "sys_tags"):
        found = [str(tag) for tag in getattr(tags, row)()]
        print(step, row, sum(tag.endswith("_fc39") for tag in found) > 0, len(found) == len(set(found)))
"""
    rows = ("cpython_tags", "compatible_tags", "generic_tags", "sys_tags")
    outcome = run(compiled_pair.hooked, script)
    assert outcome.stdout == [
        *(f"install {row} True True" for row in rows),
        *(f"uninstall {row} False True" for row in rows),
    ]


# Somebody else's files


@pytest.fixture
def public() -> Iterator[Path]:
    """Return a folder that every user can enter; those of pytest are private."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


def test_site_packages_of_another_user(public: Path) -> None:
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        lacking("a user named nobody")
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        lacking("root and setpriv")
    if not Path("/usr/bin/python3").exists():
        lacking("/usr/bin/python3")
    pair = Pair.make(public, "/usr/bin/python3")
    drop = ("setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")
    for mode in (0o755, 0o700):  # readable, and not even that
        pair.hooked.site.joinpath("customtags").chmod(mode)
        bare, hooked = (run(each, TAGS, prefix=drop) for each in pair)
        assert hooked.stock() == bare
        assert hooked.extended() is (mode == 0o755)
    for each in ("_customtags.py", "customtags.pth"):
        pair.hooked.site.joinpath("customtags").chmod(0o755)
        os.chown(pair.hooked.site / each, nobody.pw_uid, nobody.pw_gid)
    pair.same(TAGS)


# A real pip


@pytest.mark.parametrize("pip", [OLDEST, NEWEST])
@pytest.mark.parametrize("damage", ["raise SystemExit(3)\n", "def half_written(", None])
@pytest.mark.parametrize("file", ["hook.py", "machine/__init__.py"])
def test_pip_goes_on_without_the_engine(
    make_environment: MakeEnvironment, tmp_path: Path, pip: str, damage: str | None, file: str
) -> None:
    python = "3.9" if pip == OLDEST else None
    bare = make_environment(pip, python, hooked=False)
    hooked = make_environment(pip, python)
    engine = hooked.site / "customtags" / file
    content = engine.read_text("utf-8")
    engine.unlink()
    if damage is not None:
        engine.write_text(damage)
    try:
        outcomes = [
            each.pip("download", "--no-index", "-f", tmp_path, "nothing", status=None, env=SETTINGS)
            for each in (bare, hooked)
        ]
        tags = [
            each.pip("debug", "--verbose", status=None, env=SETTINGS) for each in (bare, hooked)
        ]
    finally:
        engine.write_text(content, encoding="utf-8")
    bare_done, hooked_done = ((done.returncode, done.stdout, done.stderr) for done in outcomes)
    assert hooked_done == bare_done
    bare_tags, hooked_tags = (each.stdout.partition("Compatible tags")[2] for each in tags)
    assert hooked_tags == bare_tags != ""
    assert tags[0].stderr == tags[1].stderr


def test_another_pth_that_imported_pip_s_copy(make_environment: MakeEnvironment) -> None:
    hooked = make_environment()
    pth = hooked.site / "aaa.pth"
    pth.write_text("import pip._vendor.packaging.tags\n")
    try:
        tags = hooked.pip("debug", "--verbose", env=SETTINGS).stdout
    finally:
        pth.unlink()
    assert "_fc39" in tags


def test_two_copies_of_ours_in_two_layers(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv", sys.executable)
    give_hook(environment.site)
    give_packaging(environment.site)
    other = tmp_path / "other"
    other.mkdir()
    give_hook(other)
    (environment.site / "other.pth").write_text(
        f"import site; site.addsitedir({os.fspath(other)!r})\n"
    )
    platforms = run(environment, TAGS).stdout
    assert len([each for each in platforms if each.startswith("linux_") and "_fc39" in each]) == 1
