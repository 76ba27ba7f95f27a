"""A wheel with a false claim is mended by the command that its audit prints, and no command is printed where none helps."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from command import run_in
from customtags.wheels.writer import create
from needs import requires

pytestmark = requires(shutil.which("gcc") is not None, "a C compiler")

GPU = (Path(__file__).parents[1] / "audit/gpu/sm90a.so").read_bytes()

TOTAL = """
#include <Python.h>
static PyObject *total(PyObject *self, PyObject *number) {
    double sum = 0;
    for (long i = PyLong_AsLong(number); i > 0; i--) sum += 1.0 / i;
    return PyFloat_FromDouble(sum);
}
static PyMethodDef methods[] = {{"total", total, METH_O, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "example", NULL, -1, methods};
PyMODINIT_FUNC PyInit_example(void) {
    PyObject *module = PyModule_Create(&definition);
#ifdef LATE
    PyModule_AddObjectRef(module, "itself", module);  // new in Python 3.10
#endif
    return module;
}
"""

V3, LATE = "-march=x86-64-v3", "-DLATE"

#: The tags in the name → the compiler's flags → the tags that the printed command gives the wheel; none if none is printed.
CLAIMS = {
    "cp311-cp311-linux_x86_64": (V3, "cp311-cp311-linux_x86_64_v3"),
    "cp311-cp311-linux_x86_64_v2": (V3, "cp311-cp311-linux_x86_64_v3"),
    "cp311-cp311-linux_x86_64_v3_cuda12_4": (V3, "cp311-cp311-linux_x86_64_v3"),
    "cp311-cp311-linux_x86_64_cuda12_4": (V3, "cp311-cp311-linux_x86_64_v3"),
    "cp38-abi3-linux_x86_64_v3": (f"{V3} {LATE}", "cp310-abi3-linux_x86_64_v3"),
    "cp38-abi3-linux_x86_64": (f"{V3} {LATE}", "cp310-abi3-linux_x86_64_v3"),
    "cp311-cp311-linux_aarch64": (V3, ""),
    "py3-none-any": (V3, ""),
    "cp311-cp311-linux_x86_64.linux_x86_64_v3": (V3, "cp311-cp311-linux_x86_64_v3"),
    "cp311-cp311-linux_x86_64.linux_x86_64_v2": ("", ""),
}


@pytest.fixture
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A wheel with these tags, of code that was compiled with these flags."""
    tags, flags = request.param
    file = tmp_path / "example.so"
    command = [
        "gcc",
        "-O2",
        "-x",
        "c",
        "-",
        "-shared",
        "-fPIC",
        f"-I{sysconfig.get_path('include')}",
    ]
    subprocess.run([*command, *flags.split(), "-o", file], input=TOTAL.encode(), check=True)
    suffix = "abi3" if "abi3" in tags else "cpython-311-x86_64-linux-gnu"
    return create(tmp_path, "example", "1", tags, {f"example.{suffix}.so": file.read_bytes()})


def printed(folder: Path, wheel: str) -> list[str]:
    """Return the command that the audit of a wheel with false claims prints."""
    done = run_in(folder, "audit", wheel)
    assert (done.returncode, done.stderr) == (1, "")
    line = done.stdout.splitlines()[-1]
    return shlex.split(line.partition("  help: customtags ")[2]) if line[2] != " " else []


CASES = [((tags, flags), true) for tags, (flags, true) in CLAIMS.items()]


@pytest.mark.parametrize(("made", "true"), CASES, indirect=["made"], ids=[*CLAIMS])
def test_the_printed_command_makes_every_claim_true(made: Path, true: str) -> None:
    command = printed(made.parent, made.name)
    assert bool(command) == bool(true)
    if command:
        done = run_in(made.parent, *command)
        assert (done.returncode, done.stderr) == (0, "")
        (mended,) = made.parent.glob("*.whl")
        assert mended.name == f"example-1-{true}.whl"
        assert run_in(made.parent, "audit", mended.name).returncode == 0
    else:
        assert run_in(made.parent, "retag", made.name, "--from-audit").returncode == 2


PLAIN = [(("cp311-cp311-linux_x86_64", V3))]


@pytest.mark.parametrize("made", PLAIN, indirect=True)
def test_a_wheel_that_was_only_renamed_is_mended_in_its_place(made: Path) -> None:
    named = made.rename(made.parent / "example-1-cp311-cp311-linux_x86_64_v3.whl")
    done = run_in(named.parent, *printed(named.parent, named.name))
    assert (done.returncode, done.stderr) == (0, "")
    assert "removed" not in done.stdout
    assert run_in(named.parent, "audit", named.name).returncode == 0


@pytest.mark.parametrize("made", PLAIN, indirect=True)
def test_no_command_is_printed_that_would_not_work(made: Path) -> None:
    done = run_in(made.parent, "audit", "--only", "isa", made.name)  # what others find is unknown
    assert "true name: " in done.stdout.splitlines()[-1]


#: The platforms of another wheel in the folder → whether it has a tag of the true name, manylinux_2_17_x86_64.manylinux_2_28_x86_64.
BESIDE = {
    "example-1-cp311-cp311-manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl": True,
    "Example-1.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl": True,
    "example-1-cp311-cp311-manylinux2014_x86_64.whl": True,
    "example-1-cp310.cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl": True,
    "example-1-cp311-cp311-manylinux2010_x86_64.whl": False,
    "example-1-cp310-cp310-manylinux2014_x86_64.whl": False,
    "example-1-1-cp311-cp311-manylinux2014_x86_64.whl": False,
    "example-2-cp311-cp311-manylinux2014_x86_64.whl": False,
    "another-1-cp311-cp311-manylinux2014_x86_64.whl": False,
    "example.whl": False,
}

REFUTED = "manylinux_2_17_x86_64_cuda12_4.manylinux_2_28_x86_64_cuda12_4"


@pytest.mark.parametrize("made", [(f"cp311-cp311-{REFUTED}", "")], indirect=True)
@pytest.mark.parametrize("beside", BESIDE)
def test_a_wheel_of_the_true_tags_in_the_folder_is_named_and_no_command(
    made: Path, beside: str
) -> None:
    made.with_name(beside).write_bytes(b"another build")
    last = run_in(made.parent, "audit", made.name).stdout.splitlines()[-1]
    if BESIDE[beside]:
        assert f"because {beside} in the same folder is the same build: compile" in last
        assert last.endswith(", or delete it")
        assert "customtags retag" not in last
    else:
        assert last.startswith("  help: customtags retag ")


@pytest.mark.parametrize("made", PLAIN, indirect=True)
def test_what_the_project_chooses_at_run_time_is_no_claim_for_retag_either(made: Path) -> None:
    (made.parent / "pyproject.toml").write_text(
        '[tool.customtags.audit]\ndispatched = ["example*"]\n', encoding="utf-8"
    )
    done = run_in(made.parent, "retag", made.name, "--from-audit", "--remove")
    assert (done.returncode, done.stderr) == (0, "")
    assert [*made.parent.glob("*.whl")] == [made]


def test_a_variant_wheel_gets_no_tags_from_its_audit(tmp_path: Path) -> None:
    made = create(tmp_path, "example", "1", "py3-none-linux_x86_64_cuda13_0", {"gpu.so": GPU})
    done = run_in(tmp_path, "variant", made.name)
    assert done.returncode == 0, done.stderr
    (variant,) = tmp_path.glob("*-*-*-*-*-*.whl")
    assert run_in(tmp_path, "audit", variant.name).stdout.count("help: customtags") == 0
    done = run_in(tmp_path, "retag", variant.name, "--from-audit")
    assert done.returncode == 2
    assert "retag it alone first" in done.stderr
