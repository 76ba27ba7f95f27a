"""The verbs that look at the machine: show, detect."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from customtags import doctor, machine, providers, stock
from customtags.cli.doctor import describe
from customtags.cli.output import Verbs, add_verb, print_json, table
from customtags.dimensions import OPTIONAL
from customtags.errors import CustomtagsError, FactError
from customtags.host import Host
from customtags.settings import Settings

if TYPE_CHECKING:
    from customtags.spec import Page, Profile

__all__ = ["declare_detect", "declare_show"]

#: How many rows of facts and of tags `show` lists, so that all of it stays on a screen of 24 lines.
SCREEN = 15


def declare_show(verbs: Verbs, name: str) -> None:
    """Declare ``customtags show``."""
    parser = add_verb(
        verbs, name, "show what this machine is, and its tags in order", "customtags show --all"
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--profile", metavar="FILE", help="of the machine that a profile describes")
    source.add_argument("--root", metavar="DIR", help="of the system below a folder")
    parser.add_argument("--all", action="store_true", help="every tag, the stock ones too")
    parser.set_defaults(run=_show)


def declare_detect(verbs: Verbs, name: str) -> None:
    """Declare ``customtags detect``."""
    parser = add_verb(
        verbs, name, "write what this machine is as a profile", "customtags detect -o node.json"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="the file; otherwise it is printed")
    parser.add_argument("--root", metavar="DIR", help="of the system below a folder")
    parser.set_defaults(run=_detect, profile=None)


class Look(NamedTuple):
    """What the options name: a machine, and how it is looked at.

    :ivar problems: which dimensions are left out; it grows when one of the pages fails later
    """

    profile: Profile
    stock: list[str]
    settings: Settings
    pages: Sequence[Page]
    problems: list[CustomtagsError]


def _look(options: argparse.Namespace) -> Look:
    configured = Settings.read(os.environ)
    configured.profile = options.profile or configured.profile
    if options.root is not None and not Path(options.root).is_dir():
        raise FactError(
            options.root, "is no folder", "give the root of a system, as in '--root /srv/image'"
        )
    host = Host(options.root or "/")
    problems: list[CustomtagsError] = []
    pages = providers.pages(configured, problems.append)
    found = machine.detect(host, configured, pages)
    if options.root:
        arch = host.arch() or os.uname().machine
        found["platform"] = {"arch": arch, "libc": None, "libc_version": None}
    elif not configured.profile:
        found["platform"] = stock.platform(doctor.running_platforms()) or {}
    profile = {"version": found["version"], "platform": found.get("platform"), **found}
    if problems:
        profile["problems"] = list(map(str, problems))
    foreign = profile["platform"] and (options.root or configured.profile)
    platforms = stock.tags(profile["platform"]) if foreign else doctor.running_platforms()
    return Look(profile, platforms, configured, pages, problems)


def _detect(options: argparse.Namespace) -> int:
    text = json.dumps(_look(options).profile, indent=2) + "\n"
    if options.output is None:
        print(text, end="")
        return 0
    output = Path(options.output)
    unfinished = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(output)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise FactError(
            str(output), f"cannot be written ({error.strerror})", "name another file with -o"
        ) from error
    return 0


def _show(options: argparse.Namespace) -> int:
    profile, stock_tags, configured, pages, problems = _look(options)
    extended, cut = machine.extend(stock_tags, profile, configured, pages)
    if options.json:
        platforms = [*extended, *stock_tags] if options.all else extended
        print_json({"facts": profile, "platforms": platforms, "cut": cut})
        return 0
    native = machine.native_tag(stock_tags)
    if native is None:
        print("This is no Linux: customtags adds no tags here.")
        return 0
    foreign = options.profile or options.root
    print(f"{foreign or 'This machine'}: {_platform(profile['platform'])}\n")
    rows = _rows(profile, pages, native.removeprefix("linux_"))
    most = len(extended) + len(stock_tags) if options.all else SCREEN - len(rows)
    print(*table(rows), sep="\n")
    print(
        f"\nExtended tags: {len(extended)}, before the {len(stock_tags)} stock ones, best first:\n"
    )
    _print_tags([*extended, *stock_tags] if options.all else extended, cut, most)
    for problem in dict.fromkeys(map(str, problems)):
        print(f"\nLeft out: {problem}.")
    if not foreign:
        print(f"\n{describe(doctor.hook())}")
    return 0


def _platform(platform: dict[str, str] | None) -> str:
    if not platform:
        return "architecture not recorded"
    libc = f", {platform['libc']} {platform['libc_version']}" if platform.get("libc") else ""
    return f"{platform['arch']}{libc}"


def _rows(profile: Profile, pages: Sequence[Page], arch: str) -> list[Sequence[str]]:
    """One row per page that found something, one per dimension where none did."""
    rows: list[Sequence[str]] = [("dimension", "segments", "read from", "found")]
    for dimension in dict.fromkeys(page.DIMENSION for page in pages):
        family = [page for page in pages if page.DIMENSION == dimension]
        known = [page for page in family if machine.facts_of(profile, page) is not None]
        for page in known:
            accepted = machine.rungs(profile, page, arch)
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
        print(f"  {number:>3}  {tag}")
    if len(shown) < len(platforms):
        print(f"       … {len(platforms) - len(shown)} more: customtags show --all")
    if cut:
        print(f"       ({cut} combinations are left out to keep pip quick)")
