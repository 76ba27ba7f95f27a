"""What each of several machines gets, and which builds are missing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from command import run_in
from customtags.choosing.coverage import KINDS, cover, missing
from customtags.choosing.coverage_page import page
from customtags.choosing.offer import Offer
from customtags.choosing.target import Target
from customtags.cli.coverage import FALLBACKS
from customtags.machine.dimensions import builtin
from customtags.profiles import interpreter
from customtags.tags import stock
from customtags.wheels.writer import create

V2 = ["pni", "ssse3", "cx16", "sse4_1", "sse4_2", "popcnt", "lahf_lm"]
V3 = [*V2, *["xsave", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"]]


def machine(features: list[str], cuda: list[int] | None = None) -> Target:
    facts = {"cuda": cuda, "capabilities": []} if cuda else None
    profile = {
        "version": 1,
        "isa": {"arch": "x86_64", "features": features},
        "accelerator": {"cuda": facts},
        "source": {},
    }
    platforms = stock.tags({"arch": "x86_64", "libc": "glibc", "libc_version": "2.36"})
    return Target(profile, platforms, interpreter.read("3.12"), pages=builtin())


MACHINES = {"old": machine([]), "v2": machine(V2), "v3": machine(V3), "gpu": machine(V3, [12, 4])}


@pytest.mark.parametrize(
    ("names", "kinds", "gaps"),
    [
        (
            ["a-1-py3-none-linux_x86_64.whl", "a-1-py3-none-linux_x86_64_v2.whl"],
            ["only", "best", "lower", "lower"],
            [{"isa": "v3"}],
        ),
        (
            ["a-1-py3-none-linux_x86_64.whl", "a-1-py3-none-linux_x86_64_v3_cuda12_4.whl"],
            ["only", "stock", "stock", "best"],
            [{"isa": "v2"}, {"isa": "v3"}],
        ),
        (["a-1-py3-none-linux_x86_64.whl"], ["only"] * 4, []),
        (["a-1-py3-none-any.whl"], ["pure"] * 4, []),
        (["a-1.tar.gz"], ["sdist"] * 4, []),
        (["a-1-py3-none-linux_x86_64_v3.whl"], ["none", "none", "best", "best"], [{"isa": "v2"}]),
        ([], ["none"] * 4, []),
        # A later version wins, whatever its tags.
        (
            ["a-1-py3-none-linux_x86_64_v3.whl", "a-2-py3-none-linux_x86_64.whl"],
            ["only"] * 4,
            [],
        ),
    ],
)
def test_what_each_machine_gets(
    names: list[str], kinds: list[str], gaps: list[dict[str, str]]
) -> None:
    (row,) = cover({"a": [Offer(name, "") for name in names]}, MACHINES)
    assert [cell.kind for cell in row.cells.values()] == kinds
    found = [{k: v for k, v in each.items() if v} for _, each in missing([row])]
    assert found == gaps


class Cells(HTMLParser):
    """Collects the marks of a page, and every tag that could load something."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag
        found = dict(attrs)
        if "mark" in (found.get("class") or ""):
            self.marks.append((found["class"] or "").split()[1])
        self.loads += [name for name in ("src", "href") if name in found]


def test_the_page_holds_every_cell_and_loads_nothing() -> None:
    name = "a-1-py3-none-linux_x86_64_v2.whl"
    rows = list(cover({"<script>x\x1b": [], "a": [Offer(name, "")]}, MACHINES))
    text = page(rows, MACHINES)
    cells = Cells()
    cells.feed(text)
    expected = [cell.kind for row in rows for cell in row.cells.values()]
    assert cells.marks == [*expected, *KINDS]
    assert cells.loads == []
    assert "<script>x" not in text
    assert not re.search("[\x00-\x08\x1b]", text)


def test_the_command_lists_what_is_missing(tmp_path: Path) -> None:
    create(tmp_path / "w", "example", "1.0", "py3-none-linux_x86_64_v2", {})
    profile = str(Path(__file__).parents[2] / "docs" / "fedora39.json")
    done = run_in(tmp_path, "coverage", "w", "--profile", profile, "--python", "3.12")
    assert (done.returncode, done.stderr) == (1, "")
    assert "lower (v2)" in done.stdout
    done = run_in(tmp_path, "coverage", "w", "--profile", profile, "--missing")
    assert done.stdout == 'example: "v3" = { isa = "v3" }\n'
    done = run_in(tmp_path, "coverage", "w", "--profile", profile, "--html", "c.html", "--json")
    assert json.loads(done.stdout)["missing"] == [{"project": "example", "isa": "v3"}]
    assert (tmp_path / "c.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_every_kind_that_may_be_a_gap_can_be_accepted() -> None:
    assert set(FALLBACKS) == {*KINDS} - {"best", "only"}


def test_what_is_accepted_is_no_gap(tmp_path: Path) -> None:
    for tag in ("linux_x86_64", "linux_x86_64_v3"):
        create(tmp_path / "w", "example", "1.0", f"py3-none-{tag}", {})
    for level in ("none", "v2", "v3", "v4"):
        run_in(tmp_path, "detect", "-o", f"{level}.json", CUSTOMTAGS_ISA=level)
    command = ["coverage", "w", "--missing"]
    rows = {"v2": ["stock"], "v4": ["lower"]}
    for name, kinds in rows.items():
        machines = ["--profile", f"{name}.json", "--profile", "v3.json", "--profile", "none.json"]
        accept = [word for kind in kinds for word in ("--accept", kind)]
        done = run_in(tmp_path, *command, *machines)
        assert (done.returncode, done.stdout) == (1, f'example: "{name}" = {{ isa = "{name}" }}\n')
        done = run_in(tmp_path, *command, *machines, *accept)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    create(tmp_path / "w", "other", "1.0", "py3-none-linux_x86_64_v3", {})
    machines = ["--profile", "v2.json", "--accept", "stock", "--accept", "lower"]
    done = run_in(tmp_path, *command, *machines)
    assert (done.returncode, done.stdout) == (1, 'other: "v2" = { isa = "v2" }\n')
    assert "invalid choice: 'best'" in run_in(tmp_path, *command, "--accept", "best").stderr


def test_a_word_after_an_index_is_a_project_although_a_folder_has_its_name(tmp_path: Path) -> None:
    wheel = create(tmp_path / "example", "example", "1.0", "py3-none-any", {})
    page = f'<!DOCTYPE html><a href="{wheel.name}">{wheel.name}</a>'
    (tmp_path / "example" / "index.html").write_text(page, "utf-8")
    (tmp_path / "empty").mkdir()
    done = run_in(tmp_path, "coverage", tmp_path.as_uri(), "example")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search("^ *example  pure", done.stdout, re.MULTILINE)
    done = run_in(tmp_path, "coverage", tmp_path.as_uri(), "empty")
    assert done.returncode == 2
    assert "'empty' is not a project" in done.stderr
    assert "if you mean the folder, write 'empty/'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nothing/"], "is not a folder"),
        (["."], "no wheel and no source distribution found; name a folder of wheels"),
        (["nothing"], "is neither a folder nor a project of the sources"),
        (["https://index.example/simple"], "name the projects behind the index"),
        ([".", "--profile", "a.json", "--profile", "a.json"], "a.json"),
        ([".", "--python", "x"], "'x' is not a Python"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, arguments: list[str], reason: str) -> None:
    done = run_in(tmp_path, "coverage", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert reason in done.stderr
