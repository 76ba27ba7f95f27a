"""The verbs that say what pip takes, and why not the others: explain, rank."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags.choosing import doctor
from customtags.cli.machine import add_options, look
from customtags.cli.output import Verbs, add_verb, echo, paint, print_json, table, warn
from customtags.errors import CustomtagsError, WheelError
from customtags.profiles import interpreter, running

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from customtags.choosing.index import File
    from customtags.choosing.pip_settings import PipSettings
    from customtags.choosing.rank import Ranked, Ranking, Trap, Wanted
    from customtags.choosing.verdict import Machine, Miss, Verdict

__all__ = ["declare_explain", "declare_rank"]

#: How many files `rank` lists of those that fit, and of those that don't, unless it is asked for all.
SCREEN = 10


def declare_explain(verbs: Verbs, name: str) -> None:
    """Declare ``customtags explain``."""
    example = "customtags explain example-1.2.3-cp312-cp312-linux_x86_64_v4.whl"
    parser = add_verb(verbs, name, "tell whether a wheel fits, and if not, why", example)
    what = "a wheel's path, URL or file name, or PROJECT==VERSION on an index"
    parser.add_argument("wheels", nargs="+", metavar="WHEEL", type=_without_digest, help=what)
    _add_options(parser)
    parser.add_argument("--index-url", metavar="URL", help="look there instead of where pip does")
    parser.set_defaults(run=_explain)


def declare_rank(verbs: Verbs, name: str) -> None:
    """Declare ``customtags rank``."""
    purpose = "list wheels in the order in which pip takes them"
    parser = add_verb(
        verbs, name, purpose, "customtags rank https://wheels.example.org/simple example"
    )
    what = "a folder, files, or the URL of an index; by default where pip looks. Then a project, as in 'example>=1.2'"
    parser.add_argument("sources", nargs="+", metavar="SOURCE", type=_without_digest, help=what)
    _add_options(parser)
    parser.add_argument("--all", action="store_true", help="every file, however many there are")
    parser.set_defaults(run=_rank)


def _without_digest(word: str) -> str:
    """Give a URL without the ``#sha256=…`` that it has on the page of an index."""
    return word.partition("#")[0] if "://" in word else word


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_options(parser)
    wanted = "for one of the machine's Pythons, as in 3.12, 3.13t or pp310-pypy310_pp73"
    parser.add_argument("--python", metavar="PYTHON", help=wanted)


def _machines(options: argparse.Namespace) -> list[Machine]:
    """Give the machine that the options name, once for each of its Pythons."""
    from customtags.choosing.verdict import Machine

    profile, stock, settings, pages, _ = look(options.profile, options.root)
    named = [options.python] if options.python else (profile["platform"] or {}).get("python")
    try:
        pythons = list(map(interpreter.read, named or [running.python()]))
    except ValueError as error:
        raise CustomtagsError(
            f"{options.python!r} is no Python", f"{error}, behind --python"
        ) from error
    return [Machine(profile, stock, each, settings=settings, pages=pages) for each in pythons]


# --- explain


def _explain(options: argparse.Namespace) -> int:
    machines = _machines(options)
    report: list[dict[str, Any]] = []
    answers: list[bool] = []
    for what in options.wheels:
        if what.endswith(".whl"):
            found = [_judged(what, machines)]
        else:
            found = _judged_on_index(what, options.index_url, machines)
        answers.append(any(entry["fits"] for entry in found))
        report += found
    if options.json:
        print_json({"wheels": report})
    else:
        for number, entry in enumerate(report):
            echo(*([""] if number else []), *_told(entry))
        _tell_of_hook(options)
    return int(not all(answers))


