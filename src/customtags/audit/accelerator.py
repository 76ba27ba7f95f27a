"""The check ``accelerator``: whether required libraries and GPU code are those of the accelerator in the name."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from customtags.audit import gpu
from customtags.audit.finding import FALSE, NOTE, UNDECIDED, Finding, Fix
from customtags.audit.names import imported
from customtags.audit.runtimes import Sign, is_static, may_load, signs
from customtags.audit.targets import runs, spelled, spelled_all, toolkit, unserved
from customtags.machine.dimensions import cuda

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from customtags.audit.gpu import Code
    from customtags.wheels.claims import NameClaims
    from customtags.wheels.elf import Elf
    from customtags.wheels.unpacked import Unpacked

__all__ = ["CODES", "NAME", "check"]

NAME = "accelerator"

CODES: Mapping[str, str] = {
    "accelerator-proved": "libraries and GPU code are those of the claimed accelerator",
    "accelerator-absent": "an accelerator is claimed, and nothing in the wheel requires it",
    "accelerator-unclaimed": "a file requires an accelerator, and the name has no segment for it",
    "accelerator-other": "a file requires another vendor's runtime than claimed, or another major version of it",
    "toolkit-too-new": "GPU code was made by a later toolkit than claimed, or requires a later driver",
    "gpu-absent": "no GPU code in a file, or in the wheel, runs on the claimed GPU",
    "gpu-too-wide": "the GPU code runs on one kind of GPU only, and the name claims every GPU of the vendor",
    "gpu-left-out": "the name claims GPUs that no code in the wheel runs on",
    "gpu-too-narrow": "the GPU code runs on GPUs that the name excludes",
}


class _AcceleratorClaim(NamedTuple):
    """``cuda12_4_sm90`` taken apart; ``minor`` and ``gpu`` may be missing."""

    text: str
    family: str
    major: int
    minor: int | None
    gpu: str


class _Evidence(NamedTuple):
    """All signs of a wheel, and the GPU code of each file that contains some."""

    signs: list[Sign]
    codes: dict[str, list[Code]]

    def of(self, family: str) -> dict[str, list[Code]]:
        """Return the code for one vendor's GPUs."""
        mine = "sm" if family == "cuda" else "gfx" if family == "rocm" else "spir"
        chosen = {
            name: [code for code in codes if code.target.startswith(mine)]
            for name, codes in self.codes.items()
        }
        return {name: codes for name, codes in chosen.items() if codes}


def check(wheel: Unpacked, claims: NameClaims) -> Iterator[Finding]:
    """Compare libraries and GPU code with each accelerator that the name claims."""
    evidence = _Evidence([], {})
    yield from wheel.each(partial(_gather, evidence))
    claimed = [claim for claim in map(_claim, claims.values("accelerator")) if claim]
    if not claimed:
        yield from _unclaimed(evidence)
    for claim in claimed:
        own = [sign for sign in evidence.signs if sign.family == claim.family]
        if not evidence.signs:
            yield _absent(wheel, claim)
            continue
        rules = _RULES if own else (_other,)
        found = [finding for rule in rules for finding in rule(claim, claimed, evidence)]
        yield from found
        if all(finding.severity == NOTE for finding in found):
            says = f"{own[0].says}, as {claim.text} claims"
            yield Finding("accelerator-proved", NOTE, says, own[0].member)


def _gather(evidence: _Evidence, name: str, elf: Elf) -> Iterator[Finding]:
    """Collect the signs of one file; they mean nothing by themselves."""
    codes = [*gpu.fatbins(elf), *gpu.bundled(elf)]
    if codes:
        evidence.codes[name] = codes
    found = [sign for library in elf.needed for sign in signs(library, name)]
    for family in ("cuda", "rocm", "xpu"):
        mine = _Evidence([], {name: codes}).of(family).get(name)
        if mine:
            text = f"contains code for {', '.join(spelled_all(mine))}"
            found.append(Sign(family, (), text, name))
    if not any(sign.family == "cuda" and sign.majors for sign in found) and is_static(elf):
        found.append(Sign("cuda", (), "contains a static CUDA runtime", name))
    evidence.signs.extend(found)
    yield from ()


def _claim(text: str) -> _AcceleratorClaim | None:
    found = re.fullmatch(r"(cuda|rocm|xpu)(\d*)(?:_(\d+))?(?:_((?:sm|gfx)\w+))?", text)
    if not found:
        return None
    family, major, minor, target = found.groups()
    number = None if minor is None else int(minor)
    return _AcceleratorClaim(text, family, int(major or 0), number, target or "")


def _unclaimed(evidence: _Evidence) -> Iterator[Finding]:
    """Report once for each vendor what the name could claim; a wheel with several can claim none of them."""
    families = list(dict.fromkeys(sign.family for sign in evidence.signs))
    for family in families:
        own = [sign for sign in evidence.signs if sign.family == family]
        majors = {sign.majors[0] for sign in own if len(sign.majors) == 1}
        segment = f"{family}{majors.pop()}" if len(majors) == 1 and len(families) == 1 else ""
        cure = "add the segment of the version that it was built with: customtags retag"
        if segment:
            cure = f"add the segment {segment}: customtags retag"
        elif len(families) > 1:
            cure = "build one wheel for each accelerator"
        yield Finding(
            "accelerator-unclaimed",
            NOTE,
            f"{own[0].says}, and the name has no {family} segment",
            own[0].member,
            cure=cure,
            fix=Fix("accelerator", segment) if segment else None,
        )


