"""Whatever a client or a source sends, the server answers with an honest status, within bounds, and lives."""

from __future__ import annotations

import http.client
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from customtags.wheels.writer import create
from needs import requires
from real.index_servers import pypiserver
from real.servers import free_port, listening
from real.serving import get, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = requires(sys.version_info >= (3, 11), "Python 3.11, which the server requires")

JSON = "application/vnd.pypi.simple.v1+json"

#: Path → the status.
STATUS = {
    "/": 200,
    "/for/nonsense,,v9/simple/": 400,
    "/for/v9/simple/": 400,
    "/for/cuda12,4/simple/": 400,
    "/for/site=acme2,v3/simple/": 200,
    "/for/site%3Dacme2%2Cv3/simple/": 200,
    "/for/cuda12.99999999/simple/": 400,
    "/for/cuda99999999.9/simple/": 400,
    "/for/rocm6.99999999/simple/": 400,
    "/for/el9.99999999/simple/": 200,
    "/for/glibc2.99999999/simple/": 400,
    "/for/zz%20zz/simple/": 400,
    "/for/v3,v2/simple/": 400,
    f"/for/{'v3,' * 200}/simple/": 400,
    "/for/%00/simple/": 404,
    "/for/v3%0d%0aX-Evil:1/simple/": 404,
    "/for/v3/": 404,
    "/for/": 404,
    "/nobody/simple/": 404,
    "/simple/nothing/": 404,
    "/simple/example/../../etc/passwd": 404,
    "/simple/../../../etc/passwd": 404,
    "/simple/%2e%2e/": 404,
    "/simple/%2e%2e%2f%2e%2e%2fetc%2fpasswd/": 404,
    "/simple/%252e%252e%252fetc/": 404,
    "/simple/example%3Fa=b/": 404,
    "/simple/example%23a/": 404,
    "/simple/%C3%A9/": 404,
    "/simple/%FF%FE/": 404,
    "/simple/-/": 404,
    "/simple//": 404,
    "/resources/example/..%2f..%2fetc%2fpasswd": 404,
    "/resources/example/%2e%2e%2fsecret.txt": 404,
    "/resources/example/%252e%252e%252fsecret.txt": 404,
    "/resources/..%2f..%2fetc/passwd": 404,
    "/resources/example/secret.txt": 404,
    "/resources/example/example-1.0-py3-none-linux_x86_64_v3.whl": 404,
    "/resources/example/.metadata": 404,
    f"/simple/{'x' * 10_000}/": 414,
    f"/{'x' * 60_000}": 414,
    f"/{'/' * 2_000}": 414,
    "/simple/a%0d%0aX-Evil:%201/": 404,
    "//simple/": 404,
    "//127.0.0.1/simple/": 404,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder beside a file that nobody may see, and with a link to it."""
    place = tmp_path_factory.mktemp("place")
    found = place / "wheels"
    found.mkdir()
    create(found, "example", "1.0", "py3-none-linux_x86_64_v3", {"example.py": b""})
    (place / "secret.txt").write_text("hush-hush", "utf-8")
    (found / "example-2.0.tar.gz").symlink_to("../secret.txt")
    (found / "away").symlink_to("/etc")
    return found


@pytest.fixture(scope="module")
def processes() -> list[subprocess.Popen[str]]:
    return []


@pytest.fixture(scope="module")
def server(folder: Path, processes: list[subprocess.Popen[str]]) -> Iterator[str]:
    log: list[str] = []
    with serving(folder, log=log, processes=processes) as url:
        yield url
    assert not [line for line in log[0].splitlines() if line.startswith("X-Evil")]


def memory(process: subprocess.Popen[str]) -> float:
    """Return the peak memory of a process, in MiB."""
    status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@pytest.mark.parametrize("path", STATUS, ids=lambda path: path[:40])
def test_odd_paths(server: str, path: str) -> None:
    status, text = get(server + path)
    assert status == STATUS[path]
    assert "Traceback" not in text
    assert "hush" not in text
    assert get(f"{server}/health") == (200, "ok\n")


def test_a_link_out_of_the_folder_is_not_followed(server: str) -> None:
    listed = get(f"{server}/for/v3/simple/example/")[1]
    assert "example-1.0" in listed
    assert "example-2.0" not in listed
    assert get(f"{server}/for/v3/resources/example/example-2.0.tar.gz")[0] == 404


@pytest.mark.parametrize(
    "sent",
    [
        *(b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n"),
        b"GET /simple/example/\r\nX-Evil: 1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=lambda sent: repr(sent[:30]),
)
def test_what_is_not_http_is_refused(server: str, sent: bytes) -> None:
    host, port = server.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        try:
            answer = connection.recv(1000)
        except ConnectionResetError:  # it had more to send than the server read
            answer = b""
    assert b" 200 " not in answer
    assert get(f"{server}/health") == (200, "ok\n")


def test_clients_that_never_finish_a_request_block_nobody(server: str) -> None:
    host, port = server.removeprefix("http://").split(":")
    with ExitStack() as stack:
        for _ in range(300):
            slow = stack.enter_context(socket.create_connection((host, int(port)), 30))
            slow.sendall(b"GET /for/v3/simple/example/ HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        assert get(f"{server}/for/v3/simple/example/")[0] == 200


def test_ten_thousand_machines_take_bounded_memory(
    server: str, processes: list[subprocess.Popen[str]]
) -> None:
    connection = http.client.HTTPConnection(server.removeprefix("http://"), timeout=60)
    peaks = {}
    for number in range(10_000):
        connection.request("GET", f"/for/v3,site=acme{number}/simple/example/")
        answer = connection.getresponse()
        assert (answer.status, b"example-1.0" in answer.read()) == (200, True)
        peaks[number] = memory(processes[0]) if number in (7_000, 9_999) else 0
    connection.close()
    assert peaks[9_999] - peaks[7_000] < 5
    assert memory(processes[0]) < 200


def test_a_machine_that_is_dropped_ends_no_download(tmp_path: Path) -> None:
    content = {"example.py": os.urandom(32 << 20)}
    wheel = create(tmp_path, "example", "1.0", "py3-none-linux_x86_64_v3", content)
    name = "example-1.0-py3-none-linux_x86_64.whl"
    with serving(tmp_path) as url:
        slow, others = (
            http.client.HTTPConnection(url.removeprefix("http://"), timeout=60) for _ in range(2)
        )
        slow.request("GET", f"/for/v3/resources/example/{name}")
        answer = slow.getresponse()
        begin = answer.read(1000)
        for number in range(600):  # more than are kept
            others.request("GET", f"/for/v3,site=acme{number}/simple/example/")
            assert others.getresponse().read()
        assert begin + answer.read() == wheel.read_bytes()
        slow.close()
        others.close()


#: How many files a large page has, in versions with these tags.
MANY, TAGS = 50_000, ("linux_x86_64", "linux_x86_64_v2", "linux_x86_64_v3", "any", "win_amd64")


def many() -> list[str]:
    versions = range(MANY // len(TAGS))
    return [f"example-{number}-py3-none-{tag}.whl" for number in versions for tag in TAGS]


@contextmanager
def large(source: str, folder: Path) -> Iterator[str]:
    """Have a source with a page of many files: a folder, or an index."""
    if source == "folder":
        for name in many():
            (folder / name).write_bytes(b"")
        yield str(folder)
        return
    links = "".join(f'<a href="/files/{name}">{name}</a>\n' for name in many())
    with index({"/simple/example/": (200, {"Content-Type": "text/html"}, links.encode())}) as url:
        yield url


@pytest.mark.parametrize("source", ["folder", "index"])
def test_a_page_of_fifty_thousand_files(source: str, tmp_path: Path) -> None:
    processes: list[subprocess.Popen[str]] = []
    with large(source, tmp_path) as place, serving(place, processes=processes) as url:
        for _ in range(2):
            status, text = get(f"{url}/for/v3/simple/example/", JSON)
            assert status == 200
            names = {each["filename"] for each in json.loads(text)["files"]}
            shown = {f"example-{n}-py3-none-linux_x86_64.whl" for n in range(MANY // len(TAGS))}
            assert names == shown | {name for name in many() if name.endswith("any.whl")}
        assert memory(processes[0]) < 600


class Index(http.server.BaseHTTPRequestHandler):
    """An index that answers as it is told.

    :ivar answers: path → status, headers and body
    """

    answers: ClassVar[dict[str, tuple[int, dict[str, str], bytes]]]

    def do_GET(self) -> None:
        status, headers, body = self.answers.get(self.path, (404, {}, b""))
        self.wfile.write(f"HTTP/1.0 {status} told\r\n".encode())
        for name, value in headers.items():
            self.wfile.write(f"{name}: {value}\r\n".encode("latin-1"))
        self.wfile.write(b"\r\n" + body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def index(answers: dict[str, tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    handler = type("Bound", (Index,), {"answers": answers})
    with listening(handler) as host:
        yield f"http://{host}/simple/"


#: Project → what an index answers, and the status that the client gets.
HOSTILE: dict[str, tuple[tuple[int, dict[str, str], bytes], int]] = {
    "newline": ((302, {"Location": "/simple/a\r\nSet-Cookie: evil=1"}, b""), 404),
    "return": ((302, {"Location": "/simple/a\rSet-Cookie: evil=1"}, b""), 502),
    "encoded": ((302, {"Location": "/simple/a%0d%0aSet-Cookie:%20evil=1"}, b""), 404),
    "nowhere": ((302, {"Location": "http://"}, b""), 502),
    "port": ((302, {"Location": "http://127.0.0.1:99999/"}, b""), 502),
    "scheme": ((302, {"Location": "gopher://127.0.0.1/"}, b""), 502),
    "etag": ((200, {"ETag": 'a\x00b"', "Content-Type": "text/html"}, b""), 502),
    "charset": ((200, {"Content-Type": "text/html; charset=nonsense"}, b"<a href=x>x</a>"), 200),
    "unchanged": ((304, {}, b""), 502),
    "teapot": ((418, {}, b""), 502),
    "links": (
        (200, {"Content-Type": "text/html"}, b"<a href='http://[::1'>links-1.tar.gz</a>"),
        200,
    ),
    "names": (
        (
            200,
            {"Content-Type": "text/html"},
            b"<a href=x>names-1\r\nSet-Cookie: evil=1.tar.gz</a><a href=x>../../names-2.tar.gz</a>",
        ),
        200,
    ),
}


def test_what_an_index_sends_reaches_no_header() -> None:
    answers = {f"/simple/{name}/": answer for name, (answer, _) in HOSTILE.items()}
    with index(answers) as place, serving(place) as url:
        for name, (_, status) in HOSTILE.items():
            connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
            connection.request("GET", f"/simple/{name}/")
            answer = connection.getresponse()
            assert (name, answer.status) == (name, status)
            assert "Set-Cookie" not in answer.headers
            assert b".." not in answer.read().replace(b"../../resources/", b"")
            connection.close()
        assert get(f"{url}/health") == (200, "ok\n")


class Endless(http.server.BaseHTTPRequestHandler):
    """An index with a file that has no end within the time of a test.

    :ivar sent: how many MiB of it were sent
    :ivar left: a reader closed its connection
    """

    sent: ClassVar[list[int]]
    left: ClassVar[threading.Event]

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path.startswith("/simple/"):
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<a href='/files/example-1.tar.gz'>example-1.tar.gz</a>")
            return
        self.send_header("Content-Length", str(1 << 40))
        self.end_headers()
        while self.command == "GET":
            try:
                self.wfile.write(bytes(1 << 20))
            except OSError:
                self.left.set()
                return
            self.sent.append(1)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def endless() -> Iterator[tuple[str, type[Endless]]]:
    """Run an index with a file that has no end; yield its URL, and what it counts."""
    handler = type("Bound", (Endless,), {"sent": [], "left": threading.Event()})
    with listening(handler) as host:
        yield f"http://{host}/simple/", handler


def test_the_head_of_a_file_costs_no_download() -> None:
    with endless() as (place, counts), serving(place) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        for _ in range(110):  # more than the connections that the server keeps to an index
            connection.request("HEAD", "/resources/example/example-1.tar.gz")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"")
            assert answer.headers["Content-Length"] == str(1 << 40)
        connection.close()
    assert len(counts.sent) < 110 * 16


def test_a_client_that_leaves_ends_the_download() -> None:
    log: list[str] = []
    with endless() as (place, counts), serving(place, log=log) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        connection.request("GET", "/resources/example/example-1.tar.gz")
        assert len(connection.getresponse().read(1000)) == 1000
        connection.close()
        assert counts.left.wait(30)
    assert other_than_information(log[0]) == []


def test_what_clients_do_not_read_leaves_no_error_in_the_log(tmp_path: Path) -> None:
    create(tmp_path, "example", "1.0", "py3-none-any", {"example.py": os.urandom(4 << 20)})
    path = "/resources/example/example-1.0-py3-none-any.whl"
    part = {"Range": "bytes=-100"}
    requests = [("HEAD", {}, 0), ("HEAD", part, 0), ("GET", part, 100), ("GET", {}, 1000)]
    log: list[str] = []
    with ExitStack() as stack:
        source, _ = stack.enter_context(pypiserver(tmp_path, free_port()))
        url = stack.enter_context(serving(f"{source}simple/", log=log))
        for method, headers, size in requests * 20:  # Python collects garbage several times
            connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
            connection.request(method, path, headers=headers)
            assert len(connection.getresponse().read(1000)) == size
            connection.close()
    assert other_than_information(log[0]) == []


def other_than_information(log: str) -> list[str]:
    return [line for line in log.splitlines() if not line.startswith("INFO: ")]