def _judged(what: str, machines: Sequence[Machine]) -> dict[str, Any]:
    """Judge a wheel by name, and by its metadata if it lies here.

    :raises WheelError: it is no wheel, or not there
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    from customtags.choosing.index import named

    if "://" not in what and ("/" in what and not Path(what).is_file()):
        raise WheelError(what, "is not there", "name a file, or a file name alone")
    (file,) = named([what])
    try:
        parse_wheel_filename(file.name)
    except InvalidWheelFilename as error:
        cure = "give it a name as in 'example-1.2.3-cp312-cp312-linux_x86_64.whl'"
        raise WheelError(file.name, "is no name of a wheel", cure) from error
    return _best(file, machines)


def _best(file: File, machines: Sequence[Machine]) -> dict[str, Any]:
    """Judge a wheel for each Python of the machine, and give what comes of the best."""
    from customtags.choosing import index, rank, verdict

    found: list[tuple[bool, int, dict[str, Any]]] = []
    for machine in machines:
        judged = verdict.judge(verdict.split(file.name), machine)
        specifier = file.requires_python or index.requires_python(file)
        misses = list(
            rank.python_misses(
                file.name, specifier, running.release(machine.python), "its metadata"
            )
        )
        fits = judged.fits and not misses
        number = len(misses) + len(judged.tags[0].misses)
        found.append((not fits, number, _entry(file, judged, misses, machine)))
    return min(found, key=lambda each: each[:2])[2]


def _entry(file: File, judged: Verdict, misses: Sequence[Miss], machine: Machine) -> dict[str, Any]:
    return {
        "name": file.name,
        "fits": judged.fits and not misses,
        "place": judged.place,
        "of": len(machine.order),
        "python": _python(machine),
        "misses": [_plain(miss) for miss in misses],
        "tags": [
            {**tag._asdict(), "misses": [_plain(each) for each in tag.misses]}
            for tag in judged.tags
        ],
    }


def _python(machine: Machine) -> str:
    python = machine.python
    return interpreter.spell("{}{}{}".format(python.implementation, *python.version), python.abi)


def _plain(miss: Miss) -> dict[str, Any]:
    return {**miss._asdict(), "says": str(miss)}


def _judged_on_index(
    what: str, url: str | None, machines: Sequence[Machine]
) -> list[dict[str, Any]]:
    """Judge every wheel of a version on an index, the best first."""
    ranking, problems = _ranked([what], machines[0], url)
    _tell_problems(problems)
    files = [ranked.file for ranked in ranking.files if ranked.file.name.endswith(".whl")]
    found = [_best(file, machines) for file in files]
    if not found:
        raise CustomtagsError(
            f"there is no wheel of {what!r}", "customtags rank tells what there is"
        )
    return found


def _told(entry: dict[str, Any]) -> list[str]:
    """Say in lines whether a wheel fits, and what each of its tags lacks."""
    best = entry["tags"][0]
    if entry["fits"]:
        verdict = paint("yes", f"fits Python {entry['python']}")
        lines = [f"{entry['name']}: {verdict}, as tag {entry['place'] + 1} of {entry['of']}"]
    else:
        lines = [f"{entry['name']}: {paint('no', 'does not fit')} Python {entry['python']}"]
    lines += _lines(entry["misses"], "  ")
    for tag in entry["tags"] if not entry["fits"] or len(entry["tags"]) > 1 else []:
        nearest = (
            " (the nearest miss)"
            if tag is best and len(entry["tags"]) > 1 and tag["misses"]
            else ""
        )
        lines.append(f"  {paint('no' if tag['misses'] else 'yes', tag['name'])}{nearest}")
        lines += _lines(tag["misses"], "    ")
    return lines


def _lines(misses: Sequence[dict[str, Any]], indent: str) -> list[str]:
    return [
        f"{indent}{line}"
        for miss in misses
        for line in (miss["says"], f"  {paint('quiet', 'to make it fit:')} {miss['cure']}")
    ]


def _tell_of_hook(options: argparse.Namespace) -> None:
    """Say it if pip here would not see what fits."""
    from customtags.cli.doctor import describe

    hook = doctor.hook_state()
    if not (options.profile or options.root or (hook.installed and hook.wanted)):
        echo("", f"{paint('note', 'Note')}: {describe(hook)} pip takes stock tags only.")


# --- rank


def _rank(options: argparse.Namespace) -> int:
    machine = _machines(options)[0]
    ranking, problems = _ranked(options.sources, machine, None)
    _tell_problems(problems)
    if options.json:
        wheels = [_row(ranked) for ranked in ranking.files]
        traps = [trap._asdict() for trap in ranking.traps]
        print_json(
            {"chosen": ranking.chosen, "python": _python(machine), "wheels": wheels, "traps": traps}
        )
    else:
        _print_ranking(ranking, machine, None if options.all else SCREEN)
    return int(ranking.chosen is None)


def _tell_problems(problems: Sequence[CustomtagsError]) -> None:
    for problem in problems:
        warn(problem)


def _row(ranked: Ranked) -> dict[str, Any]:
    return {
        "name": ranked.file.name,
        "origin": ranked.file.origin,
        "version": ranked.version,
        "fits": not ranked.misses,
        "tag": ranked.tag,
        "misses": [_plain(miss) for miss in ranked.misses],
    }


def _ranked(
    words: Sequence[str], machine: Machine, url: str | None
) -> tuple[Ranking, Sequence[CustomtagsError]]:
    """Find the files that the words of the command line speak of, and rank them."""
    from customtags.choosing import index, pip_settings, rank
    from customtags.cli.progress import progress

    sources, requirement = _understand(words)
    settings = pip_settings.PipSettings.of(pip_settings.read(os.environ))
    with progress() as tell:
        problems: Sequence[CustomtagsError] = []
        pages = [source for source in (*sources, *filter(None, [url])) if index.is_page(source)]
        folders = [source for source in sources if Path(source).is_dir()]
        files = [file for source in folders for file in index.folder(source)]
        files += index.named(each for each in sources if each.endswith(index.ARCHIVES))
        if pages or not sources:
            wanted = _wanted(requirement, files, machine, settings)
            if pages:
                settings = settings._replace(indexes=tuple(pages), find_links=())
            found, problems = index.search(wanted.project, index.Client(settings), tell)
            if problems and not found:
                raise problems[0]
            files += found
        wanted = _wanted(requirement, files, machine, settings)
        tell(f"ranking {len(files)} files")
        return rank.rank(files, wanted, machine, index.requires_python), problems


def _understand(words: Sequence[str]) -> tuple[list[str], str | None]:
    """Tell where to look from what to look for."""
    from customtags.choosing.index import ARCHIVES, is_page

    sources = [
        word for word in words if is_page(word) or word.endswith(ARCHIVES) or Path(word).is_dir()
    ]
    others = [word for word in words if word not in sources]
    missing = next((word for word in others if "/" in word or len(others) > 1), None)
    if missing:
        raise CustomtagsError(
            f"{missing!r} is no folder, file, URL or the only project",
            "write it as in 'customtags rank wheels/ example'",
        )
    return sources, others[0] if others else None


def _wanted(
    requirement: str | None, files: Sequence[File], machine: Machine, settings: PipSettings
) -> Wanted:
    """Understand what is wanted; without a word, the project of the files if there is only one."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.utils import canonicalize_name

    from customtags.choosing.rank import Wanted, projects

    if requirement is None:
        names = sorted(projects(files))
        if len(names) != 1:
            there = f"there are files of {', '.join(names)}" if names else "no project is named"
            raise CustomtagsError(
                there, "name the project, as in 'customtags rank wheels/ example'"
            )
        return Wanted(names[0], SpecifierSet(), running.release(machine.python), settings)
    try:
        parsed = Requirement(requirement)
    except InvalidRequirement as error:
        raise CustomtagsError(
            f"{requirement!r} is no project", "write it as in 'example' or 'example==1.2.3'"
        ) from error
    name = canonicalize_name(parsed.name)
    return Wanted(name, parsed.specifier, running.release(machine.python), settings)


