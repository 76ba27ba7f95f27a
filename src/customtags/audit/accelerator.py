"""Whether the libraries that are needed and the GPU code inside are those of the accelerator that the name claims."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from customtags.audit import gpu
from customtags.audit.finding import FALSE, NOTE, UNDECIDED, Finding, Fix
from customtags.audit.names import imported
from customtags.machine.dimensions import cuda, rocm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from customtags.audit.gpu import Code
    from customtags.wheels.claims import NameClaims
    from customtags.wheels.elf import Elf
    from customtags.wheels.opened import Wheel

__all__ = ["CODES", "LIBRARIES", "NAME", "check", "runs", "signs", "spelled"]

NAME = "accelerator"

CODES: Mapping[str, str] = {
    "accelerator-proved": "libraries and GPU code are those of the claimed accelerator",
    "accelerator-absent": "an accelerator is claimed, and nothing in the wheel needs it",
    "accelerator-unclaimed": "a library needs an accelerator of which the name says nothing",
    "accelerator-other": "a library needs another vendor's runtime, or another major version of it, than is claimed",
    "toolkit-too-new": "GPU code was made by a later toolkit than the one that is claimed, or needs a later driver",
    "gpu-absent": "no GPU code in a file, or in the wheel, runs on the GPU that is claimed",
    "gpu-too-wide": "the GPU code runs on one kind of GPU only, and the name claims every one of its vendor",
    "gpu-left-out": "machines accept the name whose GPU no code in the wheel runs on",
    "gpu-too-narrow": "the GPU code runs on GPUs that the name does not admit",
}

#: The start of a soname → whose it is, and the end of the soname → the major versions that have it, empty where it does
#: not tell. CUDA: the folders lib64 of the toolkits 11.8, 12.9 and 13.0; ROCm: the libraries of 5.7, 6.4 and 7.0.
LIBRARIES: Mapping[str, tuple[str, Mapping[str, Sequence[int]]]] = {
    "libcudart.so.": ("cuda", {"11.0": [11], "12": [12], "13": [13]}),
    "libcublas.so.": ("cuda", {"11": [11], "12": [12], "13": [13]}),
    "libcublasLt.so.": ("cuda", {"11": [11], "12": [12], "13": [13]}),
    "libcufft.so.": ("cuda", {"10": [11], "11": [12], "12": [13]}),
    "libcurand.so.": ("cuda", {}),
    "libcusolver.so.": ("cuda", {"10": [11], "11": [11, 12], "12": [13]}),
    "libcusparse.so.": ("cuda", {"11": [11], "12": [12, 13]}),
    "libnvrtc.so.": ("cuda", {"11.2": [11], "12": [12], "13": [13]}),
    "libnvJitLink.so.": ("cuda", {"12": [12], "13": [13]}),
    "libnvjpeg.so.": ("cuda", {"11": [11], "12": [12], "13": [13]}),
    "libcupti.so.": ("cuda", {"12": [12], "13": [13]}),
    "libcudnn.so.": ("cuda", {}),
    "libnccl.so.": ("cuda", {}),
    "libcuda.so.": ("cuda", {}),
    "libamdhip64.so.": ("rocm", {"5": [5], "6": [6], "7": [7]}),
    "librocblas.so.": ("rocm", {"3": [5], "4": [6], "5": [7]}),
    "libhipblas.so.": ("rocm", {"1": [5], "2": [6], "3": [7]}),
    "libhipblaslt.so.": ("rocm", {"0": [5, 6], "1": [7]}),
    "libMIOpen.so.": ("rocm", {}),
    "librccl.so.": ("rocm", {}),
    "libhsa-runtime64.so.": ("rocm", {}),
    "libze_loader.so.": ("xpu", {}),
    "libsycl.so.": ("xpu", {}),
}

#: What auditwheel writes into the names of the libraries that it grafts: ``libcudart-9335f6a2.so.12.4.99``.
_HASH = re.compile(r"-[0-9a-f]{8}(?=\.so)")

#: Stands in NVIDIA's runtime, and so where that is linked statically.
_STATIC = b"cudaErrorCudartUnloading\0"

#: What stands in a file that looks for a runtime by itself (dlopen).
_SOUGHT = {"cuda": (b"libcuda", b"cudart"), "rocm": (b"libamdhip",), "xpu": (b"libze_", b"libsycl")}

#: PTX version → the first toolkit that writes it: "Release Notes" in https://docs.nvidia.com/cuda/parallel-thread-execution/
PTX = {
    **{(7, minor): (11, minor) for minor in range(9)},
    (8, 0): (12, 0),
    (8, 1): (12, 1),
    (8, 2): (12, 2),
    (8, 3): (12, 3),
    (8, 4): (12, 4),
    (8, 5): (12, 5),
    (8, 7): (12, 8),
    (8, 8): (12, 9),
    (9, 0): (13, 0),
    (9, 1): (13, 1),
    (9, 2): (13, 2),
}

#: Capability → the first toolkit that makes code for it.
SINCE = {
    int(capability.replace(".", "")): first
    for first, made in cuda.SINCE.items()
    for capability in made.split()
}


class Claim(NamedTuple):
    """``cuda12_4_sm90`` taken apart; ``minor`` and ``gpu`` may be missing."""

    text: str
    family: str
    major: int
    minor: int | None
    gpu: str


class Sign(NamedTuple):
    """Something in one file that shows for which accelerator it is; no majors where it does not tell."""

    family: str
    majors: tuple[int, ...]
    says: str
    member: str


class Evidence(NamedTuple):
    """All signs of a wheel, and the GPU code of each file that has some."""

    signs: list[Sign]
    codes: dict[str, list[Code]]

    def of(self, family: str) -> dict[str, list[Code]]:
        """Give the code for one vendor's GPUs."""
        mine = "sm" if family == "cuda" else "gfx" if family == "rocm" else "spir"
        chosen = {
            name: [code for code in codes if code.target.startswith(mine)]
            for name, codes in self.codes.items()
        }
        return {name: codes for name, codes in chosen.items() if codes}


