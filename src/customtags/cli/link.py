"""The verb link-flags: the flags for linking to an installed distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customtags.cli.output import Verbs, add_verb, echo, print_json

if TYPE_CHECKING:
    import argparse

__all__ = ["declare"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags link-flags``."""
    parser = add_verb(
        verbs,
        name,
        "print the flags for linking to an installed distribution",
        "cc -shared -fPIC mine.c $(customtags link-flags torch) -o mine.so",
    )
    parser.add_argument(
        "distribution", metavar="DIST", help="the name of an installed distribution"
    )
    parser.add_argument("--cflags", action="store_true", help="print the compiler's flags only")
    parser.add_argument("--libs", action="store_true", help="print the linker's flags only")
    parser.add_argument(
        "-l",
        dest="libraries",
        metavar="NAME",
        action="append",
        default=[],
        help="link to this library only, as in torch_cpu or :libarrow.so.2600; can be repeated",
    )
    parser.add_argument(
        "--package",
        default="package",
        metavar="FOLDER",
        help="folder of the extension module below site-packages, as in mine/sub; . outside of any package",
    )
    parser.set_defaults(run=_link)


def _link(options: argparse.Namespace) -> int:
    from customtags import linking

    names = [name.removeprefix(":") for name in options.libraries]
    found = linking.link(options.distribution, package=options.package, libraries=names)
    if options.json:
        print_json({**found._asdict(), "cflags": found.cflags, "libs": found.libs})
    else:
        both = options.cflags == options.libs
        words = [
            *(found.cflags if both or options.cflags else []),
            *(found.libs if both or options.libs else []),
        ]
        echo(" ".join(words))
    return 0
