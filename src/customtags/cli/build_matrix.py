"""The verb build-matrix: build or list the variants of a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from customtags.cli.output import Verbs, add_verb, echo, print_json

if TYPE_CHECKING:
    import argparse

__all__ = ["declare"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags build-matrix``."""
    purpose = "build the wheel of every variant in [tool.customtags.variants]"
    example = "customtags build-matrix -d wheelhouse --variant v3 --variant rocm"
    parser = add_verb(verbs, name, purpose, example)
    parser.add_argument(
        "-d",
        dest="folder",
        type=Path,
        default=Path("dist"),
        metavar="DIR",
        help="folder for the wheels (default: dist)",
    )
    parser.add_argument(
        "--source",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="folder of the project (default: the current one)",
    )
    parser.add_argument(
        "--variant",
        action="append",
        default=[],
        metavar="NAME",
        help="only this variant; can be repeated",
    )
    parser.add_argument(
        "--list",
        action="store_true",
        dest="listed",
        help="list the variants and build nothing; with --json, the rows of a CI matrix",
    )
    parser.add_argument(
        "options", nargs="*", metavar="-- OPTION", help="for 'python -m build', as in -- --wheel"
    )
    parser.set_defaults(run=_build_matrix)


def _build_matrix(options: argparse.Namespace) -> int:
    from customtags.building import matrix, project

    variants = matrix.selected(project.read(options.source).variants, options.variant)
    if options.listed:
        if options.json:
            print_json({"variants": [matrix.row(*each) for each in variants.items()]})
        else:
            echo(*variants)
        return 0
    built = []
    for each in matrix.build(options.source, options.folder, variants, options.options):
        built.append({"variant": each.variant, "wheel": str(each.wheel)})
        if not options.json:
            echo(f"{each.variant}: {each.wheel}", flush=True)
    if options.json:
        print_json({"wheels": built})
    return 0
