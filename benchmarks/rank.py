"""What ranking a project page of thousands of files costs, compared with pip on the same page.

Both are measured in one run: processor time of the whole process, start-up included, of several runs in turn. pip
does a dry run without dependencies: it reads the page, chooses a file, and reads the metadata of that file.
"""

from __future__ import annotations

import functools
import hashlib
import html
import http.server
import json
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import bench
import clock
import venvs
from customtags.wheels.writer import create
from real import environments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from results import Row

#: The tags of each version on the page, besides its source distribution.
TAGS = (
    *("cp311-cp311-linux_x86_64_v2", "cp311-cp311-linux_x86_64_v3", "cp312-cp312-linux_x86_64_v3"),
    *("cp311-cp311-linux_x86_64_v4_rocm6_0", "cp312-cp312-linux_x86_64_v3_cuda12_4_sm90"),
    *("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", "cp310-cp310-win_amd64"),
    *("cp313-cp313t-macosx_11_0_arm64", "py3-none-any"),
)

#: A machine that is the same everywhere.
MACHINE = {"CUSTOMTAGS_ISA": "v3", "CUSTOMTAGS_DISTRO": "el9.4", "CUSTOMTAGS_ACCELERATOR": "none"}

#: How often each is run.
RUNS = 10


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder, and yield its URL."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def write_page(folder: Path, number: int) -> None:
    """Write a project page; only the files of the newest version exist.

    :param number: how many files the page names
    """
    versions = [f"1.{minor}" for minor in range(number // (len(TAGS) + 1))]
    names = [f"example-{version}-{tag}.whl" for version in versions for tag in TAGS]
    names += [f"example-{version}.tar.gz" for version in versions]
    page = folder / "simple" / "example"
    page.mkdir(parents=True)
    requires = html.escape(">=3.9")
    lines = [
        f'<a href="../../{name}#sha256={hashlib.sha256(name.encode()).hexdigest()}"'
        f' data-requires-python="{requires}">{name}</a><br/>'
        for name in names
    ]
    for tag in TAGS:
        path = create(folder, "example", versions[-1], tag, {"example.py": b""})
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        wrong = hashlib.sha256(path.name.encode()).hexdigest()
        lines = [line.replace(wrong, digest) for line in lines]
    text = "<!DOCTYPE html><html><body>\n" + "\n".join(sorted(lines)) + "\n</body></html>\n"
    (page / "index.html").write_text(text, encoding="utf-8")


def main() -> None:
    """Measure both."""
    files = {"type": int, "default": 5000, "help": "on the page"}
    with bench.benchmark(__doc__, files=files) as this:
        environment = this.environment("customtags", "mousebender", "requests")
        write_page(this.folder / "index", this.options.files)
        with served(this.folder / "index") as url:
            python, index = environment.python, f"{url}/simple"
            run = ("install", "-q", "--dry-run", "--no-deps", "--no-cache-dir", "--report=-")
            commands: dict[str, Sequence[object]] = {
                venvs.PIP: [python, "-m", "pip", *run, f"-i{index}", "example"],
                "customtags rank": [python, "-m", "customtags", "rank", index, "example"],
            }
            said = {
                name: environments.run(command, env=MACHINE).stdout
                for name, command in commands.items()
            }
            costs = clock.in_turn(commands, venvs.clean(MACHINE), RUNS)
        chosen = said["customtags rank"].partition("\n")[0].rpartition(" ")[2]
        taken = json.loads(said[venvs.PIP])["install"][0]["download_info"]["url"]
        if not taken.endswith(chosen):
            sys.exit(f"pip takes {taken}, rank takes {chosen}")
        rows: list[Row] = [
            {"command": name, "CPU time, s": [cost.cpu for cost in each]}
            for name, each in costs.items()
        ]
        this.table("rank", f"A page of {this.options.files} files", rows)


if __name__ == "__main__":
    main()
