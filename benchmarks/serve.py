"""What a project page of thousands of files costs a server: a view, the same server without the view, pypiserver and devpi.

All of them serve one folder of small wheels, or one static page that names them, on the loopback address: one request, some
one after another, then many clients at once with one request each. The CPU time is that of the server and its workers, as the
kernel counts it, so that neither the clients nor other work of the machine count. The clients are plain asyncio streams in a process of
their own; the column "client" has their CPU time, because clients that need more than the server would be what is measured.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import resource
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import bench
from customtags.wheels.writer import create
from rank import TAGS
from real import index_servers
from real.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from results import Row

JSON, HTML = "application/vnd.pypi.simple.v1+json", "text/html"

#: The machine of the view, as its address spells it.
MACHINE = "for/x86_64,glibc2.36,v3,el9.4/"

#: How many requests are sent one after another, and how long any of them may take, in seconds.
ALONE, PATIENCE = 10, 600


#: The server with the view.
VIEW = "customtags serve"


class Case(NamedTuple):
    """A server that is measured.

    :ivar source: the folder, or the URL of the static page
    """

    name: str
    source: str
    kind: str
    workers: int = 1


#: In this order. The servers that read their source anew for each request are slow: each is measured with one format or two.
CASES = (
    *(Case(VIEW, "folder", kind, n) for kind in (JSON, HTML) for n in (1, 2)),
    *(Case("simple-repository-server", "folder", kind) for kind in (JSON, HTML)),
    Case("pypiserver", "folder", HTML),
    *(Case(VIEW, "index", JSON, workers) for workers in (1, 2)),
    Case("simple-repository-server", "index", JSON),
    Case("devpi (a mirror)", "index", JSON),
)


class Answer(NamedTuple):
    """What a server sent, the status 0 if the connection broke."""

    status: int
    size: int
    etag: str
    seconds: float


async def ask(port: int, path: str, headers: Mapping[str, str]) -> Answer:
    """Send one request on a connection of its own."""
    start = time.perf_counter()
    lines = [f"GET /{path} HTTP/1.0", "Host: localhost"]  # 1.0 knows no chunks
    lines += [f"{name}: {value}" for name, value in headers.items()]
    status, size, etag = 0, 0, ""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write("\r\n".join([*lines, "", ""]).encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
            found = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
            status, etag = int(head[0].split()[1]), found.get("etag", "")
            while chunk := await reader.read(1 << 16):
                size += len(chunk)
            if size != int(found.get("content-length", 0 if status == 304 else size)):
                status = 0
            writer.close()
    except (OSError, EOFError, TimeoutError):
        status = 0
    return Answer(status, size, etag, time.perf_counter() - start)


def processes(pid: int) -> list[int]:
    """Return a process and its children."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def cpu(pid: int) -> float:
    """Return the milliseconds that processors spent on a process and its children so far."""
    ticks = 0
    for each in processes(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return 1000 * ticks / os.sysconf("SC_CLK_TCK")


def peak(pid: int) -> float:
    """Return the peak memory of a process and its children, each at its own time, in MiB."""
    kib = 0
    for each in processes(pid):
        status = Path(f"/proc/{each}/status").read_text()
        kib += int(status.partition("VmHWM:")[2].split()[0])
    return kib / 1024


def own() -> float:
    """Return the milliseconds that processors spent on this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (usage.ru_utime + usage.ru_stime)


async def measure(port: int, path: str, case: Case, pid: int, clients: int) -> Row:
    """Return what the requests cost a server that runs.

    :param clients: at once; a server that reads its source for each request gets a tenth, which takes minutes as it is
    """
    if case.name != VIEW:
        clients //= 10
    headers = {"Accept": case.kind}
    before = cpu(pid)
    first = await ask(port, path, headers)
    after_first = cpu(pid)
    alone = [await ask(port, path, headers) for _ in range(ALONE)]
    after_alone = cpu(pid)
    unchanged = None
    if first.etag:
        again = {**headers, "If-None-Match": first.etag}
        answers = [await ask(port, path, again) for _ in range(ALONE)]
        if {each.status for each in answers} == {304}:
            unchanged = (cpu(pid) - after_alone) / ALONE
    before_crowd, own_before = cpu(pid), own()
    start = time.perf_counter()
    crowd = await asyncio.gather(*(ask(port, path, headers) for _ in range(clients)))
    seconds = time.perf_counter() - start
    after = cpu(pid)
    wrong = [
        each for each in (first, *alone, *crowd) if (each.status, each.size) != (200, first.size)
    ]
    return {
        "server": case.name,
        "source": case.source,
        "format": "JSON" if case.kind == JSON else "HTML",
        "workers": str(case.workers),
        "page, KiB": first.size / 1024,
        "first, CPU ms": after_first - before,
        "one after another, CPU ms": (after_alone - after_first) / ALONE,
        "not modified, CPU ms": unchanged,
        "clients at once": clients,
        "at once, CPU ms": (after - before_crowd) / clients,
        "at once, all, s": seconds,
        "client, CPU ms": (own() - own_before) / clients,
        "errors": len(wrong),
        "memory, MiB": peak(pid),
    }


def write_index(folder: Path, number: int) -> Path:
    """Write tiny wheels into a folder of their project, and a static page that names them; return the parent folder."""
    wheels = folder / "wheels"
    (wheels / "example").mkdir(parents=True)
    for minor in range(number // len(TAGS)):
        for tag in TAGS:
            create(wheels / "example", "example", f"1.{minor}", tag, {"example.py": b""})
    page = folder / "static" / "simple" / "example"
    page.mkdir(parents=True)
    names = sorted(path.name for path in (wheels / "example").iterdir())
    digests = {name: hashlib.sha256(name.encode()).hexdigest() for name in names}
    links = [
        f'<a href="/files/{name}#sha256={digest}">{name}</a><br/>'
        for name, digest in digests.items()
    ]
    text = "\n".join(["<!DOCTYPE html><html><body>", *links, "</body></html>\n"])
    (page / "index.html").write_text(text, encoding="utf-8")
    return wheels


def run(case: Case, place: str, python: Path, folder: Path, clients: int) -> Row:
    """Start a server, measure it, and stop it.

    :param place: the folder or the URL of its source
    """
    port = free_port()
    with ExitStack() as stack:
        if case.name == "pypiserver":
            _, process = stack.enter_context(index_servers.pypiserver(Path(place), port, python))
            path = "simple/example/"
        elif case.name.startswith("devpi"):
            index = {"type": "mirror", "mirror_url": place, "mirror_no_project_list": True}
            data = folder / "devpi"
            _, process = stack.enter_context(index_servers.devpi(data, port, index, python))
            path = "root/wheels/+simple/example/"
        else:
            ours = case.name == VIEW
            words = ["customtags", "serve", f"--workers={case.workers}"] if ours else None
            command: Sequence[object] = words or ["simple_repository_server", "--host=127.0.0.1"]
            command = [python, "-m", *command, place, f"--port={port}"]
            url = f"http://127.0.0.1:{port}/simple/"
            if case.source == "index":
                url += "example/"  # the static index has no list of projects
            process = stack.enter_context(index_servers.running(command, url))
            path = f"{MACHINE if ours else ''}simple/example/"
        return asyncio.run(measure(port, path, case, process.pid, clients))


def main() -> None:
    """Measure all of them."""
    options = {
        "files": {"type": int, "default": 5000, "help": "on the page"},
        "clients": {"type": int, "default": 200, "help": "at once"},
    }
    with bench.benchmark(__doc__, **options) as this:
        names = ("simple-repository-server", "pypiserver", "devpi-server")
        python = this.environment("customtags", *names).python
        wheels = write_index(this.folder, this.options.files)
        static = [python, "-m", "http.server", "--bind=127.0.0.1", "-d", this.folder / "static"]
        port = free_port()
        with index_servers.running([*static, str(port)], f"http://127.0.0.1:{port}/simple/"):
            places = {"folder": str(wheels), "index": f"http://127.0.0.1:{port}/simple/"}
            rows = []
            for case in CASES:
                row = run(case, places[case.source], python, this.folder, this.options.clients)
                print(row, file=sys.stderr)
                rows.append(row)
    this.table("serve", f"A project page of {this.options.files} files", rows)


if __name__ == "__main__":
    main()
