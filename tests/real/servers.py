"""Indexes on this machine, as rank and pip may meet them: HTML or JSON, behind a password, TLS or a proxy."""

from __future__ import annotations

import base64
import functools
import html
import http.server
import json
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from needs import lacking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = [
    "ProjectPage",
    "certificate",
    "free_port",
    "listening",
    "serve",
    "serve_folder",
    "wait_for",
]

_JSON = "application/vnd.pypi.simple.v1+json"


class ProjectPage(NamedTuple):
    """The project page of an index.

    :ivar files: name → the keys of PEP 691
    :ivar login: user and password, if the index requires them
    """

    files: Mapping[str, Mapping[str, Any]]
    folder: Path
    json: bool = False
    login: str | None = None

    def body(self) -> tuple[str, bytes]:
        """Return media type and text of the project page."""
        entries = [
            {"filename": name, "url": f"/files/{name}", "hashes": {}, **keys}
            for name, keys in self.files.items()
        ]
        if self.json:
            text = json.dumps({"meta": {"api-version": "1.0"}, "name": "example", "files": entries})
            return _JSON, text.encode()
        lines = ["<!DOCTYPE html><html><body>"]
        for entry in entries:
            requires, yanked = entry.get("requires-python"), entry.get("yanked")
            attributes = f' data-requires-python="{html.escape(requires)}"' if requires else ""
            attributes += f' data-yanked="{html.escape(yanked)}"' if yanked else ""
            lines.append(f'<a href="{entry["url"]}"{attributes}>{entry["filename"]}</a><br/>')
        return "text/html", "\n".join(lines).encode()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def listening(handler: Callable[..., http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """Answer requests by a handler; yield the host and port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Serve the files of a folder as a plain web server does; yield its address, without a slash at its end."""
    with listening(functools.partial(Quiet, directory=str(folder))) as host:
        yield f"http://{host}"


@contextmanager
def serve(page: ProjectPage, tls: Path | None = None) -> Iterator[tuple[str, list[str]]]:
    """Serve a project page at /simple/example/; yield the URL of the index, and the requested paths.

    :param tls: a file with a certificate and its key
    """
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            login = page.login and base64.b64encode(page.login.encode()).decode()
            if login and self.headers.get("Authorization") != f"Basic {login}":
                self.answer(401, "text/plain", b"")
            elif self.path.endswith("/simple/example/"):
                self.answer(200, *page.body())
            elif self.path.startswith("/files/"):
                path = page.folder / self.path.removeprefix("/files/")
                self.answer(200, "application/octet-stream", path.read_bytes())
            else:
                self.answer(404, "text/plain", b"")

        def answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="test"')
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever).start()
        scheme = "https" if tls else "http"
        try:
            yield f"{scheme}://127.0.0.1:{server.server_port}/simple", asked
        finally:
            server.shutdown()


def certificate(folder: Path) -> Path:
    """Create an untrusted certificate for 127.0.0.1, with its key in the same file."""
    path = folder / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    try:
        subprocess.run(
            [*command, "-keyout", path, "-out", folder / "cert.pem"],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        lacking("openssl")
    with path.open("a", encoding="ascii") as file:
        file.write((folder / "cert.pem").read_text(encoding="ascii"))
    return path


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(answer: Callable[[], object], seconds: int = 10) -> None:
    """Wait until a server answers."""
    for _ in range(10 * seconds):
        try:
            answer()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server does not answer")
