"""Pure: why a machine refuses the platform of a tag: its system, architecture, C library, base or segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customtags.choosing import segments
from customtags.choosing.miss import STOCK, Miss
from customtags.errors import TagError
from customtags.tags import naming, stock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from customtags.choosing.target import Target
    from customtags.tags.naming import Run

__all__ = ["misses"]

#: The first word of a platform → its system.
SYSTEMS = {
    "win32": "Windows",
    "win": "Windows",
    "macosx": "macOS",
    "ios": "iOS",
    "android": "Android",
    "emscripten": "Emscripten",
    "pyodide": "Pyodide",
    "wasi": "WASI",
    "freebsd": "FreeBSD",
}


def misses(tag: str, target: Target) -> Iterator[Miss]:
    """Yield what the last part of a tag lacks."""
    if tag in target.places:
        return
    try:
        base, runs = naming.runs(tag, target.pages)
    except TagError as error:
        yield _spelling(tag, error)
        return
    other = list(_system(base, target)) or list(_architecture(base, target))
    if other:  # nothing else in the name speaks of this kind of machine
        yield from other
        return
    yield from _base(base, target, extended=bool(runs))
    runs = [segments.owned(run, target) for run in runs]
    lacking = list(segments.misses(runs, target))
    yield from lacking
    if not lacking and base in target.stock:
        yield from _combination(tag, base, target, runs)


def _spelling(tag: str, error: TagError) -> Miss:
    return Miss("spelling", tag, error.problem, "", None, error.cure)


def _system(base: str, target: Target) -> Iterator[Miss]:
    native = target.stock[0] if target.stock else "any"
    word, own = (each.partition("_")[0] for each in (base, native))
    linux = word in ("linux", "manylinux", "musllinux", *stock.ALIASES)
    if (own == "linux") != linux or (not linux and word != own):
        needs = "Linux" if linux else SYSTEMS.get(word, word)
        here = "Linux" if own == "linux" else SYSTEMS.get(own, own)
        cure = f"use a wheel for {here}"
        yield Miss("system", base, needs, f"this machine runs {here}", STOCK, cure)
    elif not linux:
        needs = "a newer system or another architecture"
        has = f"the best tag of this machine is {native}"
        yield Miss("system", base, needs, has, STOCK, "use a wheel for an older system")


def _architecture(base: str, target: Target) -> Iterator[Miss]:
    needs, here = naming.arch(base), naming.arch(target.stock[0])
    if needs != here:
        cure = f"use a wheel for {here}"
        yield Miss("architecture", base, needs, f"this machine is {here}", STOCK, cure)


def _base(base: str, target: Target, *, extended: bool) -> Iterator[Miss]:
    if base not in target.stock:
        yield from _libc(base, target)
    elif extended and base not in target.bases:
        kind = _kind(base)
        has = f"the bases are {', '.join(map(_kind, target.bases))}"
        cure = f"add {kind!r} to 'bases' in customtags.toml"
        needs = f"{kind} as a base of extended tags"
        yield Miss("base", base, needs, has, "the configuration", cure)


def _kind(base: str) -> str:
    """Return a base without its architecture."""
    return base.removesuffix(f"_{naming.arch(base)}")


def _libc(base: str, target: Target) -> Iterator[Miss]:
    word, _, rest = base.partition("_")
    required = ".".join(map(str, stock.ALIASES.get(word, rest.split("_")[:2])))
    libc = {"musllinux": "musl"}.get(word, "glibc")
    platform = stock.platform(target.stock)
    kind = platform and platform["libc"]
    version = str(platform and platform["libc_version"])
    has = f"this machine has {kind} {version}" if kind else "its C library is not known"
    cure = (
        f"install on a system with {libc} {required} or later, or use a wheel for an older {libc}"
    )
    if kind and kind != libc:
        cure = f"use a wheel for {kind}"
    elif kind and _numbers(required) <= _numbers(version):
        # PEP 600: there was no policy of that age on this architecture.
        cure = "use a wheel for a newer policy"
    yield Miss("libc", base, f"{libc} {required}", has, STOCK, cure)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _combination(tag: str, base: str, target: Target, runs: Sequence[Run]) -> Iterator[Miss]:
    """Yield why a tag is refused although each of its parts is accepted."""
    try:
        naming.agree(tag, base, runs)
    except TagError as error:
        yield _spelling(tag, error)
        return
    accelerator = next((text for dimension, text in runs if dimension == "accelerator"), "")
    abi = "_".join(text for dimension, text in runs if dimension == "abi")
    why = target.apart.get((accelerator, abi))
    if why is not None:
        cure = "install such a build, or state the build in 'abi' of customtags.toml, as in torch+cu128"
        yield Miss("abi", abi, f"a build for {accelerator}", why, None, cure)
    elif not target.hook:
        has = "this pip accepts stock tags only"
        yield Miss("hook", tag, "the hook of customtags", has, None, "run 'customtags doctor'")
    elif base in target.bases:
        number = len(target.extended)
        has = f"the limit keeps the best {number} and drops {target.dropped} more"
        cure = f"set limit = {number + target.dropped} in customtags.toml"
        needs = "a higher limit of extended tags"
        yield Miss("limit", tag, needs, has, "the configuration", cure)
