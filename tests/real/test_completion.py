"""Real shells complete our verbs, options and files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from command import run
from customtags.cli import VERBS
from needs import lacking

#: Completes the words that stand behind ``--`` as bash would at their end.
BASH = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
complete_with=$(complete -p customtags | sed 's/.*-F \\([^ ]*\\).*/\\1/')
"$complete_with" customtags "${@: -1}" "${@: -2:1}"
printf '%s\\n' "${COMPREPLY[@]}"
"""

FISH = 'source "$argv[1]"; complete -C "$argv[2]"'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where there is one profile, and the scripts of each shell."""
    folder = tmp_path_factory.mktemp("completion")
    (folder / "node.json").write_text("{}", encoding="utf-8")
    for shell in ("bash", "fish", "zsh"):
        (folder / shell).write_text(run("completion", shell).stdout, encoding="utf-8")
    return folder


def completed(shell: str, folder: Path, line: str) -> list[str]:
    """What a shell offers at the end of a line."""
    if shutil.which(shell) is None:
        lacking(shell)
    words = line.split(" ")
    command = {
        "bash": ["bash", "--norc", "-c", BASH, "bash", "./bash", *words],
        "fish": ["fish", "--no-config", "-c", FISH, "./fish", line],
    }[shell]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "TERM": "dumb"},
    )
    return [each.split("\t")[0] for each in done.stdout.splitlines() if each]


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_verbs_options_choices_and_files(shell: str, folder: Path) -> None:
    assert set(completed(shell, folder, "customtags ")) >= {*VERBS}
    assert completed(shell, folder, "customtags inter") == ["intersect"]
    assert completed(shell, folder, "customtags show --prof") == ["--profile"]
    assert completed(shell, folder, "customtags completion z") == ["zsh"]
    assert "node.json" in completed(shell, folder, "customtags show --profile no")
    assert "node.json" in completed(shell, folder, "customtags intersect no")


def test_zsh_understands_its_script(folder: Path) -> None:
    if shutil.which("zsh") is None:
        lacking("zsh")
    script = (folder / "zsh").read_text("utf-8")
    assert all(f"{verb})" in script for verb in VERBS)
    subprocess.run(["zsh", "-n", "./zsh"], cwd=folder, check=True)
