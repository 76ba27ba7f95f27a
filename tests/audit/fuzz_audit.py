"""Search for bytes that break the audit, guided by coverage: in `tests/`, `python -m audit.fuzz_audit elf|zip SECONDS FOLDER`.

It requires atheris. What it finds is in FOLDER as `crash-…`; copy it to `wheels/elf/broken` or `wheels/broken`, which tests read.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["customtags.wheels", "customtags.audit"]):
    from customtags.audit import CHECKS, audit
    from customtags.errors import CustomtagsError
    from customtags.wheels.writer import create
    from read_elf import everything

HERE = Path(__file__).parents[1]

#: The most memory and time for one input, in bytes and seconds.
MEMORY, SECONDS = 2 << 30, 10


def read(data: bytes) -> None:
    with suppress(CustomtagsError):
        everything(data)


def open_wheel(data: bytes) -> None:
    path = Path(tempfile.gettempdir(), "demo-1-cp39-abi3-manylinux_2_17_x86_64_cuda12_4_sm90.whl")
    path.write_bytes(data)
    with suppress(CustomtagsError):
        audit(path, CHECKS)


def seeds(kind: str, folder: Path) -> None:
    """Write the inputs from which the fuzzer starts: whole files, and those that once broke it."""
    files = [*(HERE / "wheels/elf").glob("*.so"), *(HERE / "audit/gpu").glob("*.so")]
    if kind == "elf":
        for path in (*files, *(HERE / "wheels/elf/broken").glob("*")):
            (folder / path.name).write_bytes(path.read_bytes())
    else:
        tag = "cp39-abi3-manylinux_2_17_x86_64_cuda12_4_sm90"
        for path in files:
            create(
                folder,
                path.stem.replace("+", "-").split("-")[0],
                "1",
                tag,
                {"d.so": path.read_bytes()},
            )
        for path in (HERE / "wheels/broken").glob("*"):
            (folder / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    kind, seconds, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    seeds(kind, folder)
    tempfile.tempdir = tempfile.mkdtemp()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={SECONDS}",
        "-max_len=40000",
        "-verbosity=0",
    ]
    options += ["-print_final_stats=1", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *options, str(folder)], read if kind == "elf" else open_wheel)
    atheris.Fuzz()
