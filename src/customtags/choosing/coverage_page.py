"""Pure: coverage as one HTML page that needs nothing else: a table to sort, with a colour for each kind of cell."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from customtags.choosing.coverage import KINDS
from customtags.errors import printable

if TYPE_CHECKING:
    from customtags.choosing.coverage import Cell, ProjectCoverage

__all__ = ["page"]

_STYLE = """
:root { color-scheme: light dark; --best: #1a7f37; --lower: #9a6700; --stock: #bc4c00; --only: #57606a;
  --pure: #57606a; --sdist: #8250df; --none: #cf222e; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 1rem auto; max-width: 75rem; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; min-width: 100%; }
th, td { border-bottom: 1px solid #8888; padding: .4rem .6rem; text-align: left; white-space: nowrap; }
th button { all: unset; cursor: pointer; font-weight: bold; }
th button:focus-visible { outline: 2px solid; }
td small { display: block; opacity: .75; }
.mark { border-radius: .3rem; color: #fff; display: inline-block; font-size: .8rem; padding: 0 .4rem; }
dt { float: left; clear: left; width: 4.5rem; }
dd { margin: 0 0 .3rem 4.5rem; }
"""

_SCRIPT = """
for (const button of document.querySelectorAll("th button")) button.addEventListener("click", () => {
  const head = button.closest("th"), column = [...head.parentNode.children].indexOf(head);
  const body = document.querySelector("tbody"), turn = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", turn === 1 ? "ascending" : "descending");
  const key = row => row.children[column].dataset.key;
  body.append(...[...body.children].sort((a, b) => turn * key(a).localeCompare(key(b))));
});
"""


def page(rows: Sequence[ProjectCoverage], machines: Sequence[str]) -> str:
    """Return the page.

    :param machines: the columns
    """
    styles = "".join(f".{kind} {{ background: var(--{kind}); }}\n" for kind in KINDS)
    heads = "".join(_head(name) for name in ("project", *machines))
    body = "\n".join(_row(row, machines) for row in rows)
    legend = "".join(
        f'<dt><span class="mark {kind}">{kind}</span></dt><dd>{_text(what)}</dd>'
        for kind, what in KINDS.items()
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Coverage of {len(rows)} projects on {len(machines)} machines</title>
<style>{_STYLE}{styles}</style>
</head>
<body>
<h1>Which wheel each machine gets</h1>
<div class="wide"><table>
<thead><tr>{heads}</tr></thead>
<tbody>
{body}
</tbody>
</table></div>
<dl>{legend}</dl>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _head(name: str) -> str:
    return f"<th><button>{_text(name)}</button></th>"


def _row(row: ProjectCoverage, machines: Sequence[str]) -> str:
    cells = "".join(_cell(row.cells[name]) for name in machines)
    name = _text(row.project)
    return f'<tr><td data-key="{name}">{name}</td>{cells}</tr>'


def _cell(cell: Cell) -> str:
    key = f"{list(KINDS).index(cell.kind)}{cell.version or ''}"
    said = " ".join(cell.segments.values()) or (cell.version or "")
    name = _text(cell.file or "")
    mark = f'<span class="mark {cell.kind}">{cell.kind}</span>'
    return f'<td data-key="{_text(key)}" title="{name}">{mark}<small>{_text(said)}</small></td>'


def _text(text: str) -> str:
    return html.escape(printable(text))
