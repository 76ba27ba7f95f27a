"""The matrix: which pip, installer and build back end takes what, in rows that tests run.

``python tests/real/table.py`` prints docs/explanation/where-it-works.md from the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from customtags.choosing.doctor import OLDEST_PIP

__all__ = [
    "BACKENDS",
    "COMMANDS",
    "FRONT_ENDS",
    "INSTALLERS",
    "PIPS",
    "VIEWED",
    "WAYS",
    "Backend",
    "FrontEnd",
    "Pip",
    "Row",
    "page",
]

#: What is taken of wheels for many machines, on one that accepts v3.
EXTENDED = "the extended wheel"
NATIVE_FIRST = "the plain `linux_<arch>` wheel if there is one, then the extended wheel"
STOCK = "a stock wheel"
NONE = "none (refused)"


class Pip(NamedTuple):
    """One pip.

    :ivar pythons: the oldest and the newest Python of 3.9 to 3.13 that it runs on; later ones for the newest pip
    :ivar stock: what it takes without the hook: packaging 26.3 put ``linux_<arch>`` before manylinux
    """

    version: str
    pythons: tuple[str, ...]
    stock: str = "manylinux_2_17_x86_64"


#: Up to 22.3.1, pip's own parts need what Python 3.12 removed; from 26.1 it refuses Python 3.9.
PIPS = (
    Pip(OLDEST_PIP, ("3.9", "3.11")),
    Pip("21.3.1", ("3.9", "3.11")),
    Pip("22.3.1", ("3.9", "3.11")),
    Pip("23.2.1", ("3.9", "3.13")),
    Pip("24.0", ("3.9", "3.13")),
    Pip("24.3.1", ("3.9", "3.13")),
    Pip("25.3", ("3.9", "3.13")),
    Pip("26.0", ("3.9", "3.13")),
    Pip("26.1", ("3.10", "3.13")),
    Pip("26.2", ("3.10", "3.13")),
    Pip("26.3", ("3.10", "3.13", "3.14", "3.15"), "linux_x86_64"),
)


class Row(NamedTuple):
    """One installer.

    :ivar name: what the test is called
    :ivar says: what the user does
    :ivar takes: what is chosen with the hook
    :ivar without: what is chosen with ``CUSTOMTAGS_DISABLE=1``
    :ivar note: what a user has to know
    """

    name: str
    says: str
    takes: str = EXTENDED
    without: str = STOCK
    note: str = ""


#: How pip comes to run.
WAYS = (
    Row("script", "the command `pip`"),
    Row("wheel", "`python pip-26.3-py3-none-any.whl/pip`"),
    Row("wheel on Python 3.9", "`python3.9 pip-26.0-py3-none-any.whl/pip`"),
    Row("zipapp", "`python pip.pyz`"),
    Row("ensurepip", "a pip from `python -m ensurepip` or `python -m venv`"),
    Row("virtualenv", "a pip from `virtualenv --seeder pip`"),
    Row("debian", "Debian's `python3-pip`, below `venv --system-site-packages`"),
    Row("debundled", "a pip whose distributor removed `pip._vendor.packaging`"),
    Row("other", "`pip --python OTHER`", note="OTHER has customtags"),
    Row(
        "unhooked other",
        "`pip --python OTHER`, where OTHER has no customtags",
        STOCK,
        note="pip starts itself again under OTHER, so install customtags there",
    ),
    Row(
        "fresh",
        "pip in a new environment that a pip with customtags created",
        STOCK,
        note="each environment needs customtags, as it needs any package",
    ),
)

#: What pip is asked, with ``--no-index --find-links`` or an index alike.
COMMANDS = (
    Row("install", "install --target {out} example"),
    Row("prefer-binary", "install --prefer-binary --target {out} example"),
    Row("constraint", "install --target {out} -c {given}/constraints.txt example"),
    Row("report", "install --dry-run --report {out}/report.json example"),
    Row("wheel", "wheel -w {out} example"),
    Row("download", "download -d {out} example"),
    Row("lock", "lock -o {out}/pylock.toml example", note="records only the chosen wheel"),
    Row(
        "pylock",
        "install --target {out} -r {given}/pylock.toml",
        note="the file lists every wheel, as `uv export` writes it; pip ≥ 26.1",
    ),
    Row(
        "hashes",
        "install --require-hashes --target {out} -r {given}/hashes.txt",
        note="the file has the hashes of every wheel, as `pip-compile` writes it",
    ),
    Row(
        "allowed hash",
        "install --require-hashes --target {out} -r {given}/one-hash.txt",
        STOCK,
        note="pip takes the wheel whose hash is listed; a bare folder has no hashes, so that pip "
        "chooses first and then refuses",
    ),
    Row(
        "file",
        "install --target {out} {wheels}/example-1.2.3-py3-none-linux_x86_64_v3.whl",
        without=NONE,
    ),
    Row(
        "unfit file",
        "install --target {out} {wheels}/example-1.2.3-py3-none-linux_x86_64_v4.whl",
        NONE,
        NONE,
        "the machine accepts v3 and not v4",
    ),
    Row("python-version", "download -d {out} --only-binary :all: --python-version 3.12 example"),
    Row(
        "platform",
        "download -d {out} --only-binary :all: --platform linux_x86_64 example",
        STOCK,
        note="pip uses its own list of tags for a platform that the user names",
    ),
    Row(
        "extended platform",
        "download -d {out} --only-binary :all: --platform linux_x86_64_v3 example",
        EXTENDED,
        EXTENDED,
        "pip accepts exactly the tag that the user names, with or without customtags",
    ),
)

#: Other installers, each in the version that is tested.
INSTALLERS = (
    Row("pipenv", "pipenv 2026.10.3", note="the project's environment has customtags"),
    Row(
        "pipenv alone",
        "pipenv 2026.10.3, where only its own environment has customtags",
        STOCK,
        note="pipenv runs its pip with the project's interpreter",
    ),
    Row("poetry", "Poetry 2.5.1", NATIVE_FIRST, note="Poetry's own environment has customtags"),
    Row(
        "poetry project",
        "Poetry 2.5.1, where only the project's environment has customtags",
        STOCK,
        note="Poetry never imports packages of that environment",
    ),
    Row("unearth", "unearth 0.19.0 (PDM's finder)", NATIVE_FIRST),
    Row(
        "pip-tools",
        "pip-tools 7.6.2",
        note="add customtags to `requirements.in`, otherwise `pip-sync` removes it",
    ),
    Row("shiv", "shiv 1.0.8"),
    Row(
        "uv",
        "uv 0.13.9",
        STOCK,
        note="uv has a fixed list of tags, in Rust; customtags does not disturb it. "
        "It takes [wheel variants](../how-to/uv.md), a preview, and reads [views](../how-to/serve.md)",
    ),
)

#: What installs through the view of a machine, as the tests name it.
VIEWED = (
    *("pip 26.3", "pip 25.3", "uv 0.13.9", "uv 0.9.10", "uv lock", "uv tool"),
    *("poetry 2.5", "poetry 2.2", "pdm 2.29", "pdm 2.26", "hatch 1.18", "hatch 1.16"),
    *("pex", "pex 2.69", "pipx", "pipx 1.8"),
)


class Backend(NamedTuple):
    """A build back end, and a minimal project for it.

    :ivar requires: the requirements of the build, the back end first
    :ivar module: its ``build-backend``
    :ivar asks: it names wheels after the first tag of ``packaging.tags.sys_tags()``
    :ivar files: the project, but for its ``[build-system]``
    """

    name: str
    requires: tuple[str, ...]
    module: str
    asks: bool
    files: dict[str, str]


_PROJECT = '[project]\nname = "tiny"\nversion = "1"\n'
_C = """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "tiny", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_tiny(void) { return PyModule_Create(&module); }
"""

BACKENDS = (
    Backend(
        "hatchling",
        ("hatchling==1.33.0",),
        "hatchling.build",
        True,
        {
            "pyproject.toml": _PROJECT
            + '[tool.hatch.build.targets.wheel]\npackages = ["tiny"]\nhooks.custom = {}\n',
            "tiny/__init__.py": "",
            "hatch_build.py": "from hatchling.builders.hooks.plugin.interface import "
            "BuildHookInterface\n\n"
            "class Hook(BuildHookInterface):\n"
            "    def initialize(self, version, build_data):\n"
            "        build_data.update(infer_tag=True, pure_python=False)\n",
        },
    ),
    Backend(
        "scikit-build-core",
        ("scikit-build-core==1.1.2",),
        "scikit_build_core.build",
        True,
        {
            "pyproject.toml": _PROJECT
            + "[tool.scikit-build]\nwheel.cmake = false\nwheel.platlib = true\n",
            "tiny/__init__.py": "",
        },
    ),
    Backend(
        "poetry-core",
        ("poetry-core==2.5.0", "setuptools==84.2.1"),
        "poetry.core.masonry.api",
        True,
        {
            "pyproject.toml": _PROJECT
            + '[tool.poetry.build]\nscript = "script.py"\ngenerate-setup-file = false\n',
            "tiny/__init__.py": "",
            "script.py": "",
        },
    ),
    Backend(
        "setuptools",
        ("setuptools==84.2.1",),
        "setuptools.build_meta",
        False,
        {
            "pyproject.toml": _PROJECT,
            "setup.py": "from setuptools import Extension, setup\n"
            'setup(ext_modules=[Extension("tiny", ["tiny.c"])])\n',
            "tiny.c": _C,
        },
    ),
    Backend(
        "meson-python",
        ("meson-python==0.22.1",),
        "mesonpy",
        False,
        {
            "pyproject.toml": _PROJECT,
            "meson.build": "project('tiny', 'c', version: '1')\n"
            "import('python').find_installation()"
            ".extension_module('tiny', 'tiny.c', install: true)\n",
            "tiny.c": _C,
        },
    ),
    Backend(
        "flit",
        ("flit-core==4.2.0",),
        "flit_core.buildapi",
        False,
        {"pyproject.toml": _PROJECT + 'description = "x"\n', "tiny.py": ""},
    ),
    Backend(
        "pdm-backend",
        ("pdm-backend==2.5.0",),
        "pdm.backend",
        False,
        {"pyproject.toml": _PROJECT + "[tool.pdm.build]\nis-purelib = false\n", "tiny.py": ""},
    ),
    Backend(
        "maturin",
        ("maturin==1.16.0",),
        "maturin",
        False,
        {
            "pyproject.toml": _PROJECT + '[tool.maturin]\nbindings = "bin"\nprofile = "dev"\n',
            "Cargo.toml": '[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2021"\n',
            "src/main.rs": "fn main() {}\n",
        },
    ),
)


class FrontEnd(NamedTuple):
    """What runs a build back end.

    :ivar command: the arguments to the environment's interpreter
    :ivar only: the only back ends that it runs
    :ivar isolated: it makes an environment for the back end, which costs seconds
    """

    name: str
    command: str
    only: tuple[str, ...] = ()
    isolated: bool = False


FRONT_ENDS = (
    FrontEnd("pip wheel", "-m pip wheel --no-deps -w {out} .", isolated=True),
    FrontEnd(
        "pip wheel --use-feature=venv-isolation",
        "-m pip wheel --use-feature=venv-isolation --no-deps -w {out} .",
        isolated=True,
    ),
    FrontEnd("python -m build", "-m build -w -o {out} .", isolated=True),
    FrontEnd(
        "pip wheel --no-build-isolation",
        "-m pip wheel --no-build-isolation --no-index --no-deps -w {out} .",
    ),
    FrontEnd("python -m build -n", "-m build -w -n -x -o {out} ."),
    FrontEnd(
        "uv build --no-build-isolation",
        "-m uv build --no-cache --wheel --no-build-isolation -o {out} .",
    ),
    FrontEnd(
        "uv pip install --no-build-isolation",
        "-m uv pip install --no-cache --no-index --no-deps --no-build-isolation --target {out} .",
    ),
    FrontEnd("python -m hatchling build", "-m hatchling build -t wheel -d {out}", ("hatchling",)),
    FrontEnd("python setup.py bdist_wheel", "setup.py -q bdist_wheel -d {out}", ("setuptools",)),
)


def page() -> str:
    """Write docs/explanation/where-it-works.md."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield from (
        "# Where it works, and where it cannot",
        "",
        "<!-- Made by `python tests/real/table.py` from the rows that the tests run. Edit those. -->",
        "",
        "Each row is a test. An index has wheels of one version for many machines: `any`, manylinux, `linux_<arch>`, and",
        "extended tags for x86-64-v2, v3, v4 and CUDA. The machine accepts v3. A row shows the wheel that is chosen, with",
        "customtags and without it (`CUSTOMTAGS_DISABLE=1`).",
        "",
        "## Every pip",
        "",
        "Tested on the oldest and the newest Python, of 3.9 to 3.13, on which each pip runs, and the newest pip on 3.14 and 3.15, too. All choose the extended wheel.",
        "The hook itself is tested on every CPython from 3.9 to 3.15.",
        "",
        f"The oldest pip that customtags supports is {OLDEST_PIP}. pip 19.3 and older ones make the list of their tags themselves, and",
        "the hook does not reach them; `customtags doctor` says so.",
        "",
    )
    yield from _table(
        ("pip", "Python", "without customtags"),
        ((p.version, ", ".join(p.pythons), f"`{p.stock}`") for p in PIPS),
    )
    yield from (
        "",
        "## Every way to run pip",
        "",
        "Tested with pip 26.3, unless the row names another.",
        "",
    )
    yield from _rows("pip is", WAYS)
    yield from (
        "",
        "## Every command of pip",
        "",
        "Tested with pip 26.3, `--no-index` and a page of links for `--find-links`.",
        "",
    )
    yield from _rows(
        "`pip …`",
        (row._replace(says=f"`{_shorten(row.says)}`") for row in COMMANDS),
    )
    yield from ("", "## Other installers", "")
    yield from _rows("installer", INSTALLERS)
    yield from (
        "",
        "## Through a view",
        "",
        "From [the view of a machine](../how-to/serve.md), each of these takes the wheel that pip with customtags takes on that machine:",
        "",
        *(f"* {name}" for name in VIEWED),
    )
    yield from (
        "",
        "## Building",
        "",
        "customtags does not change the name of a wheel that is built: the hook is inactive in the process of a build",
        "back end. Where nothing marks that process as such, the plain tag remains the first of `packaging.tags`.",
        "",
    )
    yield from _table(
        ("back end", "names wheels by `packaging.tags`"),
        ((f"{b.name} {_version(b)}", "yes" if b.asks else "no") for b in BACKENDS),
    )
    yield from (
        "",
        "Each back end is tested with each of these front ends; those that isolate a build, with the back ends that use `packaging.tags`:",
        "",
    )
    for front in FRONT_ENDS:
        yield f"* `{front.name}`" + (f" ({', '.join(front.only)})" if front.only else "")
    yield from (
        "",
        "## Where it cannot work",
        "",
        "* Other systems than Linux, and Python before 3.9: the hook patches nothing there, silently.",
        "* `python -S`: Python reads no `.pth` file.",
        "* uv, and tools that call it: uv accepts only the tags of its own list. Publish [wheel variants](../how-to/uv.md) for it.",
        "* Any installer, machine or image without customtags. Let it read [the view of a machine](../how-to/serve.md).",
        "* `pip install --platform`: pip does not use the tags of this machine. Name the extended tag itself.",
        "* pip does not replace an installed wheel by a better wheel of the same version. Use `pip install --force-reinstall`.",
        "",
    )


def _version(backend: Backend) -> str:
    return backend.requires[0].partition("==")[2]


def _shorten(command: str) -> str:
    for place, shown in (("{out}/", ""), ("{out}", "DIR"), ("{given}/", ""), ("{wheels}/", "")):
        command = command.replace(place, shown)
    return command


def _rows(head: str, rows: Iterable[Row]) -> Iterator[str]:
    yield from _table(
        (head, "takes", "without customtags", "note"),
        ((row.says, row.takes, row.without, row.note) for row in rows),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |".replace("|  |", "| |")


if __name__ == "__main__":
    print(page(), end="")
