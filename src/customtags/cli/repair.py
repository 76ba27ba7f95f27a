"""The verb repair: a wheel finds, requires and names the distributions whose libraries it needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from customtags.cli import suppliers
from customtags.cli.output import Verbs, add_verb, echo, print_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from customtags.libraries.repair import Repaired

__all__ = ["declare"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags repair``."""
    purpose = "have a wheel find, require and name the distributions whose libraries it needs"
    parser = add_verb(
        verbs, name, purpose, "customtags repair -d wheelhouse --abi torch2.9 dist/mine-1.0-*.whl"
    )
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL")
    parser.add_argument(
        "-d", dest="folder", type=Path, metavar="DIR", help="write into this folder, not beside"
    )
    suppliers.add_option(parser)
    parser.add_argument(
        "--abi",
        dest="segments",
        action="append",
        default=[],
        metavar="SEGMENT",
        help="the ABI of a supplier to name, torch2.9 or torch2 (default: its minor version); may be repeated",
    )
    parser.add_argument(
        "--exclude",
        dest="excluded",
        action="append",
        default=[],
        metavar="SONAME",
        help="leave this library to who loads the wheel, as in 'libcudart.so.*'; may be repeated",
    )
    parser.add_argument(
        "--preload",
        action="store_true",
        help="load the libraries when the package is imported, wherever they are, instead of an RPATH",
    )
    parser.set_defaults(run=_repair)


def _repair(options: argparse.Namespace) -> int:
    from customtags.libraries.repair import Wanted, repair

    given = suppliers.selected(options)
    wanted = Wanted(options.segments, options.excluded, options.preload)
    done = []
    for wheel in options.wheels:
        done.append(repair(wheel, wanted, folder=options.folder, suppliers=given))
        if not options.json:
            echo(*_told(done[-1]))
    if options.json:
        print_json({"wheels": [{**each._asdict(), "wheel": str(each.wheel)} for each in done]})
    return 0


def _told(done: Repaired) -> Iterator[str]:
    yield str(done.wheel)
    yield f"  built against {', '.join(done.suppliers)}; named {', '.join(done.segments)}"
    for member, path in done.rpaths.items():
        yield f"  {member}: RPATH {path or 'removed'}"
    for init, libraries in done.preloaded.items():
        yield f"  {init}: loads {', '.join(libraries)} first"
    for each in done.required:
        yield f"  requires {each}"
    if done.grafted:
        yield f"  holds {', '.join(done.grafted)}"
