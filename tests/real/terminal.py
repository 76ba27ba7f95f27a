"""A reader's terminal: runs the blocks of a page in order, in one shell, and compares what they print."""

from __future__ import annotations

import doctest
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blocks import ROOT, SHELL, Block, Command, read
from needs import unshared
from real.environments import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Printed", "in_order", "run"]

#: Makes this machine, for the shell alone, the one that the pages were recorded on: an x86-64-v3 CPU and Debian 12. The kernel's
#: own flags stay without those of v4, because customtags compares them with what it tells each process of the CPU.
MACHINE = f"""
sed 's/ avx512[a-z0-9_]*//g' /proc/cpuinfo > "$HOME/cpuinfo"
mount --bind "$HOME/cpuinfo" /proc/cpuinfo
mount --bind {ROOT / "tests/os-release/debian-12--deb12"} /etc/os-release
exec bash "$0"
"""

#: The Python that the pages were recorded with, as file names and messages write it.
PYTHON = {"cp311": "cp{0}{1}", "Python 3.11": "Python {0}.{1}", "python3.11": "python{0}.{1}"}


class Printed(NamedTuple):
    """What a command printed.

    :ivar names: what the page writes → what stands for it in this run
    """

    block: Block
    command: Command
    text: str
    names: Mapping[str, str]

    def is_shown(self) -> bool:
        """Return whether the page shows this; `...` in the page stands for anything, as in a doctest."""
        if self.command.shown is None:
            return True
        shown = _replace(self.command.shown, self.names)
        return doctest.OutputChecker().check_output(shown, self.text, doctest.ELLIPSIS)

    def as_shown(self) -> str:
        """Return the text as a page shows it."""
        return _replace(self.text, {real: shown for shown, real in self.names.items()})


def in_order(page: Path) -> list[Block]:
    """Return the blocks of a page after those of the page that it continues, without those that are not run."""
    blocks = [block for block in read(page) if "not run" not in block.notes]
    before = [block.notes["continues"] for block in blocks if "continues" in block.notes]
    return [each for name in before for each in in_order(page.parent / name)] + blocks


def run(blocks: Sequence[Block], folder: Path, environment: Mapping[str, str]) -> list[Printed]:
    """Run the blocks of a page in a new folder, and return what each command printed.

    :param environment: variables for the shell, which inherits none that concern Python, pip or customtags
    :raises AssertionError: a command has another exit status than the page says
    """
    home, out = folder / "home", folder / "out"
    for each in (home / "work", out):
        each.mkdir(parents=True)
    names = _names(blocks, home)
    commands = [(block, each) for block in blocks for each in _typed(block)]
    make_wheel = f'make-wheel() {{ python {ROOT}/tests/real/make_wheel.py "$@"; }}'
    lines = ["set -eo pipefail", make_wheel]
    for number, (block, command) in enumerate(commands):
        lines += [f"printf {number} > {out}/reached", *_script(block, command, out / str(number))]
    script = folder / "script"
    script.write_text(_replace("\n".join([*lines, ""]), names), encoding="utf-8")
    alone = [*unshared(), "--pid", "--fork", "--mount-proc"]  # a server ends with the shell
    done = subprocess.run(
        [*alone, "sh", "-ec", MACHINE, str(script)],
        env=clean({"HOME": str(home), "CHECKOUT": str(ROOT), **environment}),
        cwd=home / "work",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    reached = int((out / "reached").read_text("utf-8"))
    texts = [(out / str(each)).read_text("utf-8") for each in range(reached + 1)]
    block, command = commands[reached]
    assert not done.returncode, f"{block}: {command.text}{texts[-1]}{done.stderr}"
    return [Printed(*each, text, names) for each, text in zip(commands, texts)]


def _names(blocks: Sequence[Block], home: Path) -> dict[str, str]:
    """Return the page's names of what differs from run to run: ports, this Python, the home."""
    ports = {block.notes["server"] for block in blocks if "server" in block.notes}
    python = {shown: real.format(*sys.version_info) for shown, real in PYTHON.items()}
    return {**{port: _free_port() for port in sorted(ports)}, **python, "/home/me": str(home)}


def _replace(text: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _typed(block: Block) -> list[Command]:
    """Return what a reader does with a block: type its commands, or save it."""
    setup = block.notes.get("setup")
    commands = [Command(setup, None, block.line, 0)] if setup else []
    if block.kind in SHELL:
        return [*commands, *block.commands()]
    if "file" in block.notes:
        name = shlex.quote(block.notes["file"])
        save = f"cat > {name} <<'END OF FILE'\n{block.text}END OF FILE"
        return [*commands, Command(f"mkdir -p $(dirname {name})\n{save}", None, block.line, 0)]
    return commands


def _script(block: Block, command: Command, out: Path) -> list[str]:
    """Return the lines of the shell's script that run one command."""
    braces = f"{{\n{command.text.rstrip()}\n}} > {out} 2>&1"
    port = block.notes.get("server")
    assert port is None or port in block.text, f"{block}: {port} is not in the command"
    if port and command.text != block.notes.get("setup"):
        answers = f"(: > /dev/tcp/127.0.0.1/{port}) 2>/dev/null"
        return [f"{braces} &", f"until {answers}; do kill -0 $!; sleep 0.2; done"]
    if command.status:
        return ["set +e", braces, f"status=$?; set -e; [ $status -eq {command.status} ]"]
    return [braces]
