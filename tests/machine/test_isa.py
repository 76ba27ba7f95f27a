"""isa: levels by features, features by the kernel's masks, and what is believed when sources differ."""

from __future__ import annotations

import platform
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from customtags.machine.dimensions import isa
from customtags.machine.host import Host, ld_so
from needs import requires

#: Level → the ladder of a machine that has what the level needs and no more.
LADDERS = {
    "x86_64": {"v2": "v2", "v3": "v3 v2", "v4": "v4 v3 v2"},
    "aarch64": {
        "v8_1": "v8_1",
        "v8_2": "v8_2 v8_1",
        "v8_3": "v8_3 v8_2 v8_1",
        "v8_4": "v8_4 v8_3 v8_2 v8_1",
        "v8_5": "v8_5 v8_4 v8_3 v8_2 v8_1",
        "v8_6": "v8_6 v8_5 v8_4 v8_3 v8_2 v8_1",
        "v8_7": "v8_7 v8_6 v8_5 v8_4 v8_3 v8_2 v8_1",
        "v9_0": "v9_0 v8_5 v8_4 v8_3 v8_2 v8_1",
        "v9_1": "v9_1 v9_0 v8_6 v8_5 v8_4 v8_3 v8_2 v8_1",
        "v9_2": "v9_2 v9_1 v9_0 v8_7 v8_6 v8_5 v8_4 v8_3 v8_2 v8_1",
    },
    "ppc64le": {"power9": "power9", "power10": "power10 power9"},
    "s390x": {
        "z13": "z13",
        "z14": "z14 z13",
        "z15": "z15 z14 z13",
        "z16": "z16 z15 z14 z13",
        "z17": "z17 z16 z15 z14 z13",
    },
}
LEVELS = [(arch, level) for arch, levels in LADDERS.items() for level in levels]

#: Architecture, AT_HWCAP and AT_HWCAP2, facilities → the ladder. The masks are those in glibc's dl-hwcaps-subdirs.c and
#: in Linux's hwcap.h; the base of each architecture has some bit of its own.
MASKS = [
    ("ppc64le", (1, 0x80000000), "", []),
    ("ppc64le", (1, 0x80000000 | 0x00800000), "", []),
    ("ppc64le", (1, 0x80000000 | 0x00800000 | 0x00400000), "", ["power9"]),
    ("ppc64le", (1, 0x00800000 | 0x00400000 | 0x00040000), "", ["power9"]),
    ("ppc64le", (1, 0x00800000 | 0x00400000 | 0x00040000 | 0x00020000), "", ["power10", "power9"]),
    ("ppc64le", (1, 0x00040000 | 0x00020000), "", []),
    ("s390x", (0x7FF, 0), "", []),
    ("s390x", (0xFFF, 0), "", ["z13"]),
    ("s390x", (0x7FFF, 0), "", ["z14", "z13"]),
    ("s390x", (0x5FFF, 0), "", ["z13"]),
    ("s390x", (0x1FFFF, 0), "", ["z15", "z14", "z13"]),
    ("s390x", (0x9FFFF, 0), "", ["z16", "z15", "z14", "z13"]),
    ("s390x", (0x9FFFF, 0), "0 84 129 198 199", ["z16", "z15", "z14", "z13"]),
    ("s390x", (0x9FFFF, 0), "0 84 129 198 199 201", ["z17", "z16", "z15", "z14", "z13"]),
    ("s390x", (0xFFF, 0), "84 198 199 201", ["z13"]),
    ("aarch64", (0x3, 0), "", []),
    ("aarch64", (1 << 7 | 1 << 8 | 1 << 12, 0), "", ["v8_1"]),
    ("aarch64", (1 << 7 | 1 << 8, 1 << 1), "", []),
    ("aarch64", (0, 0xFFFFFFFF), "", None),  # nonsense: says nothing
    ("riscv64", (0x112D, 0), "", None),
]

