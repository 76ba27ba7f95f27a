"""Pure: why a machine refuses the segments of an extended tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customtags import machine
from customtags.choosing.miss import Miss
from customtags.machine.settings import variable
from customtags.tags import DIMENSIONS, parse
from customtags.tags.naming import Run, nearest
from customtags.wheels.spellings import meant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from customtags.choosing.target import Target
    from customtags.machine.spec import Page

__all__ = ["misses", "owned"]


def owned(run: Run, target: Target) -> Run:
    """Return a run with its dimension, also where its page cannot say which segments are its own."""
    accepting = (name for name, ladder in target.ladders.items() if run.text in ladder)
    return Run(run.dimension or next(accepting, None), run.text)


def misses(runs: Sequence[Run], target: Target) -> Iterator[Miss]:
    """Yield what each run of segments lacks; those of ``abi`` are judged together."""
    abis = sorted(run.text for run in runs if run.dimension == "abi")
    together = [Run("abi", "_".join(abis))] if abis else []
    for dimension, text in (*(run for run in runs if run.dimension != "abi"), *together):
        if dimension is None:
            yield _unknown(text, target)
        elif text not in target.ladders.get(dimension, ()):
            yield _refused(dimension, text, target)


def _unknown(text: str, target: Target) -> Miss:
    needs, has = "a dimension that defines it", "no enabled dimension does"
    known = "add a label to 'site', a project to 'abi' or a third party's dimension to 'dimensions' in customtags.toml"
    means = filter(None, (meant(each, text, target.arch) for each in DIMENSIONS))
    near = next((f"write {each}" for each in means), nearest(text, target.arch, target.pages))
    cure = ", or ".join(filter(None, (near, known)))
    return Miss("unknown segment", text, needs, has, "the configuration", cure)


def _refused(dimension: str, text: str, target: Target) -> Miss:
    """Return why a run is not on the ladder of its dimension, by the first segment that fails."""
    ladder = target.ladders.get(dimension, [])
    family = [page for page in target.pages if dimension == page.DIMENSION]
    own = [page for page in family if text.startswith(page.NAME)] or family
    if own != family:  # of one vendor
        names = tuple(page.NAME for page in own)
        ladder = [rung for rung in ladder if rung.startswith(names)]
    done, segment = _reached(text, ladder)
    gpu = dimension == "accelerator" and done != ""
    near = [rung for rung in ladder if rung.startswith(done)]
    instead = [rung[len(done) :].lstrip("_") for rung in near]
    needs, has = _clauses(dimension, segment, list(filter(None, instead)), target, gpu=gpu)
    sources = [source for page in own for source in [target.sources.get(page.NAME)] if source]
    if dimension in ("isa", "distro") or gpu:
        least = "any distribution" if dimension == "distro" else f"the {target.arch} baseline"
        best = _value(near[0]) if near else least
        cure = _cure_of_machine(dimension, text, sources, best)
    else:
        cure = _cure(dimension, text, sources)
    detail = "; ".join(filter(None, (_detail(page, segment, target) for page in own)))
    return Miss(dimension, segment, needs, has, ", ".join(sources) or None, cure, detail)


def _reached(text: str, ladder: Sequence[str]) -> tuple[str, str]:
    """Return what of a run some rung begins with, and the segment behind it."""
    done = ""
    for segment in parse(f"linux_any_{text}")[1]:
        reached = f"{done}_{segment}".lstrip("_")
        if not any(f"{rung}_".startswith(f"{reached}_") for rung in ladder):
            return done, segment
        done = reached
    return "", text


def _clauses(
    dimension: str, segment: str, instead: Sequence[str], target: Target, *, gpu: bool
) -> tuple[str, str]:
    """Return what a segment requires, and what the machine supports instead.

    :param gpu: whether the segment names code for a GPU
    """
    if dimension == "isa":
        best = _cpu(target.arch, instead[0]) if instead else f"the {target.arch} baseline only"
        return f"{_article(_cpu(target.arch, segment))} CPU", f"this CPU supports {best}"
    supported = f"{instead[0]} … {instead[-1]}" if len(instead) > 4 else " ".join(instead) or "none"
    value = _value(segment)
    if gpu:
        return f"GPUs that run {value} code", f"those of this machine run {supported}"
    needs, has, missing = {
        "distro": (
            f"the distribution release {value}",
            f"this machine accepts {supported}",
            "no release was detected",
        ),
        "accelerator": (
            f"a machine that supports {value}",
            f"this one supports {supported}",
            "no such accelerator was detected",
        ),
        "abi": (
            f"{value} to be installed",
            f"this environment accepts {supported}",
            "no such distribution was found",
        ),
    }.get(
        dimension,
        (f"a machine with that {dimension}", f"this one accepts {supported}", "none was detected"),
    )
    return needs, has if instead else missing


def _cpu(arch: str, level: str) -> str:
    """Spell a level as its architecture's manuals do."""
    spelled = {"x86_64": f"x86-64-{level}", "aarch64": f"Arm{level.replace('_', '.')}-A"}
    return spelled.get(arch, level)


def _article(noun: str) -> str:
    return f"{'an' if noun.startswith(('x86', 'Arm')) else 'a'} {noun}"


def _detail(page: Page, segment: str, target: Target) -> str:
    """Return more of what a page found: the features that the segment lacks, or its description of the facts."""
    facts = machine.facts_of(target.profile, page)
    if not facts:
        return ""
    lacking = getattr(page, "lacking", None)
    if lacking is None:
        return page.describe(facts)
    first, *more = lacking(facts, segment) or [""]
    return f"no {first}{', …' if more else ''}" if first else ""


def _cure_of_machine(dimension: str, text: str, sources: Sequence[str], best: str) -> str:
    """Return what helps where the CPU, the GPUs or the distribution do not run a build, which no override changes.

    :param best: the best value that they run
    """
    override = _override(sources)
    if override:
        return f"remove the override {override}, or use a wheel for {best}"
    setting = f"{variable(dimension)}={_value(text)}"
    return f"use a wheel for {best}, or another machine; if the detection is wrong, set {setting}"


def _cure(dimension: str, text: str, sources: Sequence[str]) -> str:
    """Return what would make a run fit."""
    override = _override(sources)
    parts = parse(f"linux_any_{text}")[1] if dimension == "abi" else (text,)
    value = ",".join(map(_value, parts))
    if override:
        return f"remove the override {override}, or change it to {value}"
    remedies = {
        "accelerator": "install or upgrade the driver or runtime, or ",
        "abi": "install that version and add the project to 'abi', or ",
    }
    setting = f"set {variable(dimension)}={value} if you know that the machine supports it"
    return f"{remedies.get(dimension, '')}{setting}"


def _override(sources: Sequence[str]) -> str | None:
    return next((source for source in sources if "=" in source), None)


def _value(text: str) -> str:
    """Spell a run as users do: ``cuda12_4_sm90`` is ``cuda12.4_sm90``."""
    first, *parts = text.split("_")
    return first + "".join(f".{part}" if part.isdigit() else f"_{part}" for part in parts)
