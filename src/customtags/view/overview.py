"""The page at ``/``: which wheel each machine of the server gets, and how to install from its view."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from simple_repository import errors
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse

from customtags import machine
from customtags.choosing.coverage import ProjectCoverage, cover
from customtags.choosing.coverage_page import POLICY, page, text
from customtags.choosing.offer import Offer, requires_python
from customtags.choosing.target import Target
from customtags.machine.settings import Settings
from customtags.profiles import interpreter, running
from customtags.view.folder import FolderRepository
from customtags.view.recent import Recent
from customtags.view.sources import UNREADABLE
from customtags.view.spelling import EXAMPLES
from customtags.wheels.filename import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from customtags.view.machines import Machine
    from customtags.view.upstream import IndexRepository

__all__ = ["Overview"]

#: How many projects a table has, how many files each, how many can be named in an address, and how long their names may be.
MOST, FILES, NAMED, LONGEST = 1000, 5000, 20, 200

#: How many project pages of an index are read at the same time; how long all of them and the comparison may take, in seconds.
TOGETHER, READING, COMPARING = 8, 10.0, 10.0

#: A table is kept so many times as long as it took, so that tables cost at most a tenth of one CPU; and how many are kept.
KEPT, TABLES = 10, 16

#: The name of the machine at /simple/; no other one can have it, because names have no space.
DEFAULT = "default machine"

_HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class _Table(NamedTuple):
    """What each machine gets.

    :ivar notes: what is left out
    :ivar until: when it is made anew, as `time.monotonic` counts
    """

    rows: Sequence[ProjectCoverage]
    notes: Sequence[str]
    until: float


class Overview:
    """The page, as an ASGI application. Tables are made one at a time, in a thread, and kept for a while.

    :param places: the sources; of each project the first that has it counts
    :param machines: name → machine; the name of the one at /simple/ is empty
    """

    def __init__(
        self,
        places: Sequence[FolderRepository | IndexRepository],
        machines: Mapping[str, Machine],
    ) -> None:
        self._places = places
        self._machines = machines
        self._targets: Mapping[str, Target] = {}
        self._tables: Recent[Sequence[str], _Table] = Recent(TABLES)
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; ``?project=NAME`` selects projects."""
        request = Request(scope)
        if request.method not in ("GET", "HEAD"):
            await PlainTextResponse("", 405)(scope, receive, send)
            return
        given = request.query_params.getlist("project")[:NAMED]
        named = tuple(
            sorted({canonical(each) for each in given if 0 < len(each.strip()) < LONGEST})
        )
        async with self._making:
            table = self._tables.get(named)
            if table is None or time.monotonic() > table.until:
                table = await self._make(named)
                self._tables.put(named, table)
        indexed = not all(isinstance(place, FolderRepository) for place in self._places)
        form = _form(given[0] if given else "") if indexed else ""
        # A script puts the browser's own address in its place.
        base = f"{scope['scheme']}://{request.headers.get('host', '')}{scope['path']}"
        ways = _ways(base, self._machines)
        body = page(table.rows, self._targets, notes=table.notes, before=form, after=ways)
        await HTMLResponse(body, headers=_HEADERS)(scope, receive, send)

    async def _make(self, named: Sequence[str]) -> _Table:
        started = time.monotonic()
        self._targets = self._targets or await asyncio.to_thread(_targets, self._machines)
        offers, notes = await _offers(self._places, named)
        rows = await asyncio.to_thread(_rows, offers, self._targets)
        if len(rows) < len(offers):
            notes.append(f"{len(offers) - len(rows)} more projects take too long to compare.")
        ended = time.monotonic()
        return _Table(rows, notes, ended + KEPT * (ended - started))


def _targets(machines: Mapping[str, Machine]) -> dict[str, Target]:
    """Return what pip chooses for on each machine, with the first Python of its profile."""
    settings = Settings.read(os.environ)
    found = {}
    for name, each in machines.items():
        pages = machine.pages_for(settings, lambda _: None, each.profile)
        pythons = (each.profile.get("platform") or {}).get("python", ())
        python = interpreter.read(next(iter(pythons), running.python()))
        target = Target(each.profile, each.stock, python, settings=settings, pages=pages)
        found[name or DEFAULT] = target
    return found


