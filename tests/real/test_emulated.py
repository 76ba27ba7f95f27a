"""What the tags say is true on CPUs that this machine is not: of other models, and of other architectures."""

from __future__ import annotations

import json
import platform
import signal
import subprocess
from typing import TYPE_CHECKING, Protocol

import pytest

from needs import lacking
from real.emulation import MODELS
from real.environments import PROJECT, clean
from real.stand_ins import DEMO

if TYPE_CHECKING:
    from pathlib import Path

    from real.emulation import Emulator
    from real.environments import MakeEnvironment

ROWS = [(machine, model) for machine, models in MODELS.items() for model in models]

#: The probes that may answer; on x86_64 /proc/cpuinfo is the host's.
ANSWER = {
    "x86_64": {"cpuid"},
    "aarch64": {"/proc/self/auxv", "getauxval", "/proc/cpuinfo"},
    "ppc64le": {"/proc/self/auxv", "getauxval"},
    "s390x": {"/proc/self/auxv", "getauxval", "/proc/cpuinfo"},
    "riscv64": set(),
}

#: Ask every probe, then what would be taken: as it is, without /proc, and without ctypes.
DETECT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from customtags import machine
from customtags.machine.dimensions import isa
from customtags.machine.host import Host
from customtags.machine.settings import Settings

def level(host):
    facts = machine.detect(host, Settings({}))["isa"]
    return facts and isa.ladder(facts)

answers = {name: probe(Host()) for name, probe in isa.PROBES.items()}
found = {
    "answers": {name: isa.ladder(facts) for name, facts in answers.items() if facts},
    "plain": level(Host()),
    "no proc": level(Host("/nonexistent", live=True)),
}
sys.modules["ctypes"] = None
print(json.dumps({**found, "no ctypes": level(Host())}))
"""


@pytest.mark.parametrize(("machine", "model"), ROWS)
def test_the_level_is_that_of_the_emulated_cpu(
    emulator: Emulator, machine: str, model: str
) -> None:
    found = json.loads(emulator.python(machine, model, DETECT, PROJECT / "src"))
    best = MODELS[machine][model]
    assert (found["plain"] or [""])[0] == (best or "")
    assert (found["plain"] is None) == (best is None)
    assert set(found["answers"]) == ANSWER[machine]
    assert [each for each in found["answers"].values() if each != found["plain"]] == []
    assert emulator.levels(machine, model) in (None, found["plain"])
    assert found["no proc"] == found["plain"]
    # The kernel's word is all that is left, and on x86_64 that is of another CPU: unknown, never guessed.
    assert found["no ctypes"] == (None if machine == "x86_64" else found["plain"])


class Run(Protocol):
    """Runs the environment's Python on an emulated CPU."""

    def __call__(
        self, model: str, *arguments: object, **variables: str
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="module")
def run(emulator: Emulator, make_environment: MakeEnvironment) -> Run:
    """A real pip with customtags, on whatever model."""
    if platform.machine() != "x86_64":
        lacking("an interpreter for x86_64")
    environment = make_environment()

    def run(model: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [emulator.qemu("x86_64"), "-cpu", model, environment.python, *arguments]
        return subprocess.run(
            list(map(str, command)),
            env=clean(variables),
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def wheels(make_environment: MakeEnvironment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's wheels, compiled for several levels."""
    folder: Path = tmp_path_factory.mktemp("wheels")
    make_environment().run("-c", DEMO, folder)
    return folder


def install(run: Run, model: str, wheels: Path, target: Path, **variables: str) -> str:
    """Run pip on a model, and return what follows the architecture in the platform of its choice."""
    options = ("--no-index", f"--find-links={wheels}", f"--target={target}", "example")
    done = run(model, "-m", "pip", "install", "-q", *options, **variables)
    assert done.returncode == 0, done.stderr
    (metadata,) = target.glob("*.dist-info/WHEEL")
    return metadata.read_text().partition("\nTag: ")[2].split("\n")[0].partition("x86_64")[2]


@pytest.mark.parametrize(
    ("model", "level"), [("core2duo", ""), ("Nehalem", "_v2"), ("Haswell", "_v3")]
)
def test_pip_takes_what_runs_on_the_emulated_cpu(
    run: Run, wheels: Path, tmp_path: Path, model: str, level: str
) -> None:
    assert install(run, model, wheels, tmp_path)[:3] == level
    used = run(model, "-c", "import example; example.dot(0.5)", PYTHONPATH=str(tmp_path))
    assert used.returncode == 0, used.stderr


def test_a_tag_too_many_kills_the_process(run: Run, wheels: Path, tmp_path: Path) -> None:
    assert install(run, "Nehalem", wheels, tmp_path, CUSTOMTAGS_ISA="v3")[:3] == "_v3"
    used = run("Nehalem", "-c", "import example; example.dot(0.5)", PYTHONPATH=str(tmp_path))
    assert used.returncode == -signal.SIGILL
