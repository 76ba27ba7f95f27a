"""The hook as a guest: no host can tell that it is there, whatever is wrong with it."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from guests import HOSTS, SETTINGS, TAGS, Pair, give_hook, give_packaging, run
from real.environments import PROJECT, Environment, clean

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START = PROJECT / "src" / "_customtags.py"

#: One host that names what is loaded.
MODULES = "import sys; print(*sorted(sys.modules), sep='\\n')"

#: Interpreter options, and whether the hook works under them.
OPTIONS = {
    "-I": True,
    "-E": True,
    "-s": True,
    "-O": True,
    "-OO": True,
    "-bb": True,
    "-B": True,
    "-u": True,
    "-i": True,
    "-S": False,
    "-IS": False,
    "-Werror": True,
    "-Xdev": True,
    "-Xutf8=0": True,
    "-Xtracemalloc": True,
    **({"-P": True} if sys.version_info >= (3, 11) else {}),
}

#: Variables under which a host may run.
VARIABLES = {
    "PYTHONWARNINGS": "error",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONDEVMODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONIOENCODING": "ascii:strict",
    "PYTHONOPTIMIZE": "2",
    "PYTHONSAFEPATH": "1",
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
}


def _half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _writes(content: str) -> Callable[[Path], object]:
    return lambda file: file.write_text(content)


def _unreadable(file: Path) -> None:
    file.unlink()
    file.symlink_to(file)


#: What may have happened to a file of ours.
DAMAGES: dict[str, Callable[[Path], object]] = {
    "half written": _half,
    "not Python": _writes("this is no Python\n"),
    "null bytes": _writes("\0\0\0"),
    "not UTF-8": lambda file: file.write_bytes(b"name = '\xff'\n"),
    "empty": _writes(""),
    "exits": _writes("raise SystemExit(3)\n"),
    "raises": _writes("raise ValueError('broken')\n"),
    "recurses": _writes("def f(): return f()\nf()\n"),
    "imports what is missing": _writes("import nothing_of_this_name\n"),
    "unreadable": _unreadable,
    "missing": lambda file: file.unlink(),
}

#: The files of the engine that pip's process loads, first to last.
ENGINE = (
    "__init__.py",
    "hook.py",
    "machine/settings.py",
    "machine/__init__.py",
    "machine/host/__init__.py",
)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return Pair.make(tmp_path_factory.mktemp("pair"), sys.executable)


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_cannot_tell(pair: Pair, host: str) -> None:
    pair.same(HOSTS[host])


@pytest.mark.parametrize("option", OPTIONS)
def test_options(pair: Pair, option: str) -> None:
    pair.same(TAGS, option, extended=OPTIONS[option])


@pytest.mark.parametrize("variable", VARIABLES)
def test_variables(pair: Pair, variable: str) -> None:
    pair.same(TAGS, env={variable: VARIABLES[variable]})


def test_all_variables_at_once(pair: Pair) -> None:
    pair.same(TAGS, env=VARIABLES)


def test_import_times_name_one_module_more(pair: Pair) -> None:
    bare, hooked = (
        [line.rpartition("|")[2] for line in run(each, "pass", "-Ximporttime").stderr]
        for each in pair
    )
    assert [line for line in hooked if line.strip() != "_customtags"] == bare
    assert len(hooked) == len(bare) + 1


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("debug", ["", "1"])
def test_closed_streams(pair: Pair, streams: str, debug: str) -> None:
    shell = ("sh", "-c", f'exec "$@" {streams}', "sh")
    env = {"CUSTOMTAGS_DEBUG": debug, "CUSTOMTAGS_ISA": "nonsense"}
    script = TAGS.replace("print(", "print(file=__import__('sys').stderr, ")
    bare, hooked = (run(each, script, env=env, prefix=shell) for each in pair)
    complaint = [line for line in hooked.stderr if line.startswith("customtags: ")]
    assert len(complaint) == (1 if debug and "2" not in streams else 0)
    assert hooked._replace(stderr=[e for e in hooked.stderr if e not in complaint]) == bare


def test_a_stderr_that_fails(pair: Pair) -> None:
    broken = """
