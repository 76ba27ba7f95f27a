"""Whether what the audit says of instructions is true: each wheel is run one level below what it requires, and on that level."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags.audit.isa.arm import ArmDecoder
from customtags.audit.isa.x86 import X86Decoder
from survey.emulated import BASE, BETWEEN, MODELS
from survey.trial import Ran, Trial
from survey.wheels import last

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from survey.emulated import Cpus

    Record = dict[str, Any]

__all__ = ["FALSE", "confirm", "drawn", "required", "search"]

#: The codes that say that every CPU requires a level.
FALSE = ("isa-floor", "isa-refused")

#: How many wheels without a finding are run, and the seed by which they are drawn.
DRAWN, SEED = 30, 300

_LEVEL = re.compile(r"x86-64-v(\d)")


def required(findings: Iterable[Mapping[str, Any]]) -> int:
    """Return the number of the level that the audit says every CPU requires, 1 for none.

    5 stands for more than any level.
    """
    levels = [1]
    for each in findings:
        if each["code"] in FALSE:
            found = _LEVEL.search(each["says"])
            more = "more than" in each["says"].partition(" on every CPU")[0]
            levels.append(int(found[1]) + more if found else 1)
    return max(levels)


def confirm(wheel: Path, level: int, cpus: Cpus, folder: Path) -> Record:
    """Run a wheel below a level, and on it.

    :returns: ``verdict``, ``below``, ``on``, and ``between`` where there are CPUs between the levels
    """
    if level - 1 not in MODELS or level not in MODELS:
        return {"verdict": "not separable", "why": f"the emulator has no x86-64-v{min(level, 4)}"}
    models = [MODELS[level - 1], MODELS[level], *([BETWEEN[level]] if level in BETWEEN else [])]
    below, on, *between = _run(wheel, models, cpus, folder)
    record = {"below": _plain(below, cpus.arch), "on": _plain(on, cpus.arch)}
    if between:
        record["between"] = _plain(between[0], cpus.arch)
    if on.outcome.status != "runs":
        why = f"does not run on the level either: {on.outcome.status}"
        return {"verdict": "not separable", "why": why, **record}
    if below.outcome.status in ("illegal", "refuses") and not below.own:
        why = f"what stops there is {below.member or 'unknown'}, not a file of the wheel"
        return {"verdict": "not separable", "why": why, **record}
    if below.outcome.status in ("illegal", "refuses"):
        return {"verdict": "confirmed", **record}
    if below.outcome.status == "runs":
        return {"verdict": "not seen", "why": "ran one level below", **record}
    return {"verdict": "not separable", "why": f"below: {below.outcome.status}", **record}


def search(wheel: Path, cpus: Cpus, folder: Path) -> Record:
    """Run a wheel of which the audit says that every CPU runs it on a CPU without any level.

    :returns: ``verdict`` and ``below``
    """
    with _installed(wheel, cpus, folder, old=cpus.arch == "x86_64") as trial:
        for model in reversed(BASE[cpus.arch]):
            ran = trial.run(model)
            if ran.own or ran.outcome.status == "runs":
                break
    stops = ran.outcome.status in ("illegal", "refuses") and ran.own
    verdict = "stops" if stops else "runs" if ran.outcome.status == "runs" else "not separable"
    return {"verdict": verdict, "below": _plain(ran, cpus.arch)}


def drawn(projects: Sequence[str]) -> list[str]:
    """Return the projects that are run although the audit found nothing."""
    return sorted(random.Random(SEED).sample(sorted(projects), min(DRAWN, len(projects))))  # noqa: S311


def _run(wheel: Path, levels: Sequence[Sequence[str]], cpus: Cpus, folder: Path) -> list[Ran]:
    """Run a wheel on each level: on its CPUs in turn until it does not run, and on the others only what did not run on the first."""
    with _installed(wheel, cpus, folder, old=levels[0] == MODELS[1]) as trial:
        rans: list[Ran] = []
        for models in levels:
            only = rans[0].what if rans and rans[0].outcome.status != "runs" else ""
            for model in models:
                ran = trial.run(model, only)
                if ran.outcome.status != "runs":
                    break
            rans.append(ran)
        return rans


@contextmanager
def _installed(wheel: Path, cpus: Cpus, folder: Path, *, old: bool) -> Iterator[Trial]:
    """Install a wheel into a folder, which is removed afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield Trial(wheel, cpus, folder, old=old)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{wheel.name}: {last(error.stderr)}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _plain(ran: Ran, arch: str) -> Record:
    outcome = ran.outcome
    record: Record = {"cpu": outcome.model, "program": ran.what, "status": outcome.status}
    if outcome.says:
        record["says"] = outcome.says
    if outcome.status in ("illegal", "refuses"):
        record.update(file=ran.member, own=ran.own)
    if outcome.code:
        record["address"] = hex(outcome.address)
        code = bytes.fromhex(outcome.code)
        if arch == "aarch64":
            first = next(ArmDecoder().examples(code[:4], outcome.address, 2), None)
        else:
            first = next(X86Decoder().examples(code, outcome.address, 0), None)
        if first:
            record.update(instruction=first.text, features=[*first.features])
    return record