async def _offers(
    places: Sequence[FolderRepository | IndexRepository], named: Sequence[str]
) -> tuple[dict[str, Sequence[Offer]], list[str]]:
    """Return the files of each project, and sentences about what is left out.

    :param named: the projects; all if there is none
    """
    found: dict[str, Sequence[Offer]] = {}
    notes: list[str] = []
    for place in places:
        try:
            if isinstance(place, FolderRepository):
                offers: Mapping[str, Sequence[Offer]] = await asyncio.to_thread(place.offers)
            else:
                listed = named or await place.names()
                if listed is None:
                    notes.append("An index lists too many projects: name those that you want.")
                    continue
                asked = [name for name in listed if name not in found][:MOST]
                offers = await _read(place, asked, notes)
        except (*UNREADABLE, OSError):
            notes.append("A source cannot be read.")
            continue
        for name in named or sorted(offers):
            if name in offers:
                found.setdefault(name, offers[name])
    notes += [f"No source has {name!r}." for name in named if name not in found]
    many = [name for name, offers in found.items() if len(offers) > FILES]
    notes += [f"{name!r} has more than {FILES} files." for name in many[:NAMED]]
    kept = [name for name in found if name not in many]
    if len(kept) > MOST:
        notes.append(f"{len(kept) - MOST} more projects are not shown.")
    return {name: found[name] for name in kept[:MOST]}, notes


async def _read(
    place: IndexRepository, names: Sequence[str], notes: list[str]
) -> dict[str, Sequence[Offer]]:
    """Return the files of an index's projects; add a note for those that it does not send in time."""
    found: dict[str, Sequence[Offer]] = {}
    free = asyncio.Semaphore(TOGETHER)

    async def one(name: str) -> None:
        async with free:
            try:
                files = (await place.get_project_page(name)).files
            except errors.PackageNotFoundError:
                return
        found[name] = [
            Offer(each.filename, "https://", each.requires_python, _reason(each.yanked))
            for each in files
        ]

    tasks = [asyncio.create_task(one(name)) for name in names]
    done, late = await asyncio.wait(tasks, timeout=READING) if tasks else ((), ())
    for task in late:
        task.cancel()
    failed = [task for task in done if task.exception()]
    if late or failed:
        notes.append(f"An index does not send {len(late) + len(failed)} more projects.")
    return found


def _reason(yanked: bool | str | None) -> str | None:
    return None if yanked in (None, False) else str(yanked)


def _rows(
    offers: Mapping[str, Sequence[Offer]], targets: Mapping[str, Target]
) -> list[ProjectCoverage]:
    """Return as many rows as can be made in time."""
    found = []
    until = time.monotonic() + COMPARING
    for row in cover(offers, targets, requires_python):
        found.append(row)
        if time.monotonic() > until:
            break
    return found


def _form(value: str) -> str:
    """Return a form that selects a project."""
    field = f'<input name="project" value="{text(value)}">'
    return f"<form><label>Project {field}</label> <button>Show</button></form>\n"


def _ways(base: str, machines: Mapping[str, Machine]) -> str:
    """Return how to install from each view.

    :param base: the address of the server, as the client wrote it
    """
    parts = ["<h2>Install from a view</h2>\n"]
    for name in machines:
        url = _url(base, f"{name}/simple/".lstrip("/"))
        parts.append(
            f"<h3>{text(name or DEFAULT)}</h3>\n"
            f"<pre><code>pip install --index-url {url} PROJECT</code></pre>\n"
            f"<pre><code>uv pip install --default-index {url} PROJECT</code></pre>\n"
        )
    spelled = _url(base, "for/x86_64,glibc2.34,v3,el9.4,cuda12.4_sm90/simple/")
    words = "".join(
        f"<dt><code>{text(a)}</code></dt><dd>{text(b)}</dd>" for a, b in EXAMPLES.items()
    )
    return f"""{"".join(parts)}<h2>Any other machine</h2>
<p>An address can spell a machine. With customtags installed, a machine prints its own:</p>
<pre><code>customtags show --index-url {_url(base, "")}</code></pre>
<p>Without customtags, write its words, joined by commas, as in {spelled}:</p>
<dl>{words}</dl>
"""


def _url(base: str, path: str) -> str:
    return f'<span data-path="{text(path)}">{text(base + path)}</span>'
