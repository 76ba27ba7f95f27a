"""Where files are found: in what the user names, or in what pip is configured for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customtags.choosing.index import Client
from customtags.choosing.offer import in_folder, is_index, local_path, named, without_password
from customtags.choosing.pip_settings import PipSettings
from customtags.choosing.sources import Sources, search, search_all
from customtags.errors import CustomtagsError, SourceError

if TYPE_CHECKING:
    from pathlib import Path

WHEEL = "example-1.0-py3-none-any.whl"
OLDER = "example-0.9-py3-none-any.whl"


def quiet(_: str) -> None:
    """Report nothing."""


@pytest.fixture
def index(tmp_path: Path) -> str:
    """The URL of an index in a folder."""
    (tmp_path / "index" / "example").mkdir(parents=True)
    page = tmp_path / "index" / "example" / "index.html"
    page.write_text(f'<!DOCTYPE html><a href="../{WHEEL}">{WHEEL}</a>', encoding="utf-8")
    return (tmp_path / "index").as_uri()


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "folder").mkdir()
    for name in (OLDER, "notes.txt", "other-1.0.tar.gz"):
        (tmp_path / "folder" / name).touch()
    return str(tmp_path / "folder")


def test_words_are_folders_files_indexes_and_at_most_one_project(folder: str) -> None:
    words = [folder, WHEEL, f"https://w.invalid/{WHEEL}", "https://w.invalid/simple", "example<2"]
    assert Sources.parse(words) == (
        *((folder,), (WHEEL, f"https://w.invalid/{WHEEL}"), ("https://w.invalid/simple",)),
        "example<2",
    )


@pytest.mark.parametrize(
    ("words", "requirement"), [(["no such/thing"], None), (["one", "two"], None), (["one"], "two")]
)
def test_a_word_that_is_nothing_of_these_is_named(
    words: list[str], requirement: str | None
) -> None:
    with pytest.raises(CustomtagsError, match="is not a folder, a file, a URL or the only project"):
        Sources.parse(words, requirement)


def test_a_path_of_a_file_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(CustomtagsError, match=f"'no/such/{WHEEL}' does not exist"):
        Sources.parse([f"no/such/{WHEEL}"])


@pytest.mark.parametrize(
    ("sources", "problem", "cure"),
    [
        (
            Sources(requirement="nodir"),
            "no file of 'nodir' found in /wheels, https://w.invalid/simple",
            "check the name and the version, or name a source; there is no folder 'nodir'",
        ),
        (
            Sources(files=(WHEEL, "other-1.0.tar.gz"), requirement="third"),
            f"no file of 'third' found in {WHEEL}, other-1.0.tar.gz",
            "check the name and the version; the files are of example, other",
        ),
        (
            Sources(indexes=("https://me:secret@w.invalid/private",), requirement="example>9"),
            "no file of 'example>9' found in https://w.invalid/private",
            "check the name and the version",
        ),
    ],
)
def test_a_project_that_is_not_found_names_the_places_and_their_projects(
    sources: Sources, problem: str, cure: str
) -> None:
    settings = PipSettings(("https://me:secret@w.invalid/simple",), ("/wheels",))
    assert sources.not_found(settings) == (problem, cure)


def test_the_last_word_after_an_index_is_a_project_unless_it_is_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fast").mkdir()
    (tmp_path / "wheels").mkdir()
    url = "https://w.invalid/simple"
    assert Sources.parse([url, "fast"]) == ((), (), (url,), "fast")
    assert Sources.parse([url, "wheels", "fast"]) == (("wheels",), (), (url,), "fast")
    assert Sources.parse([url, "example", "fast"]) == (("fast",), (), (url,), "example")
    assert Sources.parse(["fast", url]) == (("fast",), (), (url,), None)
    for path in ("fast/", "./fast"):
        assert Sources.parse([url, path]) == ((path,), (), (url,), None)


@pytest.mark.parametrize("words", [["fast"], ["wheels/", "fast"]])
def test_a_word_that_may_be_folder_or_project_is_written_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fast").mkdir()
    (tmp_path / "wheels").mkdir()
    cure = "if you mean the project 'fast' and not the folder, write 'fast>=0'"
    with pytest.raises(CustomtagsError, match="no project is named") as raised:
        Sources.parse(words).find(PipSettings(), quiet)
    assert raised.value.cure.endswith(cure)
    assert Sources.parse([*words, "fast>=0"]).requirement == "fast>=0"


@pytest.mark.parametrize(
    ("files", "requirement", "says"),
    [
        ((), None, "no project is named"),
        (
            (WHEEL, "other-1.0.tar.gz"),
            None,
            r"are of 2 projects \(example, other\); name one of them, as in 'customtags rank SOURCE example'",
        ),
        (
            tuple(f"{letter}-1.0.tar.gz" for letter in "abcdefgh"),
            None,
            r"are of 8 projects \(a, b, c, d, e, …\)",
        ),
        (("nofile.whl",), None, "'nofile.whl' names no project; name a file as in"),
        ((WHEEL,), "two words", "'two words' is not a project"),
    ],
)
def test_a_project_that_is_not_clear_is_asked_for(
    files: tuple[str, ...], requirement: str | None, says: str
) -> None:
    with pytest.raises(CustomtagsError, match=says):
        Sources(files=files, requirement=requirement).find(PipSettings(indexes=()), quiet)


def test_the_only_project_of_local_files_need_not_be_named(folder: str) -> None:
    request, offers, problems = Sources.parse([WHEEL]).find(PipSettings(), quiet)
    assert (request.project, [offer.name for offer in offers], problems) == ("example", [WHEEL], [])
    request, offers, _ = Sources.parse([folder, "Other>=1"]).find(PipSettings(), quiet)
    assert (request.project, str(request.specifier)) == ("other", ">=1")
    assert [offer.name for offer in offers] == ["other-1.0.tar.gz", OLDER]


def test_a_named_index_replaces_those_of_the_configuration(index: str, folder: str) -> None:
    settings = PipSettings(indexes=("ftp://nowhere.invalid",), find_links=(folder,))
    found = Sources(indexes=(index,), requirement="example").find(settings, quiet)
    assert [offer.name for offer in found[1]] == [WHEEL]
    assert found[2] == []


def test_without_a_source_the_configuration_counts_folders_first(index: str, folder: str) -> None:
    settings = PipSettings(indexes=(index,), find_links=(folder, "/no/such/folder"))
    found, problems = search("example", Client(settings), quiet)
    assert [offer.name for offer in found] == ["other-1.0.tar.gz", OLDER, WHEEL]
    assert problems == []


def test_a_source_that_fails_is_reported_if_another_one_answers(index: str) -> None:
    wrong = "http://nowhere.invalid"
    sources = Sources(requirement="example")
    _, offers, problems = sources.find(PipSettings(indexes=(wrong, index)), quiet)
    assert [offer.name for offer in offers] == [WHEEL]
    assert [problem.place for problem in problems] == [f"{wrong}/example/"]
    with pytest.raises(SourceError, match="neither https nor a trusted host"):
        sources.find(PipSettings(indexes=(wrong,)), quiet)


def test_several_projects_are_searched_and_each_failure_is_kept_once(index: str) -> None:
    wrong = "http://nowhere.invalid"
    client = Client(PipSettings(indexes=(wrong, index)))
    offers, problems = search_all(["example", "other"], client, quiet)
    assert {name: len(found) for name, found in offers.items()} == {"example": 1, "other": 0}
    assert [problem.place for problem in problems] == [f"{wrong}/{name}/" for name in offers]
    with pytest.raises(SourceError):
        search_all(["example", "other"], Client(PipSettings(indexes=(wrong,))), quiet)


def test_a_folder_that_cannot_be_listed_is_named() -> None:
    with pytest.raises(SourceError, match="/no/such/folder cannot be listed"):
        in_folder("/no/such/folder")


def test_places_are_told_apart() -> None:
    assert is_index("https://w.invalid/simple")
    assert not is_index(f"https://w.invalid/{WHEEL}")
    assert not is_index("wheels/")
    assert local_path("file:///a%20b") == "/a b"
    assert local_path("https://w.invalid/simple") is None
    assert without_password("https://me:secret@w.invalid/a@b") == "https://w.invalid/a@b"
    (offer,) = named(["https://w.invalid/a%2Bb-1-py3-none-any.whl"])
    assert (offer.name, offer.path) == ("a+b-1-py3-none-any.whl", None)


def test_what_pip_is_configured_for_besides_the_named_indexes_is_known() -> None:
    main, extra, private = (f"https://{name}.invalid/simple" for name in ("a", "b", "c"))
    secret = private.replace("//", "//user:hush@")
    settings = PipSettings(indexes=(main, f"{extra}/", secret), find_links=("/wheels",))
    assert Sources(indexes=(main,)).unread(settings) == [extra, private, "/wheels"]
    assert (
        Sources(("/wheels",), indexes=("https://d.invalid", extra, private)).unread(settings) == []
    )
    assert Sources(("/wheels",)).unread(settings) == []
    assert Sources(requirement="example").unread(settings) == []
    assert Sources(indexes=(main,)).unread(PipSettings()) == []
