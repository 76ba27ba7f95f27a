"""The verbs serve and view: an index as one machine sees it, for installers that no hook reaches."""

from __future__ import annotations

import argparse
import asyncio
import functools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from customtags import machine
from customtags.choosing.offer import in_folder, is_index
from customtags.cli.machine import selected
from customtags.cli.output import Verbs, add_verb, echo, print_json
from customtags.errors import CustomtagsError, SourceError, ToolError
from customtags.tags import stock
from customtags.view.machines import Machine, Served

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from customtags.profiles.selection import Selection

__all__ = ["declare", "declare_view"]

#: The names that a machine may not have, because addresses use them.
RESERVED = ("simple", "resources", "for", "health")

#: The most processes.
MOST_WORKERS = 64


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags serve``."""
    parser = add_verb(
        verbs,
        name,
        "serve an index as one machine sees it, to any installer",
        "customtags serve wheels/ --machine gpu=gpu-node.json",
        json=False,
    )
    parser.add_argument(
        "sources", metavar="SOURCE", nargs="+", help="a folder of wheels, or the URL of an index"
    )
    parser.add_argument(
        "--profile", metavar="FILE", help="the machine at /simple/; by default this one"
    )
    parser.add_argument(
        "--machine",
        metavar="NAME=PROFILE",
        action="append",
        default=[],
        help="the machine at /NAME/simple/; repeatable",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port", type=int, default=8080, help="the port to listen on (default: 8080)"
    )
    parser.add_argument(
        "--workers",
        type=_workers,
        metavar="N",
        default=1,
        help="the number of processes (default: 1)",
    )
    parser.set_defaults(run=_serve)


def declare_view(verbs: Verbs, name: str) -> None:
    """Declare ``customtags view``."""
    parser = add_verb(
        verbs,
        name,
        "write an index as one machine sees it into a folder, for any web server",
        "customtags view wheels/ --profile node.json -o public",
    )
    parser.add_argument(
        "sources", metavar="SOURCE", nargs="+", help="a folder of wheels, or the URL of an index"
    )
    parser.add_argument(
        "--profile",
        metavar="FILE",
        help="use the machine that this profile describes (default: this machine)",
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True, help="the folder for the view"
    )
    parser.set_defaults(run=_view)


def _view(options: argparse.Namespace) -> int:
    _check(options.sources)
    from customtags.view import export, upstream
    from customtags.view.component import MachineView
    from customtags.view.sources import merged, opened

    async def write() -> int:
        async with upstream.client(options.sources) as http:
            source = merged(opened(options.sources, http), http)
            fetch = functools.partial(upstream.read, http)
            view = MachineView(source, shown.platforms, pages=shown.pages, fetch=fetch)
            return await export.export(view, http, Path(options.output))

    shown = _machine(selected(options.profile))
    number = asyncio.run(write())
    if options.json:
        print_json({"output": options.output, "files": number})
    else:
        echo(f"{options.output}: {number} file{'' if number == 1 else 's'}")
    return 0


def _check(sources: Sequence[str]) -> None:
    """Check that sources may be read, and that what reads them is installed.

    :raises CustomtagsError: one of them is neither a folder that can be listed nor a URL, or a package is missing
    """
    for each in sources:
        if is_index(each):
            continue
        if not os.path.isdir(each):
            raise SourceError(each, "is not a folder", "name a folder or the URL of an index")
        in_folder(each)
    try:
        import simple_repository_server  # noqa: F401 - whether it is there
    except ImportError as error:
        cure = "pip install 'customtags[serve]', on Python 3.11 or later"
        raise ToolError(f"views require the package {error.name!r}", cure) from error
    from customtags.view import upstream

    for each in filter(is_index, sources):
        upstream.check(each)


def _serve(options: argparse.Namespace) -> int:
    _check(options.sources)
    from customtags.view import processes

    here = selected(options.profile)
    served = Served(
        options.sources,
        _machine(here),
        _named(options.machine),
        stock.platform(here.stock) or {"arch": "", "libc": None, "libc_version": None},
    )
    processes.run(served, options.host, options.port, options.workers)
    return 0


def _machine(seen: Selection) -> Machine:
    """Return a machine that was looked at."""
    extended = machine.extend(seen.stock, seen.profile, seen.settings, seen.pages)[0]
    return Machine(extended, seen.stock, list(seen.settings.abi), seen.profile)


def _named(words: Iterable[str]) -> dict[str, Machine]:
    """Return name and machine of each ``NAME=PROFILE``.

    :raises CustomtagsError: a name is reserved, used twice, or does not fit into an address
    """
    found: dict[str, Machine] = {}
    for word in words:
        name, equals, profile = word.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
            raise CustomtagsError(f"{word!r} is not NAME=PROFILE", "write it as in gpu=node.json")
        if name in RESERVED:
            raise CustomtagsError(f"the name {name!r} is reserved", "choose another")
        if name in found:
            raise CustomtagsError(f"two machines have the name {name!r}", "choose another")
        found[name] = _machine(selected(profile))
    return found


def _workers(text: str) -> int:
    """Return a number of processes.

    :raises argparse.ArgumentTypeError: it is none from 1 to 64
    """
    if not text.isdecimal() or not 0 < int(text) <= MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST_WORKERS}")
    return int(text)
