"""Every name that retag can give a wheel for a machine, worked out from its ladders by the code that names wheels."""

from __future__ import annotations

from itertools import chain, combinations, product
from typing import TYPE_CHECKING

from customtags import machine
from customtags.machine.dimensions import distro
from customtags.tags import naming, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from customtags.machine.settings import Settings
    from customtags.machine.spec import Page, Profile

__all__ = ["ACCELERATORS", "PROJECTS", "nameable"]

#: What stands for the accelerators of a machine: a driver older, as old and newer than many wheels, with GPUs.
ACCELERATORS = (
    "none",
    "cuda12.4",
    "cuda12.8",
    "cuda13.0_sm90",
    "rocm6.4_gfx90a",
    "cuda12.8_sm90,rocm6.4_gfx942",
)

#: What stands for the projects that are installed, each with its build.
PROJECTS = ("none", "torch2.8+cpu", "torch2.8+cu128,numpy2.3", "torch2.8", "vectorlib1.2+any")


def nameable(
    profile: Profile, stock: Sequence[str], settings: Settings, pages: Sequence[Page]
) -> Iterator[str]:
    """Yield the names of all subsets of dimensions, each rung of their ladders, on each base.

    Two rules of the grammar leave names out: a release stands on the native base alone, and an accelerator stands beside
    the ABIs that are built for it.
    """
    native = machine.native_tag(stock) or ""
    ladders = machine.ladders(profile, naming.arch(native), pages, machine.libcs(stock))
    apart = machine.apart(profile, pages, ladders)
    bases = machine.bases(stock, settings)
    releases = ladders.get("distro", ())
    if not all(distro.owns(release, naming.arch(native)) for release in releases):
        # retag names a distribution of which it knows no words with --platform alone.
        pages = [page for page in pages if page is not distro]
    sizes = range(1, len(ladders) + 1)
    for dimensions in chain.from_iterable(combinations(ladders, size) for size in sizes):
        for rungs in product(*(ladders[dimension] for dimension in dimensions)):
            chosen = dict(zip(dimensions, rungs))
            if (chosen.get("accelerator", ""), chosen.get("abi", "")) in apart:
                continue
            values = {
                dimension: parse(f"linux_any_{rung}")[1] if dimension == "abi" else rung
                for dimension, rung in chosen.items()
            }
            for base in bases[:1] if "distro" in chosen else bases:
                yield naming.name(base, values, pages)
