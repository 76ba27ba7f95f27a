"""Upgrades, hash-locked installations and a path before the server's: what a user of a view does after the first day."""

from __future__ import annotations

import asyncio
import http.server
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customtags.tags import stock
from customtags.wheels.writer import create
from needs import requires
from real.environments import NEWEST, Environment, MakeEnvironment, run
from real.servers import listening
from real.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = requires(sys.version_info >= (3, 11), "Python 3.11, which the server requires")

SPELLED = "for/v3,site=acme2/simple/"


def put(folder: Path, version: str, platform: str) -> None:
    code = f"LABEL = '{version} {platform}'\n".encode()
    create(folder, "example", version, f"py3-none-{platform}", {"example.py": code})


@pytest.fixture(scope="module")
def pip(make_environment: MakeEnvironment) -> Environment:
    """A pip without the hook, and uv."""
    environment = make_environment(NEWEST, hooked=False)
    make_environment(NEWEST).run(
        *("-m", "pip", "--python", environment.python, "install", "-q", "uv==0.13.9"),
    )
    return environment


def label(environment: Environment) -> str:
    code = "import importlib, example; print(example.LABEL)"
    return environment.run("-B", "-c", code).stdout.strip()


def test_an_upgrade_takes_a_new_release_and_a_lock_keeps_the_old_one(
    pip: Environment, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    put(source, "1.0", "linux_x86_64")
    put(source, "1.0", "linux_x86_64_v3_acme2")
    project = '[project]\nname = "p"\nversion = "0"\nrequires-python = ">=3.11"\n'
    uv = [pip.folder / "bin/uv", "-q", "--no-cache", "--directory", tmp_path]
    with serving(source) as url:
        view = f"{url}/{SPELLED}"
        index = f'dependencies = ["example"]\n[[tool.uv.index]]\nurl = "{view}"\ndefault = true\n'
        (tmp_path / "pyproject.toml").write_text(project + index, "utf-8")
        (tmp_path / "requirements.in").write_text("example\n", "utf-8")
        install = ("install", "-q", "--no-cache-dir", "--index-url", view)
        pip.pip(*install, "example")
        assert label(pip) == "1.0 linux_x86_64_v3_acme2"
        run([*uv, "lock", "-p", sys.executable])
        first = (tmp_path / "uv.lock").read_text("utf-8")
        hashed = [*uv, "pip", "compile", "--generate-hashes", "--default-index", view]
        run([*hashed, "-p", sys.executable, "requirements.in", "-o", "requirements.txt"])

        put(source, "2.0", "linux_x86_64")
        put(source, "2.0", "linux_x86_64_v2")
        pip.pip(*install, "example")
        assert label(pip) == "1.0 linux_x86_64_v3_acme2"  # nobody asked for a newer one
        run([*uv, "lock", "-p", sys.executable])
        assert (tmp_path / "uv.lock").read_text("utf-8") == first
        pip.pip(*install, "--upgrade", "example")
        assert label(pip) == "2.0 linux_x86_64_v2"
        run([*uv, "lock", "--upgrade", "-p", sys.executable])
        assert 'version = "2.0"' in (tmp_path / "uv.lock").read_text("utf-8")

        # What was locked by its hash is installed as it was, until another wheel has its name.
        locked = (
            *install,
            "--require-hashes",
            "--force-reinstall",
            "-r",
            tmp_path / "requirements.txt",
        )
        pip.pip(*locked)
        assert label(pip) == "1.0 linux_x86_64_v3_acme2"
        put(source, "1.0", "linux_x86_64_v3_cuda12_4")
        pip.pip(*locked)
        (source / "example-1.0-py3-none-linux_x86_64_v3_acme2.whl").unlink()
        refused = pip.pip(*locked, status=1)
        assert "THESE PACKAGES DO NOT MATCH THE HASHES" in refused.stderr


@contextmanager
def below(url: str, path: str) -> Iterator[str]:
    """Run a proxy that passes what is below a path on to a server, without the path; give its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path.startswith(path)
            kept = ("Accept", "Range", "If-None-Match")
            headers = {name: self.headers[name] for name in kept if self.headers[name]}
            request = urllib.request.Request(url + self.path.removeprefix(path), headers=headers)  # noqa: S310
            try:
                answer = urllib.request.urlopen(request)  # noqa: S310 - the address is ours
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                body = answer.read()
            self.send_response(answer.status)
            for name in ("Content-Type", "Content-Range", "Accept-Ranges", "ETag", "Location"):
                if answer.headers[name]:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with listening(Handler) as host:
        yield f"http://{host}{path}"


def test_a_proxy_may_serve_it_below_a_path(pip: Environment, tmp_path: Path) -> None:
    source = tmp_path / "source"
    put(source, "1.0", "linux_x86_64_v3_acme2")
    with serving(source) as url, below(url, "/team/wheels") as place:
        view = f"{place}/{SPELLED}"
        pip.pip(
            "install", "-q", "--no-cache-dir", "-t", tmp_path / "a", "--index-url", view, "Example"
        )
        options = ["--no-cache", "--target", tmp_path / "b", "--default-index", view]
        run([pip.folder / "bin/uv", "pip", "install", "-q", *options, "example"])
    for target in ("a", "b"):
        assert "acme2" in (tmp_path / target / "example.py").read_text("utf-8")


def test_an_asgi_host_may_mount_it_below_a_path(tmp_path: Path) -> None:
    import httpx
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from customtags.view.machines import Machine, Served
    from customtags.view.server import Views

    put(tmp_path, "1.0", "linux_x86_64_v3_acme2")
    here: stock.Platform = {"arch": "x86_64", "libc": "glibc", "libc_version": "2.36"}
    machine = Machine([], stock.tags(here), [], {"platform": here})
    host = Starlette(
        routes=[Mount("/team/wheels", Views(Served([str(tmp_path)], machine, {}, here)))]
    )

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(host)
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            page = await client.get(f"/team/wheels/{SPELLED}example/")
            link = page.text.partition('href="')[2].partition("#")[0]
            return [page, await client.get(page.url.join(link)), await client.get("/team/wheels/")]

    page, file, overview = asyncio.run(ask())
    assert (page.status_code, file.status_code, overview.status_code) == (200, 200, 200)
    assert file.content[:2] == b"PK"
    assert "pip install --index-url <span data-path" in overview.text
    assert "http://host/team/wheels/simple/" in overview.text