def _print_ranking(ranking: Ranking, machine: Machine, most: int | None) -> None:
    fitting = [each for each in ranking.files if not each.misses]
    refused = [each for each in ranking.files if each.misses]
    none = (
        "none of them" if ranking.files else "nothing: there is no file of that project and version"
    )
    takes = paint("chosen", ranking.chosen) if ranking.chosen else paint("no", none)
    echo(f"With Python {_python(machine)}, pip takes {takes}")
    if fitting:
        echo("", "In the order in which it takes them:", "")
        rows = [(f"{number:>3}", *_cells(each, number)) for number, each in enumerate(fitting, 1)]
        echo(*table(rows[:most]))
        _print_rest(len(rows), most)
    if refused:
        echo("", "Refused, newer versions and nearer misses first:", "")
        for each in refused[:most]:
            echo(f"  {each.file.name}")
            echo(*_lines([_plain(miss) for miss in each.misses], "    "))
        _print_rest(len(refused), most)
    if ranking.traps:
        echo("", "Worth knowing:", "")
        echo(*(line for trap in ranking.traps[:most] for line in _trap(trap)))
        _print_rest(len(ranking.traps), most)


def _cells(ranked: Ranked, number: int) -> tuple[str, str]:
    name = ranked.file.name
    mark = " (taken)" if number == 1 else ""
    return paint("chosen", name + mark) if mark else name, ranked.tag or "built from source"


def _trap(trap: Trap) -> tuple[str, str, str]:
    head = f"  {paint('note', trap.kind)}: {trap.name or 'nothing'}"
    return head, f"    {trap.says}", f"      {paint('quiet', 'to change that:')} {trap.cure}"


def _print_rest(number: int, most: int | None) -> None:
    if most is not None and number > most:
        echo(f"    … {number - most} more: --all")
