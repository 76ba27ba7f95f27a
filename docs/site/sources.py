"""Pages of the site for what lies outside of `docs` and is linked there: an example, a source file, a folder of tests.

A web view of the repository shows such a link as the file or the folder. The site has a page instead, with the text of
the file, or of each file of the folder, as it was when the site was built. A folder can be downloaded as an archive.
"""

from __future__ import annotations

import html
import os
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes
from sphinx.highlighting import PygmentsBridge
from sphinx.transforms.post_transforms import SphinxPostTransform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

#: Files of the repository that the site has as pages of its own.
PAGES = {"README.md": "index", "CHANGELOG.md": "changelog", "CONTRIBUTING.md": "contributing/index"}

#: How a suffix is highlighted; any other is not.
LANGUAGES = {".c": "c", ".json": "json", ".py": "python", ".sh": "sh", ".toml": "toml"}

#: The most files of a folder that are shown; of a larger folder only their names.
MOST = 30


def links(document: nodes.document, page: str) -> Iterator[tuple[nodes.Element, Path]]:
    """Yield each link of a page that leads outside of `docs`, with the path of its target below the repository."""
    for kind in (addnodes.pending_xref, addnodes.download_reference):
        for node in document.findall(kind):
            name = node["reftarget"]
            if node.get("refdomain") == "doc":  # MyST drops the suffix
                name = f"/{name.lstrip('/')}.md"
            for folder in ((DOCS / page).parent, ROOT):  # an included page is of the root
                path = (folder / name).resolve()
                if path.exists() and ROOT in path.parents and DOCS not in path.parents:
                    yield node, path.relative_to(ROOT)
                    break


class Linked(SphinxPostTransform):
    """Make these links lead to the pages, before MyST reports that they lead nowhere."""

    default_priority = 8

    def run(self, **_: Any) -> None:
        """Replace the links of one page."""
        for node, path in [*links(self.document, self.env.docname)]:
            page = PAGES.get(str(path), f"source/{path}")
            uri = self.app.builder.get_relative_uri(self.env.docname, page)
            node.replace_self(nodes.reference("", "", *node.children, refuri=uri, internal=True))


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield a page for each target."""
    targets = {
        path
        for page in app.env.found_docs
        for _, path in links(app.env.get_doctree(page), page)
        if str(path) not in PAGES
    }
    for path in sorted(targets):
        title = html.escape(str(path))
        body = f"<h1>{title}</h1>{_body(path, _files(path), Path(app.outdir))}"
        yield f"source/{path}", {"title": title, "body": body}, "page.html"


def _files(path: Path) -> list[Path]:
    """Return the file, or the files of a folder that belong to the repository."""
    command = [
        "git",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        str(path),
    ]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in sorted(listed.split("\0")) if name]


def _body(path: Path, files: list[Path], site: Path) -> str:
    if files == [path]:
        return _text(path)
    names = [html.escape(str(each.relative_to(path))) for each in files]
    if len(files) > MOST:
        return f"<ul>{''.join(f'<li>{name}</li>' for name in names)}</ul>"
    texts = "".join(f"<h2>{name}</h2>{_text(each)}" for name, each in zip(names, files))
    archive = f"{path.name}.zip"
    _pack(site / "source" / path.parent / archive, path, files)
    return f'<p>Download: <a href="{html.escape(archive)}">{html.escape(archive)}</a></p>{texts}'


def _pack(archive: Path, folder: Path, files: list[Path]) -> None:
    """Write the files of a folder into an archive, which is the same for the same files."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w") as out:
        for each in files:
            member = zipfile.ZipInfo(str(each.relative_to(folder.parent)))  # of 1980
            member.external_attr = (0o755 if os.access(ROOT / each, os.X_OK) else 0o644) << 16
            out.writestr(member, (ROOT / each).read_bytes(), zipfile.ZIP_DEFLATED)


def _text(path: Path) -> str:
    text = (ROOT / path).read_text("utf-8", errors="replace")
    return PygmentsBridge().highlight_block(text, LANGUAGES.get(path.suffix, "text"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the extension to Sphinx."""
    app.add_post_transform(Linked)
    app.connect("html-collect-pages", pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
