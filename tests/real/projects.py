"""Projects of every build back end that compiles, wrapped by ours: the binaries contain the name of their level."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PROJECTS", "VERSION", "C", "Project"]

VERSION = "1.2.3"

#: An extension module that says which level it was compiled for.
C = r"""
#include <Python.h>
#ifndef __OPTIMIZE__
#error "compiled without optimization"
#endif
#if defined(__AVX512BW__)
static const char level[] = "level=v4";
#elif defined(__AVX2__)
static const char level[] = "level=v3";
#elif defined(__SSE4_2__)
static const char level[] = "level=v2";
#else
static const char level[] = "level=base";
#endif
static PyObject *say(PyObject *self, PyObject *none) { return PyUnicode_FromString(level); }
static PyMethodDef methods[] = {{"say", say, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "tiny", NULL, -1, methods};
PyMODINIT_FUNC PyInit_tiny(void) { return PyModule_Create(&module); }
"""

RUST = """
#[cfg(target_feature = "avx512bw")]
const LEVEL: &str = "level=v4";
#[cfg(all(target_feature = "avx2", not(target_feature = "avx512bw")))]
const LEVEL: &str = "level=v3";
#[cfg(all(target_feature = "sse4.2", not(target_feature = "avx2")))]
const LEVEL: &str = "level=v2";
#[cfg(not(target_feature = "sse4.2"))]
const LEVEL: &str = "level=base";
fn main() { println!("{LEVEL}"); }
"""

#: How build scripts compile in place: setuptools's command, called by hand.
IN_PLACE = """
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

def compile():
    command = build_ext(Distribution({"name": "tiny", "ext_modules": [Extension("tiny", ["tiny.c"])]}))
    command.inplace = True
    command.ensure_finalized()
    command.run()
"""


class Project(NamedTuple):
    """A project of one back end.

    :ivar requires: the back end first
    :ivar module: its ``build-backend``
    :ivar tools: what must be on the path
    :ivar marked: the linker is one that writes the level into the file; Rust's own is LLD, which does not
    """

    name: str
    requires: tuple[str, ...]
    module: str
    files: dict[str, str]
    tools: tuple[str, ...] = ("cc",)
    marked: bool = True


_PROJECT = f'[project]\nname = "tiny"\nversion = "{VERSION}"\n'

PROJECTS = (
    Project(
        "setuptools",
        ("setuptools==84.2.1",),
        "setuptools.build_meta",
        {
            "pyproject.toml": _PROJECT,
            "setup.py": "from setuptools import Extension, setup\n"
            'setup(ext_modules=[Extension("tiny", ["tiny.c"])])\n',
            "tiny.c": C,
        },
    ),
    Project(
        "scikit-build-core",
        ("scikit-build-core==1.1.2", "cmake==4.1.2", "ninja==1.13.2"),
        "scikit_build_core.build",
        {
            "pyproject.toml": _PROJECT + '[tool.scikit-build]\nbuild-dir = "build"\n',
            "CMakeLists.txt": "cmake_minimum_required(VERSION 3.15)\n"
            "project(tiny C)\n"
            "find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)\n"
            "python_add_library(tiny MODULE tiny.c WITH_SOABI)\n"
            "install(TARGETS tiny DESTINATION .)\n",
            "tiny.c": C,
        },
    ),
    Project(
        "meson-python",
        ("meson-python==0.22.1", "ninja==1.13.2"),
        "mesonpy",
        {
            "pyproject.toml": _PROJECT,
            "meson.build": f"project('tiny', 'c', version: '{VERSION}')\n"
            "import('python').find_installation()"
            ".extension_module('tiny', 'tiny.c', install: true)\n",
            "tiny.c": C,
        },
    ),
    Project(
        "hatchling",
        ("hatchling==1.33.0", "setuptools==84.2.1"),
        "hatchling.build",
        {
            "pyproject.toml": _PROJECT
            + '[tool.hatch.build.targets.wheel]\nartifacts = ["*.so"]\n'
            + 'only-include = ["tiny.c"]\nhooks.custom = {}\n',
            "hatch_build.py": "from hatchling.builders.hooks.plugin.interface import "
            "BuildHookInterface\n" + IN_PLACE + "class Hook(BuildHookInterface):\n"
            "    def initialize(self, version, build_data):\n"
            "        compile()\n"
            "        from sysconfig import get_config_var\n"
            "        name = f\"tiny{get_config_var('EXT_SUFFIX')}\"\n"
            '        build_data["force_include"][name] = name\n'
            "        build_data.update(infer_tag=True, pure_python=False)\n",
            "tiny.c": C,
        },
    ),
    Project(
        "poetry-core",
        ("poetry-core==2.5.0", "setuptools==84.2.1"),
        "poetry.core.masonry.api",
        {
            "pyproject.toml": _PROJECT
            + '[tool.poetry]\npackages = [{ include = "*.so" }]\n'
            + 'include = [{ path = "*.so", format = "wheel" }]\n'
            + '[tool.poetry.build]\nscript = "script.py"\ngenerate-setup-file = false\n',
            "script.py": IN_PLACE + "compile()\n",
            "tiny.c": C,
        },
    ),
    Project(
        "maturin",
        ("maturin==1.16.0",),
        "maturin",
        {
            "pyproject.toml": _PROJECT + '[tool.maturin]\nbindings = "bin"\nprofile = "dev"\n',
            "Cargo.toml": '[package]\nname = "tiny"\nversion = "1.2.3"\nedition = "2021"\n',
            "src/main.rs": RUST,
        },
        tools=("cargo",),
        marked=False,
    ),
)
