"""The verb variant: wheels with extended tags as wheel variants (PEP 825; a draft)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags import machine
from customtags.cli.batch import Batch
from customtags.cli.output import Verbs, add_verb, echo, paint, print_json
from customtags.errors import CustomtagsError
from customtags.machine.settings import Settings
from customtags.tags import parse
from customtags.variants import convert, index, names
from customtags.wheels import writer

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["declare", "written"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags variant``."""
    purpose = "copy wheels with extended tags as wheel variants (PEP 825, a draft), for uv"
    example = "customtags variant dist/*_v3.whl -d out"
    parser = add_verb(verbs, name, purpose, example)
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL")
    parser.add_argument(
        "-d",
        "--directory",
        type=Path,
        metavar="DIR",
        help="write into this folder (default: the folder of each wheel)",
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--label", help="the label, by default one such as x86_64_v3")
    kind.add_argument(
        "--null", action="store_true", help="make stock wheels the variant that every machine takes"
    )
    parser.set_defaults(run=_variant)


def _variant(options: argparse.Namespace) -> int:
    if options.label and len(options.wheels) > 1:
        cure = "name one wheel, or leave out --label"
        raise CustomtagsError("--label is the label of one wheel", cure)
    pages = machine.pages_for(Settings.read(os.environ), lambda _: None)

    def planned(wheel: Path) -> convert.Variant:
        return convert.variant(
            wheel, pages, label=options.label, null=options.null, folder=options.directory
        )

    # Of all wheels of a build, the stock ones serve other installers as they are.
    wheels = [each for each in options.wheels if options.null or _is_extended(each)]
    batch = Batch(wheels or options.wheels, key="source")
    left = [each for each in dict.fromkeys(options.wheels) if wheels and each not in wheels]
    lines = [f"{each}: left as it is, because no platform tag is extended" for each in left]
    try:
        lines += written(batch, planned)
    finally:  # printed even if interrupted
        if options.json:
            same = [{"source": str(each), "wheel": str(each), "label": None} for each in left]
            print_json({"wheels": [*batch.report(), *same]})
        else:
            echo(*lines)
    return batch.status()


def _is_extended(wheel: Path) -> bool:
    """Check that a wheel has an extended tag; a name that cannot be understood is for the conversion to refuse."""
    try:
        name, label = names.split(wheel.name)
        return label is None and any(parse(platform)[1] for platform in name.platforms)
    except CustomtagsError:
        return True


def written(batch: Batch[Path], planned: Callable[[Path], convert.Variant]) -> Iterator[str]:
    """Write the variant wheels of a batch and the file of each release; yield the lines to print.

    :param planned: returns the variant wheel that a wheel becomes
    """
    plans = dict(batch.each(planned))
    edits = [each.edit for each in plans.values()]
    for wheel, error in writer.collisions(edits).items():
        batch.fail(wheel, error)
    for place in dict.fromkeys(each.release for each in plans.values()):
        group = {wheel: each for wheel, each in plans.items() if each.release == place}
        yield from _release(place, group, batch)


def _release(place: Path, plans: Mapping[Path, convert.Variant], batch: Batch[Path]) -> list[str]:
    """Write the wheels of one release, then the file that describes them; return the lines to print."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with index.locked(place.parent):
        accepted = _consistent(place, plans, batch)
        lines, wrote = [], set()
        for wheel, entry in batch.each(lambda wheel: _written(accepted, wheel)):
            if entry is not None:
                batch.entries[wheel] = [entry]
                wrote.add(wheel)
                lines.append(f"{wheel} -> {entry['wheel']}")
        done = [
            (each.edit.target.name, each.metadata) for w, each in accepted.items() if w in wrote
        ]
        if done:
            index.update(place, index.merged(place, done))
            lines.append(f"  {paint('quiet', f'labels of the release: {place}')}")
    return lines


def _consistent(
    place: Path, plans: Mapping[Path, convert.Variant], batch: Batch[Path]
) -> dict[Path, convert.Variant]:
    """Return the wheels that agree with each other and with what is there; report the others."""
    named = {wheel: (each.edit.target.name, each.metadata) for wheel, each in plans.items()}
    accepted: dict[Path, convert.Variant] = {}
    try:
        index.merged(place, list(named.values()))
    except CustomtagsError:
        for wheel, each in plans.items():
            try:
                index.merged(place, [*(named[other] for other in accepted), named[wheel]])
            except CustomtagsError as error:
                batch.fail(wheel, error)
            else:
                accepted[wheel] = each
        return accepted
    return dict(plans)


def _written(plans: Mapping[Path, convert.Variant], wheel: Path) -> dict[str, Any] | None:
    """Write a wheel, and return its entry; None for a wheel of another release."""
    if wheel not in plans:
        return None
    made = plans[wheel]
    writer.write(made.edit)
    return {
        "source": str(wheel),
        "wheel": str(made.edit.target),
        "label": made.label,
        "index": str(made.release),
    }
