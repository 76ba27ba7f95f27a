"""The survey of what the most downloaded wheels require: `nox -s survey` makes it again, one step or all.

``pin`` takes the newest releases of the projects in projects.json, and is only run when requested. ``fetch``, ``audit``, ``confirm`` and
``page`` lead from there to results.json and to the page and its picture. A step that was stopped goes on where it was; ``pin`` begins again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags import __version__
from survey import page, wheels
from survey.confirm import FALSE, confirm, drawn, required, search
from survey.emulated import Cpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Record = dict[str, Any]

#: How many wheels are worked on at the same time.
PROCESSES = 2

HERE = Path(__file__).parent
PROJECTS, RESULTS = HERE / "projects.json", HERE / "results.json"


def pin(cache: Path) -> None:
    """Write which file of each project is the newest one, and of the same release the one for aarch64."""
    survey = _read(PROJECTS)
    named = {project["name"]: project for project in survey["projects"]}
    for name, files in _together(lambda name: _newest(name, cache), named):
        named[name]["wheels"] = files
    survey["pinned"] = datetime.now(timezone.utc).date().isoformat()
    _write(PROJECTS, survey)


def _newest(name: str, cache: Path) -> Record:
    """Return the file of a project's newest release for each architecture."""
    found: Record = {}
    for arch in wheels.ARCHS:
        version = found.get("x86_64", {}).get("version", "")
        try:
            wheel = wheels.newest(name, arch, cache, version)
        except RuntimeError as error:
            if "No matching distribution" not in str(error):
                raise
            print(f"no wheel for {arch}: {error}", file=sys.stderr)
            continue
        if wheel:
            version, size = wheel.name.split("-")[1], wheel.stat().st_size
            pinned = {"version": version, "file": wheel.name, "sha256": wheels.digest(wheel)}
            found[arch] = {**pinned, "size": size}
    return found


def fetch(cache: Path) -> None:
    """Fetch every wheel that is not in the cache."""
    pinned = {each["file"]: each["sha256"] for each in _wheels()}
    for _ in _together(lambda file: wheels.fetch(file, pinned[file], cache), pinned):
        pass


def audit(cache: Path) -> None:
    """Audit every wheel that has no line in the cache, by several processes."""
    files = cache / "wheels.txt"
    files.write_text("".join(f"{cache / each['file']}\n" for each in _wheels()), "utf-8")
    options = ["-j", str(PROCESSES), "--from-file", str(files), "--resume", str(_journal(cache))]
    done = subprocess.run([sys.executable, "-m", "customtags", "audit", *options], check=False)
    if done.returncode not in (0, 1):
        sys.exit(done.returncode)


def run(cache: Path) -> None:
    """Run on emulated CPUs every wheel whose instructions the audit calls false or undecided, and some of the others.

    What came of a wheel is kept as long as the audit says the same of it.
    """
    results = gather(cache)
    todo = {
        each["file"]: each
        for each in results["wheels"]
        if "cpu" in each and "verdict" not in each["cpu"]
    }
    cpus = {arch: Cpus(cache / "emulator", arch) for arch in wheels.ARCHS} if todo else {}

    def one(file: str) -> Record:
        record = todo[file]
        of = cpus[record["arch"]]
        folder = cache / "site" / f"{record['name']}-{of.arch}"
        if record["level"] > 1:
            return confirm(cache / file, record["level"], of, folder)
        return search(cache / file, of, folder)

    for file, found in _together(one, todo):
        todo[file]["cpu"].update(found)
        print(f"{found['verdict']:14} {file}", flush=True)
        _write(RESULTS, results)


def gather(cache: Path) -> Record:
    """Write and return what the audit found, with what is known of each wheel that is to be run."""
    old = _read(RESULTS)["wheels"] if RESULTS.exists() else []
    known = {(each["sha256"], each["level"]): each["cpu"] for each in old if "cpu" in each}
    audited, found = _audited(cache), []
    for each in _wheels():
        findings = audited[each["file"]]
        codes = Counter(finding["code"] for finding in findings)
        false = sorted({each["code"] for each in findings if each["severity"] == "false"})
        said = {"level": required(findings), "codes": dict(sorted(codes.items())), "false": false}
        found.append({**each, **said})
    because = {each["file"]: _because(each) for each in found}
    for arch in wheels.ARCHS:
        of = [each["file"] for each in found if each["arch"] == arch]
        quiet = [file for file in of if not because[file]]
        because.update(dict.fromkeys(drawn(quiet), "drawn"))
    for each in found:
        reason = because[each["file"]]
        if reason:
            each["cpu"] = {**known.get((each["sha256"], each["level"]), {}), "because": reason}
    last = datetime.fromtimestamp(_journal(cache).stat().st_mtime, timezone.utc)
    results = {"customtags": __version__, "audited": last.date().isoformat(), "wheels": found}
    _write(RESULTS, results)
    return results


def _because(wheel: Record) -> str:
    """Return why a wheel is run, empty for no reason."""
    if any(code in wheel["false"] for code in FALSE):
        return "false"
    return "undecided" if "isa-undecided" in wheel["codes"] else ""


def _together(work: Callable[[str], Any], names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Yield each name with what work returns for it, in the order in which it is done.

    A RuntimeError is reported at once, and ends the program after the others are done.
    """
    failed = False
    with ThreadPoolExecutor(PROCESSES) as pool:
        futures = {pool.submit(work, name): name for name in names}
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except RuntimeError as error:
                failed = True
                print(error, file=sys.stderr, flush=True)
    if failed:
        sys.exit("help: run the step again")


def _journal(cache: Path) -> Path:
    return cache / "audit.jsonl"


def _audited(cache: Path) -> dict[str, list[Record]]:
    lines = map(json.loads, _journal(cache).read_text("utf-8").splitlines())
    return {Path(line["wheel"]).name: line.get("findings", []) for line in lines}


def _wheels() -> list[Record]:
    """Return every wheel of the list, with its project."""
    return [
        {"name": project["name"], "rank": project["rank"], "arch": arch, **wheel}
        for project in _read(PROJECTS)["projects"]
        for arch, wheel in project["wheels"].items()
    ]


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _write(path: Path, content: Any) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    part.replace(path)


STEPS: Mapping[str, Callable[[Path], None]] = {
    "fetch": fetch,
    "audit": audit,
    "confirm": run,
    "page": page.write,
}


def main() -> None:
    """Run the steps."""
    parser = argparse.ArgumentParser(prog="python -m survey", description=__doc__)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=", ".join(["pin", *STEPS]))
    cache = Path.home() / ".cache/customtags-survey"
    parser.add_argument("--cache", type=Path, default=cache, help=f"a folder; default: {cache}")
    options = parser.parse_args()
    steps = {"pin": pin, **STEPS}
    for step in options.steps or STEPS:
        if step not in steps:
            parser.error(f"unknown step {step!r}; choose from {', '.join(steps)}")
        steps[step](options.cache.absolute())


if __name__ == "__main__":
    main()
