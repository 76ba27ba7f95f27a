"""Real C, compiled by gcc for each level, behind run-time dispatch and not, in wheels that claim this and that."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zipfile
from functools import partial
from typing import TYPE_CHECKING

import pytest

from customtags.audit import CHECKS, CODES, audit, instructions
from customtags.audit.finding import Finding, true_name
from customtags.errors import ToolError
from customtags.wheels.claims import NameClaims

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LEVELS = {"v1": "x86-64", "v2": "x86-64-v2", "v3": "x86-64-v3", "v4": "x86-64-v4"}

#: Loops that a compiler turns into vectors, and into what a level adds.
LOOPS = "".join(
    f"""
    void scale{n}(float *x, float f, int n) {{ for (int i = 0; i < n; i++) x[i] = x[i] * f + {n}; }}
    long most{n}(long *x, int *y, int n) {{
        long best = 0;
        for (int i = 0; i < n; i++) best += x[i] > y[i] ? x[i] * {n} : __builtin_popcountl(y[i]);
        return best;
    }}
    double half{n}(double x) {{ return __builtin_floor(x * {n}) + __builtin_ctzl((long)x + {n}); }}
    unsigned char low{n}(unsigned char *x, int n) {{
        unsigned char low = {n};
        for (int i = 0; i < n; i++) low = x[i] < low ? x[i] : low;
        return low;
    }}
    """
    for n in range(12)
)

#: A CPU check, whatever is done with its result.
CHECKS_CPU = (
    "#include <cpuid.h>\nint ask(void) { unsigned a, b, c, d; __cpuid(1, a, b, c, d); return c; }"
)

CLONES = """
__attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
void add(float *x, float *y, int n) { for (int i = 0; i < n; i++) x[i] += y[i]; }
"""

KERNEL = """
__attribute__((target("avx2,fma"), noinline))
static void fast(float *x, float *y, int n) { for (int i = 0; i < n; i++) x[i] += y[i] * y[i]; }
"""

INLINE = f"""#include <cpuid.h>
{KERNEL}
void add(float *x, float *y, int n) {{
    unsigned a, b, c, d;
    __cpuid_count(7, 0, a, b, c, d);
    if (b & bit_AVX2) fast(x, y, n);
}}
"""

MODEL = f"""{KERNEL}
void add(float *x, float *y, int n) {{ if (__builtin_cpu_supports("avx2")) fast(x, y, n); }}
"""

VNNI = """#include <immintrin.h>
__attribute__((target("avx512vnni,avx512vl")))
void dot(__m256i *x, __m256i *y) { *x = _mm256_dpbusd_epi32(*x, *x, *y); }
"""

#: Opens a library by its name, with and without a look at the CPU before.
OPENS = """
#include <dlfcn.h>
void *choose(int c) { return dlopen(c ? "FIRST" : "/usr/lib/SECOND", RTLD_NOW); }
"""

#: The same names as strings, in a file that opens nothing.
NAMES = """
const char *const names[] = {"FIRST", "/usr/lib/SECOND"};
"""


#: Stripped, and without a name of its own to the outside.
_STRIPPED = ["-s", "-fvisibility=hidden"]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> partial[Path]:
    return partial(compile_c, tmp_path_factory.mktemp("compiled"))


def compile_c(folder: Path, source: str, *options: str, level: str = "v1") -> Path:
    path = folder / f"{abs(hash((source, options, level)))}.so"
    if not path.exists():
        code = path.with_suffix(".c")
        code.write_text(source)
        command = ["gcc", "-O3", f"-march={LEVELS[level]}", "-shared", "-fPIC", *options]
        subprocess.run([*command, "-o", path, code], check=True)
    return path


def pack(folder: Path, claim: str, members: Mapping[str, Path]) -> Path:
    """Make a wheel; a claim is what its platform says behind ``linux_x86_64``."""
    wheel = folder / f"example-1-cp39-abi3-linux_x86_64{claim}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, path in members.items():
            archive.write(path, name)
        archive.writestr("example-1.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    return wheel


def found(wheel: Path, *, full: bool = True, dispatched: Sequence[str] = ()) -> list[Finding]:
    return audit(wheel, {"isa": partial(instructions.check, full=full, dispatched=dispatched)})


def codes(wheel: Path, *, full: bool = True, dispatched: Sequence[str] = ()) -> list[str]:
    return [finding.code for finding in found(wheel, full=full, dispatched=dispatched)]


@pytest.mark.parametrize("strip", [False, True], ids=["symbols", "stripped"])
@pytest.mark.parametrize("source", [LOOPS, LOOPS + CHECKS_CPU], ids=["", "asks"])
@pytest.mark.parametrize("level", LEVELS)
def test_the_level_that_a_file_was_compiled_for_is_its_floor(
    compiled: partial[Path], tmp_path: Path, level: str, source: str, strip: bool
) -> None:
    library = compiled(source, *_STRIPPED * strip, level=level)
    wheel = pack(tmp_path, "", {"example/lib.so": library})
    findings = found(wheel)
    if level == "v1":
        assert findings == []
        return
    (false,) = findings
    assert (false.code, false.severity) == ("isa-floor", "false")
    assert false.fix == ("isa", level)
    assert false.address
    assert bool(false.symbol) != strip
    named = pack(tmp_path, f"_{level}", {"example/lib.so": library})
    assert true_name(findings, NameClaims.of(wheel.name)) == named.name
    assert found(named) == []


@pytest.mark.parametrize("level", LEVELS)
def test_without_symbols_and_frames_padding_tells_where_functions_are(
    compiled: partial[Path], tmp_path: Path, level: str
) -> None:
    options = ("-s", "-fno-asynchronous-unwind-tables", "-nostdlib", "-fvisibility=hidden")
    source = LOOPS.replace("__builtin_floor", "")
    library = compiled(source, *options, "-Wl,--no-eh-frame-hdr", level=level)
    wheel = pack(tmp_path, "", {"lib.so": library})
    assert [finding.fix for finding in found(wheel)] == [("isa", level)] * (level != "v1")


@pytest.mark.parametrize("strip", [False, True], ids=["symbols", "stripped"])
@pytest.mark.parametrize("source", [CLONES, INLINE, MODEL], ids=["clones", "cpuid", "cpu_model"])
def test_what_is_chosen_at_run_time_is_told_from_what_everybody_runs(
    compiled: partial[Path], tmp_path: Path, source: str, strip: bool
) -> None:
    library = compiled(LOOPS + source, *_STRIPPED * strip)
    assert codes(pack(tmp_path, "", {"lib.so": library})) == ["isa-guarded"]


def test_the_same_without_a_question_is_run_by_everybody(
    compiled: partial[Path], tmp_path: Path
) -> None:
    source = LOOPS + KERNEL + "void add(float *x, int n) { fast(x, x, n); }"
    (finding,) = found(pack(tmp_path, "", {"lib.so": compiled(source)}))
    assert (finding.code, finding.symbol) == ("isa-floor", f"{compiled(source).stem}.c:fast")


def test_what_another_file_may_choose_is_undecided_until_the_project_says_so(
    compiled: partial[Path], tmp_path: Path
) -> None:
    kernels = compiled(LOOPS, level="v3")
    wheel = pack(
        tmp_path, "", {"example/_fast.so": kernels, "example/ask.so": compiled(CHECKS_CPU)}
    )
    assert {finding.severity for finding in found(wheel)} == {"false"}
    few = compiled(KERNEL + "void add(float *x, int n) { fast(x, x, n); }")
    wheel = pack(tmp_path, "", {"example/_fast.so": few, "example/ask.so": compiled(CHECKS_CPU)})
    assert codes(wheel) == ["isa-undecided"]
    for pattern in ("example/_f*.so", "_fast.so"):
        assert codes(wheel, dispatched=[pattern]) == ["isa-guarded"]


@pytest.mark.parametrize(("level", "code"), [("v3", "isa-guarded"), ("v4", "isa-undecided")])
def test_the_name_of_a_file_speaks_for_the_levels_that_it_says(
    compiled: partial[Path], tmp_path: Path, level: str, code: str
) -> None:
    kernel = "void add(float *x, float y, int n) { for (int i = 0; i < n; i++) x[i] += y * 3; }"
    members = {"example/_avx2.so": compiled(kernel, "-mprefer-vector-width=512", level=level)}
    assert codes(pack(tmp_path, "", members)) == [
        "isa-undecided" if level == "v3" else "isa-floor",
    ]
    members["example/ask.so"] = compiled(CHECKS_CPU)
    assert codes(pack(tmp_path, "", members)) == [code]


#: The file that names a library, the file that is named, what is linked to it → what is found of the library.
OPENERS = [
    (CHECKS_CPU + OPENS, "libkernels.so.1", False, ["isa-undecided"]),
    (CHECKS_CPU + OPENS, "libkernels_avx2.so.1", False, ["isa-guarded"]),
    (CHECKS_CPU + OPENS, "libkernels.so.1", True, ["isa-floor"]),
    (CHECKS_CPU + NAMES, "libkernels.so.1", False, ["isa-floor"]),
    (OPENS, "libkernels.so.1", False, ["isa-floor"]),
]


@pytest.mark.parametrize("place", ["FIRST", "SECOND"])
@pytest.mark.parametrize("case", OPENERS)
def test_a_library_that_is_opened_by_its_name_after_a_check_is_not_run_by_every_cpu(
    compiled: partial[Path], tmp_path: Path, case: tuple[str, str, bool, list[str]], place: str
) -> None:
    opener, named, linked, expected = case
    kernels = compiled(LOOPS, f"-Wl,-soname,{named}", level="v3")
    members = {
        f"example.libs/{named}": kernels,
        "example.libs/libexample.so": compiled(opener.replace(place, named), "-ldl"),
        "example/other.so": compiled(CHECKS_CPU, "-Wl,--no-as-needed", *[str(kernels)] * linked),
    }
    findings = found(pack(tmp_path, "", members))
    assert [finding.code for finding in findings] == expected
    opened = "libexample.so checks the CPU and opens this file by its name"
    assert (opened in findings[0].says) == (expected != ["isa-floor"])


def test_a_file_is_not_opened_by_itself(compiled: partial[Path], tmp_path: Path) -> None:
    source = LOOPS + CHECKS_CPU + OPENS.replace("FIRST", "libself.so")
    wheel = pack(tmp_path, "", {"libself.so": compiled(source, "-ldl", level="v3")})
    assert codes(wheel) == ["isa-floor"]


def test_the_libraries_of_mkl_are_chosen_at_run_time(
    compiled: partial[Path], tmp_path: Path
) -> None:
    kernels = {"def": "v1", "mc3": "v2", "avx2": "v3", "avx512": "v4", "avx10": "v4"}
    names = {f"libmkl_{vml}{each}.so.3": kernels[each] for each in kernels for vml in ("", "vml_")}
    strings = "".join(
        f'void *{n.replace(".", "_")}(void) {{ return dlopen("{n}", 1); }}' for n in names
    )
    core = compiled(f"{CHECKS_CPU}\n#include <dlfcn.h>\n{strings}", "-ldl")
    members = {f"mkl.data/data/lib/{n}": compiled(LOOPS, level=level) for n, level in names.items()}
    wheel = pack(tmp_path, "", {**members, "mkl.data/data/lib/libmkl_core.so.3": core})
    assert codes(wheel) == ["isa-guarded"] * 8
    vnni = {"mkl.data/data/lib/libmkl_avx10.so.3": compiled(LOOPS + VNNI, level="v4")}
    assert codes(pack(tmp_path, "", {**vnni, "libmkl_core.so.3": core})) == ["isa-guarded"]


def test_what_is_in_no_level_has_no_name(compiled: partial[Path], tmp_path: Path) -> None:
    wheel = pack(tmp_path, "_v4", {"lib.so": compiled(VNNI)})
    (finding,) = found(wheel)
    assert (finding.code, finding.fix) == ("isa-floor", None)
    assert "AVX512_VNNI" in finding.says


def test_a_level_that_nothing_needs_is_a_note(compiled: partial[Path], tmp_path: Path) -> None:
    wheel = pack(tmp_path, "_v3", {"lib.so": compiled(LOOPS)})
    (finding,) = found(wheel)
    assert finding.code == "isa-not-visible"
    assert finding.says.endswith("no function requires more than the x86_64 baseline")
    assert "customtags retag --isa none" in finding.cure


def test_the_property_note_counts(compiled: partial[Path], tmp_path: Path) -> None:
    library = compiled(LOOPS, "-Wl,-z,x86-64-v3")
    (finding,) = found(pack(tmp_path, "", {"lib.so": library}))
    assert (finding.code, finding.fix) == ("isa-refused", ("isa", "v3"))
    assert found(pack(tmp_path, "_v3", {"lib.so": library})) == []


def test_a_property_note_beyond_every_level_is_no_name(
    compiled: partial[Path], tmp_path: Path
) -> None:
    note = struct.Struct("<III")  # GNU_PROPERTY_X86_ISA_1_NEEDED, its size, its value
    data = compiled(LOOPS, "-Wl,-z,x86-64-v4").read_bytes()
    start = data.index(note.pack(0xC0008002, 4, 0b1000)[:8])
    library = tmp_path / "lib.so"
    library.write_bytes(data[: start + 8] + b"\xff" * 4 + data[start + 12 :])
    (finding,) = found(pack(tmp_path, "", {"lib.so": library}))
    assert (finding.code, finding.fix) == ("isa-refused", None)
    assert "requires more than x86-64-v4" in finding.says


def test_tzcnt_is_no_sign(compiled: partial[Path], tmp_path: Path) -> None:
    library = compiled("int zeros(long x) { return __builtin_ctzl(x); }", "-mtune=generic")
    shown = subprocess.run(
        ["objdump", "-d", library], stdout=subprocess.PIPE, text=True, check=True
    )
    assert "tzcnt" in shown.stdout or "rep bsf" in shown.stdout
    assert found(pack(tmp_path, "", {"lib.so": library})) == []


def test_a_quick_look_says_that_it_is_one(compiled: partial[Path], tmp_path: Path) -> None:
    many = instructions.SAMPLE + 100
    source = "".join(f"int f{n}(int x) {{ return x ^ {n}; }}\n" for n in range(many))
    wheel = pack(tmp_path, "", {"lib.so": compiled(LOOPS + source, "-O1", level="v3")})
    assert codes(wheel, full=False) == ["isa-floor", "isa-sampled"]
    assert codes(wheel, full=True) == ["isa-floor"]


def test_other_architectures_have_other_levels(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = request.config.rootpath / "tests" / "audit" / "arm"
    for path in folder.glob("*--*.so"):
        level = path.stem.partition("--")[2]
        wheel = tmp_path / "example-1-cp39-abi3-linux_aarch64.whl"
        pack(tmp_path, "", {"lib.so": path}).rename(wheel)
        assert [each.fix for each in found(wheel)] == [("isa", level)] * (level != "v8_0")


def test_without_the_decoder_there_is_one_line_with_the_cure(
    compiled: partial[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "iced_x86", None)
    wheel = pack(tmp_path, "", {"lib.so": compiled(CHECKS_CPU)})
    with pytest.raises(ToolError, match=r"customtags\[audit\]"):
        found(wheel)


def test_the_command_line_reads_the_list_of_the_project(
    compiled: partial[Path], tmp_path: Path
) -> None:
    wheel = pack(tmp_path, "", {"example/lib.so": compiled(LOOPS, level="v3")})
    command = [
        sys.executable,
        "-m",
        "customtags",
        "audit",
        "--only=isa",
        "--full",
        "--json",
        str(wheel),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    (report,) = json.loads(done.stdout)["wheels"]
    assert [finding["code"] for finding in report["findings"]] == ["isa-floor"]
    (tmp_path / "pyproject.toml").write_text(
        '[tool.customtags.audit]\ndispatched = ["example/*"]\n'
    )
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_code_is_in_the_table() -> None:
    assert set(instructions.CODES) <= set(CODES)
    assert instructions.NAME in CHECKS
