"""Pure: coverage as one HTML page that loads nothing: a table to sort, with a colour for each kind of cell."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from customtags.choosing.coverage import KINDS
from customtags.errors import printable

if TYPE_CHECKING:
    from customtags.choosing.coverage import Cell, ProjectCoverage
    from customtags.choosing.target import Target

__all__ = ["POLICY", "page", "text"]

_STYLE = """
:root { color-scheme: light dark; --best: #1a7f37; --lower: #9a6700; --stock: #bc4c00; --only: #57606a;
  --pure: #57606a; --sdist: #8250df; --none: #cf222e; --paper: Canvas; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 1rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: separate; border-spacing: 0; min-width: 100%; }
th, td { border-bottom: 1px solid #8886; padding: .4rem .6rem; text-align: left; vertical-align: top; white-space: nowrap; }
thead small, td small { display: block; font-weight: normal; opacity: .75; }
tbody th, thead th:first-child { background: var(--paper); left: 0; position: sticky; }
form { margin-bottom: 1rem; }
tbody th { max-width: min(45vw, 20rem); overflow: hidden; text-overflow: ellipsis; }
thead button { all: unset; cursor: pointer; font-weight: bold; }
thead button::after { content: " ↕"; opacity: .4; }
[aria-sort=ascending] button::after { content: " ↑"; opacity: 1; }
[aria-sort=descending] button::after { content: " ↓"; opacity: 1; }
button:focus-visible, input:focus-visible { outline: 2px solid; outline-offset: 2px; }
.mark { border-radius: .3rem; color: #fff; display: inline-block; font-size: .8rem; min-width: 2.6rem; padding: 0 .4rem; text-align: center; }
dl { display: grid; gap: .3rem .8rem; grid-template-columns: max-content 1fr; }
dt, dd { margin: 0; }
pre { background: #8881; border-radius: .3rem; overflow-x: auto; padding: .6rem .8rem; }
code { font: .9rem/1.5 ui-monospace, monospace; }
pre code { user-select: all; }
"""

_SCRIPT = """
for (const button of document.querySelectorAll("thead button")) button.addEventListener("click", () => {
  const head = button.closest("th"), column = [...head.parentNode.children].indexOf(head);
  const body = document.querySelector("tbody"), turn = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", turn === 1 ? "ascending" : "descending");
  const key = row => row.children[column].dataset.key;
  body.append(...[...body.children].sort((a, b) => turn * key(a).localeCompare(key(b))));
});
const here = location.origin + location.pathname.replace(/\\/?$/, "/");
for (const place of document.querySelectorAll("[data-path]"))
  if (location.origin.startsWith("http")) place.textContent = here + place.dataset.path;
"""

_COLOURS = "".join(f".{kind} {{ background: var(--{kind}); }}\n" for kind in KINDS)


def _source(content: str) -> str:
    """Return what allows a script or a style in a policy (https://www.w3.org/TR/CSP3/)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


#: The Content-Security-Policy of the page: its own style and script, and nothing else.
POLICY = (
    f"default-src 'none'; style-src {_source(_STYLE + _COLOURS)}; script-src {_source(_SCRIPT)}; "
    "form-action 'self'; base-uri 'none'"
)


def page(
    rows: Sequence[ProjectCoverage],
    targets: Mapping[str, Target],
    *,
    notes: Iterable[str] = (),
    before: str = "",
    after: str = "",
) -> str:
    """Return the page.

    :param targets: the columns: the name of each machine, and what pip chooses for there
    :param notes: sentences about what the table lacks
    :param before: HTML between the heading and the table
    :param after: HTML behind the table and its legend
    """
    heads = "".join(_head(name, target) for name, target in targets.items())
    body = "\n".join(_row(row, list(targets)) for row in rows)
    legend = "".join(
        f'<dt><span class="mark {kind}">{kind}</span></dt><dd>{text(what)}</dd>'
        for kind, what in KINDS.items()
    )
    said = "".join(f"<p>{text(note)}</p>\n" for note in notes)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Coverage of {_count(rows, "project")} on {_count(targets, "machine")}</title>
<style>{_STYLE}{_COLOURS}</style>
</head>
<body>
<h1>Which wheel each machine gets</h1>
{before}<div class="wide"><table>
<thead><tr><th><button>project</button></th>{heads}</tr></thead>
<tbody>
{body}
</tbody>
</table></div>
{said}<dl>{legend}</dl>
{after}<script>{_SCRIPT}</script>
</body>
</html>
"""


def text(content: str) -> str:
    """Return a text as HTML shows it, without control characters."""
    return html.escape(printable(content))


def _count(things: Sequence[object] | Mapping[str, object], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _head(name: str, target: Target) -> str:
    what = text(f"{target.arch}, Python {target.name}")
    return f"<th><button>{text(name)}</button><small>{what}</small></th>"


def _row(row: ProjectCoverage, machines: Sequence[str]) -> str:
    cells = "".join(_cell(row.cells[name]) for name in machines)
    name = text(row.project)
    return f'<tr><th scope="row" data-key="{name}" title="{name}">{name}</th>{cells}</tr>'


def _cell(cell: Cell) -> str:
    key = f"{list(KINDS).index(cell.kind)}{cell.version or ''}"
    said = " ".join(cell.segments.values()) or (cell.version or "")
    name = text(cell.file or "")
    mark = f'<span class="mark {cell.kind}">{cell.kind}</span>'
    return f'<td data-key="{text(key)}" title="{name}">{mark}<small>{text(said)}</small></td>'
