"""Two projects: vectorlib ships a shared library whose ABI changed, vectoruser has an extension that links to it."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

from customtags.wheels.writer import create
from needs import lacking

__all__ = ["EXTENSION", "LIBRARY", "USER", "compiled", "library_project", "user_project", "wheel"]

#: One header for both: with ABI 2 the function has another name, and takes one argument more.
HEADER = """
#if VECTORLIB_ABI == 1
double vectorlib_norm(double x, double y);
#else
double vectorlib_norm3(double x, double y, double z);
#endif
"""

LIBRARY = """
#include "vectorlib.h"
#if VECTORLIB_ABI == 1
double vectorlib_norm(double x, double y) { return x * x + y * y; }
#else
double vectorlib_norm3(double x, double y, double z) { return x * x + y * y + z * z; }
#endif
"""

EXTENSION = """
#include <Python.h>
#include <vectorlib.h>
static PyObject *norm(PyObject *self, PyObject *none) {
#if VECTORLIB_ABI == 1
    return PyFloat_FromDouble(vectorlib_norm(3, 4));
#else
    return PyFloat_FromDouble(vectorlib_norm3(3, 4, 12));
#endif
}
static PyMethodDef methods[] = {{"norm", norm, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", NULL, -1, methods};
PyMODINIT_FUNC PyInit__native(void) { return PyModule_Create(&module); }
"""

USER = '"""Squares of lengths."""\n\nfrom __future__ import annotations\n\nfrom vectoruser._native import norm\n'

#: A setup.py that compiles a library as its package's data.
LIBRARY_SETUP = """
import pathlib, subprocess
from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

class Build(build_py):
    def run(self):
        super().run()
        out = pathlib.Path(self.build_lib, "vectorlib", "lib")
        out.mkdir()
        subprocess.check_call(
            ["cc", "-shared", "-fPIC", "-Ivectorlib/include", "-Wl,-soname,libvectorlib.so",
             "vectorlib.c", "-o", out / "libvectorlib.so"])

class Binary(Distribution):
    def has_ext_modules(self):
        return True

setup(packages=["vectorlib"], package_data={"vectorlib": ["include/*.h"]}, cmdclass={"build_py": Build}, distclass=Binary)
"""

#: The setup.py of what the documentation shows.
USER_SETUP = """
from setuptools import Extension, setup
from customtags.linking import link

setup(
    packages=["vectoruser"],
    ext_modules=[Extension("vectoruser._native", ["native.c"], **link("vectorlib", package="vectoruser").extension)],
)
"""


def library_project(folder: Path, abi: int) -> Path:
    """Write the sources of vectorlib."""
    header = f"#define VECTORLIB_ABI {abi}\n{HEADER}"
    return _project(
        folder,
        "vectorlib",
        f"{abi}.0",
        {
            "setup.py": LIBRARY_SETUP,
            "vectorlib.c": LIBRARY,
            "vectorlib/__init__.py": "",
            "vectorlib/include/vectorlib.h": header,
        },
    )


def user_project(folder: Path, abi: int) -> Path:
    """Write the sources of vectoruser, to be built against an ABI; by mistake it does not require vectorlib."""
    files = {"setup.py": USER_SETUP, "native.c": EXTENSION, "vectoruser/__init__.py": USER}
    return _project(folder, "vectoruser", "1.0", files, "customtags", f"vectorlib=={abi}.*")


def _project(folder: Path, name: str, version: str, files: dict[str, str], *requires: str) -> Path:
    words = ["setuptools", *requires]
    config = f'[build-system]\nrequires = {words}\nbuild-backend = "setuptools.build_meta"\n'
    config += f'[project]\nname = "{name}"\nversion = "{version}"\n'
    for path, content in {**files, "pyproject.toml": config}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    return folder


def compiled(folder: Path, source: str, output: str, *options: object) -> bytes:
    """Compile a shared library in a folder, and return its bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source.c").write_text(source, encoding="utf-8")
    include = sysconfig.get_path("include")
    words = ["cc", "-shared", "-fPIC", f"-I{include}", "source.c", "-o", output, *map(str, options)]
    try:
        subprocess.run(words, cwd=folder, check=True)
    except FileNotFoundError:
        lacking("cc")
    return (folder / output).read_bytes()


def wheel(folder: Path, abi: int, soname: str = "libvectorlib.so") -> Path:
    """Compile vectorlib, and write its wheel without a back end."""
    header = f"#define VECTORLIB_ABI {abi}\n{HEADER}"
    source = folder / f"vectorlib-{abi}"
    source.mkdir(parents=True, exist_ok=True)
    (source / "vectorlib.h").write_text(header, encoding="utf-8")
    named = f"-Wl,-soname,{soname}" if soname else "-g0"
    library = compiled(source, LIBRARY, "libvectorlib.so", named)
    files = {
        "vectorlib/__init__.py": b"",
        "vectorlib/include/vectorlib.h": header.encode(),
        "vectorlib/lib/libvectorlib.so": library,
    }
    return create(folder, "vectorlib", f"{abi}.0", "py3-none-linux_x86_64", files)
