"""Behind nginx, as examples/serve configures it, no installation fails while the instances are killed in turn."""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from customtags.wheels.writer import create
from needs import lacking, requires
from real.environments import NEWEST, MakeEnvironment, clean, run
from real.servers import certificate, free_port, wait_for
from real.serving import get

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = requires(sys.version_info >= (3, 11), "Python 3.11, which the server requires")

EXAMPLE = Path(__file__).parents[2] / "examples" / "serve" / "nginx.conf"

#: What Debian's nginx.conf has around the example, without a daemon.
AROUND = """daemon off;
pid nginx.pid;
error_log stderr error;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include customtags.conf;
}}
"""

#: In turn, by their number: an instance that may finish its requests, and one that may not.
SIGNALS = (signal.SIGTERM, signal.SIGKILL)

#: uv takes a certificate that signs itself for none; and nothing may succeed at the second attempt.
UV = {"UV_INSECURE_HOST": "127.0.0.1", "UV_HTTP_RETRIES": "0"}

#: How often an instance is killed.
KILLS = 6


class Instance:
    """A ``customtags serve`` that can be killed and started again."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.port = free_port()
        self.log = log
        self.command = [sys.executable, "-m", "customtags", "serve", str(folder)]
        self.start()

    def start(self) -> None:
        with self.log.open("a", encoding="utf-8") as out:
            command = [*self.command, f"--port={self.port}"]
            # What is killed leaves its temporary file.
            env = {**clean(), "TMPDIR": str(self.log.parent)}
            self.process = subprocess.Popen(command, env=env, stdout=out, stderr=out)
        wait_for(lambda: str(get(f"http://127.0.0.1:{self.port}/health")), 60)

    def restart(self, number: signal.Signals) -> None:
        self.kill(number)
        self.start()

    def kill(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(30)


class Front(NamedTuple):
    """The nginx that runs.

    :ivar url: with its user and password
    :ivar certificate: which it shows
    """

    url: str
    certificate: Path
    instances: tuple[Instance, Instance]


def configure(folder: Path, port: int, instances: tuple[Instance, Instance]) -> None:
    """Write the example's configuration for ports and paths of this machine."""
    certificate(folder)
    hashed = run(["openssl", "passwd", "-apr1", "hush"]).stdout
    (folder / "wheels.htpasswd").write_text(f"user:{hashed}", "utf-8")
    places = {
        "/var/cache/nginx/customtags": "cache",
        "127.0.0.1:8081": f"127.0.0.1:{instances[0].port}",
        "127.0.0.1:8082": f"127.0.0.1:{instances[1].port}",
        "listen 443": f"listen 127.0.0.1:{port}",
        "/etc/ssl/wheels.pem": "server.pem",
        "/etc/ssl/wheels.key": "server.pem",
        "/etc/nginx/wheels.htpasswd": "wheels.htpasswd",
    }
    text = EXAMPLE.read_text("utf-8")
    for before, after in places.items():
        assert before in text
        text = text.replace(before, after)
    assert not re.search(r"/(etc|var)/", text)
    (folder / "customtags.conf").write_text(text, "utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(user=user), "utf-8")


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Run nginx in front of two instances that serve one folder."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if nginx is None:
        lacking("nginx")
    folder, wheels = tmp_path_factory.mktemp("nginx"), tmp_path_factory.mktemp("wheels")
    code = {"example.py": b"LABEL = 'v2'\n" * 50_000}
    create(wheels, "example", "1.0", "py3-none-linux_x86_64_v2", code)
    create(wheels, "example", "1.0", "py3-none-linux_x86_64_v4", code)
    for version in ("0.7", "0.8", "0.9"):
        create(wheels, "example", version, "py3-none-any", {"example.py": b""})
    with ExitStack() as stack:
        instances = Instance(wheels, folder / "0.log"), Instance(wheels, folder / "1.log")
        for instance in instances:
            stack.callback(instance.kill, signal.SIGTERM)
        port = free_port()
        configure(folder, port, instances)
        command = [nginx, "-p", folder, "-c", "nginx.conf", "-e", "stderr"]
        out = stack.enter_context((folder / "nginx.log").open("w", encoding="utf-8"))
        process = stack.enter_context(subprocess.Popen([*map(str, command)], stderr=out))
        stack.callback(process.terminate)
        wait_for(lambda: str(reached(f"https://127.0.0.1:{port}/health")))
        url = f"https://user:hush@127.0.0.1:{port}"
        yield Front(url, folder / "cert.pem", instances)
    for log in folder.glob("?.log"):
        assert "Traceback" not in log.read_text("utf-8")


def reached(url: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
    """Return status, headers and body of an address behind nginx, whoever signed its certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    login = base64.b64encode(b"user:hush").decode()
    headers = {"Authorization": f"Basic {login}", **headers}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the address is ours
    try:
        with urllib.request.urlopen(request, context=context, timeout=60) as answer:  # noqa: S310
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def test_no_installation_fails_while_the_instances_are_killed_in_turn(
    front: Front, make_environment: MakeEnvironment, tmp_path: Path
) -> None:
    environment = make_environment(NEWEST, hooked=False)
    environment.pip("install", "-q", "uv")
    view = f"{front.url}/for/v2/simple/"
    pip = [environment.python, "-m", "pip", "--retries=0"]
    uv = [environment.folder / "bin/uv", "pip", "install", "-q", "--no-cache", "--no-config"]
    commands = {
        "pip": [*pip, "install", "-q", "--no-cache-dir", "--no-compile", "--index-url", view],
        "uv": [*uv, "--python", sys.executable, "--default-index", view],
    }
    done = threading.Event()
    failures: list[str] = []
    installed = dict.fromkeys(commands, 0)

    def install(name: str) -> None:
        while not done.is_set():
            target = tmp_path / f"{name}{installed[name]}"
            finished = subprocess.run(
                [*map(str, commands[name]), "--target", str(target), "example"],
                env={**clean(), **UV, "SSL_CERT_FILE": str(front.certificate)},
                capture_output=True,
                text=True,
                check=False,
            )
            right = finished.returncode == 0 and "v2" in (target / "example.py").read_text("utf-8")
            if not right:
                failures.append(f"{name}: {finished.stderr}")
            installed[name] += 1
            shutil.rmtree(target, ignore_errors=True)

    clients = [threading.Thread(target=install, args=(name,)) for name in commands]
    for client in clients:
        client.start()
    try:
        for number in range(KILLS):
            front.instances[number % 2].restart(SIGNALS[number // 2 % 2])
    finally:
        done.set()
        for client in clients:
            client.join()
    assert failures == []
    assert min(installed.values()) > 1


def test_the_instances_send_the_same_bytes(front: Front) -> None:
    for kind in ("text/html", "application/vnd.pypi.simple.v1+json"):
        path = "/for/v2/simple/example/"
        pages = {get(f"http://127.0.0.1:{each.port}{path}", kind) for each in front.instances}
        assert len(pages) == 1
        assert pages.pop()[0] == 200


def test_pages_are_cached_for_a_second_and_by_format(front: Front) -> None:
    page = f"{address(front)}/for/v2/simple/example/"
    assert reached(page)[2] != reached(page, Accept="application/vnd.pypi.simple.v1+json")[2]
    etag = reached(page)[1]["etag"]
    assert reached(page, **{"If-None-Match": etag})[0] == 304


def test_a_page_outlives_the_instances_and_a_stranger_gets_none(front: Front) -> None:
    page = f"{address(front)}/for/v2/simple/example/"
    before = reached(page)
    for instance in front.instances:
        instance.kill(signal.SIGKILL)
    try:
        assert reached(page)[2] == before[2]
        assert reached(f"{address(front)}/health")[0] == 502
        assert reached(page, Authorization="Basic dXNlcjo=")[0] == 401
    finally:
        for instance in front.instances:
            instance.start()
    assert reached(f"{address(front)}/health")[0] == 200


def address(front: Front) -> str:
    """Return the URL of nginx without user and password."""
    return f"https://{front.url.partition('@')[2]}"
