"""What the command line prints, and with which status it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from command import run
from sample import SEED, write

PROFILE = str(Path(__file__).parents[2] / "docs" / "fedora39.json")

CPUINFO = f"flags : {' '.join(SEED['isa']['features'])}\n"


@pytest.fixture
def seed(tmp_path: Path) -> str:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(SEED), encoding="utf-8")
    return str(path)


def test_show_says_what_was_found_where_and_which_tags_follow(seed: str) -> None:
    done = run("show", "--profile", seed)
    assert done.returncode == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) <= 24
    assert lines[0] == f"{seed}: x86_64, glibc 2.38"
    assert lines[3].split()[:3] == ["isa", "v3", "v2"]
    assert "  1  linux_x86_64_v3_fc39_rocm6_0_gfx90a" in done.stdout


def test_show_fits_on_a_screen_and_tells_whether_the_hook_is_active() -> None:
    done = run("show")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) <= 24
    assert "The hook is active" in done.stdout
    assert "The hook is switched off" in run("show", CUSTOMTAGS_DISABLE="1").stdout


def test_show_all_lists_every_tag_and_the_stock_ones_behind(seed: str) -> None:
    listed = [
        line.split()[-1]
        for line in run("show", "--all", "--profile", seed).stdout.splitlines()
        if line
    ]
    shown = json.loads(run("show", "--all", "--json", "--profile", seed).stdout)
    assert listed[-len(shown["platforms"]) :] == shown["platforms"]
    assert "linux_x86_64_v3_fc39_rocm6_0" in shown["platforms"]
    assert shown["platforms"][-1] == "manylinux1_x86_64"


def test_show_json_has_facts_and_platforms(seed: str) -> None:
    shown = json.loads(run("show", "--json", "--profile", seed).stdout)
    assert shown["version"] == 1
    assert shown["facts"] == SEED
    assert shown["platforms"][0] == "linux_x86_64_v3_fc39_rocm6_0_gfx90a"
    assert not [tag for tag in shown["platforms"] if tag.startswith("manylinux1")]


def test_show_works_below_a_root(tmp_path: Path) -> None:
    root = write(
        tmp_path / "root",
        {"proc/cpuinfo": CPUINFO, "etc/os-release": "ID=alpine\nVERSION_ID=3.20.3\n"},
    )
    shown = json.loads(run("show", "--json", "--root", root).stdout)
    assert "linux_" in shown["platforms"][0]
    assert shown["platforms"][0].endswith("_alpine3_20")
    assert shown["facts"]["source"]["distro"] == "/etc/os-release"


def test_what_detect_writes_is_what_show_reads(tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    assert run("detect", "-o", str(path)).stdout == ""
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(run("detect").stdout)
    assert json.loads(run("detect", "--json").stdout)["version"] == 1
    here = json.loads(run("show", "--json").stdout)
    there = json.loads(run("show", "--json", "--profile", str(path)).stdout)
    assert here == there
    assert [each.name for each in tmp_path.iterdir()] == ["node.json"]


def test_a_profile_is_read_from_the_environment_too(seed: str) -> None:
    assert json.loads(run("show", "--json", CUSTOMTAGS_PROFILE=seed).stdout)["facts"] == SEED


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["show"], {"CUSTOMTAGS_ISA": "v9"}, "CUSTOMTAGS_ISA='v9' is not valid"),
        (["detect"], {"CUSTOMTAGS_ACCELERATOR": "tpu4"}, "begins with one of cuda, rocm"),
        (["show"], {"CUSTOMTAGS_DISTRO": "fedora"}, "write a release as in fc39"),
        (["show"], {"CUSTOMTAGS_PROFILE": "nothing.json"}, "No such file"),
        (["show", "--profile", "/dev/null"], {}, "is not valid JSON"),
        (["show", "--root", "/no/such/folder"], {}, "is not a folder"),
        (["detect", "-o", "/no/such/folder/node.json"], {}, "; name another file\n"),
        (
            ["coverage", "a-1-py3-none-any.whl", "--html", "/no/such/folder/page.html"],
            {},
            "; name another file\n",
        ),
    ],
)
def test_bad_input_gets_one_line_with_the_cure_and_status_2(
    arguments: list[str], variables: dict[str, str], message: str
) -> None:
    done = run(*arguments, **variables)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("customtags: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr


def test_a_release_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    root = write(tmp_path / "root", {"etc/os-release/oops": ""})
    done = run("show", "--root", root)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "etc/os-release' cannot be read (Is a directory)" in done.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["nothing"], ["show", "--nothing"], ["show", "--root", "/", "--profile", "x"]]
)
def test_wrong_usage_ends_with_status_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "usage: customtags" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["retag", "a.whl", "--acelerator", "cuda12.4"], "--acelerator cuda12.4; write --accelerator"),
        (["show", "--profle=node.json"], "--profle=node.json; write --profile"),
        (["show", "node.json"], "node.json"),
        (["show", "--nothing-like-it"], "--nothing-like-it"),
    ],
)  # fmt: skip
def test_a_misspelt_option_gets_the_usage_of_its_verb_and_the_nearest(
    arguments: list[str], message: str
) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"usage: customtags {arguments[0]} [-h]")
    assert done.stderr.endswith(f"error: unrecognized arguments: {message}\n")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["show", "--help"], ["detect", "--help"], ["demo", "--help"]]
)
def test_help_is_there_with_an_example_per_verb(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 0
    assert len(arguments) == 1 or f"example: customtags {arguments[0]}" in done.stdout


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m customtags show --all | head -1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [("show",), ("show", "--json"), ("config",)])
def test_a_full_disk_is_one_line(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "customtags", *arguments]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_reader_may_have_seen_enough() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "customtags", "show", "--all"]
    with open(writer, "wb") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_properties_of_variants_are_listed_in_order() -> None:
    done = run("show", "--profile", PROFILE, "--variants")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:2] == [
        "amd :: rocm_version :: 6.0",
        "amd :: rocm_version :: 6",
    ]
    shown = json.loads(run("show", "--profile", PROFILE, "--variants", "--json").stdout)
    assert shown["variants"] == done.stdout.splitlines()


def test_the_address_of_a_served_index_spells_the_machine() -> None:
    done = run("show", "--profile", PROFILE, "--index-url", "http://index.example/")
    expected = "http://index.example/for/x86_64,glibc2.38,v3,fc39,rocm6.0_gfx90a/simple/\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")
