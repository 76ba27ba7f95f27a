"""What clients and caches may ask of a view besides its text: whether it changed, its head, a part of a file."""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from customtags.wheels.writer import create
from needs import requires
from real.serving import get, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = requires(sys.version_info >= (3, 11), "Python 3.11, which the server requires")

JSON = "application/vnd.pypi.simple.v1+json"
PAGE = "/for/v2/simple/example/"
SOURCES = FOLDER, INDEX = "a folder", "another index"
FILE = "/for/v2/resources/example/example-1.0-py3-none-linux_x86_64.whl"


@contextmanager
def view(source: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Serve a view of a folder, or of an index that serves the folder; yield its URL, and the wheel that is shown."""
    code = {"example.py": b"LABEL = 'first'\n" * 9999}
    wheel = create(folder, "example", "1.0", "py3-none-linux_x86_64_v2", code)
    with ExitStack() as stack:
        url = stack.enter_context(serving(folder))
        if source == INDEX:
            url = stack.enter_context(serving(f"{url}/for/v2/simple/"))
        yield url, wheel


@pytest.fixture(scope="module", params=SOURCES)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    with view(request.param, tmp_path_factory.mktemp("source")) as found:
        yield found


def ask(
    url: str, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Return the answer to a request, and its body."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=names)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("path", [PAGE, FILE, f"{FILE}.metadata"])
def test_what_did_not_change_is_not_sent_again(served: tuple[str, Path], path: str) -> None:
    url, _ = served
    first, body = ask(url, path)
    assert first.status == 200
    again, nothing = ask(url, path, If_None_Match=first.headers["ETag"])
    assert (again.status, nothing) == (304, b"")
    other, same = ask(url, path, If_None_Match='"another"')
    assert (other.status, same) == (200, body)
    head, nothing = ask(url, path, "HEAD")
    assert (head.status, nothing) == (200, b"")
    assert head.headers["Content-Length"] == str(len(body))


def test_a_cache_keeps_formats_apart_and_asks_again(served: tuple[str, Path]) -> None:
    url, _ = served
    answers = [ask(url, PAGE, Accept=kind)[0] for kind in ("text/html", JSON)]
    assert len({answer.headers["ETag"] for answer in answers}) == 2
    for answer in answers:
        assert (answer.headers["Vary"], answer.headers["Cache-Control"]) == ("Accept", "no-cache")


@pytest.mark.parametrize("source", SOURCES)
def test_a_change_of_the_source_shows_at_once(source: str, tmp_path: Path) -> None:
    with view(source, tmp_path) as (url, wheel):
        digests = set()
        for number in range(4):
            # The same name, and the same length.
            content = wheel.read_bytes()[:-1] + bytes([number])
            wheel.write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            assert digest in get(url + PAGE)[1]
            assert ask(url, FILE)[1] == content
            digests.add(digest)
        assert len(digests) == 4
        (wheel.parent / "example-1.1.tar.gz").write_bytes(b"")
        assert "example-1.1.tar.gz" in get(url + PAGE)[1]
        wheel.unlink()
        assert "linux" not in get(url + PAGE)[1]
        assert get(url + FILE)[0] == 404


def test_a_file_that_kept_its_size_and_time_shows_too(tmp_path: Path) -> None:
    wheel = create(tmp_path, "example", "1.0", "py3-none-linux_x86_64_v2", {"example.py": b"1"})
    with serving(tmp_path) as url:
        before = ask(url, PAGE)[0].headers["ETag"]
        status = wheel.stat()
        content = wheel.read_bytes()[:-1] + b"x"
        wheel.with_suffix(".new").write_bytes(content)
        wheel.with_suffix(".new").replace(wheel)
        os.utime(wheel, ns=(status.st_atime_ns, status.st_mtime_ns))
        answer, text = ask(url, PAGE)
        assert answer.headers["ETag"] != before
        assert hashlib.sha256(content).hexdigest() in text.decode()


@pytest.mark.parametrize(
    ("part", "expected"),
    [("bytes=0-9", slice(0, 10)), ("bytes=-22", slice(-22, None)), ("bytes=5-", slice(5, None))],
)
def test_a_part_of_a_file(served: tuple[str, Path], part: str, expected: slice) -> None:
    url, wheel = served
    answer, body = ask(url, FILE, Range=part)
    assert (answer.status, body) == (206, wheel.read_bytes()[expected])
    answer, body = ask(url, FILE, Range=part, If_Range='"another"')
    assert (answer.status, body) == (200, wheel.read_bytes())
    assert ask(url, FILE, Range="bytes=99999999-")[0].status == 416


@pytest.mark.parametrize("accept", ["image/png", "text/html;q=much", f"{JSON};q=", ";;;"])
def test_a_format_that_is_none_is_not_acceptable(served: tuple[str, Path], accept: str) -> None:
    url, _ = served
    assert ask(url, PAGE, Accept=accept)[0].status == 406
    assert ask(url, "/for/v2/simple/", Accept=accept)[0].status == 406
    assert get(f"{url}/health") == (200, "ok\n")


def test_two_hundred_clients_at_once_get_the_page(served: tuple[str, Path]) -> None:
    url, _ = served
    expected = get(url + PAGE)[1].encode()
    host, port = url.removeprefix("http://").split(":")
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection((host, int(port)), 60)) for _ in range(200)
        ]
        for client in clients:
            client.sendall(f"GET {PAGE} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        for client in clients:
            head, _, body = client.makefile("rb").read().partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert body == expected