import sys
class Broken:
    def write(self, text): raise OSError(28, "No space left on device")
    flush = write
sys.stderr = Broken()
"""
    env = {"CUSTOMTAGS_DEBUG": "1", "CUSTOMTAGS_ISA": "nonsense"}
    pair.same(broken + TAGS + "sys.stderr = None", env=env, extended=False)


@pytest.mark.parametrize("name", ["\udcff\udcfe", "ünï", "with space", "semi;colon", "a'b"])
def test_odd_paths(tmp_path: Path, name: str) -> None:
    pair = Pair.make(tmp_path / "plain", sys.executable)
    (tmp_path / "plain").rename(tmp_path / name)  # venv itself refuses what is not UTF-8
    for each in pair:
        each.folder, each.python, each.site = (
            tmp_path / name / path.relative_to(tmp_path / "plain")
            for path in (each.folder, each.python, each.site)
        )
    pair.same(TAGS)
    pair.same(TAGS, env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})


# What is loaded


def test_only_the_start_up_file_is_loaded(pair: Pair) -> None:
    bare, hooked = (set(run(each, MODULES).stdout) for each in pair)
    assert hooked - bare == {"_customtags"}


@pytest.mark.parametrize(
    ("imported", "loaded"),
    [
        ("packaging, packaging.version, json, email.message, importlib.metadata", set()),
        ("packaging.tags", {"customtags", "customtags.hook"}),
    ],
)
def test_the_engine_is_loaded_by_a_copy_alone(pair: Pair, imported: str, loaded: set[str]) -> None:
    found = run(pair.hooked, f"import {imported}\n{MODULES}").stdout
    assert {name for name in found if name.startswith("customtags")} == loaded
    assert "_customtags" in found


def test_the_first_call_imports_all_that_is_ours(pair: Pair) -> None:
    # pip 26.3 and later forbid every import once they have begun to install.
    forbid = """
class Forbid:
    def find_spec(self, name, path=None, target=None):
        if name != "_manylinux":
            raise RuntimeError(name)
import sys
sys.meta_path.insert(0, Forbid())
"""
    pair.same(TAGS + forbid + TAGS)


def test_importing_the_start_up_file_asks_for_nothing_else() -> None:
    tree = ast.parse(START.read_text("ascii"), feature_version=(3, 6))
    assert [ast.unparse(each) for each in tree.body if isinstance(each, ast.Import)] == [
        "import sys"
    ]
    assert not [each for each in tree.body if isinstance(each, (ast.ImportFrom, ast.Try, ast.With))]
    assert len(START.read_text("ascii").splitlines()) <= 110


def test_the_pth_holds_the_import_alone() -> None:
    assert (PROJECT / "customtags.pth").read_bytes() == b"import _customtags\n"


def test_the_documentation_quotes_what_runs() -> None:
    page = (PROJECT / "docs" / "explanation" / "how-the-hook-works.md").read_text("utf-8")
    pth, *parts = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert pth == (PROJECT / "customtags.pth").read_text("ascii")
    text = START.read_text("ascii")
    assert [part for part in parts if part not in text] == []
    quoted = [line for part in parts for line in part.splitlines() if line]
    assert quoted == [line for line in text.splitlines() if line]


# In and out


STATE = """
import sys, _customtags
from packaging import tags
def look():
    names = ("_customtags", "packaging.tags")
    hooks = [each for each in sys.path_hooks if each.__module__ == "_customtags"]
    replaced = [n for n, f in vars(tags).items() if hasattr(f, "__customtags_stock__")]
    return len(hooks), replaced, len([t for t in tags.platform_tags() if t.endswith("_fc39")])
"""


def test_twice_is_once_and_out_is_out(pair: Pair) -> None:
    script = (
        STATE
        + """
bare = dict(vars(tags), platform_tags=tags.platform_tags.__wrapped__)
for step in "install install uninstall uninstall install lose uninstall".split():
    if step == "lose":
        sys.path_hooks.remove(_customtags.path_hook)
        step = "install"
    getattr(_customtags, step)()
    print(*look())
