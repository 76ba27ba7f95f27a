"""What is read of an index's project pages, and what is refused; real servers are in tests/real/test_index.py."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

import pytest
import requests
from requests.adapters import BaseAdapter

from customtags.choosing.index import Client
from customtags.choosing.offer import Offer
from customtags.choosing.pip_settings import PipSettings
from customtags.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

URL = "https://me:secret@wheels.invalid/simple/example/"
SHOWN = "https://wheels.invalid/simple/example/"
JSON, HTML = "application/vnd.pypi.simple.v1+json", "text/html"

FILES: list[dict[str, object]] = [
    {"filename": "example-1.0-py3-none-any.whl"},
    {"filename": "example-1.1-py3-none-any.whl", "requires-python": ">=3.9"},
    {"filename": "example-1.2-py3-none-any.whl", "yanked": True},
    {"filename": "example-1.3-py3-none-any.whl", "yanked": "it bites"},
]
OFFERS = [
    Offer("example-1.0-py3-none-any.whl", SHOWN),
    Offer("example-1.1-py3-none-any.whl", SHOWN, ">=3.9"),
    Offer("example-1.2-py3-none-any.whl", SHOWN, None, ""),
    Offer("example-1.3-py3-none-any.whl", SHOWN, None, "it bites"),
]


class Answer(NamedTuple):
    """The answer of an index.

    :ivar times: how often the body comes, None for ever
    """

    kind: str
    body: bytes
    status: int = 200
    times: int | None = 1


class Body:
    """A body that is read in chunks."""

    def __init__(self, page: Answer) -> None:
        self.page = page
        self.left = page.times
        self.closed = False

    def read(self, _: int) -> bytes:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                return b""
        return self.page.body

    def close(self) -> None:
        self.closed = True


class Index(BaseAdapter):
    """An index that answers every request with one page."""

    def __init__(self, page: Answer) -> None:
        super().__init__()
        self.page = page
        self.requests: list[tuple[requests.PreparedRequest, dict[str, Any]]] = []
        self.bodies: list[Body] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        self.requests.append((request, options))
        self.bodies.append(Body(self.page))
        response = requests.Response()
        response.status_code, response.reason = self.page.status, "for a test"
        response.headers["Content-Type"] = self.page.kind
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        response.raw, response.url, response.request = self.bodies[-1], request.url or "", request
        return response

    def close(self) -> None:
        pass


def client(index: Index, most: int = 1 << 20, **settings: Any) -> Client:
    found = Client(PipSettings(**settings), most)
    for scheme in ("http", "https"):
        found.session.mount(f"{scheme}://", index)
    return found


def read(page: Answer, url: str = URL, **settings: Any) -> list[Offer]:
    return client(Index(page), **settings).offers(url, "example", lambda _: None)


def as_json(files: object) -> bytes:
    return json.dumps({"meta": {"api-version": "1.0"}, "name": "example", "files": files}).encode()


def as_html() -> bytes:
    lines = []
    for file in FILES:
        attributes = ' data-requires-python="&gt;=3.9"' if "requires-python" in file else ""
        yanked = file.get("yanked")
        attributes += f' data-yanked="{"" if yanked is True else yanked}"' if yanked else ""
        lines.append(f'<a href="/{file["filename"]}"{attributes}>{file["filename"]}</a>')
    return "<!DOCTYPE html><html><body>{}</body></html>".format("\n".join(lines)).encode()


@pytest.mark.parametrize("page", [Answer(JSON, as_json(FILES)), Answer(HTML, as_html())])
def test_json_and_html_say_the_same(page: Answer) -> None:
    assert read(page) == OFFERS


def test_a_project_without_a_page_has_no_files() -> None:
    assert read(Answer(HTML, b"", 404)) == []


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (Answer(HTML, b"", 401), "answers 401 for a test"),
        (Answer("application/pdf", b"%PDF"), "is not a project page (Unsupported MIME type"),
        (Answer("text/html; charset=none", b"none"), "is not a project page (unknown encoding"),
        (Answer(JSON, b"[]"), "is not a project page"),
        (Answer(JSON, b"{"), "is not a project page"),
        (Answer(JSON, b'{"meta": null, "files": [null]}'), "is not a project page"),
        (Answer(JSON, as_json([{}])), "is not a project page"),
        (Answer(JSON, b"[" * 100_000), "is not a project page (it is nested too deeply)"),
        (Answer(JSON, b'{"files":' + b"[" * 100_000), "is not a project page (it is nested"),
        (Answer(HTML, b"x" * 65536, times=None), "is larger than 1 MB"),
    ],
)  # fmt: skip
def test_a_page_that_is_none_is_refused_in_a_line_without_the_password(
    page: Answer, says: str
) -> None:
    with pytest.raises(SourceError) as caught:
        read(page)
    assert str(caught.value).startswith(f"{SHOWN} {says}")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_more_is_read_than_a_page_may_have() -> None:
    index = Index(Answer(HTML, b"x" * 1000, times=None))
    reported: list[str] = []
    with pytest.raises(SourceError, match="name a folder"):
        client(index, most=10_000).offers(URL, "example", reported.append)
    assert len(reported) == 11
    assert reported[-1] == f"{SHOWN}: 0.0 MB"
    assert index.bodies[0].closed


@pytest.mark.parametrize(
    ("url", "settings", "read_it"),
    [
        ("https://wheels.invalid/simple/example/", {}, True),
        ("http://localhost:8000/simple/example/", {}, True),
        ("http://127.0.0.1/simple/example/", {}, True),
        ("http://wheels.invalid/simple/example/", {}, False),
        ("http://wheels.invalid/simple/example/", {"trusted_hosts": ("wheels.invalid",)}, True),
        ("http://wheels.invalid:81/example/", {"trusted_hosts": ("wheels.invalid:81",)}, True),
        ("http://wheels.invalid:81/example/", {"trusted_hosts": ("wheels.invalid:80",)}, False),
    ],
)
def test_pip_reads_only_hosts_that_it_trusts(
    url: str, settings: dict[str, Any], read_it: bool
) -> None:
    page = Answer(JSON, as_json(FILES[:1]))
    if read_it:
        assert len(read(page, url, **settings)) == 1
    else:
        with pytest.raises(SourceError, match="neither https nor a trusted host"):
            read(page, url, **settings)


def test_the_settings_of_pip_reach_the_request() -> None:
    index = Index(Answer(JSON, as_json([])))
    settings: dict[str, Any] = {"cert": "/ca.pem", "timeout": 7.0, "proxy": "http://proxy.invalid"}
    client(index, **settings).offers(URL, "example", lambda _: None)
    ((request, options),) = index.requests
    assert options["verify"] == "/ca.pem"
    assert options["timeout"] == 7.0
    assert options["proxies"]["https"] == "http://proxy.invalid"
    assert request.headers["Authorization"] == "Basic bWU6c2VjcmV0"
    assert JSON in request.headers["Accept"]


def test_a_page_may_lie_in_a_folder_or_be_a_file(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_bytes(as_html())
    found = client(Index(Answer(HTML, b"")))
    for place in (tmp_path, page):
        offers = found.offers(place.as_uri(), "example", lambda _: None)
        assert [offer.name for offer in offers] == [offer.name for offer in OFFERS]
    assert found.offers((tmp_path / "none").as_uri(), "example", lambda _: None) == []


def test_a_pipe_in_the_place_of_a_page_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "index.html")
    found = client(Index(Answer(HTML, b"")))
    assert found.offers(tmp_path.as_uri(), "example", lambda _: None) == []


def test_a_large_file_in_the_place_of_a_page_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "index.html").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(SourceError, match="is larger than 1 MB"):
        client(Index(Answer(HTML, b""))).offers(tmp_path.as_uri(), "example", lambda _: None)
