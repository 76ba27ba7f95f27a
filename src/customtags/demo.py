"""The demonstration: wheels of a small project for several machines, and the one that real pip installs on each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from packaging import tags

from customtags import hook, machine
from customtags.errors import ToolError
from customtags.machine.dimensions import isa
from customtags.machine.settings import Settings
from customtags.tags import format
from customtags.wheels.installed import read_environment
from customtags.wheels.metadata import tags as tags_of
from customtags.wheels.writer import create

__all__ = ["SCENARIOS", "Choice", "build", "choose", "compiler", "variants"]

PROJECT, VERSION = "example", "1.2.3"

#: The environment variables of each run of pip.
SCENARIOS: tuple[dict[str, str], ...] = (
    {},
    {"CUSTOMTAGS_ISA": "v2"},
    {"CUSTOMTAGS_ACCELERATOR": "rocm6.0"},
    {"CUSTOMTAGS_ACCELERATOR": "cuda12.4"},
    {"CUSTOMTAGS_DISABLE": "1"},
)

#: An extension that names the instruction set it was compiled for, and has a loop that a compiler can vectorise.
SOURCE = r"""
#include <Python.h>

#if defined(__AVX512BW__)
#define LEVEL "x86-64-v4"
#elif defined(__AVX2__)
#define LEVEL "x86-64-v3"
#elif defined(__SSE4_2__)
#define LEVEL "x86-64-v2"
#else
#define LEVEL "the baseline"
#endif

static PyObject *built_for(PyObject *self, PyObject *none) {
    return PyUnicode_FromString("C, compiled for " LEVEL ACCELERATOR);
}

static PyObject *dot(PyObject *self, PyObject *argument) {
    double a[256], sum = 0;
    double factor = PyFloat_AsDouble(argument);
    if (factor == -1 && PyErr_Occurred()) return NULL;
    for (int i = 0; i < 256; i++) a[i] = i * factor;
    for (int i = 0; i < 256; i++) sum += a[i] * a[i];
    return PyFloat_FromDouble(sum);
}

static PyMethodDef methods[] = {
    {"built_for", built_for, METH_NOARGS, "Return what this was compiled for."},
    {"dot", dot, METH_O, "Sum the squares of 0..255 times a factor."},
    {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "example", NULL, -1, methods};
PyMODINIT_FUNC PyInit_example(void) { return PyModule_Create(&module); }
"""


class Choice(NamedTuple):
    """The wheel that pip installed in one environment.

    :ivar environment: the variables that were set
    :ivar wheel: its file name
    :ivar says: the text that the installed module returns
    :ivar expected: the file names of which it should be one
    """

    environment: Mapping[str, str]
    wheel: str
    says: str
    expected: Sequence[str]


def variants(stock: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
    """Return base and segments of each wheel to build for machines like this one.

    :raises ToolError: the operating system is not Linux
    """
    native = machine.native_tag(stock)
    if native is None:
        raise ToolError("extended tags are for Linux only", "run the demo on Linux")
    arch = native.removeprefix("linux_")
    policies = (f"manylinux_2_17_{arch}", f"musllinux_1_2_{arch}")
    levels = [[name] for name, _ in isa.LEVELS.get(arch, ())[:2]]
    best = levels[-1] if levels else []
    distro = machine.ladders(machine.detect(settings=Settings({})), arch)["distro"][:1]
    extended = [*levels, [*best, *distro], [*best, *distro, "rocm6_0"], ["cuda12_4"]]
    return [(base, []) for base in ("any", *(tag for tag in stock if tag in policies), native)] + [
        (native, each)
        for index, each in enumerate(extended)
        if each and each not in extended[:index]
    ]


def compiler() -> str:
    """Return the path of a C compiler that can build extensions for this interpreter.

    :raises ToolError: no compiler is found, or CPython's headers are missing
    """
    named = os.environ.get("CC", "cc")
    command = next(filter(None, map(shutil.which, (named, "gcc", "clang"))), None)
    if command is None:
        raise ToolError("no C compiler was found", "install gcc or clang, or set CC")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        raise ToolError(
            "Python.h is missing", "install CPython's headers (python3-dev or python3-devel)"
        )
    return command


def build(folder: Path, base: str, segments: Sequence[str], cc: str | None) -> Path:
    """Build the wheel of one variant; without a compiler it contains a Python module."""
    platform = format(base, segments)
    best = next(tags.sys_tags())
    row = "py3-none" if base == "any" else f"{best.interpreter}-{best.abi}"
    if cc is None or base == "any":
        name, content = (
            "example.py",
            f"def built_for():\n    return 'Python, for {platform}'\n".encode(),
        )
    else:
        name = f"example{sysconfig.get_config_var('EXT_SUFFIX')}"
        content = _compile(cc, segments)
    return create(folder, PROJECT, VERSION, f"{row}-{platform}", {name: content})


def choose(
    wheels: Path, target: Path, environment: Mapping[str, str], stock: Sequence[str]
) -> Choice:
    """Run pip on a folder of wheels, and return which wheel it installed.

    :param target: a new folder to install into
    :param environment: the settings of customtags for pip
    """
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("CUSTOMTAGS_")
    }
    environ.update(environment)
    pip = ("-m", "pip", "--isolated", "--disable-pip-version-check", "install", "--no-index")
    _run(environ, *pip, f"--find-links={wheels}", f"--target={target}", PROJECT)
    (found,) = read_environment([str(target)])
    (tag,) = tags_of(found.text("WHEEL").encode())
    says = _run(
        {**environ, "PYTHONPATH": str(target)}, "-c", "import example; print(example.built_for())"
    )
    return Choice(
        environment, f"{PROJECT}-{VERSION}-{tag}.whl", says.strip(), _expect(wheels, environ, stock)
    )


def _expect(wheels: Path, environ: Mapping[str, str], stock: Sequence[str]) -> list[str]:
    """Return the wheel of the first extended tag; without one, the wheels that pip may install without customtags."""
    by_platform = {
        wheel.stem.rpartition("-")[2]: wheel.name for wheel in sorted(wheels.glob("*.whl"))
    }
    extended: list[str] = []
    if hook.enabled(environ):
        extended, _ = machine.extend(stock, machine.detect(settings=Settings.read(environ)))
    best = [by_platform[tag] for tag in extended if tag in by_platform][:1]
    return best or [by_platform[tag] for tag in stock if tag in by_platform]


def _compile(cc: str, segments: Sequence[str]) -> bytes:
    levels = [name for name, _ in isa.LEVELS["x86_64"] if name in segments]
    accelerators = [each for each in segments if each.startswith(("cuda", "rocm"))]
    with tempfile.TemporaryDirectory() as folder:
        source, extension = Path(folder, "example.c"), Path(folder, "example.so")
        source.write_text(SOURCE)
        command = [cc, "-shared", "-fPIC", "-O3", f"-I{sysconfig.get_path('include')}", str(source)]
        command += [f"-march=x86-64-{name}" for name in levels]
        command += [
            "-o",
            str(extension),
            "-DACCELERATOR=" + "".join(f'" and {each}"' for each in accelerators),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            first = (done.stderr.strip() or "no message").splitlines()[0]
            raise ToolError(
                f"the C compiler failed ({first})", "use gcc ≥ 11 or clang ≥ 12, or set CC"
            )
        return extension.read_bytes()


def _run(environ: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip() or f"status {done.returncode}").splitlines()[-1]
        raise ToolError(
            f"'python {' '.join(arguments[:2])}' failed ({last})",
            "the demo needs pip in this environment",
        )
    return done.stdout
