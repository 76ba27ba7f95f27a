"""The verb retag: copies of wheels with other tags."""

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
from customtags.variants import names
from customtags.wheels import metadata, retag, writer
from customtags.wheels.retag_request import RetagRequest, changes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from customtags.machine.spec import Page
    from customtags.tags.naming import Value
    from customtags.wheels.edit import Edit

    Ladders = Callable[[str], Mapping[str, Sequence[str]]]

__all__ = ["declare"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags retag``."""
    purpose = "copy wheels with other tags, without unpacking them"
    example = "customtags retag dist/*.whl --isa v3 --distro fc39 -d out"
    parser = add_verb(verbs, name, purpose, example)
    add = parser.add_argument
    add("wheels", nargs="+", type=Path, metavar="WHEEL")
    tags = parser.add_argument_group(
        "tags",
        "Whole platforms, or one segment per dimension; SEGMENT may also be 'here', for the segment of this machine, or 'none'.",
    )
    what = "a whole platform; repeat the option for a compressed set"
    tags.add_argument("--platform", action="append", metavar="PLATFORM", help=what)
    for dimension, segment in DIMENSIONS.items():
        action = "append" if dimension == "abi" else "store"
        tags.add_argument(
            f"--{dimension}", action=action, metavar="SEGMENT", help=f"for example {segment}"
        )
    what = "use this machine's segment of every dimension that has no option"
    tags.add_argument("--here", action="store_true", help=what)
    what = "use the machine of this profile for 'here'"
    tags.add_argument("--profile", metavar="FILE", help=what)
    tags.add_argument(
        "--from-audit",
        action="store_true",
        help="use the tags that 'customtags audit' finds to be true",
    )
    tags.add_argument(
        "--from-local",
        action="store_true",
        help="use what the local version says, such as +cu128 or +pt28cu128, and remove it",
    )
    tags.add_argument("--base", metavar="PLATFORM", help="use this base instead of the wheel's own")
    tags.add_argument(
        "--fromager",
        choices=("read", "write"),
        help="read the segments from fromager's build tag, or write them to it",
    )
    names = parser.add_argument_group("version and build tag")
    names.add_argument(
        "--local-version",
        nargs="?",
        const=True,
        metavar="VALUE",
        help="set the local version (default: made of distro and accelerator; '' removes it); write this option after the wheels",
    )
    names.add_argument("--build", metavar="TAG", help="set the build tag; '' removes it")
    add(
        "-d",
        "--directory",
        type=Path,
        metavar="DIR",
        help="write into this folder (default: the folder of each wheel)",
    )
    add(
        "--remove",
        action="store_true",
        help="remove each old wheel once the new one is on disk",
    )
    add("--verify", action="store_true", help="verify the hash of every file first")
    add("--allow-unknown", action="store_true", help="accept segments that no dimension knows")
    add("--force", action="store_true", help="also retag pure wheels, and for another architecture")
    add(
        "--trust-name",
        action="store_true",
        help="accept a wheel whose WHEEL file has other platforms than its name",
    )
    add(
        "--fix-requires",
        action="store_true",
        help="loosen requirements on a local version: torch==2.9.0+cu128 becomes torch==2.9.0",
    )
    parser.set_defaults(run=_retag)


def _retag(options: argparse.Namespace) -> int:
    pages, ladders = _machine(options.profile)
    request = _request(options)
    common = retag.NewTags(
        folder=options.directory,
        verify=options.verify,
        # A segment of a dimension was checked when the platform was made of it.
        unknown=options.allow_unknown or not options.platform,
        force=options.force,
        # --platform and --from-audit replace the platforms of WHEEL, whatever they are.
        trust_name=options.trust_name or bool(options.platform) or options.from_audit,
        pages=pages,
        fix_requires=options.fix_requires,
    )

    def planned(wheel: Path) -> Edit:
        name, label = names.split(wheel.name)
        if label is not None:
            return _from_variant(wheel, request, common, from_audit=options.from_audit)
        true = _audited(wheel) if options.from_audit else retag.NewTags(request.platforms)
        changed = changes(name, request._replace(platforms=true.platforms or ()), ladders, pages)
        tags = common._replace(interpreter=true.interpreter, **changed._asdict())
        return retag.plan(wheel, tags)

    batch = Batch(options.wheels, key="source")
    plans = dict(batch.each(planned))
    for wheel, error in writer.collisions(plans.values()).items():
        batch.fail(wheel, error)
    lines: list[str] = []
    try:
        for wheel, entry in batch.each(lambda wheel: _written(plans[wheel], options.remove)):
            batch.entries[wheel] = [entry]
            lines += _lines(entry, removed=options.remove)
    finally:  # printed even if interrupted; and not earlier, so that a closed pipe stops no work
        if options.json:
            print_json({"wheels": batch.report()})
        else:
            echo(*lines)
    return batch.status()


def _audited(wheel: Path) -> retag.NewTags:
    """Return the tags that an audit in this folder finds to be true."""
    from customtags.audit import declared, renaming  # costs more than to retag a small wheel
    from customtags.audit.report import Auditor

    auditor = Auditor(dispatched=declared.dispatched(Path("pyproject.toml")))
    return renaming.true_tags(wheel, auditor.report(wheel).findings)


def _from_variant(
    wheel: Path, request: RetagRequest, common: retag.NewTags, *, from_audit: bool
) -> Edit:
    """Return the wheel with the extended tags that mean the same as a variant's properties.

    :raises CustomtagsError: other tags are requested, too
    """
    if from_audit or request != RetagRequest():
        problem = f"{wheel.name!r} is a variant wheel, whose properties give its tags"
        raise CustomtagsError(problem, "retag it alone first, then again with these options")
    from customtags.variants import convert  # read only for these wheels

    return convert.extended(wheel, common.pages or (), common.folder)


def _written(plan: Edit, remove: bool) -> dict[str, Any]:
    """Write a wheel, and return its entry."""
    entry = {
        "source": str(plan.wheel.path),
        "wheel": str(plan.target),
        "changed": plan.changed,
        "metadata": str(plan.sidecar) if plan.sidecar else None,
        "void": list(map(str, plan.void)),
        "local_requirements": metadata.local_requirements(plan.metadata),
    }
    writer.write(plan, remove=remove)
    return entry


def _request(options: argparse.Namespace) -> RetagRequest:
    values = {name: getattr(options, name) for name in DIMENSIONS}
    if str(options.local_version).endswith(".whl"):
        raise CustomtagsError(
            f"--local-version {options.local_version!r} is a wheel",
            "write the option after the wheels",
        )
    return RetagRequest(
        options.platform or (),
        {name: _value(value) for name, value in values.items() if value is not None},
        options.here,
        options.base,
        options.fromager,
        options.local_version,
        options.build,
        options.from_local,
    )


def _value(value: str | list[str]) -> Value:
    return value[0] if value in (["here"], ["none"]) else value


def _machine(profile: str | None) -> tuple[Sequence[Page], Ladders]:
    """Return the pages that know segments, and a function that reads the machine and returns its ladders."""
    settings = Settings.read(os.environ)
    pages = machine.pages_for(settings, lambda _: None)

    def ladders(arch: str) -> dict[str, list[str]]:
        from customtags.cli.machine import selected

        seen = selected(profile)
        return machine.ladders(seen.profile, arch, seen.pages)

    return pages, ladders


def _lines(result: dict[str, Any], *, removed: bool) -> Iterator[str]:
    """Yield the lines that describe what was done with one wheel."""
    gone = removed and result["source"] != result["wheel"]
    yield f"{result['source']} -> {result['wheel']}{' (old wheel removed)' if gone else ''}"
    yield f"  {paint('quiet', 'changed: ' + (', '.join(result['changed']) or 'nothing'))}"
    if result["metadata"]:
        yield f"  metadata for an index: {result['metadata']}"
    for each in result["local_requirements"]:
        yield f"  {paint('note', 'requires')} {each}: only that local version; --fix-requires loosens it"
    for path in result["void"]:
        yield f"  {paint('note', 'void')}: {path} attests the old wheel; sign the new one"
