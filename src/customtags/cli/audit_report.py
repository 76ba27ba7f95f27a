"""What ``customtags audit`` prints of a wheel for people, and of all wheels at the end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from customtags.cli.output import count, paint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.audit.finding import Finding
    from customtags.audit.report import Report

__all__ = ["FALSE", "last_line", "verdict", "wheel_lines"]

#: Severity → the style of its word.
_STYLES = {"false": "no", "undecided": "note", "note": "quiet"}

FALSE, _TRUE, _UNCHECKED = "with false claims", "without false claims", "not checked"

#: What the last line says of wheels → the style of its words.
_VERDICTS = {FALSE: "no", _TRUE: "yes", _UNCHECKED: "note"}

#: How many findings of one code are printed without `--json`.
_SHOWN = 5


def verdict(report: Report) -> str:
    """Return the verdict on one wheel; one that was not checked is never called right."""
    from customtags.audit import NOT_CHECKED

    if report.wrong:
        return FALSE
    unchecked = any(each.code == NOT_CHECKED for each in report.findings)
    return _UNCHECKED if unchecked else _TRUE


def last_line(verdicts: Counter[str], wheels: int) -> str:
    """Return the line about all wheels, with which a log ends."""
    read = sum(verdicts.values())
    if verdicts[_TRUE] == wheels:
        return f"{wheels} wheels: {paint('yes', 'no false claims')}"
    parts = [
        paint(style, f"{verdicts[verdict]} {verdict}")
        for verdict, style in _VERDICTS.items()
        if verdicts[verdict]
    ]
    parts += [paint("no", f"{wheels - read} not read")] if read < wheels else []
    return f"{wheels} wheels: {', '.join(parts)}"


def wheel_lines(report: Report, *, quiet: bool, every_check: bool) -> list[str]:
    """Return the lines of one wheel: a summary, each finding with its place and its cure, and what mends all of them.

    :param quiet: print no note; the summary counts them
    :param every_check: nothing was left out, so that it is known whether another name makes all claims true
    """
    from customtags.audit import NOT_CHECKED

    findings, wheel = report.findings, Path(report.wheel).name
    summary = [paint("note", each.says) for each in findings if each.code == NOT_CHECKED]
    findings = [each for each in findings if each.code != NOT_CHECKED]
    counts = Counter(finding.severity for finding in findings)
    if counts["false"]:
        summary.insert(0, paint("no", count(counts["false"], "false claim")))
    elif not summary:  # a wheel that was not checked is never called right
        summary = [paint("yes", "no false claims")]
    summary += [f"{counts['undecided']} undecided"] if counts["undecided"] else []
    summary += [count(counts["note"], "note")] if counts["note"] else []
    lines = [f"{wheel}: {', '.join(summary)}"]
    if quiet:
        findings = [each for each in findings if each.severity != "note"]
    shown: dict[str, int] = {}
    for same in _alike(findings):
        first, more = same[0], len(same) - 1
        shown[first.code] = shown.get(first.code, 0) + 1
        if shown[first.code] > _SHOWN:
            continue
        lines.append(f"  {paint(_STYLES[first.severity], first.severity)}  {first.code}")
        others = f" (and {count(more, 'more file')})" if more else ""
        lines.append(f"    {first.sentence}{others}")
        if first.cure:
            lines.append(f"    help: {first.cure}")
    lines += [
        f"  {number - _SHOWN} more of {code}: --json shows all"
        for code, number in shown.items()
        if number > _SHOWN
    ]
    if report.true_name != wheel and any(each.fix for each in findings):
        lines.append(f"  true name: {report.true_name}")
    return [*lines, *(_cure(report) if every_check and report.wrong else ())]


def _cure(report: Report) -> list[str]:
    """Return the line that says what makes all claims of a wheel true, if it is known.

    Another file name alone does not: the tags in WHEEL have to agree with it.
    """
    from customtags.audit import renaming

    cure = renaming.cure(Path(report.wheel), report.findings)
    return [f"  help: {cure}"] if cure else []


def _alike(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Group the findings that say the same of several files."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for each in findings:
        groups.setdefault((each.severity, each.code, each.says), []).append(each)
    return list(groups.values())
