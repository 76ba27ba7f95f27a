"""One wheel on emulated CPUs: installed with what it requires, imported, and made to compute."""

from __future__ import annotations

import shutil
import subprocess
import sys
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from survey.emulated import Outcome, clean
from survey.exercises import EXERCISES, Exercise
from survey.wheels import options, platforms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from survey.emulated import Cpus

__all__ = ["Ran", "Trial"]

#: Newer releases of what many wheels require are compiled for x86-64-v2 themselves.
OLD = {"numpy": "numpy==1.26.4"}

#: The minor version of glibc 2 that what a wheel requires may need: Debian 12's.
GLIBC = 36

#: Imports modules, then opens libraries; says what failed, and goes on. An illegal instruction ends it.
LOAD = """
import ctypes, importlib, sys
failed = 0
for name in sys.argv[1:]:
    try:
        ctypes.CDLL(name) if "/" in name else importlib.import_module(name)
    except BaseException as error:
        failed += 1
        print(type(error).__name__, str(error).replace("\\n", " ")[:250], file=sys.stderr)
sys.exit(failed == len(sys.argv) - 1)
"""


class Ran(NamedTuple):
    """What came of one program of a wheel on one CPU.

    :ivar what: ``exercise``, ``import`` or ``program``
    :ivar member: the file of the wheel, or else of another one, that has the illegal instruction or refuses the CPU
    :ivar own: whether it is a file of the wheel
    """

    what: str
    outcome: Outcome
    member: str = ""
    own: bool = False


class Trial:
    """A wheel in a folder, with what it requires.

    :param folder: where it is installed; does not exist yet
    :param old: whether what it requires is to run on x86-64 without a level, too
    :raises CalledProcessError: pip cannot install it
    """

    def __init__(self, wheel: Path, cpus: Cpus, folder: Path, *, old: bool) -> None:
        self._cpus, self._folder, self._wheels = cpus, folder, wheel.parent
        self._install(str(wheel))
        (self._info,) = folder.glob("*.dist-info")
        project = self._info.name.partition("-")[0]
        self._exercise = EXERCISES.get(canonicalize_name(project), Exercise(""))
        lines = (self._info / "RECORD").read_text("utf-8").splitlines()
        self.members = {line.rsplit(",", 2)[0].strip('"') for line in lines}
        required: dict[str, str] = {canonicalize_name(name): name for name in self._required()}
        if old:
            required.update({name: pin for name, pin in OLD.items() if name in required})
        required.update(
            {canonicalize_name(Requirement(each).name): each for each in self._exercise.requires}
        )
        required.pop(canonicalize_name(project), None)
        if required:
            pins = [pin for name, pin in OLD.items() if old and name not in required]
            self._install(*required.values(), constraints=pins)

    def run(self, model: str, only: str = "") -> Ran:
        """Run what there is of the wheel on a CPU, up to what does not run.

        :param only: ``exercise``, ``program`` or ``import``; empty for each of them
        """
        ran = Ran("import", Outcome(model, "fails", says="nothing in the wheel can be run"))
        for what, command in self._commands():
            if only and what != only:
                continue
            outcome = self._cpus.run(model, command, self._folder)
            if outcome.status == "fails" and ran.outcome.status == "runs":
                break  # modules that cannot be imported one by one; what was run before did run
            place, folder = Path(outcome.path), self._folder.resolve()
            inside = place.is_relative_to(folder)
            member = str(place.relative_to(folder)) if inside else place.name
            outcome = outcome._replace(says=outcome.says.replace(f"{folder}/", ""))
            own = member in self.members
            if outcome.status == "refuses" and not outcome.path and self._exercise.refusal:
                own = self._exercise.refusal in outcome.says
            ran = Ran(what, outcome, member, own)
            if outcome.status != "runs":
                break
        return ran

    def _commands(self) -> Iterator[tuple[str, list[str]]]:
        python = [str(self._cpus.python), "-S"]  # without what is installed beside it
        if self._exercise.code:
            yield "exercise", [*python, "-c", self._exercise.code]
        if self._exercise.program:
            program, *words = self._exercise.program
            yield "program", [str(self._folder / program), *words]
        names = sorted(filter(None, (_module(each, self._cpus.arch) for each in self.members)))
        libraries = [
            str(self._folder / each) for each in sorted(self.members) if ".so" in Path(each).name
        ]
        if names or (libraries and not self._exercise.code):
            yield "import", [*python, "-c", LOAD, *(names or libraries)]

    def _required(self) -> Iterator[str]:
        machine = {"platform_machine": self._cpus.arch, "extra": ""}
        if self._exercise.alone:
            return
        metadata = HeaderParser().parsestr((self._info / "METADATA").read_text("utf-8"))
        for each in metadata.get_all("Requires-Dist", []):
            requirement = Requirement(each)
            if not requirement.marker or requirement.marker.evaluate(machine):
                yield requirement.name

    def _install(self, *requirements: str, constraints: list[str] | None = None) -> None:
        """Install into a folder of its own, and merge that: pip skips a package of which there is a part."""
        part = self._folder / ".part"
        part.mkdir(parents=True)
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-compile"]
        command += options(platforms(self._cpus.arch, GLIBC))
        if constraints is None:
            command.append("--no-deps")
        elif constraints:
            file = self._folder / "constraints.txt"
            file.write_text("\n".join(constraints), "utf-8")
            command += ["-c", str(file)]
        command += ["--find-links", str(self._wheels), "--target", str(part), *requirements]
        subprocess.run(command, check=True, capture_output=True, env=clean())
        shutil.copytree(part, self._folder, dirs_exist_ok=True, symlinks=True)
        shutil.rmtree(part)


def _module(member: str, arch: str) -> str:
    """Return the name of the module that a file is, empty for none."""
    # Not the plain .so, which libraries have, too.
    for suffix in (f".{sys.implementation.cache_tag}-{arch}-linux-gnu.so", ".abi3.so"):
        if member.endswith(suffix):
            name = member.removesuffix(suffix).replace("/", ".")
            return name if ".." not in name else ""
    return ""
