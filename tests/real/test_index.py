"""rank and explain read an index with pip's own settings, as real pips do."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from customtags.choosing import pip_settings
from customtags.machine.documents import read_toml
from customtags.wheels.writer import create
from real.environments import (
    NEWEST,
    OLDEST,
    PROJECT,
    MakeEnvironment,
    Wheelhouse,
    clean,
    run,
)
from real.servers import ProjectPage, certificate, serve
from real.stand_ins import V3, customtags

SECTIONS = ("global", "install", "env")

#: What an index holds → what it says of it.
FILES: dict[str, dict[str, Any]] = {
    "1.0-py3-none-any": {},
    "1.1-py3-none-linux_x86_64_v3": {},
    "1.1-py3-none-linux_x86_64_v4": {},
    "1.1-1-py3-none-any": {},
    "1.2-py3-none-any": {"yanked": "it bites"},
    "1.3-py3-none-linux_x86_64_v3": {"requires-python": ">=3.99"},
    "2.0rc1-py3-none-any": {},
}


def chosen(*arguments: object, **env: str) -> str:
    done = customtags("rank", "--json", *arguments, **env)
    assert done.stderr == ""
    return str(json.loads(done.stdout)["chosen"])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> ProjectPage:
    folder = tmp_path_factory.mktemp("files")
    for name in FILES:
        version, _, tag = name.partition("-")
        path = create(folder, "example", version, tag.removeprefix("1-"), {"example.py": b""})
        path.rename(folder / f"example-{name}.whl")
    return ProjectPage({f"example-{name}.whl": keys for name, keys in FILES.items()}, folder)


@pytest.mark.parametrize("as_json", [False, True], ids=["PEP 503", "PEP 691"])
@pytest.mark.parametrize(
    "wanted", ["example", "example==1.2", "example>=2.0rc1", "example<1.1", "example!=1.1"]
)
def test_pip_takes_what_rank_says_of_an_index(
    page: ProjectPage, as_json: bool, wanted: str, make_environment: MakeEnvironment, tmp_path: Path
) -> None:
    with serve(page._replace(json=as_json)) as (url, _):
        said = chosen(url, wanted)
        environment = make_environment(NEWEST)
        environment.pip("download", "-q", "--no-deps", f"-i{url}", f"-d{tmp_path}", wanted, env=V3)
        assert [path.name for path in tmp_path.iterdir()] == [said]


def test_what_the_page_forbids_is_told(page: ProjectPage) -> None:
    with serve(page) as (url, _):
        shown = json.loads(customtags("rank", "--json", url, "example").stdout)
    refused = {wheel["name"]: wheel["misses"] for wheel in shown["wheels"] if wheel["misses"]}
    parts = {name.split("-")[1]: misses[0]["part"] for name, misses in refused.items()}
    assert parts == {
        "1.1": "isa",
        "1.2": "yanked",
        "1.3": "requires-python",
        "2.0rc1": "pre-release",
    }
    assert "it bites" in refused["example-1.2-py3-none-any.whl"][0]["says"]


def test_the_index_of_the_configuration_is_asked_with_its_extras_and_folders(
    page: ProjectPage, tmp_path: Path
) -> None:
    create(tmp_path, "example", "1.1.1", "py3-none-any", {"example.py": b""})
    with serve(page) as (url, asked):
        links = {"PIP_FIND_LINKS": str(tmp_path), "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
        done = customtags("rank", "example", "--json", PIP_EXTRA_INDEX_URL=url, **links)
        assert json.loads(done.stdout)["chosen"] == "example-1.1.1-py3-none-any.whl"
        assert done.stderr.startswith(
            "customtags: http://127.0.0.1:9/simple/example/ cannot be read"
        )
        assert done.stderr.count("\n") == 1
        assert chosen("example", PIP_INDEX_URL=url) == "example-1.1-py3-none-linux_x86_64_v3.whl"
        assert (
            chosen("example", PIP_INDEX_URL=url, PIP_PRE="1") == "example-2.0rc1-py3-none-any.whl"
        )
    assert set(asked) == {"/simple/example/"}


def test_a_folder_may_be_an_index(page: ProjectPage, tmp_path: Path) -> None:
    (tmp_path / "example").mkdir()
    (tmp_path / "example" / "index.html").write_bytes(page.body()[1])
    assert chosen(tmp_path.as_uri(), "example") == "example-1.1-py3-none-linux_x86_64_v3.whl"


def test_credentials_come_from_netrc_or_the_url_and_no_password_is_shown(
    page: ProjectPage, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n", encoding="ascii")
    with serve(page._replace(login="me:secret")) as (url, _):
        best = "example-1.1-py3-none-linux_x86_64_v3.whl"
        assert chosen(url, "example", NETRC=str(netrc)) == best
        wrong = url.replace("//", "//me:wrong@")
        assert chosen(url.replace("//", "//me:secret@"), "example", NETRC=str(netrc)) == best
        token = url.replace("//", "//token@")
        assert chosen(token, "example", NETRC=str(netrc)) == best
        done = customtags("rank", wrong, "example", status=2, NETRC=os.devnull)
        assert "401" in done.stderr
        assert "wrong" not in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_user_without_a_password_is_asked_for_as_pip_does(page: ProjectPage) -> None:
    with serve(page._replace(login="token:")) as (url, _):
        token = url.replace("//", "//token@")
        assert (
            chosen(token, "example", NETRC=os.devnull) == "example-1.1-py3-none-linux_x86_64_v3.whl"
        )


@pytest.mark.parametrize(
    "url", ["ftp://me:secret@localhost/simple", "https://me:secret@[::/simple"]
)
def test_a_url_that_can_t_be_asked_is_told_without_its_password(url: str) -> None:
    done = customtags("rank", url, "example", status=2)
    assert "secret" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_certificates_are_those_of_pip_s_settings(page: ProjectPage, tmp_path: Path) -> None:
    tls = certificate(tmp_path)
    with serve(page, tls) as (url, _):
        best = "example-1.1-py3-none-linux_x86_64_v3.whl"
        unset = {
            "PIP_CERT": "",
            "REQUESTS_CA_BUNDLE": "",
            "CURL_CA_BUNDLE": "",
            "SSL_CERT_FILE": "",
        }
        done = customtags("rank", url, "example", status=2, **unset)
        assert "certificate" in done.stderr.lower()
        assert done.stderr.count("\n") == 1
        assert chosen(url, "example", **{**unset, "PIP_CERT": str(tls)}) == best
        assert chosen(url, "example", **{**unset, "PIP_TRUSTED_HOST": "127.0.0.1"}) == best
        assert chosen(url, "example", **{**unset, "SSL_CERT_FILE": str(tls)}) == best


def test_the_proxy_of_pip_s_settings_is_asked(page: ProjectPage) -> None:
    with serve(page) as (proxy, asked):
        settings = {
            "PIP_PROXY": proxy.removesuffix("/simple"),
            "PIP_TRUSTED_HOST": "wheels.invalid",
        }
        url = "http://wheels.invalid/simple"
        assert chosen(url, "example", **settings).startswith("example-1.1")
        assert asked == [f"{url}/example/"]


def test_what_pip_ignores_is_told() -> None:
    done = customtags("rank", "http://wheels.invalid/simple", "example", status=2)
    assert "neither https nor a trusted host" in done.stderr


def test_a_project_that_is_nowhere_is_told(page: ProjectPage) -> None:
    with serve(page) as (url, _):
        done = customtags("rank", url, "nothing", status=1)
    assert f"takes nothing: no file of 'nothing' found in {url}\n" in done.stdout


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("application/pdf", b"%PDF"),
        ("text/html; charset=none", b"none"),
        ("application/vnd.pypi.simple.v1+json", b"[]"),
        ("application/vnd.pypi.simple.v1+json", b'{"meta": {"api-version": "1.0"}}'),
        ("application/vnd.pypi.simple.v1+json", b'{"meta": null, "files": [null]}'),
    ],
)
def test_a_page_that_is_none_is_told(kind: str, text: bytes, tmp_path: Path) -> None:
    class Other(ProjectPage):
        def body(self) -> tuple[str, bytes]:
            return kind, text

    with serve(Other({}, tmp_path)) as (url, _):
        done = customtags("rank", url, "example", status=2)
    assert "is not a project page" in done.stderr


def test_a_terminal_sees_how_far_it_is(page: ProjectPage) -> None:
    master, slave = os.openpty()
    with serve(page) as (url, _):
        command = [sys.executable, "-m", "customtags", "rank", url, "example"]
        done = subprocess.run(
            command, env=clean(V3), stdout=subprocess.PIPE, stderr=slave, check=True, text=True
        )
    os.close(slave)
    shown = os.read(master, 4096).decode()
    os.close(master)
    assert f"{url}/example/: 0.0 MB" in shown
    assert f"ranking {len(FILES)} files" in shown
    assert shown.endswith("\r\x1b[K")
    assert done.stdout.startswith("With Python ")


def test_an_index_that_does_not_answer_is_one_line_that_says_what_to_check() -> None:
    done = customtags("rank", "http://127.0.0.1:9/simple", "example", status=2)
    assert done.stderr.startswith("customtags: http://127.0.0.1:9/simple/example/ cannot be read (")
    assert "Connection refused); check the URL, and that its server runs; " in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_note_names_what_pip_searches_besides_the_index(
    make_environment: MakeEnvironment, wheelhouse: Wheelhouse, tmp_path: Path
) -> None:
    environment, packages = make_environment(NEWEST), tmp_path / "packages"
    for requirement in ("mousebender", "requests"):
        wheels = wheelhouse.fetch(requirement)
        environment.pip("install", "-q", "--no-index", "-f", wheels, "-t", packages, requirement)
    for folder, version in (("own", "1.0"), ("other", "2.0")):
        create(tmp_path / folder, "example", version, "py3-none-any", {"example.py": b""})
    own, other = (
        ProjectPage({each.name: {} for each in folder.iterdir()}, folder)
        for folder in (tmp_path / "own", tmp_path / "other")
    )
    rank = ("-m", "customtags", "rank", "--json")
    with serve(own) as (url, _), serve(other) as (extra, _):
        config = tmp_path / "pip.conf"
        config.write_text(f"[global]\nextra-index-url = {extra}\n", "utf-8")
        env = {"PYTHONPATH": str(packages), "PIP_CONFIG_FILE": str(config)}
        environment.pip(
            "install", "-q", "--index-url", url, "-t", tmp_path / "t", "example", env=env
        )
        assert (tmp_path / "t" / "example-2.0.dist-info").is_dir()
        plain = {**env, "PIP_CONFIG_FILE": os.devnull}
        alone = json.loads(environment.run(*rank, url, "example", env=env).stdout)
        assert alone["chosen"] == "example-1.0-py3-none-any.whl"
        assert [(each["kind"], each["name"]) for each in alone["traps"]] == [
            ("more sources", extra)
        ]
        both = json.loads(environment.run(*rank, url, extra, "example", env=env).stdout)
        assert (both["chosen"], both["traps"]) == ("example-2.0-py3-none-any.whl", [])
        assert json.loads(environment.run(*rank, url, "example", env=plain).stdout)["traps"] == []
        elsewhere = ("--profile", PROJECT / "docs/fedora39.json")
        done = environment.run(*rank, *elsewhere, url, "example", env=env)
        assert json.loads(done.stdout)["traps"] == []


def test_without_the_extra_it_names_the_cure(make_environment: MakeEnvironment) -> None:
    environment = make_environment(NEWEST)
    done = environment.run(
        "-m", "customtags", "rank", "http://127.0.0.1:9/simple", "example", status=2
    )
    assert (
        done.stderr
        == "customtags: reading an index requires mousebender; pip install 'customtags[index]'\n"
    )


def test_a_folder_does_not_require_the_extra(
    make_environment: MakeEnvironment, tmp_path: Path
) -> None:
    environment = make_environment(NEWEST)
    folder, index = tmp_path / "folder", tmp_path / "index"
    create(folder, "example", "1.0", "py3-none-any", {"example.py": b""})
    environment.install(folder, "example")
    better = create(folder, "example", "1.0", "py3-none-linux_x86_64_v2", {"example.py": b""})
    doctor = ("-m", "customtags", "doctor", "--index")
    assert better.name in environment.run(*doctor, folder, env=V3).stdout
    assert better.name in environment.run(*doctor, folder.as_uri(), env=V3).stdout
    (index / "example").mkdir(parents=True)
    (index / "example/index.html").write_text(f'<a href="../{better.name}">{better.name}</a>')
    done = environment.run(*doctor, index, env=V3, status=2)
    assert done.stderr.endswith("requires mousebender; pip install 'customtags[index]'\n")
    environment.pip("uninstall", "-q", "-y", "example")


@pytest.mark.parametrize("pip", [OLDEST, NEWEST])
def test_pip_is_configured_as_it_says_itself(
    pip: str, make_environment: MakeEnvironment, tmp_path: Path
) -> None:
    environment = make_environment(pip, "3.9" if pip == OLDEST else None)
    home = tmp_path / "home"
    places = {
        home
        / ".pip"
        / "pip.conf": "[global]\nindex-url = https://legacy.example/simple\ntimeout = 7\n",
        home
        / ".config"
        / "pip"
        / "pip.conf": "[global]\nindex_url = https://user.example/simple\n[install]\npre = yes\n",
        environment.folder
        / "pip.conf": "[global]\nextra-index-url =\n    https://a.example\n    https://b.example\n",
        tmp_path
        / "named.conf": "[install]\nfind-links = /named\n[global]\nindex-url = https://named.example\n",
    }
    for path, text in places.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    base = {name: value for name, value in clean().items() if not name.startswith(("PIP_", "XDG_"))}
    base |= {"HOME": str(home), "PIP_TRUSTED_HOST": "one two", "PIP_NO_INDEX": ""}
    for more in (
        {},
        {"PIP_CONFIG_FILE": str(tmp_path / "named.conf")},
        {"PIP_CONFIG_FILE": os.devnull},
    ):
        env = {**base, **more}
        lines = run(
            [
                "env",
                "-i",
                *(f"{k}={v}" for k, v in env.items()),
                environment.python,
                "-m",
                "pip",
                "config",
                "list",
            ]
        ).stdout.splitlines()
        said: dict[str, list[str]] = {}
        for key, _, value in (line.partition("=") for line in lines):
            said.setdefault(key.replace(":env:.", "env."), []).append(ast.literal_eval(value))
        ours = pip_settings.options(env, str(environment.folder))
        ours.pop("config-file", None)
        # From 23.1 pip lists a key once for each file that has it, in no order that counts.
        for key, value in ours.items():
            strongest = [section for section in SECTIONS if f"{section}.{key}" in said][-1]
            assert value in said[f"{strongest}.{key}"]
        assert ours.keys() == {
            key.partition(".")[2] for key, values in said.items() if any(values)
        } - {"config-file"}
    (environment.folder / "pip.conf").unlink()


def test_the_extra_serve_contains_the_extra_index() -> None:
    table = read_toml(str(Path(__file__).parents[2] / "pyproject.toml")) or {}
    extras = table["project"]["optional-dependencies"]
    assert set(extras["index"]) < set(extras["serve"])