def check(wheel: Wheel, claims: NameClaims) -> Iterator[Finding]:
    """Compare what was found with each accelerator that the name claims."""
    evidence = Evidence([], {})
    yield from wheel.each(partial(_gather, evidence))
    claimed = [claim for claim in map(_claim, claims.said("accelerator")) if claim]
    if not claimed:
        yield from _unclaimed(evidence)
    for claim in claimed:
        signs = [sign for sign in evidence.signs if sign.family == claim.family]
        if not evidence.signs:
            yield _absent(wheel, claim)
            continue
        rules = RULES if signs else (_other,)
        found = [finding for rule in rules for finding in rule(claim, claimed, evidence)]
        yield from found
        if all(finding.severity == NOTE for finding in found):
            says = f"{claim.text} is proved by {signs[0].says}"
            yield Finding("accelerator-proved", NOTE, says, signs[0].member)


def _gather(evidence: Evidence, name: str, elf: Elf) -> Iterator[Finding]:
    """Collect the signs of one file; it has nothing to tell yet."""
    codes = [*gpu.fatbins(elf), *gpu.bundled(elf)]
    if codes:
        evidence.codes[name] = codes
    found = [sign for library in elf.needed for sign in signs(library, name)]
    for family in ("cuda", "rocm", "xpu"):
        mine = Evidence([], {name: codes}).of(family).get(name)
        if mine:
            targets = ", ".join(_sorted({spelled(code) for code in mine}))
            found.append(Sign(family, (), f"code for {targets}", name))
    if not any(sign.family == "cuda" and sign.majors for sign in found) and _is_static(elf):
        found.append(Sign("cuda", (), "a CUDA runtime that is linked statically", name))
    evidence.signs.extend(found)
    yield from ()


def signs(library: str, member: str) -> Iterator[Sign]:
    """Take a soname for what it is, with the hash too that auditwheel gives to what it grafts, and its longer version."""
    plain = _HASH.sub("", library)
    for start, (family, majors) in LIBRARIES.items():
        if plain.startswith(start):
            end = f"{plain[len(start) :]}."
            major = next((each for key, each in majors.items() if end.startswith(f"{key}.")), ())
            yield Sign(family, tuple(major), f"a need for {library}", member)


def _is_static(elf: Elf) -> bool:
    section = elf.section(".rodata")
    if section is None or not section.stored:
        return False
    return elf.data.find(_STATIC, section.offset, section.offset + section.size) >= 0


def _claim(text: str) -> Claim | None:
    found = re.fullmatch(r"(cuda|rocm|xpu)(\d*)(?:_(\d+))?(?:_((?:sm|gfx)\w+))?", text)
    if not found:
        return None
    family, major, minor, target = found.groups()
    return Claim(text, family, int(major or 0), None if minor is None else int(minor), target or "")


