"""Audit wheels on a Dask cluster: one line of JSON for each; a second run does what the first left.

python audit_dask.py tcp://scheduler:8786 /shared/wheels lines.jsonl
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from distributed import Client, KilledWorker, as_completed

import customtags


def audit(wheel: str) -> dict[str, Any]:
    """Audit one wheel on a worker."""
    try:
        return customtags.audit_wheel(wheel).as_json()
    except customtags.CustomtagsError as error:
        return {"wheel": wheel, "error": str(error)}


def audited(lines: Path) -> set[str]:
    """Return the wheels that have a line, and remove a line that is half-written."""
    content = lines.read_bytes() if lines.exists() else b""
    end = content.rfind(b"\n") + 1
    if end < len(content):
        os.truncate(lines, end)
    return {json.loads(line)["wheel"] for line in content[:end].splitlines()}


def main(scheduler: str, folder: str, file: str) -> None:
    """Audit the wheels below a folder that all workers see."""
    lines = Path(file)
    done = audited(lines)
    wheels = [each for each in map(str, sorted(Path(folder).rglob("*.whl"))) if each not in done]
    with Client(scheduler) as client, lines.open("a", encoding="utf-8") as output:
        futures = client.map(audit, wheels, key=wheels)
        for future in as_completed(futures):
            try:
                found = future.result()
            except KilledWorker as error:  # the wheel ended several workers
                found = {"wheel": future.key, "error": str(error)}
            output.write(json.dumps({"version": 1, **found}) + "\n")
            output.flush()
            future.release()


if __name__ == "__main__":
    main(*sys.argv[1:])
