"""What is said of one wheel; real pip agrees in tests/real/test_explain.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import run, run_in
from customtags.choosing.candidate import MOST_TAGS
from customtags.choosing.explain import explain, wheel
from customtags.choosing.offer import Offer, requires_python
from customtags.choosing.rank import rank
from customtags.choosing.request import Request
from customtags.errors import WheelError
from customtags.wheels.writer import create
from sample import SEED, seed

if TYPE_CHECKING:
    from pathlib import Path

TARGET = seed()

#: Three sets whose product is larger than any that a builder writes.
BOMB = f"a-1-{'.'.join(['py3'] * 11)}-{'.'.join(['none'] * 10)}-{'.'.join(['any'] * 10)}.whl"


@pytest.fixture
def profile(tmp_path: Path) -> str:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(SEED), encoding="utf-8")
    return str(path)


def test_the_best_python_of_a_machine_counts() -> None:
    targets = [seed("3.11"), seed("3.12"), seed("3.13t")]
    offer = Offer("a-1.0-cp312-cp312-linux_x86_64_v3.whl", "")
    found = explain(offer, targets)
    assert (found.fits, found.target.name, found.misses) == (True, "3.12", ())
    found = explain(Offer("a-1.0-cp310-cp310-win_amd64.whl", ""), targets)
    assert (found.fits, found.target.name) == (False, "3.11")


def test_the_project_page_s_requires_python_counts() -> None:
    found = explain(Offer("a-1.0-py3-none-any.whl", "", ">=3.13"), [TARGET])
    assert (found.verdict.fits, found.fits) == (True, False)
    assert str(found.misses[0]) == (
        "a-1.0-py3-none-any.whl: requires Python >=3.13; this Python is 3.12.0 (from its metadata)"
    )


@pytest.mark.parametrize("specifier", ["", "nonsense", f">={'9' * 5000}"])
def test_a_requires_python_that_says_nothing_forbids_nothing(specifier: str) -> None:
    assert explain(Offer("a-1.0-py3-none-any.whl", "", specifier), [TARGET]).fits


def test_requires_python_is_read_of_the_wheel_s_own_metadata(tmp_path: Path) -> None:
    name = "a-1.0-py3-none-any.whl"
    with ZipFile(tmp_path / name, "w") as archive:
        archive.writestr("a/_vendor/b-1.dist-info/METADATA", "Name: b\nRequires-Python: >=9\n")
        archive.writestr("a-1.0.dist-info/METADATA", "Name: a\nRequires-Python: >=3.13\n")
    offer = wheel(str(tmp_path / name))
    assert requires_python(offer) == ">=3.13"
    assert not explain(offer, [TARGET]).fits
    (tmp_path / name).write_bytes(b"damaged")
    assert requires_python(offer) is None
    assert explain(offer, [TARGET]).fits
    (tmp_path / "a-1.0.zip").touch()
    assert requires_python(Offer("a-1.0.zip", str(tmp_path))) is None


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("example.whl", "'example.whl' is not a wheel file name"),
        ("a-1-py3-none.whl", "is not a wheel file name"),
        (BOMB, "is not a wheel file name"),
        ("nowhere/example-1.0-py3-none-any.whl", "does not exist"),
    ],
)
def test_a_word_that_is_no_wheel_is_refused(word: str, says: str) -> None:
    with pytest.raises(WheelError, match=says):
        wheel(word)


def test_a_name_of_too_many_tags_is_refused_before_they_are_made() -> None:
    ranking = rank([Offer(BOMB, "")], Request("a"), TARGET)
    (refused,) = ranking.files
    assert (refused.misses[0].part, ranking.chosen) == ("name", None)
    assert f"it stands for more than {MOST_TAGS} tags" in str(refused.misses[0])


NAMES = st.lists(
    st.sampled_from(["a", "1.0", "1", "py3", "cp312", "none", "any", "linux_x86_64_v4", ".", ""])
    | st.text(max_size=4),
    max_size=8,
).map("-".join)


@given(NAMES, st.sampled_from([".whl", ".tar.gz", ".zip", ""]), st.none() | st.text())
def test_no_name_of_an_index_ends_a_ranking(name: str, ending: str, requires: str | None) -> None:
    offers = [Offer(name + ending, "", requires), Offer("a-0.1-py3-none-any.whl", "")]
    found = rank(offers, Request("a"), TARGET)
    assert offers[1] in [each.offer for each in found.files]
    for each in found.files:
        assert all(map(str, each.misses))
        if each.version is not None and each.offer.name.endswith(".whl"):
            assert explain(each.offer, [TARGET]).verdict.tags


def test_every_wheel_is_explained_although_one_cannot_be_read(profile: str) -> None:
    options = ("explain", "--profile", profile, "--python", "3.12")
    words = ("a-1.0-py3-none-any.whl", "nowhere/b.whl", "c-1.0-py3-none-linux_x86_64_v4.whl")
    done = run(*options, *words)
    assert done.returncode == 2
    assert "a-1.0-py3-none-any.whl: fits (Python 3.12), tag " in done.stdout
    assert "v4: requires an x86-64-v4 CPU; this CPU supports x86-64-v3 (no avx512f, …; from" in (
        done.stdout
    )
    assert "help: use a wheel for v3, or another machine; if the detection is wrong" in done.stdout
    assert done.stderr.startswith("customtags: 'nowhere/b.whl' does not exist; name a file")
    assert done.stderr.count("\n") == 1
    entries = json.loads(run(*options, "--json", *words).stdout)["wheels"]
    assert [entry["name"] for entry in entries] == list(words)
    assert ["error" in entry for entry in entries] == [False, True, False]
    assert [entry.get("fits") for entry in entries] == [True, None, False]


def test_a_verdict_by_the_name_alone_says_so(tmp_path: Path) -> None:
    name = "a-1.0-py3-none-any.whl"
    said = "only the name was read, because the file does not exist\n"
    assert run_in(tmp_path, "explain", name).stdout.endswith(said)
    (entry,) = json.loads(run_in(tmp_path, "explain", name, "--json").stdout)["wheels"]
    assert entry["by_name"] is True
    create(tmp_path, "a", "1.0", "py3-none-any", {})
    for word in (name, str(tmp_path / name), f"https://example.org/{name}"):
        assert said not in run_in(tmp_path, "explain", word).stdout
    (entry,) = json.loads(run_in(tmp_path, "explain", name, "--json").stdout)["wheels"]
    assert entry["by_name"] is False


def test_the_nearest_of_several_tags_is_marked(profile: str) -> None:
    name = "a-1.0-py3-none-linux_x86_64_v4.linux_x86_64_v4_fc40.whl"
    done = run("explain", "--profile", profile, "--python", "3.12", name)
    assert done.returncode == 1
    assert "  py3-none-linux_x86_64_v4 (the nearest miss)\n" in done.stdout
    assert done.stdout.count("the nearest miss") == 1


def test_a_version_is_explained_wheel_by_wheel_on_an_index(profile: str, tmp_path: Path) -> None:
    (tmp_path / "simple" / "a").mkdir(parents=True)
    names = ("a-1.0-py3-none-linux_x86_64_v4.whl", "a-1.0-py3-none-any.whl", "a-1.0.tar.gz")
    links = "".join(f'<a href="{name}">{name}</a>' for name in names)
    (tmp_path / "simple" / "a" / "index.html").write_text(links, encoding="utf-8")
    url = (tmp_path / "simple").as_uri()
    options = ("explain", "--profile", profile, "--python", "3.12", "--index-url", url)
    done = run(*options, "a==1.0")
    assert done.returncode == 0
    assert [line.split(":")[0] for line in done.stdout.split("\n\n")] == [names[1], names[0]]
    done = run(*options, "a==3")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no wheel of the project 'a==3' found" in done.stderr


def test_a_word_is_a_project_although_a_folder_has_its_name(profile: str, tmp_path: Path) -> None:
    for name, links in (("a", "a-1.0-py3-none-any.whl"), ("b", "")):
        (tmp_path / "simple" / name).mkdir(parents=True)
        page = tmp_path / "simple" / name / "index.html"
        page.write_text(f'<a href="{links}">{links}</a>' if links else "", encoding="utf-8")
    url = (tmp_path / "simple").as_uri()
    options = ("explain", "--profile", profile, "--index-url", url)
    folder = tmp_path / "simple"
    assert run_in(folder, *options, "a").stdout.startswith("a-1.0-py3-none-any.whl: fits")
    messages = {
        "b": "no wheel of the project 'b' found; if you mean the folder, name its wheels, as in 'b/*.whl'",
        "c": "no wheel of the project 'c' found; check its spelling and version, or name another index",
        "a/": "'a/' is a folder; name its wheels, as in 'a/*.whl'",
        ".": "'.' is not a project",
    }
    for word, message in messages.items():
        done = run_in(folder, *options, word)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"customtags: {message}")


def test_no_control_character_of_an_index_reaches_a_terminal(profile: str, tmp_path: Path) -> None:
    names = ("a-1.0\x1b[31m-py3-none-any.whl", "a-1.1-py3-none-\x1b[31m.whl", "a-\x1b.whl")
    yanked = 'data-yanked="\x1b]0;pwn\x07"'
    links = "".join(f'<a href="{quote(name)}" {yanked}>file</a>' for name in names)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text(links, encoding="utf-8")
    url = tmp_path.as_uri()
    options = ("--profile", profile, "--python", "3.12")
    for verb in (["rank", *options, url], ["explain", *options, "--index-url", url]):
        done = run(*verb, "a")
        assert "\\x1b" in done.stdout + done.stderr
        assert "\x1b" not in done.stdout + done.stderr


def test_a_reason_that_two_tags_share_is_printed_once(profile: str) -> None:
    tags = "manylinux_2_17_x86_64_v4.manylinux_2_28_x86_64_v4"
    wheel = f"example-1.0-cp312-cp312-{tags}.whl"
    done = run("explain", "--profile", profile, "--python", "3.12", wheel)
    assert done.stdout.count("v4: requires an x86-64-v4 CPU") == 1
    assert done.stdout.count("\n  cp312-cp312-manylinux_2_") == 2


def test_rank_shows_a_screen_of_each_list_and_all_on_request(profile: str, tmp_path: Path) -> None:
    for minor in range(12):
        (tmp_path / f"a-1.{minor}-py3-none-any.whl").touch()
        (tmp_path / f"a-2.{minor}-py3-none-win_amd64.whl").touch()
    options = ("rank", "--profile", profile, "--python", "3.12", str(tmp_path))
    done = run(*options)
    assert done.returncode == 0
    assert done.stdout.startswith("With Python 3.12, pip takes a-1.11-py3-none-any.whl\n")
    assert done.stdout.count("    … 2 more: --all\n") == 2
    whole = run(*options, "--all").stdout
    assert "more: --all" not in whole
    assert whole.count("requires Windows") == 12
    shown = json.loads(run(*options, "--json").stdout)
    assert shown["chosen"] == "a-1.11-py3-none-any.whl"
    assert [entry["fits"] for entry in shown["wheels"]] == [True] * 12 + [False] * 12
    done = run(*options, "b")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"With Python 3.12, pip takes nothing: no file of 'b' found in {tmp_path}",
        "  help: check the name and the version; the files are of a",
    ]
    done = run("rank", "--python", "x", str(tmp_path))
    assert (done.returncode, "'x' is not a Python; write a Python" in done.stderr) == (2, True)