def _unclaimed(evidence: Evidence) -> Iterator[Finding]:
    """Say once for each vendor what the name could claim; a wheel with several can claim none of them."""
    families = list(dict.fromkeys(sign.family for sign in evidence.signs))
    for family in families:
        signs = [sign for sign in evidence.signs if sign.family == family]
        majors = {sign.majors[0] for sign in signs if len(sign.majors) == 1}
        segment = f"{family}{majors.pop()}" if len(majors) == 1 and len(families) == 1 else ""
        cure = (
            f"add the segment {segment}: customtags retag"
            if segment
            else "build one wheel for each"
        )
        yield Finding(
            "accelerator-unclaimed",
            NOTE,
            f"the name says nothing of {family}, and there is {signs[0].says}",
            signs[0].member,
            cure=cure,
            fix=Fix("accelerator", segment) if segment else None,
        )


def _absent(wheel: Wheel, claim: Claim) -> Finding:
    sought = [
        name
        for name, elf in wheel.elfs()
        if any(elf.data.find(word) >= 0 for word in _SOUGHT[claim.family])
    ]
    if sought:
        says = f"{claim.text} is claimed; a library may be loaded at run time, but none is needed"
        return Finding("accelerator-absent", UNDECIDED, says, sought[0])
    says = (
        f"{claim.text} is claimed, and no file needs such a library, holds such code or names one"
    )
    fix = Fix("accelerator", "")
    return Finding("accelerator-absent", FALSE, says, cure="leave the segment out", fix=fix)


def _other(claim: Claim, claimed: Sequence[Claim], evidence: Evidence) -> Iterator[Finding]:
    """Another vendor's libraries, or another major version of them.

    It is undecided for a file that Python does not import where others are right: the wheel may choose one at run time.
    """
    families = {each.family for each in claimed}
    wrong: dict[str, list[Sign]] = {}
    right: set[str] = set()
    for sign in evidence.signs:
        major = sign.family != claim.family or not sign.majors or claim.major in (0, *sign.majors)
        if sign.family in families and major:
            right |= {sign.member} if sign.family == claim.family else set()
        else:
            wrong.setdefault(sign.member, []).append(sign)
    signs = [sign for each in wrong.values() for sign in each]
    true = {f"{sign.family}{sign.majors[0]}" for sign in signs if len(sign.majors) == 1}
    fix = Fix("accelerator", *true) if len(true) == 1 and len(claimed) == 1 else None
    cure = f"claim {fix.value}" if fix else "build one wheel for each"
    for member, each in wrong.items():
        severity = UNDECIDED if right - wrong.keys() and not imported(member) else FALSE
        says = f"{claim.text} is claimed, and there is {' and '.join(sign.says for sign in each)}"
        yield Finding("accelerator-other", severity, says, member, cure=cure, fix=fix)


def _toolkit(claim: Claim, claimed: Sequence[Claim], evidence: Evidence) -> Iterator[Finding]:
    """Code of a later toolkit, which a driver of the claimed version need not run."""
    if claim.family != "cuda" or not claim.major:
        return
    limit = (claim.major, cuda.ANY if claim.minor is None else claim.minor)
    found = [
        (_made(code), code, name) for name, codes in evidence.of("cuda").items() for code in codes
    ]
    for made, code, name in sorted(found, key=lambda each: each[0], reverse=True)[:1]:
        if made > limit:
            true = f"cuda{made[0]}_{made[1]}" + (f"_{claim.gpu}" if claim.gpu else "")
            says = f"{claim.text} is claimed; its code for {spelled(code)} is of CUDA {made[0]}.{made[1]}"
            cure = f"claim {true}, or build it with the toolkit that is claimed"
            fix = Fix("accelerator", true) if len(claimed) == 1 else None
            yield Finding("toolkit-too-new", FALSE, says, name, cure=cure, fix=fix)


def _gpu(claim: Claim, claimed: Sequence[Claim], evidence: Evidence) -> Iterator[Finding]:
    """The claimed GPU must run code of every file that has some."""
    codes = evidence.of(claim.family)
    if not claim.gpu:
        return
    lacking = [name for name, each in codes.items() if not any(runs(c, claim.gpu) for c in each)]
    if not codes:
        says = f"{claim.gpu} is claimed, and there is no GPU code at all"
        cure = "leave the GPU out of the name"
        true = claim.text.replace(f"_{claim.gpu}", "")
        fix = Fix("accelerator", true) if len(claimed) == 1 else None
        yield Finding("gpu-absent", UNDECIDED, says, cure=cure, fix=fix)
    for name in lacking:
        targets = ", ".join(_sorted({spelled(code) for code in codes[name]}))
        says = f"{claim.gpu} is claimed, and the code is for {targets}"
        severity = FALSE if len(lacking) == len(codes) else UNDECIDED
        cure = f"build it for {claim.gpu} too, or claim what it has"
        yield Finding("gpu-absent", severity, says, name, cure=cure)


