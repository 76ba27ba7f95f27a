"""The verb doctor: whether the hook works, what it costs, and whether what is installed fits this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from customtags.choosing import doctor
from customtags.cli.machine import selected, warn_of_variables
from customtags.cli.output import Verbs, add_verb, count, echo, print_json, table
from customtags.errors import CustomtagsError, LimitError
from customtags.machine.host import Host, cache
from customtags.machine.host.child import LIMIT
from customtags.machine.host.nvml import BRIEF
from customtags.profiles import interpreter, running

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

__all__ = ["declare"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags doctor``."""
    parser = add_verb(
        verbs,
        name,
        "check the hook, its cost, and whether what is installed fits this machine",
        "customtags doctor",
    )
    parser.add_argument(
        "--index",
        metavar="URL",
        nargs="?",
        const="",
        help="also search an index or a folder for better wheels of what is installed "
        "(default: the sources that pip is configured for)",
    )
    parser.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    from customtags.choosing.target import Target
    from customtags.cli import installed

    hook, copies = doctor.hook_state(), doctor.copies()
    unpatched = [copy.name for copy in copies if copy.file and not copy.patched]
    patched = [copy.name for copy in copies if copy.patched]
    try:
        unknown = warn_of_variables()
        profile, _, settings, pages, problems = selected()
    except CustomtagsError:
        if not options.json:
            _print_hook(hook, failed=True)
            _print_copies(copies)
        raise
    python = interpreter.read(running.python())
    target = Target(
        profile,
        running.platforms(),
        python,
        settings=settings,
        pages=pages,
        release=running.release(python),
        pip=running.pip(python),
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
        "unknown": unknown,
    }
    if options.json:
        print_json(report)
    else:
        _print_hook(hook)
        _print_copies(copies)
        _print_findings(report, hook)
        _print_cache(report["cache"])
        installed.show(report)
    return int(any((unpatched, report["unfit"], unknown, not hook.active)))


def _print_copies(copies: Sequence[doctor.Copy]) -> None:
    rows = [
        (copy.name, ", ".join(copy.patched) or "not patched", copy.file or "not installed")
        for copy in copies
    ]
    echo(*table(rows, head=("copy", "patched", "file")))


def _print_findings(report: dict[str, Any], hook: doctor.Hook) -> None:
    if hook.active:
        dropped = report["limit"] or f"{report['platforms']} extended tags; none is dropped"
        echo("", f"{dropped}.")
    else:
        echo("", f"The hook would add {count(report['platforms'], 'extended tag')}.")
    if report["seconds"] is not None:
        echo(f"The hook adds {report['seconds'] * 1000:.1f} ms to the first call of platform_tags.")
    echo(
        f"Driver timeout: {LIMIT:g} s. A driver that times out is skipped, and queried again after "
        f"{BRIEF / 60:.0f} minutes."
    )
    for found in report["disagreements"]:
        answers = [
            f"{source} gives {' '.join(ladder) or 'none'}"
            for source, ladder in found["answers"].items()
        ]
        echo(f"Sources of {found['page']} disagree: {'; '.join(answers)}. The first is used.")
    for problem in report["problems"]:
        echo(f"Skipped: {problem}.")


def _print_cache(found: dict[str, Any]) -> None:
    left = found["seconds_left"]
    answers = [
        f"{name} (valid for {seconds / 60:.0f} min)"
        if seconds
        else f"{name} (expired or unreadable)"
        for name, seconds in (left or {}).items()
    ]
    if found["folder"] is None:
        echo("Driver answers are not cached: no home folder found.")
    elif not left:
        echo(f"No driver answers are cached in {found['folder']}.")
    else:
        echo(f"Driver answers cached in {found['folder']}: {', '.join(answers)}.")


def _print_hook(hook: doctor.Hook, *, failed: bool = False) -> None:
    """Print the state of the hook.

    :param failed: whether a setting or the machine cannot be read; the error is printed below
    """
    state, cure = doctor.describe(hook)
    if failed and hook.active:
        state = "The hook is active, but pip accepts stock tags only, because of the error below."
    echo(state, *([f"  help: {cure}"] if cure else []), "")
    rows = [
        ("started by", (hook.installed and hook.pth) or "nothing"),
        ("start-up module", hook.start),
        ("patched by", hook.engine),
    ]
    echo(*table(rows))
    echo("")
