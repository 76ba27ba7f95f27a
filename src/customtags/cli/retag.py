"""The verb retag: a wheel gets other tags."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags import machine
from customtags.cli.batch import Batch
from customtags.cli.output import Verbs, add_verb, echo, paint, print_json
from customtags.errors import CustomtagsError
from customtags.machine.settings import Settings
from customtags.tags import DIMENSIONS
from customtags.wheels import filename, retag
from customtags.wheels.retag_request import RetagRequest, changes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from customtags.machine.spec import Page
    from customtags.tags.naming import Value
    from customtags.wheels.retag import Plan

    Ladders = Callable[[str], Mapping[str, Sequence[str]]]

__all__ = ["declare"]

#: What retag itself puts right: the codes of an audit that say that a wheel does not agree with its name.
_AGREEING = frozenset(("tags-disagree", "mixed-set"))


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags retag``."""
    purpose = "give wheels other tags, at the cost of a copy"
    example = "customtags retag dist/*.whl --isa v3 --distro fc39 -d out"
    parser = add_verb(verbs, name, purpose, example)
    add = parser.add_argument
    add("wheels", nargs="+", type=Path, metavar="WHEEL")
    tags = parser.add_argument_group(
        "tags", "whole, or by what they say; SEGMENT may be here or none"
    )
    tags.add_argument("--platform", action="append", help="may be repeated: a compressed set")
    for dimension, example in DIMENSIONS.items():
        action = "append" if dimension == "abi" else "store"
        tags.add_argument(
            f"--{dimension}", action=action, metavar="SEGMENT", help=f"as in {example}"
        )
    tags.add_argument(
        "--here", action="store_true", help="all that this machine is, but for what is named"
    )
    tags.add_argument(
        "--profile", metavar="FILE", help="here is the machine that a profile describes"
    )
    tags.add_argument(
        "--from-audit",
        action="store_true",
        help="the platforms that customtags audit finds to be true, instead of these",
    )
    tags.add_argument("--base", metavar="PLATFORM", help="in the place of the wheel's own policies")
    tags.add_argument(
        "--fromager",
        choices=("read", "write"),
        help="take the segments from fromager's build tag, or put them there",
    )
    names = parser.add_argument_group("version and build tag")
    names.add_argument(
        "--local-version",
        nargs="?",
        const=True,
        metavar="VALUE",
        help="the given one, or one made of distro and accelerator; '' for none; behind the wheels",
    )
    names.add_argument("--build", metavar="TAG", help="'' for none")
    add(
        "-d",
        "--directory",
        type=Path,
        metavar="DIR",
        help="where the new wheels lie; otherwise beside the old",
    )
    add(
        "--remove",
        action="store_true",
        help="remove the old wheels, each when the new one is on the disk",
    )
    add("--verify", action="store_true", help="check the hash of every file first")
    add("--allow-unknown", action="store_true", help="allow segments that nothing here knows")
    add("--force", action="store_true", help="also pure wheels, and another architecture")
    parser.set_defaults(run=_retag)


def _retag(options: argparse.Namespace) -> int:
    pages, ladders = _machine(options.profile)
    request = _request(options)
    common = retag.Wanted(
        folder=options.directory,
        verify=options.verify,
        # What was said by dimension was checked when it was made into a name.
        unknown=options.allow_unknown or not options.platform,
        force=options.force,
        pages=pages,
    )

    def planned(wheel: Path) -> Plan:
        name = filename.parse(wheel.name)
        platforms = _audited(wheel) if options.from_audit else request.platforms
        changed = changes(name, request._replace(platforms=platforms), ladders, pages)
        return retag.plan(wheel, common._replace(**changed._asdict()))

    batch = Batch(options.wheels, key="source")
    plans = dict(batch.each(planned))
    for wheel, error in retag.collisions(plans.values()).items():
        batch.fail(wheel, error)
    lines: list[str] = []
    try:
        for wheel, entry in batch.each(lambda wheel: _written(plans[wheel], options.remove)):
            batch.entries[wheel] = [entry]
            lines += _told(entry, removed=options.remove)
    finally:  # printed even if interrupted; and not earlier, so that a closed pipe stops no work
        if options.json:
            print_json({"wheels": batch.report()})
        else:
            echo(*lines)
    return batch.status()


def _written(plan: Plan, remove: bool) -> dict[str, Any]:
    """Write a wheel, and return what there is to say of it."""
    entry = {
        "source": str(plan.source),
        "wheel": str(plan.target),
        "changed": plan.changed,
        "metadata": str(plan.sidecar) if plan.sidecar else None,
        "void": list(map(str, plan.void)),
    }
    retag.write(plan, remove=remove)
    return entry


def _audited(wheel: Path) -> list[str]:
    """Give the platforms that a wheel's contents allow.

    :raises CustomtagsError: a claim is false that no other platform makes true
    """
    from customtags.audit import FALSE, NameClaims, audit, true_platforms

    findings = audit(wheel)
    for each in findings:
        mended = each.fix and each.fix.dimension != "interpreter"
        if each.severity == FALSE and not mended and each.code not in _AGREEING:
            problem = f"{wheel.name}: {each.code}: {each.says}"
            raise CustomtagsError(problem, each.cure or "build it again")
    return true_platforms(findings, NameClaims.of(wheel.name))


def _request(options: argparse.Namespace) -> RetagRequest:
    values = {name: getattr(options, name) for name in DIMENSIONS}
    if str(options.local_version).endswith(".whl"):
        raise CustomtagsError(
            f"--local-version {options.local_version!r} is a wheel",
            "write the option behind the wheels",
        )
    return RetagRequest(
        options.platform or (),
        {name: _value(value) for name, value in values.items() if value is not None},
        options.here,
        options.base,
        options.fromager,
        options.local_version,
        options.build,
    )


def _value(value: str | list[str]) -> Value:
    return value[0] if value in (["here"], ["none"]) else value


def _machine(profile: str | None) -> tuple[Sequence[Page], Ladders]:
    """Give the pages that know segments, and what gives the ladders of the machine, once it is asked for."""
    settings = Settings.read(os.environ)
    pages = machine.pages_for(settings, lambda _: None)

    def ladders(arch: str) -> dict[str, list[str]]:
        from customtags.cli.machine import look

        seen = look(profile)
        return machine.ladders(seen.profile, arch, seen.pages)

    return pages, ladders


def _told(result: dict[str, Any], *, removed: bool) -> Iterator[str]:
    """Say what was done with one wheel, in lines."""
    yield f"{result['source']} -> {result['wheel']}" + (
        " (the old one is removed)" if removed else ""
    )
    yield f"  {paint('quiet', 'changed: ' + (', '.join(result['changed']) or 'nothing'))}"
    if result["metadata"]:
        yield f"  its metadata for an index: {result['metadata']}"
    for path in result["void"]:
        yield f"  {paint('note', 'void')}: {path} speaks of the old file; sign the new one"
