"""isa: the level of the instruction set that the CPU and the operating system support."""

from __future__ import annotations

from customtags.tags import fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence

    from customtags.machine.host import Host
    from customtags.machine.spec import Facts, Probe

__all__ = [
    "DIMENSION",
    "LEVELS",
    "NAME",
    "PROBES",
    "common",
    "describe",
    "examples",
    "ladder",
    "override",
    "owns",
]

NAME = DIMENSION = "isa"

#: Architecture → (level, what it requires: lower levels, and features), the best last. What is below the first
#: level is the base itself. No level is known of an architecture that is missing here.
#:
#: x86_64: System V psABI (gitlab.com/x86-psABIs/x86-64-ABI), "Micro-Architecture Levels", in the words
#: of Linux's /proc/cpuinfo. xsave stands for OSXSAVE: kernels list avx2 where XSAVE is off.
#:
#: aarch64: what each version of the architecture makes mandatory (Arm ARM, DDI 0487, part A2) and
#: Linux reports (docs.kernel.org/arch/arm64/elf_hwcaps.html); if cores differ, what all of them have
#: (…/cpu-feature-registers.html). Pointer authentication, BTI, SSBS and DIT do not count: kernels and
#: hypervisors hide them, and the instructions that compilers emit for them then do nothing.
#:
#: ppc64le, s390x: dl-hwcaps-subdirs.c in glibc's sysdeps/powerpc/powerpc64/le and sysdeps/s390/s390-64;
#: z17: S390_IS_ARCH15 in sysdeps/s390/cpu-features.h.
LEVELS = {
    "x86_64": (
        ("v2", "pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"),
        ("v3", "v2 xsave avx avx2 bmi1 bmi2 f16c fma abm movbe"),
        ("v4", "v3 avx512f avx512bw avx512cd avx512dq avx512vl"),
    ),
    "aarch64": (
        ("v8_1", "crc32 atomics asimdrdm"),
        ("v8_2", "v8_1 dcpop"),
        ("v8_3", "v8_2 fcma jscvt lrcpc"),
        ("v8_4", "v8_3 asimddp flagm uscat ilrcpc"),
        ("v8_5", "v8_4 flagm2 frint sb dcpodp"),
        ("v8_6", "v8_5 bf16 i8mm ecv"),
        ("v8_7", "v8_6 wfxt"),
        ("v9_0", "v8_5 sve2"),
        ("v9_1", "v8_6 sve2"),
        ("v9_2", "v8_7 sve2"),
    ),
    "ppc64le": (("power9", "arch_3_00 ieee128"), ("power10", "power9 arch_3_1 mma")),
    "s390x": (
        ("z13", "vx"),
        ("z14", "z13 vxd vxe gs"),
        ("z15", "z14 vxe2 vxp"),
        ("z16", "z15 vxp2"),
        ("z17", "z16 stfle84 stfle198 stfle199 stfle201"),
    ),
}

#: Architecture → entry of the auxiliary vector (16 is AT_HWCAP, 26 AT_HWCAP2) → its bits, lowest first, in the
#: words of /proc/cpuinfo; for ppc64le those of glibc. Linux: arch/arm64/include/uapi/asm/hwcap.h,
#: arch/powerpc/include/uapi/asm/cputable.h, arch/s390/include/asm/elf.h.
BITS = {
    "aarch64": {
        16: "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt"
        " fcma lrcpc dcpop sha3 sm3 sm4 asimddp sha512 sve asimdfhm dit uscat ilrcpc flagm ssbs sb",
        26: "dcpodp sve2 sveaes svepmull svebitperm svesha3 svesm4 flagm2 frint svei8mm svef32mm"
        " svef64mm svebf16 i8mm bf16 dgh rng bti mte ecv afp rpres mte3 sme smei16i64 smef64f64"
        " smei8i32 smef16f32 smeb16f32 smef32f32 smefa64 wfxt",
    },
    "ppc64le": {26: 17 * "- " + "mma arch_3_1 - scv darn ieee128 arch_3_00"},
    "s390x": {
        16: "esan3 zarch stfle msa ldisp eimm dfp edat etf3eh highgprs te vx vxd vxe gs vxe2 vxp"
        " sort dflt vxp2",
    },
}

