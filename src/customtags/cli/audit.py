"""The verb audit: whether wheels contain what their names claim."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags.cli import suppliers
from customtags.cli.batch import Batch
from customtags.cli.output import Verbs, add_verb, count, echo, paint, print_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from customtags.audit.finding import Finding

__all__ = ["declare"]

#: Severity → the style of its word.
_STYLES = {"false": "no", "undecided": "note", "note": "quiet"}

#: How many findings of one code are printed without `--json`.
_SHOWN = 5


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags audit``."""
    purpose = "compare what a wheel contains with what its name claims"
    parser = add_verb(verbs, name, purpose, "customtags audit dist/*.whl")
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL")
    parser.add_argument(
        "--only",
        action="append",
        metavar="CODE",
        help="run only this check, or report only this code; can be repeated",
    )
    suppliers.add_option(parser)
    parser.add_argument("--fix-name", action="store_true", help="print only the true name")
    parser.add_argument(
        "--full", action="store_true", help="read every function instead of a sample of each file"
    )
    parser.set_defaults(run=_audit)


def _audit(options: argparse.Namespace) -> int:
    from customtags.audit import audit, declared, instructions, libraries, select
    from customtags.audit.finding import true_name
    from customtags.audit.variants import named

    checks, codes = select(options.only or [])
    if "isa" in checks:
        patterns = declared.dispatched(Path("pyproject.toml"))
        checks["isa"] = partial(instructions.check, full=options.full, dispatched=patterns)
    given = suppliers.selected(options) if libraries.NAME in checks else None
    if given is not None:
        checks[libraries.NAME] = partial(libraries.check, suppliers=given)
    wrong = False
    batch = Batch(options.wheels)
    for wheel, found in batch.each(lambda wheel: audit(wheel, checks)):
        findings = [finding for finding in found if not codes or finding.code in codes]
        wrong = wrong or any(finding.severity == "false" for finding in findings)
        fixed = any(finding.fix for finding in findings)
        name = true_name(findings, named(wheel).claims) if fixed else wheel.name
        entry = {"wheel": str(wheel), "true_name": name, "findings": list(map(_plain, findings))}
        batch.entries[wheel] = [entry]
        if options.fix_name:
            echo(name)
        elif not options.json:
            echo(*_lines(wheel.name, name, findings))
    if options.json:
        print_json({"wheels": batch.report()})
    return batch.status(int(wrong))


def _lines(wheel: str, name: str, findings: Sequence[Finding]) -> list[str]:
    """Return the lines of one wheel: a summary, then each finding with its place and its cure."""
    from customtags.audit import NOT_CHECKED

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
    if name != wheel:
        lines.append(f"  true name: {name}")
    return lines


def _alike(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Group the findings that say the same of several files."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for each in findings:
        groups.setdefault((each.severity, each.code, each.says), []).append(each)
    return list(groups.values())


def _plain(finding: Finding) -> dict[str, Any]:
    return {**finding._asdict(), "fix": finding.fix and finding.fix._asdict()}
