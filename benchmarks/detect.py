"""The cost of detecting the machine: as a command, compared with others, and inside pip's process.

The commands are compared whole, start of the interpreter and all, and above an empty program; facts inside pip are counted
in a process that has imported what pip has when it first asks for the platforms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import count
import report
import venvs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Who tells something of the machine → what runs it in the environment's Python, and what must be installed for it.
COMMANDS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "an empty program": (("-c", "pass"), ()),
    "customtags, from Python": (("-c", "import customtags; customtags.detect()"), ("customtags",)),
    "customtags detect": (("-m", "customtags", "detect"), ("customtags",)),
    "distro": (("-c", "import distro; distro.info()"), ("distro",)),
    "archspec": (("-c", "import archspec.cpu; archspec.cpu.host()"), ("archspec",)),
    "archspec + distro": (
        ("-c", "import archspec.cpu, distro; archspec.cpu.host(); distro.info()"),
        ("archspec", "distro"),
    ),
    "py-cpuinfo": (("-m", "cpuinfo", "--json"), ("py-cpuinfo",)),
    "variantlib analyze-platform": (
        ("-m", "variantlib.commands.main", "analyze-platform"),
        ("variantlib[cli]",),
    ),
}

#: What pip has done when it asks for the platforms.
PIP = """
import os, sys, time
from pip._internal.cli.main import main
main(["install", "-q", "--dry-run", "--no-index", "pip"])
from pip._vendor.packaging import tags
stock = tuple(tags.platform_tags())
"""

#: What is done then → the lines, each after those before it.
STEPS = {
    "customtags": {
        "import": "from customtags import hook, machine",
        "detect": "here, given = host.Host(), settings.Settings.read(os.environ)\n"
        "pages = machine.pages_for(given, print, host=here)\n"
        "profile = machine.detect(here, given, pages)",
        "extend": "machine.extend(stock, profile, given, pages)",
    },
    "archspec + distro": {
        "import": "import archspec.cpu, distro",
        "detect": "archspec.cpu.host(); distro.info()",
    },
}

#: The least time of so many runs is taken.
RUNS = 10

#: How a step is timed in a process that is thrown away.
CLOCK = "start = time.perf_counter()\n{}\nprint(time.perf_counter() - start)"


def main() -> None:
    """Measure the commands, then the steps."""
    options = report.options(__doc__)
    counter = report.counter()
    with venvs.temporary(options.wheels) as (folder, wheelhouse):
        wanted = dict.fromkeys(each for _, needs in COMMANDS.values() for each in needs)
        environment = venvs.installed(folder / "venv", wheelhouse, *wanted)
        # The hook is for pip; here its start-up would be counted with the others.
        (environment.site / "customtags.pth").unlink()
        whole = f"Whole processes, instructions by {counter.name}; × is against 'customtags, from Python'"
        report.show(commands(counter, environment), whole, as_json=options.json)
        inside = "Inside pip's process, on this machine"
        report.show(steps(counter, environment), inside, as_json=options.json)


def commands(counter: count.Counter, environment: venvs.Environment) -> list[report.Row]:
    """Compare whole processes, and what they do beyond an empty program, with customtags's own."""
    measured: dict[str, tuple[float, float]] = {}
    for name, (arguments, _) in COMMANDS.items():
        environment.run(*arguments)  # caches the bytecode
        command = [environment.python, *arguments]
        instructions = counter.instructions(command, venvs.clean()) / 1e6
        measured[name] = instructions, count.seconds(command, venvs.clean()) * 1e3
    (nothing, empty), ours, *_ = measured.values()
    return [
        {
            "command": name,
            "M": instructions,
            "ms": milliseconds,
            "× M": instructions / ours[0],
            "× ms": milliseconds / ours[1],
            "more M": instructions - nothing,
            "more ms": milliseconds - empty,
            "× more M": (instructions - nothing) / (ours[0] - nothing),
            "× more ms": (milliseconds - empty) / (ours[1] - empty),
        }
        for name, (instructions, milliseconds) in measured.items()
    ]


def steps(counter: count.Counter, environment: venvs.Environment) -> list[report.Row]:
    """Measure what is done by the first call of platform_tags, and what others would do there."""
    rows: list[report.Row] = []
    start = counter.instructions([environment.python, "-c", PIP], venvs.clean())
    for who, lines in STEPS.items():
        done, before = PIP, start
        for step, line in lines.items():
            clocked = f"{done}\n{CLOCK.format(line)}"
            times = [float(environment.run("-c", clocked).stdout) for _ in range(RUNS)]
            done = f"{done}\n{line}"
            counted = counter.instructions([environment.python, "-c", done], venvs.clean())
            instructions = (counted - before) / 1e6
            rows.append({"who": who, "step": step, "M": instructions, "ms": min(times) * 1e3})
            before = counted
    return rows


if __name__ == "__main__":
    main()
