"""Write the machines in this folder: `PYTHONPATH=tests python tests/machines/capture.py [WHEEL]`.

Each folder holds files of one machine as a program reads them there, and its name ends in what follows: the segments of
its best tag, or none. They come from

* CPUs that QEMU emulates under Debian 13 (tests/real/emulation.py), which needs Debian's apt. On x86_64 a program
  sees the host's /proc/cpuinfo there, which says nothing of the emulated CPU;
* the wheel of https://pypi.org/project/archspec/ (0.2.7; Apache-2.0 or MIT), if it is given: its ``tests/targets``
  are the beginnings of /proc/cpuinfo on real machines. Their expected levels stand below.

With ``--here NAME`` instead, the running machine is captured.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from customtags import machine
from customtags.profiles import running
from real.emulation import MODELS, Emulator

HERE = Path(__file__).parent
#: What is read of a machine. The first bytes of /bin/sh tell its architecture.
FILES = {"proc/cpuinfo": 8192, "proc/self/auxv": 4096, "etc/os-release": 8192, "bin/sh": 20}

#: Prints a file in hexadecimal digits.
READ = "import sys; print(open(sys.argv[1], 'rb').read(int(sys.argv[2])).hex())"

#: Name in archspec-json → its level: that of the psABI by the maker's data sheet, or Arm's version of the architecture.
TARGETS = {
    "aarch64": {
        "linux-amazon-cortex_a72": "none",
        "linux-amazon-neoverse_n1": "v8_2",
        "linux-amazon-neoverse_v1": "v8_4",
        "linux-asahi-m1": "v8_5",
        "linux-asahi-m2": "v8_6",
        "linux-centos7-thunderx2": "v8_1",
        "linux-rhel8-neoverse_v1": "v8_4",
        "linux-rhel9-neoverse_n2": "v9_0",
        "linux-rhel9-neoverse_v2": "v9_0",
        "linux-rocky8-a64fx": "v8_2",
        "linux-ubuntu22.04-ampere1": "v8_6",
        "linux-ubuntu24.04-neoverse_v3ae": "v9_2",
    },
    "x86_64": {
        "linux-centos7-cascadelake": "v4",
        "linux-rhel7-haswell": "v3",
        "linux-rhel7-ivybridge": "v2",
        "linux-rhel7-skylake_avx512": "v4",
        "linux-rhel7-zen": "v3",
        "linux-rocky9-zen5": "v4",
        "linux-scientific7-k10": "none",
        "linux-scientificfermi6-bulldozer": "v2",
        "linux-ubuntu20.04-zen3": "v3",
        "linux-ubuntu24.04-alderlake": "v3",
        "linux-unknown-sapphirerapids": "v4",
    },
}


def write(name: str, segments: str, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        target = HERE / f"{name}--{segments}" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def emulated(emulator: Emulator) -> None:
    for arch, models in MODELS.items():
        program = "/usr/bin/python3.13"
        root = emulator.root(arch)
        files = {
            "etc/os-release": (root / "etc/os-release").read_bytes(),
            "bin/sh": (root / program[1:]).read_bytes()[: FILES["bin/sh"]],
        }
        for model, level in models.items():
            foreign = arch == "x86_64"
            for path in ("proc/self/auxv", "proc/cpuinfo")[: 1 + foreign]:
                answer = emulator.python(arch, model, READ, f"/{path}", FILES[path])
                files[path] = bytes.fromhex(answer)
            name = model.partition(",")[0] + ("-less" if "," in model else "")
            segments = f"{level}_deb13" if level and not foreign else "deb13"
            write(f"qemu-{arch}-{name}", segments, files)
            if foreign:
                break  # unknown, whatever the model


def archspec(wheel: str, emulator: Emulator) -> None:
    captured = zipfile.Path(wheel) / "archspec/json/tests/targets"
    for arch, targets in TARGETS.items():
        program = (emulator.root(arch) / "usr/bin/python3.13").read_bytes()[:20]
        for target, level in targets.items():
            text = (captured / target).read_bytes()
            write(f"archspec-{target[6:]}", level, {"proc/cpuinfo": text, "bin/sh": program})


def here(name: str) -> None:
    platforms = running.platforms()
    extended, _ = machine.extend(platforms, machine.detect())
    native = machine.native_tag(platforms)
    segments = extended[0].removeprefix(f"{native}_") if extended else "none"
    files = {}
    for path, limit in FILES.items():
        with open(f"/{path}", "rb") as file:
            files[path] = file.read(limit)
    write(name, segments, files)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        here(sys.argv[2])
    else:
        kept = Emulator(HERE.parents[1] / ".pytest_cache/d/emulation")
        emulated(kept)
        if sys.argv[1:]:
            archspec(sys.argv[1], kept)
