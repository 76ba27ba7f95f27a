"""The verb doctor: whether the hook works here, and what could be wrong with what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customtags import doctor, machine
from customtags.cli.output import Verbs, add_verb, print_json, table
from customtags.dimensions import PAGES
from customtags.host import Host
from customtags.host.child import LIMIT
from customtags.settings import variable

if TYPE_CHECKING:
    import argparse

__all__ = ["declare", "describe"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags doctor``."""
    parser = add_verb(
        verbs, name, "tell whether pip is patched, and what it costs", "customtags doctor"
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
    hook = doctor.hook()
    copies = doctor.copies()
    patched = [copy for copy in copies if copy.patched]
    cost = doctor.cost(patched[0].name) if patched else None
    disagreements = doctor.disagreements(PAGES, Host())
    extended, cut = machine.extend(doctor.running_platforms(), machine.detect())
    fine = (
        hook.installed
        and hook.wanted
        and not [copy for copy in copies if copy.file and not copy.patched]
    )
    if options.json:
        print_json(
            {
                "hook": hook._asdict(),
                "copies": [copy._asdict() for copy in copies],
                "seconds": cost,
                "disagreements": [each._asdict() for each in disagreements],
                "platforms": len(extended),
                "cut": len(cut),
                "driver_limit_seconds": LIMIT,
            }
        )
        return int(not fine)
    _print_hook(hook)
    rows = [
        (copy.name, ", ".join(copy.patched) or "not patched", copy.file or "not installed")
        for copy in copies
    ]
    print(*table([("copy", "patched", "file"), *rows]), sep="\n")
    print(f"\nExtended tags: {len(extended)}; left out to keep pip quick: {len(cut)}.")
    if cost is not None:
        print(f"The hook adds {cost * 1000:.1f} ms to the first list of platforms.")
    print(f"A driver may take {LIMIT:g} s to answer; then its accelerator is left out for a while.")
    for each in disagreements:
        answers = "; ".join(
            f"{source} says {' '.join(found) or 'none'}" for source, found in each.answers.items()
        )
        print(f"Sources of {each.page} disagree: {answers}. The first counts.")
    return int(not fine)


def _print_hook(hook: doctor.Hook) -> None:
    print(f"{describe(hook)}\n")
    rows = [
        ("starts by", hook.pth or "no customtags.pth in this folder"),
        ("runs", hook.start),
        ("patches by", hook.engine),
    ]
    print(*table(rows), sep="\n")
    print()
