"""The verb audit: whether wheels contain what their names claim."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags.cli import suppliers
from customtags.cli.batch import Batch
from customtags.cli.output import Verbs, add_verb, echo, paint, print_json
from customtags.errors import CustomtagsError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from customtags.audit import Check, Finding

__all__ = ["declare"]

#: Severity → how it is shown.
_STYLES = {"false": "no", "undecided": "note", "note": "quiet"}

#: How many findings of one code are shown to people.
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
        help="make only this check, or report only this code; may be repeated",
    )
    suppliers.add_option(parser)
    parser.add_argument(
        "--fix-name", action="store_true", help="print only the name that would be true"
    )
    parser.add_argument(
        "--full", action="store_true", help="read every function, not only a sample of each file"
    )
    parser.set_defaults(run=_audit)


def _audit(options: argparse.Namespace) -> int:
    from customtags.audit import NameClaims, audit, declared, instructions, libraries, true_name

    checks, codes = _chosen(options.only or [])
    if "isa" in checks:
        patterns = declared.dispatched(Path("pyproject.toml"))
        checks["isa"] = partial(instructions.check, full=options.full, dispatched=patterns)
    given = suppliers.given(options) if libraries.NAME in checks else None
    if given is not None:
        checks[libraries.NAME] = partial(libraries.check, suppliers=given)
    wrong = False
    batch = Batch(options.wheels)
    for wheel, found in batch.each(lambda wheel: audit(wheel, checks)):
        findings = [finding for finding in found if not codes or finding.code in codes]
        wrong = wrong or any(finding.severity == "false" for finding in findings)
        name = true_name(findings, NameClaims.of(wheel.name))
        entry = {"wheel": str(wheel), "true_name": name, "findings": list(map(_plain, findings))}
        batch.entries[wheel] = [entry]
        if options.fix_name:
            echo(name)
        elif not options.json:
            echo(*_told(wheel.name, name, findings))
    if options.json:
        print_json({"wheels": batch.report()})
    return batch.status(int(wrong))


def _chosen(only: Sequence[str]) -> tuple[dict[str, Check], set[str]]:
    """Give the checks to make, and the codes to report if not all."""
    from customtags.audit import CHECKS, CODES, PAGES

    for each in only:
        if each not in CHECKS and each not in CODES:
            known = ", ".join([*CHECKS, *CODES])
            raise CustomtagsError(
                f"--only {each!r} is neither a check nor a code", f"choose of {known}"
            )
    if not only:
        return dict(CHECKS), set()
    pages = [page for page in PAGES if page.NAME in only or not page.CODES.keys().isdisjoint(only)]
    codes = {code for code in CODES if code in only}
    for page in pages:
        codes |= set(page.CODES) if page.NAME in only else set()
    return {page.NAME: CHECKS[page.NAME] for page in pages}, codes


def _told(wheel: str, name: str, findings: Sequence[Finding]) -> list[str]:
    """Say it in lines: what, where, and the cure."""
    counts = dict.fromkeys(_STYLES, 0)
    for finding in findings:
        counts[finding.severity] += 1
    if counts["false"]:
        summary = paint("no", f"{counts['false']} false")
    else:
        summary = paint("yes", "nothing false")
    lines = [f"{wheel}: {summary}, {counts['undecided']} undecided, {counts['note']} notes"]
    shown: dict[str, int] = {}
    for same in _alike(findings):
        first, more = same[0], len(same) - 1
        shown[first.code] = shown.get(first.code, 0) + 1
        if shown[first.code] > _SHOWN:
            continue
        lines.append(f"  {paint(_STYLES[first.severity], first.severity)}  {first.code}")
        others = f" (and {more} more files)" if more else ""
        lines.append(f"    {_where(first)}{first.says}{others}")
        if first.cure:
            lines.append(f"    cure: {first.cure}")
    lines += [
        f"  {number - _SHOWN} more of {code}: --json tells all"
        for code, number in shown.items()
        if number > _SHOWN
    ]
    if name != wheel:
        lines.append(f"  true name\n    {name}")
    return lines


def _alike(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Put those together that say the same of several files."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for each in findings:
        groups.setdefault((each.severity, each.code, each.says), []).append(each)
    return list(groups.values())


def _where(finding: Finding) -> str:
    symbol = f" {finding.symbol}" if finding.symbol else ""
    address = "" if finding.address is None else f" at {finding.address:#x}"
    return f"{finding.member}{symbol}{address}: " if finding.member else ""


def _plain(finding: Finding) -> dict[str, Any]:
    return {**finding._asdict(), "fix": finding.fix and finding.fix._asdict()}