def _absent(wheel: Unpacked, claim: _AcceleratorClaim) -> Finding:
    named = [name for name, elf in wheel.elfs() if may_load(elf, claim.family)]
    if named:
        says = f"{claim.text} is claimed; no file requires its libraries, but one names them and may load them at run time"
        return Finding("accelerator-absent", UNDECIDED, says, named[0])
    says = f"{claim.text} is claimed, and no file requires its libraries, names them or contains code for it"
    fix = Fix("accelerator", "")
    return Finding("accelerator-absent", FALSE, says, cure="remove the segment", fix=fix)


def _other(
    claim: _AcceleratorClaim, claimed: Sequence[_AcceleratorClaim], evidence: _Evidence
) -> Iterator[Finding]:
    """Report another vendor's libraries, or another major version of them.

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
    others = [sign for each in wrong.values() for sign in each]
    true = {f"{sign.family}{sign.majors[0]}" for sign in others if len(sign.majors) == 1}
    fix = Fix("accelerator", *true) if len(true) == 1 and len(claimed) == 1 else None
    cure = f"claim {fix.value}" if fix else "build one wheel for each accelerator"
    for member, each in wrong.items():
        severity = UNDECIDED if right - wrong.keys() and not imported(member) else FALSE
        says = f"{' and '.join(sign.says for sign in each)}; the name claims {claim.text}"
        yield Finding("accelerator-other", severity, says, member, cure=cure, fix=fix)


def _toolkit(
    claim: _AcceleratorClaim, claimed: Sequence[_AcceleratorClaim], evidence: _Evidence
) -> Iterator[Finding]:
    """Report code of a later toolkit, which a driver of the claimed version may refuse."""
    if claim.family != "cuda" or not claim.major:
        return
    limit = (claim.major, cuda.ANY if claim.minor is None else claim.minor)
    found = [
        (toolkit(code), code, name) for name, codes in evidence.of("cuda").items() for code in codes
    ]
    for made, newest, name in sorted(found, key=lambda each: each[0], reverse=True)[:1]:
        if made > limit:
            true = f"cuda{made[0]}_{made[1]}" + (f"_{claim.gpu}" if claim.gpu else "")
            says = f"contains code for {spelled(newest)} made by CUDA {made[0]}.{made[1]}; the name claims {claim.text}"
            cure = f"claim {true}, or build it with the claimed toolkit"
            fix = Fix("accelerator", true) if len(claimed) == 1 else None
            yield Finding("toolkit-too-new", FALSE, says, name, cure=cure, fix=fix)


def _gpu(
    claim: _AcceleratorClaim, claimed: Sequence[_AcceleratorClaim], evidence: _Evidence
) -> Iterator[Finding]:
    """Report files whose GPU code does not run on the claimed GPU."""
    codes = evidence.of(claim.family)
    if not claim.gpu:
        return
    lacking = [name for name, each in codes.items() if not any(runs(c, claim.gpu) for c in each)]
    if not codes:
        says = f"{claim.gpu} is claimed, and the wheel contains no GPU code"
        true = claim.text.replace(f"_{claim.gpu}", "")
        fix = Fix("accelerator", true) if len(claimed) == 1 else None
        cure = "remove the GPU from the name"
        yield Finding("gpu-absent", UNDECIDED, says, cure=cure, fix=fix)
    for name in lacking:
        targets = ", ".join(spelled_all(codes[name]))
        says = f"contains code for {targets}; the name claims {claim.gpu}"
        severity = FALSE if len(lacking) == len(codes) else UNDECIDED
        cure = f"build it for {claim.gpu} too, or claim what it contains"
        yield Finding("gpu-absent", severity, says, name, cure=cure)


def _width(
    claim: _AcceleratorClaim, claimed: Sequence[_AcceleratorClaim], evidence: _Evidence
) -> Iterator[Finding]:
    """Report a name that admits other GPUs than those that run the code."""
    codes = [code for each in evidence.of(claim.family).values() for code in each]
    targets = {spelled(code): code for code in codes}
    if not codes or claim.family == "xpu":
        return
    if claim.gpu:
        named = {each.gpu for each in claimed}
        more = [
            target
            for target in spelled_all(codes)
            if target not in named and not runs(targets[target], claim.gpu)
        ]
        if more:
            says = f"the wheel contains code for {', '.join(more)} too; the name claims only {', '.join(sorted(named))}"
            cure = "add a platform for each: customtags retag"
            yield Finding("gpu-too-narrow", NOTE, says, cure=cure)
    elif len(targets) == 1 and codes[0].kind != "ptx":
        (target,) = targets
        true = f"{claim.text}_{re.sub(r'[-:].*', '', target)}"
        says = f"{claim.text} claims every GPU; the only code is for {target}"
        fix = Fix("accelerator", true) if len(claimed) == 1 else None
        yield Finding("gpu-too-wide", FALSE, says, cure=f"claim {true}", fix=fix)
    elif claim.family == "cuda":
        lacking = unserved(codes, claim.major, claim.minor)
        if lacking:
            says = f"{claim.text} claims every GPU; no code runs on capability {', '.join(lacking)}"
            yield Finding("gpu-left-out", NOTE, says)


#: What a claim is held to once there is a sign of its accelerator.
_RULES: tuple[
    Callable[[_AcceleratorClaim, Sequence[_AcceleratorClaim], _Evidence], Iterator[Finding]], ...
] = (
    _other,
    _toolkit,
    _gpu,
    _width,
)
