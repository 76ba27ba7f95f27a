"""Write two wheels whose names are false: one does not say x86-64-v3, one says a stable ABI that its code does not keep."""

from __future__ import annotations

import subprocess
import sysconfig
import zipfile
from pathlib import Path

from customtags import demo
from customtags.wheels.writer import create

LATE = """
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "late"};
PyMODINIT_FUNC PyInit_late(void) {
    PyObject *module = PyModule_Create(&definition);
    PyModule_AddObjectRef(module, "itself", module);  // new in Python 3.10
    return module;
}
"""

for name in ("compiled", "stable"):
    Path(name).mkdir()

with zipfile.ZipFile(demo.build(Path(), "linux_x86_64", ["v3"], demo.compiler())) as archive:
    extension = archive.namelist()[0]
    tag = f"cp{sysconfig.get_config_var('py_version_nodot')}"
    code = {extension: archive.read(extension)}
    create(Path("compiled"), "example", "1.2.3", f"{tag}-{tag}-manylinux_2_17_x86_64", code)

command = ["gcc", "-x", "c", "-", "-shared", "-fPIC", "-o", "late.abi3.so"]
headers = sysconfig.get_path("include")
subprocess.run([*command, f"-I{headers}"], input=LATE.encode(), check=True)
code = {"late.abi3.so": Path("late.abi3.so").read_bytes()}
create(Path("stable"), "late", "1.0", "cp38-abi3-manylinux_2_17_x86_64", code)
