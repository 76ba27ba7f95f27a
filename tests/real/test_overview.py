"""The page at ``/`` of a server: which machine gets what, and how to install from its view."""

from __future__ import annotations

import base64
import hashlib
import html
import http.client
import http.server
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customtags.wheels.writer import create
from needs import requires
from real.environments import run
from real.servers import serve_folder
from real.serving import get, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = requires(sys.version_info >= (3, 11), "Python 3.11, which the server requires")

PROFILES = Path(__file__).parents[2] / "examples" / "cluster" / "profiles"
PLATFORMS = ("linux_x86_64", "linux_x86_64_v2", "linux_x86_64_v3", "manylinux_2_17_x86_64_cuda12_4")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("source")
    for number, project in enumerate(("one", "two", "three", "four")):
        for platform in PLATFORMS[: number + 1]:
            create(found, project, "1.0", f"cp312-cp312-{platform}", {})
    (found / "old-1.tar.gz").touch()
    (found / "<b>&-1.tar.gz").touch()
    return found


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    machine = f"gpu={PROFILES / 'gpu.json'}"
    with serving(folder, "--profile", PROFILES / "epyc.json", "--machine", machine) as url:
        yield url


@contextmanager
def static(folder: Path) -> Iterator[str]:
    """Serve a folder of static pages; give the address of its index."""
    with serve_folder(folder) as address:
        yield f"{address}/simple/"


def cells(page: str) -> list[str]:
    return re.findall(r"<td .*?</td>", page)


def projects(page: str) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'<th scope="row" data-key="([^"]*)"', page)]


def test_it_is_the_table_of_the_command(folder: Path, server: str, tmp_path: Path) -> None:
    status, page = get(f"{server}/")
    assert status == 200
    options = [f"--profile={PROFILES / name}.json" for name in ("epyc", "gpu")]
    command = [sys.executable, "-m", "customtags", "coverage", folder, *options]
    run([*command, "--html", tmp_path / "page.html"], status=1)
    same = (tmp_path / "page.html").read_text("utf-8")
    assert cells(page) == cells(same)
    assert projects(page) == projects(same)
    assert set(projects(page)) >= {"one", "two", "three", "four", "old"}
    assert {"best", "lower", "only", "sdist"} <= set(re.findall(r'class="mark (\w+)"', page))


def test_it_names_the_address_of_each_machine(server: str) -> None:
    text = html.unescape(re.sub("<[^>]*>", "", get(f"{server}/")[1]))
    for path in ("simple/", "gpu/simple/"):
        assert f"pip install --index-url {server}/{path} PROJECT" in text
        assert f"uv pip install --default-index {server}/{path} PROJECT" in text
    assert f"customtags show --index-url {server}/" in text
    (spelled,) = re.findall(rf"{server}/(for/[^:]*)", text)
    assert get(f"{server}/{spelled}")[0] == 200


def test_it_runs_nothing_but_its_own(server: str) -> None:
    connection = http.client.HTTPConnection(server.removeprefix("http://"), timeout=60)
    evil = 'evil"><script>alert(1)</script>'
    connection.putrequest("GET", "/?project=%3Cscript%3Ex", skip_host=True)
    connection.putheader("Host", evil)
    connection.endheaders()
    answer = connection.getresponse()
    page, headers = answer.read().decode(), answer.headers
    connection.close()
    assert answer.status == 200
    assert page.count("<script>") == 1
    assert "<b>&" not in page
    policy = headers["Content-Security-Policy"]
    for tag in ("script", "style"):
        ((content),) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert not re.findall(r'\s(?:src|href|style|on\w+)="', page)


def test_projects_can_be_named(server: str) -> None:
    assert projects(get(f"{server}/?project=Two&project=four")[1]) == ["four", "two"]
    page = get(f"{server}/?project=nothing")[1]
    assert projects(page) == []
    assert "No source has &#x27;nothing&#x27;." in page
    assert get(f"{server}/?project={'x' * 9000}&{'project=a&' * 900}")[0] == 200


def test_an_index_is_listed_unless_it_is_too_large(
    folder: Path, server: str, tmp_path: Path
) -> None:
    (tmp_path / "simple" / "many").mkdir(parents=True)
    links = "".join(f'<a href="/simple/p{number}/">p{number}</a>\n' for number in range(50_000))
    (tmp_path / "simple" / "index.html").write_text(links, "utf-8")
    name = "many-1-py3-none-any.whl"
    (tmp_path / "simple/many/index.html").write_text(f'<a href="{name}">{name}</a>', "utf-8")
    with static(tmp_path) as index, serving(f"{server}/simple/", index) as url:
        page = get(f"{url}/")[1]
        assert set(projects(page)) >= {"one", "two"}  # of the other server, an index as any other
        assert "An index lists too many projects: name those that you want." in page
        assert '<input name="project"' in page
        assert projects(get(f"{url}/?project=many")[1]) == ["many"]
    assert '<input name="project"' not in get(f"{server}/")[1]
    with serving("http://127.0.0.1:9/simple/", folder) as url:
        page = get(f"{url}/")[1]
        assert "A source cannot be read." in page
        assert "one" in projects(page)


def test_a_large_source_is_shown_in_part(tmp_path: Path) -> None:
    for number in range(1100):
        (tmp_path / f"p{number:04}-1-py3-none-any.whl").touch()
    for number in range(5001):
        (tmp_path / f"many-{number}-py3-none-any.whl").touch()
    with serving(tmp_path) as url:
        page = get(f"{url}/")[1]
        assert "&#x27;many&#x27; has more than 5000 files." in page
        assert 0 < len(projects(page)) <= 1000
        assert re.search("100 more projects are not shown", page)
        assert get(f"{url}/simple/p0001/")[0] == 200
