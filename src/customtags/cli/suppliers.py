"""The option --with: wheels that have libraries which others need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from customtags.libraries.supplier import Supplier

__all__ = ["add_option", "given"]


def add_option(parser: argparse.ArgumentParser) -> None:
    """Declare it for a verb."""
    parser.add_argument(
        "--with",
        dest="suppliers",
        action="append",
        type=Path,
        default=[],
        metavar="WHEEL",
        help="a wheel that has needed libraries, asked before what is installed; may be repeated",
    )


def given(options: argparse.Namespace) -> list[Supplier] | None:
    """Give who is asked for a library, those wheels first; None where none is given: then what is installed.

    :raises WheelError: one of them is none
    """
    from customtags.libraries import supplier

    wheels = [*map(supplier.from_wheel, options.suppliers)]
    return [*wheels, *supplier.all_installed()] if wheels else None
