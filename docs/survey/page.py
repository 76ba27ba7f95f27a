"""The parts of the survey's page that are made from the data: `PAGE` has each between two comments."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import marks
from customtags.audit import CODES
from survey.wheels import ARCHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Record = dict[str, Any]

__all__ = ["PAGE", "RESULTS", "parts", "render", "write"]

DOCS = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.json")
PAGE = DOCS / "explanation" / "survey.md"

#: The codes that the tables of instructions show already, or that say nothing of a wheel.
_ELSEWHERE = ("isa-floor", "isa-refused", "isa-sampled")


def write(_: Path) -> None:
    """Write the page and its picture."""
    results = json.loads(RESULTS.read_text("utf-8"))
    PAGE.write_text(render(PAGE.read_text("utf-8"), parts(results)), "utf-8")
    sys.path.append(str(DOCS / "pictures"))
    import levels

    picture = Path(levels.__file__).with_suffix(".svg")
    picture.write_text(levels.draw(levels.read()), "utf-8")


def render(page: str, made: Mapping[str, str]) -> str:
    """Return a page with every part as it is made."""
    return marks.filled(page, "data", lambda name, _: made[name])


def parts(results: Record) -> dict[str, str]:
    """Return the name of each part → Markdown."""
    wheels = results["wheels"]
    x86, arm = (_of(wheels, arch) for arch in ARCHS)
    found = _tried(x86, "false")
    return {
        "numbers": _numbers(wheels),
        "confirmed": _confirmed([each for each in found if each["cpu"]["verdict"] == "confirmed"]),
        "others": _others([each for each in found if each["cpu"]["verdict"] != "confirmed"]),
        "undecided": _undecided(_tried(x86, "undecided")),
        "drawn": _listed(_tried(x86, "drawn")),
        "aarch64 false": _undecided(_tried(arm, "false")),
        "aarch64 undecided": _listed(_tried(arm, "undecided")),
        "aarch64 drawn": _listed(_tried(arm, "drawn")),
        "codes": _codes(wheels),
    }


def _numbers(wheels: Sequence[Record]) -> str:
    rows = []
    for arch in ARCHS:
        of = _of(wheels, arch)
        false = sum(bool(each["false"]) for each in of)
        size = sum(each["size"] for each in of) / 1e9
        rows.append(
            f"* **{len(of)} wheels for {arch}** ({size:.1f} GB); in {false} of them the audit finds a claim that does not hold."
        )
    x86, arm = (_of(wheels, arch) for arch in ARCHS)
    levels = Counter(each["level"] for each in x86)
    named = ", ".join(
        f"{levels[level]} require {_title(level)}" for level in sorted(levels) if level > 1
    )
    rows.append(
        f"* Every name for x86_64 claims x86-64 without a level. By its instructions, {named}."
    )
    verdicts = Counter(each["cpu"]["verdict"] for each in _tried(x86, "false"))
    total, sure = sum(verdicts.values()), verdicts["confirmed"]
    rows.append(
        f"* Of these {total} wheels {sure} were confirmed on an emulated CPU; {total - sure} could not be."
    )
    false, stopped = _count(_tried(arm, "false"))
    rows.append(
        f"* Every name for aarch64 claims Armv8.0-A. By their instructions, {_wheels(false)} more; on a CPU without a level, {stopped} stopped."
    )
    for arch in ARCHS:
        undecided, stopped = _count(_tried(_of(wheels, arch), "undecided"))
        rows.append(
            f"* In {undecided} more wheels for {arch} the audit could not decide; {stopped} of them stopped on a CPU without a level."
        )
    drawn, stopped = _count(_tried(wheels, "drawn"))
    rows.append(
        f"* Of {drawn} wheels without a finding, half of them for each architecture, drawn at random, {stopped} stopped on a CPU without a level."
    )
    return "\n".join(rows)


def _wheels(count: int) -> str:
    return "1 wheel requires" if count == 1 else f"{count} wheels require"


def _count(tried: Sequence[Record]) -> tuple[int, int]:
    """Return how many wheels were tried, and how many of them stopped."""
    return len(tried), sum(each["cpu"]["verdict"] == "stops" for each in tried)


def _confirmed(wheels: Sequence[Record]) -> str:
    head = (
        "project",
        "rank",
        "platform in the name",
        "requires",
        "one level below",
        "on the level",
    )
    return _table(
        head,
        (
            (
                f"{each['name']} {each['version']}",
                each["rank"],
                _platform(each["file"]),
                _requires(each),
                _ran(each["cpu"]["below"]),
                _ran(each["cpu"]["on"]),
            )
            for each in wheels
        ),
    )


def _others(wheels: Sequence[Record]) -> str:
    head = ("project", "rank", "requires, by the audit", "on the lower CPU", "why")
    return _table(
        head,
        (
            (
                f"{each['name']} {each['version']}",
                each["rank"],
                _title(each["level"]),
                _ran(each["cpu"]["below"]) if "below" in each["cpu"] else "",
                each["cpu"]["why"],
            )
            for each in wheels
        ),
    )


def _undecided(wheels: Sequence[Record]) -> str:
    rows = (
        (
            f"{each['name']} {each['version']}",
            each["rank"],
            each["cpu"]["verdict"],
            _ran(each["cpu"]["below"]),
        )
        for each in wheels
    )
    return _table(("project", "rank", "result", "on a CPU without a level"), rows)


def _listed(wheels: Sequence[Record]) -> str:
    verdicts: dict[str, list[str]] = {}
    for each in wheels:
        says = each["cpu"]["below"].get("says", "").partition(": ")[2]
        name = f"{each['name']} {each['version']}{f' ({says})' if says else ''}"
        verdicts.setdefault(each["cpu"]["verdict"], []).append(name)
    return "\n".join(
        f"* {verdict} ({len(names)}): {', '.join(names)}"
        for verdict, names in sorted(verdicts.items())
    )


def _codes(wheels: Sequence[Record]) -> str:
    rows = []
    for code, meaning in CODES.items():
        counts = []
        for arch in ARCHS:
            having = [each for each in _of(wheels, arch) if code in each["codes"]]
            false = sum(code in each["false"] for each in having)
            counts.append(f"{len(having)} ({false} false)" if false else str(len(having)))
        if code not in _ELSEWHERE and counts != ["0", "0"]:
            rows.append((f"`{code}`", meaning, *counts))
    return _table(("code", "meaning", "wheels for x86_64", "wheels for aarch64"), rows)


def _of(wheels: Iterable[Record], arch: str) -> list[Record]:
    return [each for each in wheels if each["arch"] == arch]


def _tried(wheels: Iterable[Record], because: str) -> list[Record]:
    return [each for each in wheels if each.get("cpu", {}).get("because") == because]


def _title(level: int) -> str:
    return "more than x86-64-v4" if level > 4 else f"x86-64-v{level}"


def _requires(wheel: Record) -> str:
    between = wheel["cpu"].get("between")
    only = " (AVX is enough)" if between and between["status"] == "runs" else ""
    return _title(wheel["level"]) + only


def _platform(file: str) -> str:
    return "<br>".join(f"`{each}`" for each in file.removesuffix(".whl").split("-")[-1].split("."))


def _ran(record: Record) -> str:
    cpu = record["cpu"]
    if record["status"] == "illegal":
        features = "/".join(record.get("features", []))
        name = record["file"].rpartition("/")[2] or "code made at run time"
        instruction = record.get("instruction", "")
        if features not in instruction:
            instruction += f" ({features})"
        return f"{cpu}: SIGILL, {instruction} in `{name}`"
    if record["status"] == "runs":
        return f"{cpu}: runs"
    return f"{cpu}: {record['status']}: {record.get('says', '')}".replace("|", "/")


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