print(dict(vars(tags)) == bare)
"""
    )
    inside, outside = "1 ['platform_tags'] 1", "0 [] 0"
    steps = [inside, inside, outside, outside, inside, inside, outside]
    assert run(pair.hooked, script) == (0, [*steps, "True"], [])


def test_the_pth_again_and_another_copy_of_ours_make_one_hook(pair: Pair, tmp_path: Path) -> None:
    give_hook(tmp_path)
    script = (
        STATE
        + f"""
import site
for folder in [{str(pair.hooked.site)!r}, {str(tmp_path)!r}] * 2:
    site.addsitedir(folder)
    sys.modules.pop("_customtags")
    sys.path.insert(0, folder)
    import _customtags
print(*look())
_customtags.uninstall()
print(*look())
"""
    )
    assert run(pair.hooked, script).stdout == ["1 ['platform_tags'] 1", "0 [] 0"]


@pytest.mark.parametrize(
    "variable", ["CUSTOMTAGS_DISABLE", "_PYPROJECT_HOOKS_BUILD_BACKEND", "PEP517_BUILD_BACKEND"]
)
def test_off_is_asked_when_a_copy_is_imported(pair: Pair, variable: str) -> None:
    pair.same(TAGS, env={variable: "1"}, extended=False)
    pair.same(f"import os; os.environ[{variable!r}] = '1'" + TAGS, extended=False)
    pair.same(f"import os; del os.environ[{variable!r}]" + TAGS, env={variable: "1"})


def test_a_copy_that_is_imported_before_the_hook(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path, sys.executable)
    for each in pair:
        (each.site / "aaa.pth").write_text("import packaging.tags\n")
    pair.same(TAGS)
    pair.same(HOSTS["namespace"])


@pytest.mark.parametrize("slots", [True, False])
def test_an_importer_of_somebody_else(pair: Pair, slots: bool) -> None:
    script = f"""
import sys
from importlib.machinery import FileFinder, SourceFileLoader
class Loader(SourceFileLoader):
    pass
class Importer:
    {'__slots__ = ("real",)' if slots else ""}
    def __init__(self, path):
        self.real = FileFinder(path, (Loader, [".py"]))
    def find_spec(self, name, target=None):
        return self.real.find_spec(name, target)
sys.path_hooks.insert(-1, Importer)
import packaging.tags
print(type(packaging.tags.__loader__))
"""
    pair.same(script + TAGS, extended=not slots)


def test_other_vendored_copies_are_left_alone(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path, sys.executable)
    for each in pair:
        for package in ("setuptools/_vendor", "pdm/backend/_vendor", "my_pip/_vendor"):
            folder = each.site / package
            folder.mkdir(parents=True)
            shutil.copytree(each.site / "packaging", folder / "packaging")
    for module in ("setuptools._vendor", "pdm.backend._vendor", "my_pip._vendor"):
        script = f"from {module}.packaging import tags\nprint(*tags.platform_tags(), sep='\\n')"
        pair.same(script, extended=False)


def test_in_pip_they_come_first_and_elsewhere_after_the_native_one(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv", sys.executable)
    give_hook(environment.site)
    give_packaging(environment.site)
    for package in ("pip/_vendor", "pipenv/patched/pip/_vendor"):
        (environment.site / package).mkdir(parents=True)
        give_packaging(environment.site / package)
    for module, place in (
        ("packaging", 1),
        ("pip._vendor.packaging", 0),
        ("pipenv.patched.pip._vendor.packaging", 0),
    ):
        script = f"from {module} import tags\nprint(*tags.platform_tags(), sep='\\n')"
        platforms = run(environment, script).stdout
        assert platforms[place].endswith("_fc39")
        assert platforms[1 - place].startswith("linux_")
        assert len(platforms) == len(set(platforms))


ROWS = """
from pip._vendor.packaging import tags
rows = [tags.cpython_tags, tags.generic_tags, tags.compatible_tags, tags.sys_tags]
for row in rows:
    print(*row(), sep="\\n")
