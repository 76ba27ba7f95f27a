"""The verb build-matrix: every variant of a project, built or written down for CI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from customtags.cli.output import Verbs, add_verb, echo, print_json

if TYPE_CHECKING:
    import argparse

__all__ = ["declare"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags build-matrix``."""
    purpose = "build every variant that pyproject.toml has in [tool.customtags.variants]"
    example = "customtags build-matrix -d wheelhouse --variant v3 --variant rocm"
    parser = add_verb(verbs, name, purpose, example)
    parser.add_argument(
        "-d", dest="folder", type=Path, default=Path("dist"), metavar="DIR", help="default: dist"
    )
    parser.add_argument(
        "--source", type=Path, default=Path(), metavar="DIR", help="the project (default: here)"
    )
    parser.add_argument(
        "--variant",
        action="append",
        default=[],
        metavar="NAME",
        help="only this one; may be repeated",
    )
    parser.add_argument(
        "--print",
        choices=("github", "gitlab", "cibuildwheel"),
        dest="format",
        help="build nothing; print a matrix for CI, or cibuildwheel's configuration of one variant",
    )
    parser.add_argument(
        "options", nargs="*", metavar="-- OPTION", help="for 'python -m build', as in -- --wheel"
    )
    parser.set_defaults(run=_build_matrix)


def _build_matrix(options: argparse.Namespace) -> int:
    from customtags.building import matrix, project

    variants = matrix.chosen(project.read(options.source).variants, options.variant)
    if options.format:
        text = matrix.FORMATS[options.format](variants)
        if options.json:
            print_json({"format": options.format, "text": text})
        else:
            echo(*text.split("\n"))
        return 0
    built = []
    for each in matrix.build(options.source, options.folder, variants, options.options):
        built.append({"variant": each.variant, "wheel": str(each.wheel)})
        if not options.json:
            echo(f"{each.variant}: {each.wheel}", flush=True)
    if options.json:
        print_json({"wheels": built})
    return 0
