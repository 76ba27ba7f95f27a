"""The verb repair: repair the links of wheels to other distributions' libraries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from customtags.cli import suppliers
from customtags.cli.batch import Batch
from customtags.cli.output import Verbs, add_verb, echo, print_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from customtags.libraries.repair import Repaired

__all__ = ["declare"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags repair``."""
    purpose = "repair a wheel that links to another distribution's libraries: RPATH, Requires-Dist and tag"
    parser = add_verb(
        verbs, name, purpose, "customtags repair -d wheelhouse --abi torch2.9 dist/mine-1.0-*.whl"
    )
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL")
    parser.add_argument(
        "-d",
        dest="folder",
        type=Path,
        metavar="DIR",
        help="folder for the new wheels (default: that of the old wheel)",
    )
    suppliers.add_option(parser)
    parser.add_argument(
        "--abi",
        dest="segments",
        action="append",
        default=[],
        metavar="SEGMENT",
        help="the ABI of a supplier, as in torch2.9 or torch2 (default: its minor version); can be repeated",
    )
    parser.add_argument(
        "--exclude",
        dest="excluded",
        action="append",
        default=[],
        metavar="SONAME",
        help="do not copy this library into the wheel, as in 'libcudart.so.*'; can be repeated",
    )
    parser.add_argument(
        "--preload",
        action="store_true",
        help="load the libraries when the package is imported, from any folder, instead of an RPATH",
    )
    parser.set_defaults(run=_repair)


def _repair(options: argparse.Namespace) -> int:
    from customtags.libraries.repair import RepairOptions, repair

    selected = suppliers.selected(options)
    given = RepairOptions(options.segments, options.excluded, options.preload)
    batch = Batch(options.wheels, key="source")
    try:
        for wheel, done in batch.each(
            lambda wheel: repair(wheel, given, folder=options.folder, suppliers=selected)
        ):
            entry = {"source": str(wheel), **done._asdict(), "wheel": str(done.wheel)}
            batch.entries[wheel] = [entry]
            if not options.json:
                echo(*_lines(done))
    finally:  # also if interrupted, because the wheels before are written
        if options.json:
            print_json({"wheels": batch.report()})
    return batch.status()


def _lines(done: Repaired) -> Iterator[str]:
    """Yield the name of the new wheel, and a line for each change."""
    yield str(done.wheel)
    yield f"  links to {', '.join(done.suppliers)}; segments {', '.join(done.segments)}"
    for member, path in done.rpaths.items():
        yield f"  {member}: RPATH {path or 'removed'}"
    for init, libraries in done.preloaded.items():
        yield f"  {init}: loads {', '.join(libraries)}"
    for each in done.required:
        yield f"  Requires-Dist: {each}"
    if done.grafted:
        yield f"  copied into the wheel: {', '.join(done.grafted)}"
