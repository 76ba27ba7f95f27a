"""The verb audit: whether wheels contain what their names claim."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from customtags.cli import audit_report, suppliers
from customtags.cli.batch import Batch
from customtags.cli.output import Verbs, add_verb, count, echo, print_json
from customtags.cli.progress import progress
from customtags.errors import CustomtagsError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeVar

    from customtags.audit.report import Auditor

    Result = TypeVar("Result")

__all__ = ["declare"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags audit``."""
    purpose = "compare what a wheel contains with what its name claims"
    parser = add_verb(verbs, name, purpose, "customtags audit dist/*.whl")
    parser.add_argument(
        "wheels",
        nargs="*",
        type=Path,
        metavar="WHEEL",
        help="a wheel, or a folder: all wheels below it",
    )
    parser.add_argument(
        "--from-file",
        metavar="FILE",
        help="read more wheels and folders from a file, one in each line; - is standard input",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="CODE",
        help="run only this check, or report only this code; can be repeated",
    )
    suppliers.add_option(parser)
    parser.add_argument(
        "--fix-name",
        action="store_true",
        help="print only the true name; 'customtags retag --from-audit' gives it to the wheel",
    )
    parser.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="print no notes, only how many there are",
    )
    parser.add_argument(
        "--full", action="store_true", help="read every function instead of a sample of each file"
    )
    parser.add_argument(
        "-j",
        "--jobs",
        default="1",
        metavar="N",
        help="audit N wheels at the same time, each in a process of its own; auto or 0: as many as there are CPUs",
    )
    parser.add_argument(
        "--json-lines",
        action="store_true",
        help="print one line of JSON for each wheel as soon as it is audited",
    )
    parser.add_argument(
        "--resume",
        metavar="FILE",
        help="write these lines to a file, and skip the wheels that have a line there",
    )
    parser.set_defaults(run=_audit)


def _audit(options: argparse.Namespace) -> int:
    from customtags.audit import declared, instructions, libraries, select
    from customtags.audit.report import Auditor
    from customtags.wheels.listing import expanded, listed

    stream = options.json_lines or options.resume
    if stream and (options.json or options.fix_name):
        problem = "--json-lines and --resume print neither --json nor --fix-name"
        raise CustomtagsError(problem, "choose one of them")
    jobs = _jobs(options.jobs)
    given = [*options.wheels, *(listed(options.from_file) if options.from_file else ())]
    wheels = [*dict.fromkeys(expanded(given))]
    if not wheels:
        raise CustomtagsError("no wheel is named", "name wheels or folders, or use --from-file")
    checks, _ = select(options.only)  # what no check requires is not read
    patterns = declared.dispatched(Path("pyproject.toml")) if instructions.NAME in checks else ()
    supplied = suppliers.selected(options) if libraries.NAME in checks else None
    auditor = Auditor(options.only, full=options.full, dispatched=patterns, suppliers=supplied)
    if len(wheels) > 1:
        auditor.prepare()
    if stream:
        return _stream(wheels, auditor, jobs, options.resume)
    return _print(wheels, auditor, jobs, options)


def _jobs(text: str) -> int:
    """Return the number of processes.

    :raises CustomtagsError: it is not one
    """
    from customtags.audit import processes

    if text in ("auto", "0"):
        return processes.cpus()
    if not re.fullmatch("[1-9][0-9]{0,3}", text):
        raise CustomtagsError(f"-j {text!r} is not a number of processes", "use 1 to 9999, or auto")
    return int(text)


def _print(wheels: Sequence[Path], auditor: Auditor, jobs: int, options: argparse.Namespace) -> int:
    """Print what is found in each wheel, in the order of the arguments; the last line is about all of them."""
    verdicts: Counter[str] = Counter()
    batch = Batch(wheels)
    every_check = not options.only and not options.suppliers
    with _outcomes(auditor.report, wheels, jobs) as outcomes:
        for wheel, report in batch.each(partial(_wait_for, outcomes, {})):
            verdicts[audit_report.verdict(report)] += 1
            batch.entries[wheel] = [report.as_json()] if options.json else []
            if options.fix_name:
                echo(report.true_name)
            elif not options.json:
                echo(
                    *audit_report.wheel_lines(report, quiet=options.quiet, every_check=every_check)
                )
    if options.json:
        print_json({"wheels": batch.report()})
    elif len(wheels) > 1 and not options.fix_name:
        echo(audit_report.last_line(verdicts, len(wheels)))
    return batch.status(int(bool(verdicts[audit_report.FALSE])))


def _stream(wheels: Sequence[Path], auditor: Auditor, jobs: int, file: str | None) -> int:
    """Write a line of JSON for each wheel as soon as it is audited, to a file or to standard output."""
    from customtags.audit import journal

    kept = journal.Journal(file, auditor.settings, {*map(str, wheels)}) if file else None
    done = kept.done if kept else {}
    wrong = any(done.values())
    batch = Batch(wheels)
    left = [wheel for wheel in wheels if str(wheel) not in done]
    work = partial(journal.entry, audit=auditor.report, settings=auditor.settings)
    with _outcomes(work, left, jobs) as outcomes:
        for wheel, outcome in outcomes:
            if isinstance(outcome, CustomtagsError):
                batch.fail(wheel, outcome)
                line = journal.failed(wheel, outcome)
            else:
                line = outcome
                wrong = wrong or journal.is_wrong(line)
            if kept:
                kept.add(line)
            else:
                echo(journal.encoded(line), flush=True)
    return batch.status(int(wrong))


@contextmanager
def _outcomes(
    work: Callable[[Path], Result], wheels: Sequence[Path], jobs: int
) -> Iterator[Iterator[tuple[Path, Result | CustomtagsError]]]:
    """Yield the outcomes of all wheels in the order in which they come, and show how many there are.

    A single wheel takes no other process.
    """
    from customtags.audit import processes

    def counted(update: Callable[[str], None]) -> Iterator[tuple[Path, Result | CustomtagsError]]:
        total = f"of {count(len(wheels), 'wheel')}"
        update(f"audited 0 {total}")
        for number, outcome in enumerate(found, 1):
            update("")  # what is printed now begins a line
            yield outcome
            update(f"audited {number} {total}")

    start = processes.each if len(wheels) > 1 else processes.here
    with closing(start(work, wheels, jobs)) as found, progress() as update:
        yield counted(update)


def _wait_for(
    outcomes: Iterator[tuple[Path, Result | CustomtagsError]],
    known: dict[Path, Result | CustomtagsError],
    wheel: Path,
) -> Result:
    """Return the result for a wheel as soon as it comes, and keep those of others that come first.

    :raises CustomtagsError: the wheel has none
    """
    while wheel not in known:
        known.update([next(outcomes)])
    outcome = known.pop(wheel)
    if isinstance(outcome, CustomtagsError):
        raise outcome
    return outcome
