"""uv takes variants from pypiserver and devpi as the how-to says, and what `rank` says."""

from __future__ import annotations

import functools
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from customtags.choosing.descriptions import Descriptions
from customtags.choosing.pip_settings import PipSettings
from customtags.choosing.rank import rank
from customtags.choosing.sources import Sources
from customtags.variants import metadata
from customtags.wheels.writer import create
from real.index_servers import ask, devpi, pypiserver
from real.servers import ProjectPage, free_port, serve, serve_folder
from real.uv import HASWELL, PLATFORM, Node, install, installed
from sample import seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


NODE = Node(HASWELL, "", "")


class Index(NamedTuple):
    """An index that runs.

    :ivar root: the address of the server
    :ivar url: what installers read
    :ivar add: uploads a file of a project and version
    """

    root: str
    url: str
    add: Callable[[Path, str, str], None]


@pytest.fixture(scope="module")
def on_pypiserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with pypiserver(tmp_path_factory.mktemp("pypiserver"), free_port()) as (url, _):
        yield Index(url, f"{url}simple/", functools.partial(upload, url))


@pytest.fixture(scope="module")
def on_devpi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    settings = {"type": "stage", "bases": []}
    with devpi(tmp_path_factory.mktemp("devpi"), free_port(), settings) as (url, _):
        root = url.removesuffix("/root/wheels/")
        yield Index(root, f"{url}+simple/", functools.partial(upload, url))


@pytest.fixture(scope="module", params=["on_pypiserver", "on_devpi"])
def index(request: pytest.FixtureRequest) -> Index:
    found: Index = request.getfixturevalue(request.param)
    return found


def upload(url: str, file: Path, project: str, version: str) -> None:
    """Upload a file as twine does."""
    with file.open("rb") as content:
        answer = requests.post(
            url,
            {":action": "file_upload", "name": project, "version": version},
            files={"content": (file.name, content)},
            auth=("root", "secret"),
            timeout=60,
        )
    answer.raise_for_status()


def wheel(folder: Path, project: str, version: str, level: str | None) -> Path:
    """Write a wheel; a level makes it a variant."""
    name = f"{project}-{version}-py3-none-{PLATFORM}"
    files = {"example.py": f"LABEL = {level!r}\n".encode()}
    if level is None:
        return create(folder, project, version, f"py3-none-{PLATFORM}", files)
    text = metadata.write(meaning(level))
    files[f"{project}-{version}.dist-info/variant.json"] = text.encode()
    made = create(folder / "made", project, version, f"py3-none-{PLATFORM}", files)
    return made.rename(folder / f"{name}-x86_64_{level}.whl")


def meaning(level: str) -> metadata.Metadata:
    return metadata.made(f"x86_64_{level}", {"x86_64": {"level": [level]}})


def release(folder: Path, project: str, version: str, *levels: str) -> Path:
    """Write what the labels of a release mean."""
    path = folder / f"{project}-{version}-variants.json"
    whole = metadata.merged([(level, meaning(level)) for level in levels])
    path.write_text(metadata.write(whole), "utf-8")
    return path


def ranked(indexes: list[str], links: list[str], project: str) -> str | None:
    """Return what `rank` says that uv takes."""
    settings = PipSettings(indexes=tuple(indexes), find_links=tuple(links))
    request, offers, problems = Sources(requirement=project).find(settings, lambda _: None)
    assert not problems
    described = Descriptions(offers, settings, lambda _: None)
    ranking = rank(offers, request, seed("3.11"), describe=described)
    return ranking.uv if ranking.variants else ranking.chosen


def taken(uv: Path, sources: Sequence[object], target: Path, project: str) -> str | None:
    install(uv, sources, NODE, target, project)
    return installed(target)


def test_neither_server_takes_the_meaning_of_labels(index: Index, tmp_path: Path) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        index.add(release(tmp_path, "refused", "1.0", "v3"), "refused", "1.0")


def test_without_it_uv_takes_the_stock_wheel_and_rank_says_so(
    index: Index, uv: Path, tmp_path: Path
) -> None:
    project = f"bare{secrets.token_hex(4)}"
    for level in (None, "v3"):
        index.add(wheel(tmp_path, project, "1.0", level), project, "1.0")
    assert taken(uv, ["--default-index", index.url], tmp_path / "target", project) is None
    assert ranked([index.url], [], project) == f"{project}-1.0-py3-none-{PLATFORM}.whl"


#: Version, level, and whether the file is uploaded; a file that is not lies on a page beside the index. A variant may be in both places.
FILES = st.tuples(
    st.sampled_from(["1.0", "1.1"]),
    st.sampled_from([None, "v2", "v3", "v4"]),
    st.booleans(),
)


@settings(max_examples=6)
@given(chosen=st.lists(FILES, min_size=1, max_size=5, unique=True))
def test_with_a_page_beside_the_index_uv_takes_what_rank_says(
    index: Index,
    uv: Path,
    tmp_path_factory: pytest.TempPathFactory,
    chosen: list[tuple[str, str | None, bool]],
) -> None:
    project = f"example{secrets.token_hex(4)}"
    folder = tmp_path_factory.mktemp("made")
    beside = tmp_path_factory.mktemp("beside")
    index.add(wheel(folder, project, "0.9", None), project, "0.9")
    for version, level, uploaded in chosen:
        if uploaded:
            index.add(wheel(folder, project, version, level), project, version)
        else:
            wheel(beside, project, version, level)
            levels = [each for at, each, up in chosen if each and at == version and not up]
            if levels:
                release(beside, project, version, *levels)
    with serve_folder(beside) as address:
        links = f"{address}/"
        name = ranked([index.url], [links], project)
        sources = ["--default-index", index.url, "--find-links", links]
        found = taken(uv, sources, folder / "target", project)
    assert name is not None
    label = name.removesuffix(".whl").rpartition("-x86_64_")[2] if "-x86_64_v" in name else None
    assert found == label
    assert [*(folder / "target").glob(f"{project}-{name.split('-')[1]}.dist-info")]


def test_a_mirror_of_devpi_lists_what_a_page_in_json_lists(
    on_devpi: Index, uv: Path, tmp_path: Path
) -> None:
    made = [wheel(tmp_path, "example", "1.0", level) for level in (None, "v3")]
    made.append(release(tmp_path, "example", "1.0", "v3"))
    login = {"user": "root", "password": "secret"}
    token = ask(f"{on_devpi.root}/+login", "POST", login)["result"]["password"]
    place = f"{on_devpi.root}/root/mirror{secrets.token_hex(4)}"
    with serve(ProjectPage({each.name: {} for each in made}, tmp_path, json=True)) as (source, _):
        mirror = {"type": "mirror", "mirror_url": f"{source}/", "mirror_no_project_list": True}
        ask(place, "PUT", mirror, f"root:{token}")
        url = f"{place}/+simple/"
        assert taken(uv, ["--default-index", url], tmp_path / "target", "example") == "v3"
        assert ranked([url], [], "example") == made[1].name