#: The bits of AT_HWCAP on x86_64, lowest first: CPUID leaf 1, edx. None of them is a feature of a level.
#: Linux: arch/x86/include/asm/elf.h and cpufeatures.h.
EDX = (
    "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - dts"
    " acpi mmx fxsr sse sse2 ss ht tm ia64 pbe"
)

#: Architecture → the line of /proc/cpuinfo that lists features.
LINES = {"x86_64": "flags", "aarch64": "Features", "s390x": "features"}

#: Architecture → glibc's dynamic loader, where it knows levels.
LOADERS = {
    "x86_64": "/lib64/ld-linux-x86-64.so.2",
    "ppc64le": "/lib64/ld64.so.2",
    "s390x": "/lib/ld64.so.1",
}

#: The bytes of /proc/cpuinfo that are read. The first 4 KiB describe CPU 0; the whole file is 400 KB on 256 cores.
_FIRST_CPU = 8192


def _from_auxv(host: Host) -> Facts | None:
    return _from_bits(host, host.auxv)


def _from_getauxval(host: Host) -> Facts | None:
    return _from_bits(host, host.getauxval)


def _from_cpuinfo(host: Host) -> Facts | None:
    arch = host.arch() or "x86_64"  # a folder of captured files may have no program
    words = _line(host, LINES[arch]) if arch in LINES else None
    if words is None or (arch == "x86_64" and _is_of_another(words, host)):
        return None
    return _facts(arch, words | _facilities(host, arch))


def _from_cpuid(host: Host) -> Facts | None:
    features = host.cpuid()
    return None if features is None else _facts("x86_64", features)


def _from_ld_so(host: Host) -> Facts | None:
    arch = host.arch() or ""
    flags = _line(host, "flags")
    if arch not in LOADERS or (arch == "x86_64" and flags and _is_of_another(flags, host)):
        return None  # an emulator may run a child on the real CPU
    supported = host.ld_so(LOADERS[arch])
    if supported is None:
        return None
    levels = dict(LEVELS[arch])
    names = [name.removeprefix("x86-64-") for name in supported]
    return _facts(
        arch, [word for name in names if name in levels for word in _required(levels, name)]
    )


def _from_nothing(host: Host) -> Facts | None:
    """Raise FactError for an empty /proc/cpuinfo, which is a fault and not a machine of the lowest level."""
    if host.read("/proc/cpuinfo", 1) == "":
        from customtags.errors import FactError

        cure = "override it with CUSTOMTAGS_ISA, which may be none"
        raise FactError("/proc/cpuinfo", "is empty", cure)
    return None


#: The cheapest source first. On x86_64 that is the kernel's reading of CPUID, because the C library costs pip's process
#: an import of ctypes; elsewhere the auxiliary vector, which is also right under emulation.
PROBES: Mapping[str, Probe] = {
    "/proc/self/auxv": _from_auxv,
    "getauxval": _from_getauxval,
    "/proc/cpuinfo": _from_cpuinfo,
    "cpuid": _from_cpuid,
    "ld.so": _from_ld_so,
    "nothing": _from_nothing,
}


def override(value: str, arch: str | None) -> Facts | None:
    """Return the features of a level such as ``v3``; without a table of levels, the value itself is the segment."""
    name = fold(value)
    levels = dict(LEVELS.get(arch or "", ()))
    if not levels:
        if name is None:
            raise ValueError("write a level that begins with a letter, as in v9.0")
        return {"arch": arch, "features": [name]}
    if name not in levels:
        raise ValueError(f"write one of the levels of {arch}: {', '.join(levels)}")
    return _facts(arch or "", list(_required(levels, name)))


