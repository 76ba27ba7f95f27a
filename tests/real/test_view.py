"""The component, the folder as a source, and the export, as a server's author uses them."""

from __future__ import annotations

import asyncio
import gzip
import http.server
import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from customtags.wheels.writer import create
from needs import requires
from real.environments import run
from real.servers import listening
from real.serving import get, serving

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = requires(sys.version_info >= (3, 11), "Python 3.11, which the server requires")

STOCK, V3 = "a-1-py3-none-linux_x86_64.whl", "a-1-py3-none-linux_x86_64_v3.whl"


def shown(page: Mapping[str, object]) -> dict[str, str]:
    """Return what a view shows of a page of an index: shown name → the size, which tells the real one."""
    from simple_repository import SimpleRepository, model, parser

    from customtags.view.component import MachineView

    class Source(SimpleRepository):
        async def get_project_page(self, *_: object, **__: object) -> model.ProjectDetail:
            return parser.parse_json_project_page(json.dumps(page))

    view = MachineView(Source(), ["linux_x86_64_v3", "linux_x86_64"])
    found = asyncio.run(view.get_project_page("a"))
    return {file.filename: str(file.url) for file in found.files}


def test_a_yanked_wheel_does_not_hide_another() -> None:
    files: list[dict[str, object]] = [
        {"filename": V3, "url": "v3", "hashes": {}, "yanked": "broken"},
        {"filename": STOCK, "url": "stock", "hashes": {}},
    ]
    page = {"meta": {"api-version": "1.0"}, "name": "a", "files": files}
    assert shown(page) == {STOCK: "stock"}
    del files[0]["yanked"]
    assert shown(page) == {STOCK: "v3"}


def test_a_folder_that_cannot_be_read_and_a_link_are_no_harm(tmp_path: Path) -> None:
    source = tmp_path / "source"
    wheel = create(source / "pool", "a", "1", "py3-none-linux_x86_64", {"a.py": b""})
    wheel.rename(source / "pool" / "file")
    (source / STOCK).symlink_to("pool/file")
    (source / "outside.tar.gz").symlink_to("/etc/passwd")
    (source / "dangling-1.tar.gz").symlink_to("nothing")
    command = [sys.executable, "-m", "customtags", "view", source, "-o", tmp_path / "out"]
    run(command)
    exported = tmp_path / "out" / "simple" / "a" / STOCK
    assert not exported.is_symlink()
    assert exported.read_bytes() == (source / "pool" / "file").read_bytes()
    assert sorted(each.name for each in (tmp_path / "out/simple").iterdir()) == [
        "a",
        "index.html",
        "index.json",
    ]
    (tmp_path / "mine").symlink_to("source")
    done = run([*command[:-1], tmp_path / "mine"], status=2)
    assert "is not a view" in done.stderr
    assert os.readlink(tmp_path / "mine") == "source"


def test_a_compressed_page_cannot_be_a_bomb() -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers.get("Accept-Encoding") or "")
            body = gzip.compress(b"<a>" * 1000)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with listening(Handler) as host, serving(f"http://{host}/simple/") as url:
        assert get(f"{url}/simple/a/")[0] == 502
    assert set(asked) == {"identity"}


def test_several_workers_serve_machines_of_many_tags(tmp_path: Path) -> None:
    source = tmp_path / "source"
    create(source, "a", "1", "py3-none-linux_x86_64_v3", {"a.py": b""})
    profile = {
        "version": 1,
        "platform": {"arch": "x86_64", "libc": "glibc", "libc_version": "2.36", "python": ["3.12"]},
        "isa": {"arch": "x86_64", "features": V4},
        "distro": {"segment": "el9_4"},
        "accelerator": {"cuda": {"cuda": [13, 0], "capabilities": [[9, 0]]}},
        "source": {},
    }
    path = tmp_path / "gpu.json"
    path.write_text(json.dumps(profile), "utf-8")
    machines = [f"--machine={name}={path}" for name in ("one", "two", "three")]
    with serving(source, "--workers", "2", *machines) as url:
        for name in ("one", "two", "three"):
            assert get(f"{url}/{name}/simple/a/")[0] == 200


V4 = [
    *[
        "pni",
        "ssse3",
        "cx16",
        "sse4_1",
        "sse4_2",
        "popcnt",
        "lahf_lm",
        "xsave",
        "avx",
        "avx2",
        "bmi1",
        "bmi2",
        "f16c",
        "fma",
        "abm",
    ],
    *["movbe", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
]


@pytest.mark.parametrize(
    "source",
    ["https://u:p@host:abc/simple", "http://[::1/simple", "https:///simple"],
)
def test_an_address_that_is_none_is_one_line(tmp_path: Path, source: str) -> None:
    command = [sys.executable, "-m", "customtags", "view", source, "-o", tmp_path / "out"]
    done = run(command, status=2)
    assert done.stderr.startswith("customtags: ")
    assert len(done.stderr.splitlines()) == 1
    assert "u:p" not in done.stderr
