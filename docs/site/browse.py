"""Open every page of the built site in a headless Chromium: `python docs/site/browse.py build/site`.

Each page is opened in the light and the dark theme, at the widths of a desk and of a phone. A page is wrong if it scrolls
sideways, if an image is missing, if the console has an error, or if it requests something that fails or is on another host.
Then each link within the site must lead to a place, and the search must find a page by a word of its text.
`--pictures DIR` saves what was seen, of the named pages or of all.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import threading
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Pixels: a desk, a phone.
WIDTHS = (1280, 375)

THEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

#: What is wrong with the layout of the page that is open: an image without content, what sticks out to the right (and is
#: not in a box that scrolls by itself), a link to another site that is no address.
LAYOUT = """() => {
  const wrong = [];
  const wide = document.documentElement.clientWidth;
  for (const image of document.images)
    if (!image.complete || !image.naturalWidth) wrong.push(`no image: ${image.src}`);
  const boxed = (node) => {
    for (let up = node.parentElement; up && up !== document.body; up = up.parentElement)
      if (getComputedStyle(up).overflowX !== "visible") return true;
    return false;
  };
  for (const node of document.querySelectorAll("article *"))
    if (node.getBoundingClientRect().right > wide + 1 && !boxed(node))
      wrong.push(`wider than the page: ${node.tagName} ${node.textContent.slice(0, 40)}`);
  if (document.documentElement.scrollWidth > wide) wrong.push("the page scrolls sideways");
  for (const link of document.querySelectorAll("a.external"))
    if (!/^(https?:\\/\\/[\\w.-]+\\.\\w+(\\/|$)|mailto:\\S+@\\S+$)/.test(link.href))
      wrong.push(`no address: ${link.href}`);
  return wrong;
}"""

#: A word of a page's text and the page that the search must find by it.
SOUGHT = ("sys.path_hooks", "explanation/how-the-hook-works.html")


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that prints nothing."""

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a folder on loopback, and return its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def watched(browser: Browser, address: str, wrong: list[str]) -> Page:
    """Return a page that adds to a list what fails of its scripts and its requests."""
    page = browser.new_page()
    page.on("console", lambda each: wrong.append(each.text) if each.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda each: wrong.append(f"failed: {each.url}"))
    page.on(
        "response", lambda each: None if each.ok else wrong.append(f"{each.status}: {each.url}")
    )
    local = (address, "data:", "blob:")
    page.route(lambda url: not url.startswith(local), lambda route: route.abort())
    return page


def look(page: Page, address: str, name: str, pictures: Path | None) -> Iterator[str]:
    """Yield what is wrong with one page in each theme, at each width."""
    page.goto(f"{address}/{name}")
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            yield from (f"{theme}, {width} px: {each}" for each in page.evaluate(LAYOUT))
            if pictures:
                stem = name.removesuffix(".html").replace("/", "-")
                page.screenshot(path=pictures / f"{stem}-{width}-{theme}.png", full_page=True)
    colours = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme=THEMES[0])
    if page.evaluate("getComputedStyle(document.body).backgroundColor") == colours:
        yield "the dark theme is the light one"


def unresolved(site: Path, names: list[str]) -> Iterator[str]:
    """Yield the links of pages that lead to no file of the site, or to no place in it."""
    places: dict[Path, set[str]] = {}
    for name in names:
        for link in re.findall(r'<a [^>]*?href="([^"]+)"', (site / name).read_text("utf-8")):
            parts = urlsplit(link)
            target = (site / name).parent / unquote(parts.path) if parts.path else site / name
            if parts.scheme:
                continue
            if not target.exists():
                yield f"{name}: {link} leads to no file"
                continue
            if parts.fragment and target not in places:
                places[target] = {*re.findall(r'\bid="([^"]+)"', target.read_text("utf-8"))}
            if parts.fragment and unquote(parts.fragment) not in places[target]:
                yield f"{name}: {link} leads to no place in the page"


def search(page: Page, address: str) -> Iterator[str]:
    """Yield what is wrong with the search."""
    word, expected = SOUGHT
    page.goto(address)
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    page.fill("input[name=q]", word)
    page.press("input[name=q]", "Enter")
    with suppress(TimeoutError):
        page.wait_for_selector("#search-results li a")
    found = page.eval_on_selector_all("#search-results li a", "all => all.map(each => each.href)")
    if not any(urlsplit(link).path == f"/{expected}" for link in found):
        yield f"the search for {word!r} does not find {expected}: {found}"


def main() -> int:
    """Look at the pages; return 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("site", type=Path)
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR", help="save a PNG of each page, width and theme"
    )
    parser.add_argument("pages", nargs="*", help="as in how-to/retag.html (default: all)")
    options = parser.parse_intermixed_args()
    names = options.pages or sorted(
        str(each.relative_to(options.site)) for each in options.site.rglob("*.html")
    )
    if not names:
        sys.exit(f"{options.site}: no pages; help: nox -s docs")
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("skipped: the pages were not looked at, because chromium is not installed")
        return int("CI" in os.environ)
    faults = 0
    with served(options.site) as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        wrong: list[str] = []
        page = watched(browser, address, wrong)
        for name in names:
            wrong += look(page, address, name, options.pictures)
            for each in wrong:
                print(f"{name}: {each}")
            faults += len(wrong)
            wrong.clear()
        for each in chain(search(page, address), unresolved(options.site, names)):
            print(each)
            faults += 1
        browser.close()
    print(f"{len(names)} pages, {len(WIDTHS)} widths, {len(THEMES)} themes: {faults} wrong")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
