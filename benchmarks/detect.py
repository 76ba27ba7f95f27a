"""The cost of detecting the machine: as a command, compared with others, and inside pip's process.

The commands are compared whole, start of the interpreter and all, and above an empty program; facts inside pip are counted
in a process that has imported what pip has when it first asks for the platforms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import bench
import clock
import venvs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import count
    from results import Row

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
    "customtags show --variants": (("-m", "customtags", "show", "--variants"), ("customtags",)),
    "variantlib analyze-platform": (
        ("-c", "from variantlib.commands.main import main; main()", "analyze-platform"),
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
        "import": "from customtags import hook, machine\nfrom customtags.machine import host, settings",
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

#: How often the time of each is measured.
RUNS = 5

#: How a step is timed in a process that is thrown away.
CLOCK = "start = time.perf_counter()\n{}\nprint(time.perf_counter() - start)"


def main() -> None:
    """Measure the commands, then the steps."""
    with bench.benchmark(__doc__) as this:
        wanted = dict.fromkeys(each for _, needs in COMMANDS.values() for each in needs)
        environment = this.environment(*wanted)
        # The hook is for pip; here its start-up would be counted with the others.
        (environment.site / "customtags.pth").unlink()
        against = "more is above an empty program, × against 'customtags, from Python'"
        whole = f"Whole processes, instructions by {this.counter.name}; {against}"
        this.table("whole", whole, commands(this.counter, environment))
        this.table(
            "inside", "Inside pip's process, on this machine", steps(this.counter, environment)
        )


def commands(counter: count.Counter, environment: venvs.Environment) -> list[Row]:
    """Compare whole processes, and what they do beyond an empty program, with customtags's own."""
    run = {name: [environment.python, *arguments] for name, (arguments, _) in COMMANDS.items()}
    for command in run.values():
        clock.run(command, venvs.clean())  # caches the bytecode
    costs = clock.in_turn(run, venvs.clean(), RUNS)
    times = {name: [cost.seconds * 1e3 for cost in each] for name, each in costs.items()}
    counts = {
        name: counter.instructions(command, venvs.clean()) / 1e6 for name, command in run.items()
    }
    empty, ours, *_ = COMMANDS
    more = {name: number - counts[empty] for name, number in counts.items()}
    later = {name: min(each) - min(times[empty]) for name, each in times.items()}
    return [
        {
            "command": name,
            "M": counts[name],
            "time, ms": times[name],
            "more M": more[name],
            "more ms": later[name],
            "× more M": more[name] / more[ours],
            "× more ms": later[name] / later[ours],
        }
        for name in COMMANDS
    ]


def steps(counter: count.Counter, environment: venvs.Environment) -> list[Row]:
    """Measure what is done by the first call of platform_tags, and what others would do there."""
    rows: list[Row] = []
    start = counter.instructions([environment.python, "-c", PIP], venvs.clean())
    for who, lines in STEPS.items():
        done, before = PIP, start
        for step, line in lines.items():
            clocked = f"{done}\n{CLOCK.format(line)}"
            times = [float(environment.run("-c", clocked).stdout) for _ in range(RUNS)]
            done = f"{done}\n{line}"
            counted = counter.instructions([environment.python, "-c", done], venvs.clean())
            instructions = (counted - before) / 1e6
            rows.append(
                {
                    "step": f"{who}: {step}",
                    "M": instructions,
                    "time, ms": [each * 1e3 for each in times],
                }
            )
            before = counted
    return rows


if __name__ == "__main__":
    main()
