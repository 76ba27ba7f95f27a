"""The verb build-matrix: build or list the variants of a project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags.cli.output import Verbs, add_verb, echo, print_json, warn
from customtags.errors import BuildError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from customtags.building.matrix import Built

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
        "--variants",
        action="store_true",
        help="copy each wheel as a wheel variant, too (PEP 825, a draft), for uv",
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
    from customtags import machine
    from customtags.building import matrix, project
    from customtags.machine.dimensions import distro

    word = next(iter(options.options), "-")
    if not word.startswith("-"):
        why = f"{word!r} is not an option of 'python -m build'"
        raise BuildError(why, f"build one variant by --variant {word}")
    variants = matrix.selected(project.read(options.source).variants, options.variant)
    if options.listed:
        if options.json:
            print_json({"variants": [matrix.row(*each) for each in variants.items()]})
        else:
            echo(*variants)
        return 0
    built, host = [], machine.detect(pages=[distro])
    for each in matrix.build(options.source, options.folder, variants, options.options):
        built.append(each)
        if not options.json:
            echo(f"{each.variant}: {each.wheel}", flush=True)
        problem = matrix.warning(each, host)
        if problem:
            warn(problem)
    entries = [{"variant": each.variant, "wheel": str(each.wheel)} for each in built]
    status = 0
    if options.variants:
        found, lines, status = _as_variants(built)
        entries = [{**entry, **more} for entry, more in zip(entries, found)]
        if not options.json:
            echo(*lines)
    if options.json:
        print_json({"wheels": entries})
    return status


def _as_variants(built: Sequence[Built]) -> tuple[list[dict[str, Any]], list[str], int]:
    """Copy wheels as wheel variants; return what `--json` adds for each, the lines to print, and the exit status."""
    from customtags import machine
    from customtags.cli.batch import Batch
    from customtags.cli.variant import written
    from customtags.machine.settings import Settings
    from customtags.variants import convert

    pages = machine.pages_for(Settings.read(os.environ), lambda _: None)
    batch = Batch([each.wheel for each in built], key="source")
    lines = [*written(batch, lambda wheel: convert.variant(wheel, pages, null=None))]
    found = []
    for each in built:
        (entry,) = batch.entries[each.wheel]
        keys = {"wheel": "variant_wheel", "label": "label", "index": "index", "error": "error"}
        found.append({name: entry[key] for key, name in keys.items() if key in entry})
    return found, lines, batch.status()