for tag in [*tags.cpython_tags((3, 9), ["cp39"], ["a_1"]), *tags.cpython_tags(platforms=["b_2"])]:
    print(tag)
print(*tags.compatible_tags((3, 9), "cp39", None), *tags.compatible_tags(interpreter="cp39"))
try:
    list(tags.cpython_tags(nonsense=1))
except TypeError as error:
    print(error)
"""


def test_pip_makes_each_tag_once_and_finds_the_same_as_without(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path, sys.executable)
    for each in pair:
        (each.site / "pip" / "_vendor").mkdir(parents=True)
        give_packaging(each.site / "pip" / "_vendor")
    bare, hooked = (run(each, ROWS) for each in pair)
    assert hooked._replace(stdout=without_fc39(hooked.stdout)) == bare
    assert len(hooked.stdout) > len(bare.stdout)
    shared = """
from pip._vendor.packaging import tags
from operator import is_
for row in (tags.cpython_tags, tags.compatible_tags):
    first, second = ([tag for tag in row() if tag.platform != "any"] for _ in range(2))
    print(len(first) == len(second) and all(map(is_, first, second)))
"""
    assert run(pair.hooked, shared).stdout == ["True", "True"]
    assert run(pair.bare, shared).stdout == ["False", "False"]


def without_fc39(lines: list[str]) -> list[str]:
    kept = (" ".join(tag for tag in line.split() if not tag.endswith("_fc39")) for line in lines)
    return [line for line in kept if line]


def test_what_a_limit_drops_is_reported_when_asked_and_by_the_guard_always(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path, sys.executable)
    many = ",".join(f"label{number}" for number in range(3_000))
    (warning,) = run(
        pair.hooked, TAGS, env={"CUSTOMTAGS_SITE": many, "CUSTOMTAGS_ISA": "v4"}
    ).stderr
    assert re.fullmatch(
        r"customtags: the limit of 20000 drops \d+ of \d+ extended tags; .*", warning
    )
    (pair.hooked.site.parents[2] / "customtags.toml").write_text("limit = 1\n")
    if sys.version_info < (3, 11):  # whose standard library reads no TOML
        source = importlib.util.find_spec("tomli")
        assert source is not None
        assert source.origin is not None
        shutil.copytree(os.path.dirname(source.origin), pair.hooked.site / "tomli")
    env = {"CUSTOMTAGS_ISA": "v3"}
    assert run(pair.hooked, TAGS, env=env).stderr == []
    (report,) = run(pair.hooked, TAGS, env={**env, "CUSTOMTAGS_DEBUG": "1"}).stderr
    assert report.startswith("customtags: the limit of 1 drops ")
    assert report.endswith("; raise or remove 'limit' in customtags.toml")


# Damage


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return Pair.make(tmp_path_factory.mktemp("damaged"), sys.executable)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", ENGINE)
def test_a_broken_engine(damaged: Pair, file: str, damage: str) -> None:
    engine = damaged.hooked.site / "customtags"
    shutil.rmtree(engine)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "src" / "customtags", engine, ignore=ignored)
    DAMAGES[damage](engine / file)
    # Without an __init__ that says anything, the engine still imports its submodules by name.
    extended = file == "__init__.py" and damage in ("empty", "missing", "unreadable")
    damaged.same(TAGS + TAGS + "raise SystemExit(5)", extended=extended)


def test_no_engine_at_all(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path, sys.executable)
    shutil.rmtree(pair.hooked.site / "customtags")
    pair.same(TAGS, extended=False)
    pair.same(STATE.replace("import sys, _customtags", "") + "import sys", extended=False)


#: An engine that counts its calls in a file, and then does what the row says.
ENGINES = {
    "raises": "raise ValueError",
    "exits": "raise SystemExit(3)",
    "calls os.abort's cousin": "import sys; sys.exit('bye')",
    "asks again": "import packaging.tags; list(packaging.tags.platform_tags()); raise KeyError",
    "answers None": "return None",
    "raises what cannot be told": "raise type('E', (ValueError,), {'__str__': None})",
}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_failing_engine_is_asked_once(tmp_path: Path, engine: str) -> None:
    pair = Pair.make(tmp_path, sys.executable)
    (pair.hooked.site / "customtags" / "machine" / "__init__.py").write_text(
        f"def platform_tags(stock, **options):\n"
        f"    open({str(tmp_path / 'calls')!r}, 'a').write('x')\n    {ENGINES[engine]}\n"
    )
    pair.same(TAGS * 4, extended=False)
    assert (tmp_path / "calls").read_text() == "x"
    assert (
        run(pair.hooked, TAGS, env={"CUSTOMTAGS_DEBUG": "1"}).stdout == run(pair.bare, TAGS).stdout
    )


def test_a_list_is_whole_before_its_first_element_is_given(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path, sys.executable)
    (pair.hooked.site / "customtags" / "machine" / "__init__.py").write_text(
        "def platform_tags(stock, **options):\n    yield 'linux_fc39'\n    raise ValueError\n"
    )
    pair.same(TAGS, extended=False)


def test_an_interrupt_is_the_hosts(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path, sys.executable)
    (pair.hooked.site / "customtags" / "machine" / "__init__.py").write_text(
        "def platform_tags(stock, **options):\n    raise KeyboardInterrupt\n"
    )
    script = """
