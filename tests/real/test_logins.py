"""The login of one index is not sent to another one on the same host."""

from __future__ import annotations

import base64
import http.server
import sys
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from customtags.wheels.writer import create
from needs import requires
from real.servers import listening
from real.serving import get, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pytest

pytestmark = requires(sys.version_info >= (3, 11), "Python 3.11, which the server requires")

NAME = "example-1.0-py3-none-linux_x86_64.whl"

#: Index → the user and password that it requires; netrc has those of the host.
LOGINS = {"a": "alice:one", "b": "bob:two", "open": "", "host": "carol:three"}

#: Project of the index a → where its page is.
MOVED = {
    "moved": "/b/simple/in-b/",
    "stranger": "/stranger/simple/in-a/",
    "dots": "/b/%2e%2e/stranger/simple/in-a/",
}


class Indexes(http.server.BaseHTTPRequestHandler):
    """Several indexes on one host.

    :ivar seen: for each index the logins that were sent to it
    """

    wheel = b""
    seen: ClassVar[dict[str, set[str]]]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        _, index, *_, last = self.path.rstrip("/").split("/")
        given = (self.headers.get("Authorization") or "").removeprefix("Basic ")
        login = base64.b64decode(given).decode()
        self.seen[index].add(login)
        pages = {NAME: self.wheel, f"in-{index}": f'<a href="/{index}/{NAME}">{NAME}</a>'.encode()}
        if LOGINS.get(index) not in ("", login):
            self.answer(401)
        elif index == "a" and last in MOVED:
            self.answer(302, location=MOVED[last])
        else:
            self.answer(200 if last in pages else 404, pages.get(last, b""))

    def answer(self, status: int, body: bytes = b"", location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def indexes(wheel: Path) -> Iterator[tuple[str, Mapping[str, set[str]]]]:
    """Run the indexes; give the address of the host, and what was sent to each."""
    seen: dict[str, set[str]] = defaultdict(set)
    handler = type("Bound", (Indexes,), {"wheel": wheel.read_bytes(), "seen": seen})
    with listening(handler) as host:
        yield host, seen


def test_each_index_of_a_host_gets_its_own_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = create(tmp_path, "example", "1.0", "py3-none-linux_x86_64", {"example.py": b""})
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login carol password three\n", "utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    log: list[str] = []
    with indexes(wheel) as (host, seen):
        logins = {**LOGINS, "open": "", "host": ""}  # the last one's is in netrc
        sources = [
            f"http://{login}{'@' if login else ''}{host}/{index}/simple/"
            for index, login in logins.items()
        ]
        with serving(*sources, log=log) as url:
            for index in LOGINS:
                assert (index, get(f"{url}/simple/in-{index}/")[0]) == (index, 200)
                assert get(f"{url}/resources/in-{index}/{NAME}")[0] == 200
            for project in MOVED:
                get(f"{url}/simple/{project}/")
        expected = {index: {login or "carol:three"} for index, login in LOGINS.items()}
        expected["b"].add("carol:three")  # the address with dots belongs to no index
        # What is below no index gets the login of the nearest, as in pip.
        assert seen == {**expected, "stranger": {"alice:one"}}
    assert not [word for word in (":one", ":two", ":three") if word in "".join(log)]