#: The bytes that name an architecture in a program: class, byte order and e_machine.
PROGRAMS = {
    "x86_64": b"\x02\x01" + b"\x3e\0".rjust(14, b"\0"),
    "aarch64": b"\x02\x01" + b"\xb7\0".rjust(14, b"\0"),
    "ppc64le": b"\x02\x01" + b"\x15\0".rjust(14, b"\0"),
    "s390x": b"\x02\x02" + b"\0\x16".rjust(14, b"\0"),
    "riscv64": b"\x02\x01" + b"\xf3\0".rjust(14, b"\0"),
}

#: What Linux tells a process on a Haswell: AT_HWCAP (the example in ld.so(8) too), and /proc/cpuinfo.
HWCAP = 0xBFEBFBFF
CPUINFO = Path(__file__).parents[1] / "machines/archspec-rhel7-haswell--v3/proc/cpuinfo"


def machine(root: Path, arch: str, entries: dict[int, int] | None, cpuinfo: str = "") -> Host:
    """Write what the kernel tells on a machine, and give the host that reads it."""
    (root / "bin").mkdir()
    (root / "bin/sh").write_bytes(b"\x7fELF" + PROGRAMS[arch].ljust(16, b"\0"))
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/cpuinfo").write_text(f"processor\t: 0\n{cpuinfo}", encoding="utf-8")
    if entries is not None:
        order = ">" if arch == "s390x" else "<"
        words = [word for pair in [(3, 0x4000), *entries.items(), (0, 0)] for word in pair]
        (root / "proc/self/auxv").write_bytes(struct.pack(f"{order}{len(words)}Q", *words))
    return Host(str(root))


def test_every_level_has_a_ladder_here() -> None:
    assert [(a, name) for a, levels in isa.LEVELS.items() for name, _ in levels] == LEVELS


@pytest.mark.parametrize(("arch", "level"), LEVELS)
def test_a_level_brings_those_that_it_contains(arch: str, level: str) -> None:
    facts = isa.override(level, arch)
    assert facts is not None
    assert isa.ladder(facts) == LADDERS[arch][level].split()


@pytest.mark.parametrize(("arch", "level"), LEVELS)
def test_a_level_is_lost_with_any_feature_that_it_needs(arch: str, level: str) -> None:
    facts = isa.override(level, arch)
    assert facts is not None
    for lost in facts["features"]:
        rest = {"arch": arch, "features": [word for word in facts["features"] if word != lost]}
        accepted = isa.ladder(rest)
        assert level not in accepted
        # What is left is what lost nothing itself.
        assert set(accepted) < set(LADDERS[arch][level].split())


@pytest.mark.parametrize(
    ("arch", "features", "expected"),
    [
        ("x86_64", "", "x86_64, lacks pni … for v2"),
        ("s390x", "vx vxd gs", "s390x, lacks vxe for z14"),
        ("ppc64le", "arch_3_00 ieee128 arch_3_1 mma", "ppc64le, power10"),
        ("riscv64", "", "riscv64, no levels known"),
        ("riscv64", "rva23", "riscv64, rva23"),
    ],
)
def test_a_description_tells_what_the_next_level_needs(
    arch: str, features: str, expected: str
) -> None:
    assert isa.describe({"arch": arch, "features": features.split()}) == expected


@pytest.mark.parametrize(("arch", "masks", "facilities", "expected"), MASKS)
def test_masks_of_the_kernel_give_the_level(
    tmp_path: Path, arch: str, masks: tuple[int, int], facilities: str, expected: list[str] | None
) -> None:
    cpuinfo = f"facilities      : {facilities}\n" if facilities else ""
    host = machine(tmp_path, arch, dict(zip((16, 26), masks)), cpuinfo)
    facts = isa.PROBES["/proc/self/auxv"](host)
    assert (None if facts is None else isa.ladder(facts)) == expected


