"""Wheels with compiled extensions, from here and from PyPI, against their names; other tools' answers beside ours."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customtags import Host
from customtags.audit import CHECKS, audit, gpu, libc
from customtags.audit.finding import Finding, true_name
from customtags.audit.targets import spelled
from customtags.cli import main
from customtags.machine.dimensions import distro
from customtags.wheels.claims import NameClaims
from customtags.wheels.elf import Elf
from customtags.wheels.writer import create
from needs import lacking

if TYPE_CHECKING:
    from real.environments import Wheelhouse

ARCH = platform.machine()
MINE = f"cp{sys.version_info[0]}{sys.version_info[1]}"
SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))
GPU = Path(__file__).parents[1] / "audit" / "gpu"

#: The pages of this file.
CHECKED = {name: CHECKS[name] for name in ("names", "libc", "accelerator", "stable-abi")}

MODULE = """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *none) { BODY }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "demo", NULL, -1, methods};
PyMODINIT_FUNC PyInit_demo(void) { return PyModule_Create(&def); }
"""

#: In the limited API since 3.2; since 3.10; not in it.
OLD, LATER, PRIVATE = (
    "return PyLong_FromLong(42);",
    "return PyLong_FromLong(PyUnicode_AsUTF8AndSize(self, NULL) != NULL);",
    'return PyLong_FromLong(PyRun_SimpleString("1"));',
)


def compiled(folder: Path, source: str, *options: str) -> bytes:
    """Compile a shared library."""
    (folder / "demo.c").write_text(source, encoding="utf-8")
    include = sysconfig.get_path("include")
    command = [
        "gcc",
        "-shared",
        "-fPIC",
        f"-I{include}",
        "-o",
        "demo.so",
        "demo.c",
        *options,
    ]
    subprocess.run(command, check=True, cwd=folder)
    return (folder / "demo.so").read_bytes()


def codes(findings: list[Finding]) -> set[tuple[str, str]]:
    return {(each.code, each.severity) for each in findings}


def false(findings: list[Finding]) -> list[str]:
    return [each.code for each in findings if each.severity == "false"]


#: What the module does, its suffix, the tag → what is found of its ABI.
MODULES = [
    (OLD, ".abi3.so", "cp39-abi3", set()),
    (OLD, SUFFIX, "cp39-abi3", {("wrong-suffix", "false")}),
    (OLD, SUFFIX, f"{MINE}-{MINE}", {("could-be-abi3", "note")}),
    (OLD, ".so", "py3-none", {("abi-unclaimed", "false")}),
    (LATER, ".abi3.so", "cp39-abi3", {("abi3-too-new", "false")}),
    (PRIVATE, ".abi3.so", "cp39-abi3", {("abi3-symbol", "false")}),
    (PRIVATE, SUFFIX, f"{MINE}-{MINE}", set()),
]


def test_a_module_with_a_plain_suffix_is_one_all_the_same(tmp_path: Path) -> None:
    content = compiled(tmp_path, MODULE.replace("BODY", OLD))
    made = create(tmp_path, "demo", "1", f"{MINE}-{MINE}-linux_sparc64", {"demo/demo.so": content})
    assert codes(audit(made, {"names": CHECKS["names"]})) == {("wrong-arch", "false")}


@pytest.mark.parametrize(("body", "suffix", "tag", "expected"), MODULES)
def test_an_extension_against_its_abi_tag(
    body: str, suffix: str, tag: str, expected: set[tuple[str, str]], tmp_path: Path
) -> None:
    content = compiled(tmp_path, MODULE.replace("BODY", body))
    made = create(tmp_path, "demo", "1", f"{tag}-linux_{ARCH}", {f"demo{suffix}": content})
    found = audit(made, {"stable-abi": CHECKS["stable-abi"]})
    assert codes(found) == expected
    for each in found:
        if each.fix:
            assert each.fix.value == "cp310-abi3"


def test_a_library_without_python_fits_every_interpreter(tmp_path: Path) -> None:
    content = compiled(tmp_path, "int answer(void) { return 42; }")
    made = create(
        tmp_path, "demo", "1", f"{MINE}-{MINE}-linux_{ARCH}", {"demo/libdemo.so": content}
    )
    assert codes(audit(made, {"stable-abi": CHECKS["stable-abi"]})) == {("python-free", "note")}


def test_a_file_that_needs_symbols_of_its_neighbours_alone_says_nothing_of_python(
    tmp_path: Path,
) -> None:
    own = compiled(tmp_path, "int Python_of_ours(void) { return 42; }")
    user = compiled(
        tmp_path, "int Python_of_ours(void); int demo(void) { return Python_of_ours(); }"
    )
    files = {f"demo{SUFFIX}": user, "demo.libs/own.so": own}
    made = create(tmp_path, "demo", "1", f"{MINE}-{MINE}-linux_{ARCH}", files)
    assert audit(made, {"stable-abi": CHECKS["stable-abi"]}) == []


def test_symbols_that_another_file_of_the_wheel_defines_are_not_pythons(tmp_path: Path) -> None:
    own = compiled(tmp_path, "int Python_of_ours(void) { return 42; }")
    body = "extern int Python_of_ours(void); return PyLong_FromLong(Python_of_ours());"
    module = compiled(tmp_path, MODULE.replace("BODY", body))
    tag = f"cp39-abi3-linux_{ARCH}"
    alone = create(tmp_path, "demo", "1", tag, {"demo.abi3.so": module})
    assert false(audit(alone, {"stable-abi": CHECKS["stable-abi"]})) == ["abi3-symbol"]
    both = create(tmp_path, "demo", "1", tag, {"demo.abi3.so": module, "demo.libs/own.so": own})
    assert false(audit(both, {"stable-abi": CHECKS["stable-abi"]})) == []


def test_a_library_of_one_python_is_no_part_of_the_stable_abi(tmp_path: Path) -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    compiled(tmp_path, "int other;", f"-Wl,-soname,libpython{version}.so.1.0")
    (tmp_path / "demo.so").rename(tmp_path / "libother.so")
    linked = compiled(
        tmp_path, MODULE.replace("BODY", OLD), "-Wl,--no-as-needed", str(tmp_path / "libother.so")
    )
    made = create(tmp_path, "demo", "1", f"cp39-abi3-linux_{ARCH}", {"demo.abi3.so": linked})
    assert false(audit(made, {"stable-abi": CHECKS["stable-abi"]})) == ["abi3-linked"]


SETUP = """
from setuptools import Extension, setup

