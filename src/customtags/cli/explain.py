"""The verb explain: whether a wheel fits a machine, and if not, why."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from customtags.cli import misses
from customtags.cli.batch import Batch
from customtags.cli.machine import add_options
from customtags.cli.output import Verbs, add_verb, echo, paint, print_json, warn
from customtags.cli.targets import add_python, stock_only, stock_only_note, targets, without_digest
from customtags.errors import CustomtagsError
from customtags.variants.supported import properties

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from customtags.choosing.explain import Explanation
    from customtags.choosing.target import Target

__all__ = ["declare"]


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags explain``."""
    example = "customtags explain example-1.2.3-cp312-cp312-linux_x86_64_v4.whl"
    parser = add_verb(verbs, name, "check whether a wheel fits, and show why not", example)
    what = "path, URL or file name of a wheel, or PROJECT==VERSION on an index"
    parser.add_argument("wheels", nargs="+", metavar="WHEEL", type=without_digest, help=what)
    add_options(parser)
    add_python(parser)
    where = "index for PROJECT==VERSION (default: the sources that pip is configured for)"
    parser.add_argument("--index-url", metavar="URL", help=where)
    parser.set_defaults(run=_explain)


def _explain(options: argparse.Namespace) -> int:
    machine, reason = targets(options), stock_only(options)
    batch = Batch(options.wheels, key="name")
    shown, refused = 0, False
    for word, found in batch.each(lambda word: _explanations(word, options.index_url, machine)):
        batch.entries[word] = [_entry(each) for each in found]
        refused = refused or not any(each.fits for each in found)
        for each in found if not options.json else ():
            echo(*([""] if shown else []), *_lines(each))
            shown += 1
    if options.json:
        print_json({"wheels": batch.report(), "stock_only": reason and reason[0]})
    elif shown and reason:
        echo("", *stock_only_note(reason))
    return batch.status(int(refused))


def _explanations(word: str, url: str | None, machine: Sequence[Target]) -> list[Explanation]:
    """Explain a wheel, or every wheel of a project on an index, best first."""
    from customtags.choosing.descriptions import own
    from customtags.choosing.explain import explain, wheel

    if word.endswith(".whl") or os.path.isfile(word):
        return [explain(wheel(word), machine, own)]
    return _of_project(word, url, machine)


def _of_project(word: str, url: str | None, machine: Sequence[Target]) -> list[Explanation]:
    """Explain every wheel of a project, best first.

    :raises CustomtagsError: the word is no project, or the project has no wheel
    """
    from customtags.choosing.explain import explain
    from customtags.choosing.sources import Sources
    from customtags.cli.rank import ranked

    cure = "check its spelling and version, or name another index with --index-url"
    if os.path.isdir(word):
        wheels = f"name its wheels, as in '{word.rstrip('/')}/*.whl'"
        if "/" in word:
            raise CustomtagsError(f"{word!r} is a folder", wheels)
        cure = f"if you mean the folder, {wheels}"
    sources = Sources.parse([url] if url else [], requirement=word)
    ranking, problems, describe = ranked(sources, machine[0])
    for problem in problems:
        warn(problem)
    understood = [each.offer for each in ranking.files if each.version is not None]
    offers = [offer for offer in understood if offer.name.endswith(".whl")]
    if not offers:
        raise CustomtagsError(f"no wheel of the project {word!r} found", cure)
    found = []
    for each in offers:
        try:
            found.append(explain(each, machine, describe))
        except CustomtagsError as error:  # a label without meaning
            warn(error)
    return found


def _entry(found: Explanation) -> dict[str, Any]:
    entry = {
        "name": found.offer.name,
        "fits": found.fits,
        "by_name": found.by_name,
        "place": found.verdict.place,
        "of": len(found.target.order),
        "python": found.target.name,
        "misses": [misses.as_json(each) for each in found.misses],
        "tags": [
            {**tag._asdict(), "misses": [misses.as_json(each) for each in tag.misses]}
            for tag in found.verdict.tags
        ],
    }
    if found.variant:
        label, wanted, lacking = found.variant
        entry["variant"] = {
            "label": label,
            "properties": [*properties(wanted)],
            "supported": lacking is None,
        }
    return entry


def _lines(found: Explanation) -> list[str]:
    """Return lines that say whether a wheel fits, and what each of its tags lacks."""
    best, *others = found.verdict.tags
    python = f"(Python {found.target.name})"
    if found.fits:
        place = f"tag {(found.verdict.place or 0) + 1} of {len(found.target.order)}"
        source = (
            "; only the name was read, because the file does not exist" if found.by_name else ""
        )
        lines = [f"{found.offer.name}: {paint('yes', 'fits')} {python}, {place}{source}"]
    else:
        lines = [f"{found.offer.name}: {paint('no', 'does not fit')} {python}"]
    if found.variant and not found.variant.lacking:
        names = ", ".join(properties(found.variant.properties)) or "none, the fallback"
        lines.append(f"  {paint('yes', 'properties that this machine supports')}: {names}")
    lines += misses.lines(found.misses, "  ")
    tags = found.verdict.tags if others or not found.fits else ()
    if found.variant:
        tags = tuple(tag for tag in tags if tag.misses)
    for tag, following in zip(tags, (*tags[1:], None)):
        nearest = " (the nearest miss)" if tag is best and others and tag.misses else ""
        lines.append(f"  {paint('no' if tag.misses else 'yes', tag.name)}{nearest}")
        if following is None or following.misses != tag.misses:  # else said once, below the last
            lines += misses.lines(tag.misses, "    ")
    return lines
