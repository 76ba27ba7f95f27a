"""The verbs show and detect: the facts of a machine, and its tags."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from customtags import machine
from customtags.choosing import doctor
from customtags.cli.machine import add_options, selected, warn_of_variables
from customtags.cli.output import Verbs, add_verb, count, echo, paint, print_json, save, table
from customtags.errors import CustomtagsError
from customtags.machine.dimensions import OPTIONAL
from customtags.profiles import interpreter
from customtags.variants.supported import properties, supported
from customtags.view.address import spell

if TYPE_CHECKING:
    from customtags.machine.spec import Page, Profile
    from customtags.profiles.selection import Selection

__all__ = ["declare_detect", "declare_show"]

#: How many rows of facts and of tags `show` lists, so that everything fits on a screen of 24 lines.
SCREEN = 15


def declare_show(verbs: Verbs, name: str) -> None:
    """Declare ``customtags show``."""
    parser = add_verb(
        verbs,
        name,
        "show the facts of this machine and its tags, best first",
        "customtags show --all",
    )
    add_options(parser)
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--all", action="store_true", help="list every tag, including the stock tags"
    )
    shown.add_argument(
        "--pip-args",
        metavar="PYTHON",
        nargs="?",
        const="",
        help="print the options by which a pip without customtags chooses for this machine (and this PYTHON)",
    )
    shown.add_argument(
        "--variants",
        action="store_true",
        help="list the properties of wheel variants (PEP 825, a draft) that the machine supports",
    )
    shown.add_argument(
        "--index-url",
        metavar="URL",
        help="print the address at which 'customtags serve' at this URL shows an index to this machine",
    )
    parser.set_defaults(run=_show)


def declare_detect(verbs: Verbs, name: str) -> None:
    """Declare ``customtags detect``."""
    parser = add_verb(
        verbs,
        name,
        "write the facts of this machine as a profile",
        "customtags detect -o node.json",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write to this file (default: standard output)"
    )
    parser.add_argument("--root", metavar="DIR", help="use the system below this folder")
    parser.set_defaults(run=_detect)


def _detect(options: argparse.Namespace) -> int:
    warn_of_variables()
    save(json.dumps(selected(root=options.root).profile, indent=2) + "\n", options.output)
    return 0


def _show(options: argparse.Namespace) -> int:
    warn_of_variables()
    seen = selected(options.profile, options.root)
    profile, stock_tags, configured, pages, problems = seen
    extended, cut = machine.extend(stock_tags, profile, configured, pages)
    native = machine.native_tag(stock_tags)
    requested, lines = _requested(options, seen, [*extended, *stock_tags])
    if options.json:
        platforms = [*extended, *stock_tags] if options.all else extended
        print_json({"facts": profile, "platforms": platforms, "cut": cut, **requested})
        return 0
    if requested:
        echo(*lines)
        return 0
    if native is None:
        echo("This system is not Linux: customtags adds no tags.")
        return 0
    foreign = options.profile or options.root
    echo(f"{foreign or 'This machine'}: {_platform(profile['platform'])}", "")
    rows = _rows(profile, pages, stock_tags)
    most = len(extended) + len(stock_tags) if options.all else SCREEN - 1 - len(rows)
    echo(*table(rows, head=("dimension", "segments", "source", "detected")))
    before = count(len(stock_tags), "stock tag")
    echo("", f"{count(len(extended), 'extended tag')}, best first, before {before}:", "")
    _print_tags([*extended, *stock_tags] if options.all else extended, cut, most)
    for problem in dict.fromkeys(map(str, problems)):
        echo("", f"{paint('note', 'Skipped')}: {problem}.")
    if not foreign:
        echo("", doctor.describe(doctor.hook_state())[0])
    return 0


def _requested(
    options: argparse.Namespace, seen: Selection, platforms: Sequence[str]
) -> tuple[dict[str, Any], list[str]]:
    """Return what an option asks for in the place of the facts and tags, for JSON and as lines."""
    if options.pip_args is not None:
        arguments = _pip_arguments(options.pip_args, seen.profile, platforms)
        return {"pip_args": arguments}, [" ".join(arguments)]
    if options.index_url is not None:
        url = f"{_server(options.index_url)}/for/{spell(seen)}/simple/"
        return {"index_url": url}, [url]
    if not options.variants:
        return {}, []
    arch = (machine.native_tag(seen.stock) or "").removeprefix("linux_")
    ladders = machine.ladders(seen.profile, arch, seen.pages, machine.libcs(seen.stock))
    found = list(properties(supported(ladders, arch, seen.pages)))
    return {"variants": found}, found


def _server(url: str) -> str:
    """Return the URL of a server without the path of a view.

    :raises CustomtagsError: it is not a URL of HTTP
    """
    if not url.startswith(("http://", "https://")) or not url.isprintable() or " " in url:
        cure = "write it as in https://wheels.example.com"
        raise CustomtagsError(f"{url!r} is not the URL of a server", cure)
    return url.rstrip("/").removesuffix("/simple")


def _pip_arguments(requested: str, profile: Profile, platforms: Sequence[str]) -> list[str]:
    python = requested or next(iter((profile["platform"] or {}).get("python", ())), "")
    try:
        return interpreter.pip_arguments(platforms, interpreter.read(python))
    except ValueError as error:
        why = f"{requested!r} is not a Python" if requested else "the profile names no Python"
        raise CustomtagsError(why, f"{error}, after --pip-args") from error


def _platform(platform: Mapping[str, Any] | None) -> str:
    if not platform:
        return "architecture not recorded"
    libc = f", {platform['libc']} {platform['libc_version']}" if platform.get("libc") else ""
    pythons = " and ".join(platform.get("python", ()))
    return f"{platform['arch']}{libc}{pythons and f', Python {pythons}'}"


def _rows(
    profile: Profile, pages: Sequence[Page], stock_tags: Sequence[str]
) -> list[Sequence[str]]:
    """Return one row per page that detected something, and one per dimension where none did."""
    rows: list[Sequence[str]] = []
    arch = (machine.native_tag(stock_tags) or "").removeprefix("linux_")
    libcs = machine.libcs(stock_tags)
    for dimension in dict.fromkeys(page.DIMENSION for page in pages):
        family = [page for page in pages if page.DIMENSION == dimension]
        known = [page for page in family if machine.facts_of(profile, page) is not None]
        for page in known:
            accepted = machine.rungs(profile, page, arch, libcs)
            source = profile["source"].get(page.NAME) or "-"
            facts = machine.facts_of(profile, page) or {}
            rows.append((dimension, _brief(accepted), source, page.describe(facts)))
        source = profile["source"].get(family[0].NAME)
        if not known and (source or dimension not in OPTIONAL):
            rows.append((dimension, "-", source or "-", "none"))
    return rows


def _brief(accepted: Sequence[str]) -> str:
    if len(accepted) > 3:
        return f"{accepted[0]} … {accepted[-1]}"
    return " ".join(accepted) or "-"


def _print_tags(platforms: Sequence[str], cut: int, most: int) -> None:
    shown = platforms if len(platforms) <= most else platforms[: most - 1]
    for number, tag in enumerate(shown, start=1):
        echo(f"  {number:>3}  {tag}")
    if len(shown) < len(platforms):
        echo(f"       … {len(platforms) - len(shown)} more: customtags show --all")
    if cut:
        echo(f"       ({cut} more dropped by the limit)")