@pytest.mark.parametrize(
    ("entries", "believed"),
    [
        ({16: HWCAP}, True),
        ({16: 0x078BFBFD}, False),  # Haswell by QEMU 10 for user programs
        ({16: HWCAP | 1 << 30}, False),
        ({16: 0}, True),  # gVisor: pkg/cpuid/cpuid_amd64.go, AllowedHWCap1
        ({6: 4096}, True),
        (None, True),
    ],
)
def test_a_cpuinfo_of_another_cpu_is_not_believed(
    tmp_path: Path, entries: dict[int, int] | None, believed: bool
) -> None:
    facts = isa.PROBES["/proc/cpuinfo"](machine(tmp_path, "x86_64", entries, CPUINFO.read_text()))
    assert (facts is not None and isa.ladder(facts) == ["v3", "v2"]) is believed


def test_the_flags_of_another_architecture_say_nothing(tmp_path: Path) -> None:
    assert (
        isa.PROBES["/proc/cpuinfo"](machine(tmp_path, "aarch64", None, CPUINFO.read_text())) is None
    )


def test_a_cpuinfo_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    host = machine(tmp_path, "x86_64", None)
    (tmp_path / "proc/cpuinfo").unlink()
    (tmp_path / "proc/cpuinfo").mkdir()
    assert isa.PROBES["/proc/cpuinfo"](host) is None


@requires(Path("/proc/self/auxv").exists(), "Linux")
def test_the_running_machine_does_not_speak_for_a_root() -> None:
    assert Host().auxv()
    assert Host("/proc/self/root").auxv() is None


@requires(platform.machine() in isa.LEVELS, "a CPU with levels")
def test_every_source_of_this_machine_says_the_same() -> None:
    answers = {name: probe(Host()) for name, probe in isa.PROBES.items()}
    ladders = {name: isa.ladder(facts) for name, facts in answers.items() if facts}
    assert len(ladders) > 1
    assert len(set(map(tuple, ladders.values()))) == 1, ladders


def test_an_interpreter_without_ctypes_asks_what_is_left() -> None:
    code = (
        "import sys; sys.modules['ctypes'] = None; from customtags.machine.host import Host;"
        "print(Host().cpuid(), Host().getauxval())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.split() == [b"None", b"None"]


#: What glibc 2.36 prints on a Zen 4, its end cut; before 2.37 a list of legacy names follows.
HELP = """cat <<END
Subdirectories of glibc-hwcaps directories, in priority order:
  x86-64-v4
  x86-64-v3 (supported, searched)
  x86-64-v2 (supported, searched)

Legacy HWCAP subdirectories under library search path directories:
  x86_64 (AT_PLATFORM; supported, searched)
  tls (supported, searched)
END"""


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (HELP, ["x86-64-v3", "x86-64-v2"]),
        (HELP.replace(" (supported, searched)", ""), []),
        ("echo 'Usage: ld.so [OPTION]'", None),
        (f"{HELP}\nexit 1", None),
        ("sleep 5", None),
    ],
)
def test_the_loader_is_understood_or_says_nothing(
    tmp_path: Path, script: str, expected: list[str] | None
) -> None:
    loader = tmp_path / "ld.so"
    loader.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    loader.chmod(0o755)
    assert ld_so.levels(str(loader), limit=0.5) == expected


def test_no_loader_says_nothing() -> None:
    assert ld_so.levels("/nonexistent/ld.so") is None


@pytest.mark.parametrize(
    ("value", "arch", "why"),
    [
        ("v5", "x86_64", "write one of the levels of x86_64: v2, v3, v4"),
        ("v1", "x86_64", "write one of the levels of x86_64: v2, v3, v4"),
        ("power9", "s390x", "write one of the levels of s390x: z13, z14, z15, z16, z17"),
        ("9", "riscv64", "write a level that begins with a letter"),
    ],
)
def test_an_override_that_means_nothing_names_the_cure(value: str, arch: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        isa.override(value, arch)


@pytest.mark.parametrize(
    ("value", "arch", "expected"),
    [("v9.0", "aarch64", "v9_0"), ("v8_3", "aarch64", "v8_3"), ("rva23", "riscv64", "rva23")],
)
def test_an_override_may_be_spelled_with_a_point(value: str, arch: str, expected: str) -> None:
    facts = isa.override(value, arch)
    assert facts is not None
    assert isa.ladder(facts)[0] == expected