import packaging.tags
try:
    list(packaging.tags.platform_tags())
except KeyboardInterrupt:
    print("interrupted")
"""
    assert run(pair.hooked, script) == (0, ["interrupted"], [])


# Other places


def test_a_read_only_site_of_somebody_else(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path, sys.executable)
    shutil.rmtree(pair.hooked.site / "__pycache__", ignore_errors=True)
    for each in pair:
        for path in [each.site, *each.site.rglob("*")]:
            path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    pair.same(TAGS)
    for each in pair:
        for path in [each.site, *each.site.rglob("*")]:
            path.chmod(path.stat().st_mode | stat.S_IWUSR)


@pytest.mark.parametrize("option", ["-c", "-sc", "-Ic"])
def test_user_site(tmp_path: Path, option: str) -> None:
    # In a virtual environment there is no user site; and Python 3.9 does not know the interpreter outside it.
    base = os.path.join(sys.base_prefix, "bin", "python{}.{}".format(*sys.version_info))
    env = {**SETTINGS, "PYTHONUSERBASE": str(tmp_path)}
    where = [base, "-m", "site", "--user-site"]
    site = subprocess.run(where, env=clean(env), capture_output=True, text=True, check=False)
    folder = site.stdout.strip()
    os.makedirs(folder)
    give_hook(type(tmp_path)(folder))
    give_packaging(type(tmp_path)(folder))
    script = "import sys; print('_customtags' in sys.modules)"
    done = subprocess.run([base, option, script], env=clean(env), capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"True\n" if option == "-c" else b"False\n", b"")


def test_the_venv_s_copy_wins_over_the_one_outside(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path, sys.executable, "--system-site-packages")
    env = {"PYTHONUSERBASE": str(tmp_path / "user")}
    folder = run(pair.bare, "import site; print(site.getusersitepackages())", env=env).stdout[0]
    outside = type(tmp_path)(folder)
    outside.mkdir(parents=True)
    give_hook(outside)
    (outside / "_customtags.py").write_text("print('the other')\n")
    (outside / "customtags" / "hook.py").write_text("print('the other')\n")
    outcome = run(pair.hooked, TAGS, env=env)
    assert outcome.extended()
    assert outcome.stock() == run(pair.bare, TAGS, "-s", env=env)


def test_another_version_on_pythonpath(pair: Pair, tmp_path: Path) -> None:
    # It comes before site-packages: the start-up file may be of one version and the engine of another.
    give_hook(tmp_path)
    pair_env = {"PYTHONPATH": str(tmp_path)}
    assert run(pair.hooked, TAGS, env=pair_env).stock() == run(pair.bare, TAGS)
    (tmp_path / "customtags" / "hook.py").write_text("patched = apply_all = None\n")
    pair.same(TAGS, env=pair_env, extended=False)
