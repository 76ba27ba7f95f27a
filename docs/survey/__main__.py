"""The survey of what the most downloaded wheels require: `nox -s survey` makes it again, one step or all.

``pin`` takes the newest releases of the projects in projects.json, and is only run when asked for. ``fetch``, ``audit``, ``confirm`` and
``page`` lead from there to results.json and to the page and its picture. A step that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customtags import __version__
from survey import page, wheels
from survey.confirm import confirm, drawn, required, search
from survey.emulated import Cpus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Record = dict[str, Any]

#: How many wheels are worked on at the same time.
PROCESSES = 2

HERE = Path(__file__).parent
PROJECTS, RESULTS = HERE / "projects.json", HERE / "results.json"


def pin(cache: Path) -> None:
    """Write which file of each project is the newest one, and of the same release the one for aarch64."""
    survey = _read(PROJECTS)
    for project in survey["projects"]:
        found: Record = {}
        for arch in wheels.ARCHS:
            version = found.get("x86_64", {}).get("version", "")
            try:
                wheel = wheels.newest(project["name"], arch, cache, version)
            except subprocess.CalledProcessError as error:
                lines = error.stderr.decode("utf-8", "replace").splitlines() or ["pip failed"]
                print(f"{project['name']}: no wheel for {arch}: {lines[-1]}", file=sys.stderr)
                continue
            if wheel:
                version, size = wheel.name.split("-")[1], wheel.stat().st_size
                pinned = {"version": version, "file": wheel.name, "sha256": wheels.digest(wheel)}
                found[arch] = {**pinned, "size": size}
        project["wheels"] = found
    survey["pinned"] = datetime.now(timezone.utc).date().isoformat()
    _write(PROJECTS, survey)


def fetch(cache: Path) -> None:
    """Fetch every wheel that is not in the cache."""
    for each in _wheels():
        wheels.fetch(each["file"], each["sha256"], cache)


def audit(cache: Path) -> None:
    """Audit every wheel that has no line in the cache, by several processes."""
    files = cache / "wheels.txt"
    files.write_text("".join(f"{cache / each['file']}\n" for each in _wheels()), "utf-8")
    options = ["-j", str(PROCESSES), "--from-file", str(files), "--resume", str(_journal(cache))]
    done = subprocess.run([sys.executable, "-m", "customtags", "audit", *options], check=False)
    if done.returncode not in (0, 1):
        sys.exit(done.returncode)


def run(cache: Path) -> None:
    """Run on emulated CPUs every wheel for x86_64 that the audit calls false or undecided, and some of the others.

    What came of a wheel is kept as long as the audit says the same of it.
    """
    results = gather(cache)
    todo = [each for each in results["wheels"] if "cpu" in each and "verdict" not in each["cpu"]]
    cpus = Cpus(cache / "emulator")

    def one(record: Record) -> Record:
        path, folder = cache / record["file"], cache / "site" / record["name"]
        if record["level"] > 1:
            return confirm(path, record["level"], cpus, folder)
        return search(path, cpus, folder)

    with ThreadPoolExecutor(PROCESSES) as pool:
        for record, found in zip(todo, pool.map(one, todo)):
            record["cpu"].update(found)
            print(f"{found['verdict']:14} {record['file']}", flush=True)
            _write(RESULTS, results)


def gather(cache: Path) -> Record:
    """Write and return what the audit found, with what is known of each wheel that is to be run."""
    old = _read(RESULTS)["wheels"] if RESULTS.exists() else []
    known = {(each["sha256"], each["level"]): each["cpu"] for each in old if "cpu" in each}
    audited, wheels = _audited(cache), []
    for each in _wheels():
        findings = audited[each["file"]]
        codes = Counter(finding["code"] for finding in findings)
        false = sorted({each["code"] for each in findings if each["severity"] == "false"})
        said = {"level": required(findings), "codes": dict(sorted(codes.items())), "false": false}
        wheels.append({**each, **said})
    x86 = [each for each in wheels if each["arch"] == "x86_64"]
    because = {each["file"]: _because(each) for each in x86}
    quiet = [file for file, reason in because.items() if not reason]
    because.update(dict.fromkeys(drawn(quiet), "drawn"))
    for each in x86:
        reason = because[each["file"]]
        if reason:
            each["cpu"] = {**known.get((each["sha256"], each["level"]), {}), "because": reason}
    today = datetime.now(timezone.utc).date().isoformat()
    results = {"customtags": __version__, "audited": today, "wheels": wheels}
    _write(RESULTS, results)
    return results


def _because(wheel: Record) -> str:
    """Return why a wheel is run, empty for no reason."""
    if wheel["level"] > 1:
        return "false"
    return "undecided" if "isa-undecided" in wheel["codes"] else ""


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
