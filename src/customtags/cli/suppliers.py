"""The option --with: wheels that contain libraries which other wheels link to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from customtags.libraries.supplier import Supplier

__all__ = ["add_option", "selected"]


def add_option(parser: argparse.ArgumentParser) -> None:
    """Declare the option for a verb."""
    parser.add_argument(
        "--with",
        dest="suppliers",
        action="append",
        type=Path,
        default=[],
        metavar="WHEEL",
        help="a wheel with libraries that the others link to, searched before the installed distributions; can be repeated",
    )


def selected(options: argparse.Namespace) -> list[Supplier] | None:
    """Return the suppliers to search, the wheels of the option first; None without it, for all that is installed.

    :raises WheelError: one of the files is not a wheel
    """
    from customtags.libraries import supplier

    wheels = [*map(supplier.from_wheel, options.suppliers)]
    return [*wheels, *supplier.all_installed()] if wheels else None