def _width(claim: Claim, claimed: Sequence[Claim], evidence: Evidence) -> Iterator[Finding]:
    """The name should admit the GPUs that run the code, and no others."""
    codes = [code for each in evidence.of(claim.family).values() for code in each]
    targets = _sorted({spelled(code) for code in codes})
    if not codes or claim.family == "xpu":
        return
    if claim.gpu:
        named = {each.gpu for each in claimed}
        more = [t for t in targets if t not in named and not runs(_code(t), claim.gpu)]
        if more:
            says = f"only {' and '.join(sorted(named))} is claimed; it has code for {', '.join(more)} too"
            yield Finding(
                "gpu-too-narrow", NOTE, says, cure="add a platform for each: customtags retag"
            )
    elif len(targets) == 1 and codes[0].kind != "ptx":
        segment = re.sub(r"[-:].*", "", targets[0])
        true = f"{claim.text}_{segment}"
        says = f"{claim.text} is claimed for every GPU; the only code is for {targets[0]}"
        fix = Fix("accelerator", true) if len(claimed) == 1 else None
        yield Finding("gpu-too-wide", FALSE, says, cure=f"claim {true}", fix=fix)
    else:
        yield from _left_out(claim, codes)


#: What a claim is held to once there is a sign of its accelerator.
RULES: tuple[Callable[[Claim, Sequence[Claim], Evidence], Iterator[Finding]], ...] = (
    _other,
    _toolkit,
    _gpu,
    _width,
)


def runs(code: Code, target: str) -> bool:
    """Tell whether every GPU that accepts a segment runs some code.

    SASS runs on its own major with an equal or greater minor, PTX on everything later; code with ``a`` on one capability
    only, with ``f`` on a family (CUDA Programming Guide, "Compute Capabilities"). AMD's runs on its own gfx, generic code on
    a family; whether page faults are retried (``xnack``) or ECC is on (``sramecc``) is the machine's setting.
    """
    if target.startswith("gfx"):
        own = re.sub(r":.*", "", code.target).replace("-", "")
        return target == own or target in rocm.GENERIC.get(own, "").split()
    number, special = _capability(target)
    theirs, kind = _capability(code.target)
    if kind == "a":
        return (number, special) == (theirs, "a")
    same = number // 10 == theirs // 10 and number >= theirs
    return same or (code.kind == "ptx" and kind == "" and number >= theirs)


def spelled(code: Code) -> str:
    """Name a target for people: ``sm90a``, and ``sm90+PTX`` for what the driver compiles."""
    return f"{code.target}+PTX" if code.kind == "ptx" else code.target


def _left_out(claim: Claim, codes: Sequence[Code]) -> Iterator[Finding]:
    if claim.family != "cuda":
        return
    limit = (claim.major, cuda.ANY if claim.minor is None else claim.minor)
    least = cuda.LEAST.get(claim.major, (0, 0))
    served = [
        number
        for number, since in SINCE.items()
        if since <= limit and number >= 10 * least[0] + least[1]
        if divmod(number, 10) not in cuda.TEGRA
    ]
    lacking = [n for n in sorted(served) if not any(runs(code, f"sm{n}") for code in codes)]
    if lacking:
        says = f"{claim.text} is claimed for every GPU; no code is for capability {_capabilities(lacking)}"
        yield Finding("gpu-left-out", NOTE, says)


def _made(code: Code) -> tuple[int, int]:
    """Tell the toolkit that is needed at least to have made some code."""
    number, special = _capability(code.target)
    made = [SINCE.get(number, (0, 0)), {"a": (12, 0), "f": (12, 9), "": (0, 0)}[special]]
    if code.kind == "ptx" and code.version:
        made.append(max((PTX[each] for each in PTX if each <= code.version), default=(0, 0)))
    elif code.version and code.version[1] >= 8 and number < 100:
        made.append((13, 0))  # before, this layout of the file was only used for 10.0 and later
    return max([*made, code.release or (0, 0)])


def _capability(target: str) -> tuple[int, str]:
    digits = target[2:].rstrip("af")
    return int(digits) if digits.isdigit() else 0, target[len(digits) + 2 :]


def _capabilities(numbers: Sequence[int]) -> str:
    return ", ".join(f"{number // 10}.{number % 10}" for number in numbers)


def _code(spelled: str) -> Code:
    """Undo `spelled`."""
    target, _, ptx = spelled.partition("+")
    return gpu.Code("ptx" if ptx else "sass", target)


def _sorted(targets: set[str]) -> list[str]:
    return sorted(targets, key=lambda each: (len(re.sub(r"\W.*|[af]$", "", each)), each))
