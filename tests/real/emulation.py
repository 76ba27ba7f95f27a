"""Other CPUs: Debian's Pythons for several architectures, and its QEMU, which runs them on any model."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from real.environments import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MODELS", "Emulator"]

#: The releases of Debian that have all these architectures and a QEMU that knows the models below. The second serves where a
#: mirror has only a part of the first, as in the hours after a point release.
SUITES = ("trixie", "forky")
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
PYTHON = (
    *("python3.13-minimal", "libpython3.13-minimal", "libpython3.13-stdlib", "base-files"),
    *("libc6", "libexpat1", "libffi8", "zlib1g"),
)

#: Architecture → Debian's name of it, and glibc's dynamic loader.
MACHINES = {
    "x86_64": ("amd64", "/lib64/ld-linux-x86-64.so.2"),
    "aarch64": ("arm64", "/lib/ld-linux-aarch64.so.1"),
    "ppc64le": ("ppc64el", "/lib64/ld64.so.2"),
    "s390x": ("s390x", "/lib/ld64.so.1"),
    "riscv64": ("riscv64", "/lib/ld-linux-riscv64-lp64d.so.1"),
}

#: Architecture → model → its best level; empty for the base itself, None where no level is known.
#: x86_64: the psABI's table; QEMU emulates no AVX-512. aarch64: the version of the architecture in Arm's reference
#: manual of each core; QEMU tells programs nothing of ECV, which 8.6 has. s390x: QEMU lacks vxd, which z14 has.
MODELS: Mapping[str, Mapping[str, str | None]] = {
    "x86_64": {
        "qemu64": "",
        "core2duo": "",
        "Nehalem": "v2",
        "Westmere": "v2",
        "SandyBridge": "v2",
        "Haswell": "v3",
        "EPYC": "v3",
        "max": "v3",
        "Haswell,-avx2": "v2",
        "Nehalem,-popcnt": "",
        "Haswell,-xsave": "v2",
    },
    "aarch64": {
        "cortex-a53": "",
        "cortex-a57": "",
        "cortex-a72": "",
        "cortex-a76": "v8_2",
        "neoverse-n1": "v8_2",
        "neoverse-v1": "v8_4",
        "neoverse-n2": "v9_0",
        "a64fx": "v8_2",
        "max": "v9_0",
        "max,sve=off": "v8_5",
    },
    "ppc64le": {"power8": "", "power9": "power9", "power10": "power10"},
    "s390x": {"max": "z13", "max,vx=off,vxeh=off,vxeh2=off": ""},
    "riscv64": {"rv64": None, "max": None},
}


class Emulator:
    """QEMU for single processes, and for each architecture a folder with Python and the C library.

    :param folder: where they are kept; what is missing there is fetched
    :param suites: Debian's releases, the first choice first
    """

    def __init__(self, folder: Path, suites: tuple[str, ...] = SUITES) -> None:
        self.folder = folder
        self.suites = suites

    def qemu(self, machine: str) -> Path:
        """Return the path of the emulator."""
        done = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, check=True)
        return (
            self.unpack("qemu", done.stdout.decode().strip(), "qemu-user")
            / f"usr/bin/qemu-{machine}"
        )

    def root(self, machine: str) -> Path:
        """Return the folder that stands for ``/``."""
        return self.unpack(machine, MACHINES[machine][0], *PYTHON)

    def run(self, machine: str, model: str, program: str, *arguments: object) -> str:
        """Run a program of the root on a model, and give what it prints."""
        root = self.root(machine)
        command = [self.qemu(machine), "-L", root, "-cpu", model, f"{root}{program}", *arguments]
        done = subprocess.run(
            list(map(str, command)),
            capture_output=True,
            text=True,
            check=False,
            env=clean(),
            timeout=100,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def python(self, machine: str, model: str, code: str, *arguments: object) -> str:
        """Run Python code on a model, and give what it prints."""
        options = ("-I", "-S", "-B", "-c", code)
        return self.run(machine, model, "/usr/bin/python3.13", *options, *arguments)

    def levels(self, machine: str, model: str) -> list[str] | None:
        """Return the levels that the C library detects, best first; None where it knows none."""
        text = self.run(machine, model, MACHINES[machine][1], "--help")
        _, title, listed = text.partition("Subdirectories of glibc-hwcaps directories")
        lines = [line.split() for line in listed.splitlines()]
        names = [words[0] for words in lines if words[1:] == ["(supported,", "searched)"]]
        return [name.removeprefix("x86-64-") for name in names] if title else None

    def unpack(self, name: str, architecture: str, *packages: str) -> Path:
        """Unpack packages into a folder, unless this or another process did already."""
        folder = self.folder / name
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                part = self.folder / f"{name}.part"
                _download(self.suites, part / "apt", architecture, packages)
                for package in (part / "apt").glob("*.deb"):
                    subprocess.run(["dpkg-deb", "-x", package, part], check=True)
                shutil.rmtree(part / "apt")
                for path in part.glob("usr/bin/qemu-*"):  # half a gigabyte
                    if path.name.removeprefix("qemu-") not in MACHINES:
                        path.unlink()
                for link in ("lib", "lib64"):
                    if (part / "usr" / link).exists() and not (part / link).exists():
                        (part / link).symlink_to(f"usr/{link}")
                part.rename(folder)
        return folder


def _download(
    suites: tuple[str, ...], folder: Path, architecture: str, packages: tuple[str, ...]
) -> None:
    """Fetch packages of another architecture from the first release that the mirror has whole."""
    for suite in suites:
        shutil.rmtree(folder.parent, ignore_errors=True)
        try:
            _download_from(suite, folder, architecture, packages)
        except subprocess.CalledProcessError:
            if suite == suites[-1]:
                raise
        else:
            return


def _download_from(suite: str, folder: Path, architecture: str, packages: tuple[str, ...]) -> None:
    """Fetch and verify packages of another architecture by apt, with a state of its own."""
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "status").touch()
    source = f"deb [signed-by={KEYS}] http://deb.debian.org/debian {suite} main\n"
    (folder / "sources.list").write_text(source)
    settings = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Dir::State": folder,
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": os.devnull,
    }
    (folder / "conf").write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
    for verb in (["update"], ["download", *packages]):
        subprocess.run(
            ["apt-get", "-qq", *verb],
            env={**os.environ, "APT_CONFIG": str(folder / "conf")},
            cwd=folder,
            capture_output=True,
            check=True,
        )