setup(
    name="demo",
    version="1",
    ext_modules=[Extension("demo", ["demo.c"], py_limited_api=True)],
    options={"bdist_wheel": {"py_limited_api": "cp39"}},
)
"""


def test_a_wheel_that_setuptools_only_renamed_is_told(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text(SETUP, encoding="utf-8")
    (tmp_path / "demo.c").write_text(MODULE.replace("BODY", PRIVATE), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", ".", "."]
    subprocess.run(command, check=True, cwd=tmp_path)
    (made,) = tmp_path.glob("*.whl")
    assert "-cp39-abi3-" in made.name
    assert false(audit(made, {"stable-abi": CHECKS["stable-abi"]})) == ["abi3-symbol"]


@pytest.fixture(scope="module")
def cryptography(wheelhouse: Wheelhouse) -> Path:
    return wheelhouse.wheel("cryptography", "--only-binary=:all:")


@pytest.fixture(scope="module")
def pydantic_core(wheelhouse: Wheelhouse) -> Path:
    return wheelhouse.wheel("pydantic-core", "--only-binary=:all:")


def test_published_wheels_are_what_they_claim(cryptography: Path, pydantic_core: Path) -> None:
    for wheel in (cryptography, pydantic_core):
        assert false(audit(wheel, CHECKED)) == []


def test_the_fix_of_a_stable_abi_that_is_too_old_is_its_own(
    cryptography: Path, tmp_path: Path
) -> None:
    claims = NameClaims.of(cryptography.name)
    assert claims.abis == ("abi3",)
    older = tmp_path / cryptography.name.replace(f"-{claims.pythons[0]}-", "-cp37-")
    older.symlink_to(cryptography)
    found = audit(older, {"stable-abi": CHECKS["stable-abi"]})
    assert set(false(found)) == {"abi3-too-new"}
    needed = int(NameClaims.of(true_name(found, claims)).pythons[0][3:])
    assert 7 < needed <= int(claims.pythons[0][3:])


@pytest.mark.parametrize("name", ["cryptography", "pydantic_core"])
def test_the_policy_is_the_one_that_auditwheel_finds(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    wheel: Path = request.getfixturevalue(name)
    command = [sys.executable, "-m", "auditwheel", "show", str(wheel)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    theirs = re.search(rf'platform tag:\s+"(manylinux_[0-9_]+_{ARCH})"', said)
    assert theirs
    older = tmp_path / re.sub("[^-]*$", f"manylinux_2_5_{ARCH}.whl", wheel.name)
    older.symlink_to(wheel)
    found = audit(older, {"libc": CHECKS["libc"]})
    assert set(false(found)) == {"libc-too-new"}
    assert {each.fix.value for each in found if each.fix} == {theirs[1]}


@pytest.fixture
def threads(tmp_path: Path) -> bytes:
    """A library that needs glibc 2.34, into which pthread_create came then."""
    source = "#include <pthread.h>\nint run(pthread_t *t) { return pthread_create(t, 0, 0, 0); }"
    return compiled(tmp_path, source)


#: A platform → what is found, and how the name becomes true.
LIBCS = [
    (f"manylinux_2_17_{ARCH}", ("libc-too-new", "false"), f"manylinux_2_34_{ARCH}"),
    (f"manylinux2014_{ARCH}", ("libc-too-new", "false"), f"manylinux_2_34_{ARCH}"),
    (f"musllinux_1_2_{ARCH}", ("wrong-libc", "false"), None),
    (f"linux_{ARCH}_alpine3_20", ("wrong-libc", "false"), None),
    (f"linux_{ARCH}_el8", ("libc-too-new", "false"), "el9"),
    (f"linux_{ARCH}_el8_6", ("libc-too-new", "false"), "el9"),
    (f"linux_{ARCH}_deb11", ("libc-too-new", "false"), "deb12"),
    (f"linux_{ARCH}_fc33", ("libc-too-new", "false"), "fc35"),
    (f"linux_{ARCH}_fc99", ("libc-unknown", "undecided"), None),
    (f"linux_{ARCH}_v3", ("libc-unclaimed", "note"), None),
    (f"linux_{ARCH}_el9_4", None, None),
    (f"manylinux_2_34_{ARCH}", None, None),
    (f"manylinux_2_39_{ARCH}", ("base-too-narrow", "note"), None),
    (f"manylinux_2_34_{ARCH}.manylinux_2_39_{ARCH}", None, None),
]


@pytest.mark.parametrize(("tag", "expected", "fix"), LIBCS)
def test_what_a_library_needs_of_the_c_library(
    threads: bytes, tag: str, expected: tuple[str, str] | None, fix: str | None, tmp_path: Path
) -> None:
    made = create(tmp_path, "demo", "1", f"py3-none-{tag}", {"demo/libdemo.so": threads})
    found = audit(made, {"libc": CHECKS["libc"]})
    assert codes(found) == ({expected} if expected else set())
    assert {each.fix.value for each in found if each.fix} == ({fix} if fix else set())
    assert {each.symbol for each in found if each.code == "libc-too-new"} <= {"pthread_create"}


def test_a_library_that_needs_the_c_library_of_no_version_claims_nothing(tmp_path: Path) -> None:
    source = "extern void __cxa_pure_virtual(void); void demo(void) { __cxa_pure_virtual(); }"
    content = compiled(tmp_path, source, "-nostdlib", "-l:libstdc++.so.6")
    made = create(tmp_path, "demo", "1", f"py3-none-linux_{ARCH}", {"demo/libdemo.so": content})
    assert Elf(content).needs.keys() == {"libstdc++.so.6"}
    assert audit(made, {"libc": CHECKS["libc"]}) == []


def test_the_table_of_releases_knows_the_c_library_of_this_one() -> None:
    facts = (probe(Host()) for probe in distro.PROBES.values())
    mine = next(filter(None, facts), {})
    releases = [each for each in distro.ladder(mine) if each in libc.GLIBC]
    if not releases:
        lacking("a release whose C library is in the table")
    name, _, version = str(os.confstr("CS_GNU_LIBC_VERSION")).partition(" ")
    assert name == "glibc"
    assert libc.GLIBC[releases[0]] == tuple(map(int, version.split(".")[:2]))


def test_gpu_code_is_what_cuobjdump_lists(wheelhouse: Wheelhouse, tmp_path: Path) -> None:
    if ARCH != "x86_64":
        lacking("a cuobjdump for this machine")
    with zipfile.ZipFile(wheelhouse.wheel("nvidia-cuda-cuobjdump")) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith("/cuobjdump"))
        program = Path(archive.extract(name, tmp_path))
    program.chmod(0o755)
    for path in sorted(GPU.glob("sm*.so")):
        command = [str(program), "-lelf", "-lptx", str(path)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        theirs = Counter(re.findall(r"\.(sm_\d+a?)\.(cubin|ptx)$", said, re.MULTILINE))
        ours = Counter(
            (code.target.replace("sm", "sm_").rstrip("f"), "ptx" if code.kind == "ptx" else "cubin")
            for code in gpu.fatbins(Elf(path.read_bytes()))
        )
        assert ours == theirs
        assert ours


def test_code_that_zstd_packed_is_read() -> None:
    (path,) = GPU.glob("*zstd.so")
    targets = {spelled(code) for code in gpu.bundled(Elf(path.read_bytes()))}
    assert targets == set(path.stem.partition("--")[0].split(","))


def test_retag_gives_the_name_that_an_audit_finds_true(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"demo/gpu.so": (GPU / "sm90a.so").read_bytes()}
    made = create(tmp_path, "demo", "1", "py3-none-linux_x86_64_cuda13_0", files)
    assert main(["retag", str(made), "--from-audit", "-d", str(tmp_path / "out")]) == 0
    (true,) = (tmp_path / "out").glob("*.whl")
    assert true.name == "demo-1-py3-none-linux_x86_64_cuda13_0_sm90a.whl"
    assert not [each for each in audit(true, CHECKED) if each.severity == "false"]
    broken = create(tmp_path, "demo", "1", "py3-none-linux_x86_64_cuda13_0_sm120", files)
    capsys.readouterr()
    assert main(["retag", str(broken), "--from-audit"]) == 2
    assert "gpu-absent" in capsys.readouterr().err
