"""The verb doctor: whether the hook works here, and what could be wrong with what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from customtags.choosing import doctor
from customtags.cli.machine import selected
from customtags.cli.output import Verbs, add_verb, echo, print_json, table
from customtags.errors import LimitError
from customtags.machine.host import Host, cache
from customtags.machine.host.child import LIMIT
from customtags.machine.settings import variable
from customtags.profiles import interpreter, running

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

__all__ = ["declare", "describe"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags doctor``."""
    parser = add_verb(
        verbs,
        name,
        "tell whether pip is patched, and whether what is installed fits",
        "customtags doctor",
    )
    parser.add_argument(
        "--index",
        metavar="URL",
        nargs="?",
        const="",
        help="look there, or where pip does, for better wheels of what is installed",
    )
    parser.set_defaults(run=_doctor)


def describe(hook: doctor.Hook) -> str:
    """Say in one line whether pip takes wheels with extended tags, and the cure if not."""
    if not hook.wanted:
        return f"The hook is switched off by {variable('disable')}."
    if hook.installed:
        return "The hook is active: pip in this environment takes wheels with these tags."
    return "The hook is not active: customtags.pth did not run; reinstall customtags."


def _doctor(options: argparse.Namespace) -> int:
    from customtags.choosing.target import Target
    from customtags.cli import installed

    hook, copies = doctor.hook_state(), doctor.copies()
    unpatched = [copy.name for copy in copies if copy.file and not copy.patched]
    patched = [copy.name for copy in copies if copy.patched]
    profile, _, settings, pages, problems = selected()
    python = interpreter.read(running.python())
    target = Target(
        profile,
        running.platforms(),
        python,
        settings=settings,
        pages=pages,
        release=running.release(python),
    )
    report = {
        "hook": hook._asdict(),
        "copies": [copy._asdict() for copy in copies],
        "seconds": doctor.cost(patched[0]) if patched else None,
        "driver_limit_seconds": LIMIT,
        "disagreements": [each._asdict() for each in doctor.disagreements(pages, Host())],
        "platforms": len(target.extended),
        "cut": target.dropped,
        "limit": str(LimitError(len(target.extended), target.dropped, settings.limit))
        if target.dropped
        else None,
        "cache": {"folder": cache.folder(), "seconds_left": cache.seconds_left()},
        **installed.report(target, options.index),
        "problems": list(dict.fromkeys(map(str, problems))),
    }
    if options.json:
        print_json(report)
    else:
        _print_hook(hook)
        _print_copies(copies)
        _print_findings(report)
        _print_cache(report["cache"])
        installed.show(report)
    return int(bool(unpatched) or bool(report["unfit"]) or not (hook.installed and hook.wanted))


def _print_copies(copies: Sequence[doctor.Copy]) -> None:
    rows = [
        (copy.name, ", ".join(copy.patched) or "not patched", copy.file or "not installed")
        for copy in copies
    ]
    echo(*table(rows, head=("copy", "patched", "file")))


def _print_findings(report: dict[str, Any]) -> None:
    echo("", f"{report['limit'] or str(report['platforms']) + ' extended tags; none is dropped'}.")
    if report["seconds"] is not None:
        echo(f"The hook adds {report['seconds'] * 1000:.1f} ms to the first list of platforms.")
    echo(f"A driver may take {LIMIT:g} s to answer; then its accelerator is left out for a while.")
    for found in report["disagreements"]:
        answers = [
            f"{source} says {' '.join(said) or 'none'}" for source, said in found["answers"].items()
        ]
        echo(f"Sources of {found['page']} disagree: {'; '.join(answers)}. The first counts.")
    for problem in report["problems"]:
        echo(f"Left out: {problem}.")


def _print_cache(found: dict[str, Any]) -> None:
    left = found["seconds_left"]
    answers = [
        f"{name} for {seconds / 60:.0f} min more" if seconds else f"{name} too old or not readable"
        for name, seconds in (left or {}).items()
    ]
    if found["folder"] is None:
        echo("Answers of drivers are not kept: there is no home folder.")
    elif not left:
        echo(f"No answer of a driver is kept in {found['folder']}.")
    else:
        echo(f"Answers of drivers are kept in {found['folder']}: {', '.join(answers)}.")


def _print_hook(hook: doctor.Hook) -> None:
    echo(f"{describe(hook)}", "")
    rows = [
        ("starts by", hook.pth or "no customtags.pth in this folder"),
        ("runs", hook.start),
        ("patches by", hook.engine),
    ]
    echo(*table(rows))
    echo("")
