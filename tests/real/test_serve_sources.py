"""A source that is slow, dead or hostile costs the client an honest status, and the server nothing."""

from __future__ import annotations

import base64
import http.server
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

import pytest

from customtags.wheels.writer import create
from needs import requires
from real.environments import run
from real.servers import listening
from real.serving import get, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = requires(sys.version_info >= (3, 11), "Python 3.11, which the server requires")

NAME = "example-1.0-py3-none-linux_x86_64.whl"
PAGE = f'<a href="/files/{NAME}">{NAME}</a>'.encode()


class Upstream(http.server.BaseHTTPRequestHandler):
    """An index of which each project behaves in its own way.

    :ivar page: the page of the project that behaves
    :ivar expected: the Authorization that it demands, empty for none
    :ivar logins: what came as Authorization
    """

    page = PAGE
    expected = ""
    wheel = b""
    logins: ClassVar[list[str]]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        given = self.headers.get("Authorization") or ""
        self.logins.append(given)
        kind = self.path.rstrip("/").rpartition("/")[2]
        answers = {
            "simple": (200, "text/html", b'<a href="example/">example</a>'),
            "example": (200, "text/html", self.page),
            NAME: (200, "application/octet-stream", self.wheel),
            "broken": (500, "text/plain", b"secret-of-the-source"),
            "json": (200, "application/vnd.pypi.simple.v1+json", b"[" * 100_000),
            "binary": (200, "image/png", bytes(range(256))),
            "file": (302, "text/html", b"file:///etc/passwd"),
            "loop": (302, "text/html", self.path.encode()),
            "endless": (200, "text/html", b""),
        }
        if self.expected and given != self.expected:
            self.answer(401, "text/plain", b"")
        else:
            self.answer(*answers.get(kind, (404, "text/plain", b"")))
        while kind == "endless":
            try:
                self.wfile.write(b"<a href='x'>x</a>\n" * 50_000)
            except OSError:
                return

    def answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status == 302:
            self.send_header("Location", body.decode())
        if body:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def upstream(folder: Path, login: str = "", page: bytes = PAGE) -> Iterator[tuple[str, list[str]]]:
    """Run such an index; give its address, and the list of what came as Authorization."""
    logins: list[str] = []
    expected = f"Basic {base64.b64encode(login.encode()).decode()}" if login else ""
    wheel = (folder / NAME).read_bytes()
    values = {"page": page, "expected": expected, "logins": logins, "wheel": wheel}
    handler = type("Bound", (Upstream,), values)
    with listening(handler) as host:
        yield f"{host}/simple/", logins


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    create(folder, "example", "1.0", "py3-none-linux_x86_64", {"example.py": b"x = 1\n" * 9999})
    return folder


#: Project → the status of its page.
STATUS = {
    "example": 200,
    "nothing": 404,
    "broken": 502,
    "json": 502,
    "binary": 502,
    "file": 502,
    "loop": 502,
    "endless": 502,
}


#: Project → the reason for its status.
REASONS = {"broken": "(status 500)", "json": "(no project page)", "binary": "(no project page)"}


def test_a_source_that_misbehaves_is_a_bad_gateway(wheels: Path) -> None:
    with upstream(wheels) as (address, _), serving(f"http://{address}") as url:
        for project, status in STATUS.items():
            found, text = get(f"{url}/simple/{project}/")
            assert (project, found) == (project, status)
            assert "secret" not in text
            assert "root:" not in text
            if status == 502:
                host = address.partition(":")[0]
                assert text.startswith(f"the source {host}")
                assert REASONS.get(project, "") in text
            assert get(f"{url}/health")[0] == 200
        assert get(f"{url}/resources/example/{NAME}")[0] == 200
        assert get(f"{url}/resources/example/other-1.0-py3-none-any.whl")[0] == 404


def test_a_dead_source_is_a_bad_gateway() -> None:
    log: list[str] = []
    said = "the source 127.0.0.1:9 did not answer as an index does (Connection refused)"
    with serving("http://user:hush@127.0.0.1:9/hush/simple/", log=log) as url:
        assert get(f"{url}/simple/example/") == (
            *(
                502,
                f"{said}; check that its server runs, and the sources that 'customtags serve' was given\n",
            ),
        )
        assert get(f"{url}/health")[0] == 200
    assert said in log[0]
    assert "hush" not in log[0]


@pytest.mark.parametrize("port", ["nonsense", "65536"])
def test_a_link_to_an_impossible_port_is_no_fault_of_the_server(
    wheels: Path, tmp_path: Path, port: str
) -> None:
    link = f'<a href="http://127.0.0.1:{port}/{NAME}">{NAME}</a>'.encode()
    with upstream(wheels, page=link) as (address, _):
        with serving(f"http://{address}") as url:
            assert get(f"{url}/resources/example/{NAME}")[0] == 502
            assert get(f"{url}/simple/example/")[0] == 200
        command = ("-m", "customtags", "view", f"http://{address}", "-o", tmp_path / "out")
        done = run([sys.executable, *command], status=2)
    assert done.stderr.startswith(f"customtags: {tmp_path / 'out'} is as it was: a source cannot ")
    assert done.stderr.count("\n") == 1
    assert [*tmp_path.iterdir()] == []


def test_a_password_goes_to_its_host_alone_and_into_no_log(wheels: Path) -> None:
    log: list[str] = []
    with upstream(wheels, "user:hush-hush") as (address, logins):
        with serving(f"http://user:hush-hush@{address}", log=log) as url:
            status, page = get(f"{url}/simple/example/")
            assert status == 200
            assert get(f"{url}/resources/example/{NAME}")[0] == 200
        assert set(logins) == {"Basic dXNlcjpodXNoLWh1c2g="}
    assert "hush" not in page + "".join(log)


def test_a_password_does_not_follow_a_link_to_another_host(wheels: Path) -> None:
    with upstream(wheels) as (other, seen):
        place = other.replace("127.0.0.1", "localhost")
        link = f'<a href="http://{place}{NAME}">{NAME}</a>'.encode()
        with (
            upstream(wheels, "user:hush-hush", link) as (address, _),
            serving(f"http://user:hush-hush@{address}") as url,
        ):
            assert get(f"{url}/resources/example/{NAME}")[0] == 200
        assert seen
        assert set(seen) == {""}