def ladder(facts: Facts) -> list[str]:
    """Return every level whose requirements the machine meets."""
    levels = LEVELS.get(facts["arch"])
    if levels is None:
        return list(facts["features"])
    reached: list[str] = []
    for name, requirements in levels:
        if {*facts["features"], *reached}.issuperset(requirements.split()):
            reached.insert(0, name)
    return reached


def owns(segment: str, arch: str) -> bool:
    """Return whether it is one of the architecture's levels."""
    return segment in dict(LEVELS.get(arch, ()))


def examples(arch: str) -> list[str]:
    """Return the levels of an architecture."""
    return [level for level, _ in LEVELS.get(arch, ())]


def common(several: Sequence[Facts]) -> Iterator[Facts]:
    """Yield the features that all machines have."""
    first, *others = several
    shared = set(first["features"]).intersection(*(facts["features"] for facts in others))
    yield {**first, "features": [each for each in first["features"] if each in shared]}


def describe(facts: Facts) -> str:
    """Return the architecture, and the first feature that the next level requires."""
    reached = ladder(facts)
    levels = dict(LEVELS.get(facts["arch"], ()))
    names = list(levels)
    for name in names[names.index(reached[0]) + 1 :] if reached and names else names:
        missing = lacking(facts, name)
        more = " …" if missing[1:] else ""
        return f"{facts['arch']}, lacks {missing[0]}{more} for {name}"
    return f"{facts['arch']}, {reached[0] if reached else 'no levels known'}"


def lacking(facts: Facts, level: str) -> list[str]:
    """Return the features that a level requires and the CPU does not support."""
    levels = dict(LEVELS.get(facts["arch"], ()))
    required = _required(levels, level) if level in levels else ()
    return [word for word in required if word not in facts["features"]]


def _from_bits(host: Host, ask: Callable[[], Mapping[int, int] | None]) -> Facts | None:
    arch = host.arch() or ""
    entries = ask() if arch in BITS else None
    if not entries or not entries.get(16):  # all these architectures have some bit set
        return None
    masks = [_named(entries.get(entry, 0), bits) for entry, bits in BITS[arch].items()]
    return _facts(arch, _facilities(host, arch).union(*masks))


def _named(mask: int, bits: str) -> set[str]:
    return {word for bit, word in enumerate(bits.split()) if mask >> bit & 1}


def _is_of_another(flags: set[str], host: Host) -> bool:
    """Return whether /proc/cpuinfo describes another CPU than this process runs on, because of an emulator.

    AT_HWCAP holds the first word of the same flags. QEMU sets its own, never with vme (TCG_FEATURES in
    target/i386/cpu.c); gVisor sets 0, from which nothing follows.
    """
    mask = (host.auxv() or {}).get(16, 0)
    return mask != 0 and _named(mask, EDX) != flags.intersection(EDX.split())


def _facilities(host: Host, arch: str) -> set[str]:
    """Return the facilities of s390x, which have no bit in the auxiliary vector (arch/s390/kernel/processor.c)."""
    listed = _line(host, "facilities") if arch == "s390x" else None
    return {f"stfle{number}" for number in listed or ()}


def _line(host: Host, name: str) -> set[str] | None:
    """Return the words of one line of /proc/cpuinfo, None without that line, so that the next probe runs."""
    text = host.glance("/proc/cpuinfo", _FIRST_CPU) or ""
    _, _, line = f"\n{text}".partition(f"\n{name}")
    blank, colon, words = line.partition("\n")[0].partition(":")
    return set(words.split()) if colon and not blank.strip() else None


def _required(levels: Mapping[str, str], name: str) -> Iterator[str]:
    """Yield every feature that a level requires, including those of lower levels."""
    for word in levels[name].split():
        if word in levels:
            yield from _required(levels, word)
        else:
            yield word


def _facts(arch: str, words: Container[str]) -> Facts:
    levels = dict(LEVELS[arch])
    known = dict.fromkeys(word for features in levels.values() for word in features.split())
    return {"arch": arch, "features": [w for w in known if w in words and w not in levels]}
