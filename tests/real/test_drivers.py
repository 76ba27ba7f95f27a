"""Stand-ins for NVIDIA's libraries, with the real ABI, answer and fail in every way; pip goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from customtags.machine.dimensions import cuda
from customtags.machine.host import Host, child, nvml
from customtags.wheels.writer import create
from needs import lacking, unshared
from real.environments import Environment, Wheelhouse, clean

if TYPE_CHECKING:
    from real.environments import MakeEnvironment

LIBRARIES = {"nvml.c": "libnvidia-ml.so.1", "cuda.c": "libcuda.so.1"}

SOURCES = Path(__file__).with_name("drivers")


def build(folder: Path, *sources: str) -> Path:
    """Compile stand-ins into a folder that the loader can be pointed to."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        lacking("a C compiler")
    folder.mkdir()
    for source in sources:
        name = LIBRARIES[source]
        flags = ["-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-Wl,-soname,{name}"]
        subprocess.run([compiler, *flags, "-o", folder / name, SOURCES / source], check=True)
    return folder


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both libraries."""
    return build(tmp_path_factory.mktemp("driver") / "lib", *LIBRARIES)


@pytest.fixture
def host(libraries: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A machine with the sign of a driver and nothing else; its libraries are the stand-ins."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(libraries))
    monkeypatch.setenv("DRIVER_LOG", str(tmp_path / "log"))
    (tmp_path / "machine" / "dev").mkdir(parents=True)
    (tmp_path / "machine" / "dev" / "nvidiactl").touch()
    return Host(str(tmp_path / "machine"), live=True)


def facts(
    *capabilities: list[int], cuda: tuple[int, int] = (12, 4), library: str = "NVML"
) -> dict[str, Any]:
    driver = "550.54.14" if library == "NVML" else None
    return {"cuda": [*cuda], "capabilities": [*capabilities], "driver": driver, "library": library}


def fault(why: str) -> dict[str, str]:
    return {"fault": why}


H100 = [9, 0]
ENDED = fault("the driver ended without an answer")
LATE = fault("the driver gave no answer within 2 s")
NONSENSE = fault("the driver answered nonsense")

#: How the driver behaves → what is known of it.
DRIVERS = {
    "": facts(H100),
    "cuda=13000": facts(H100, cuda=(13, 0)),
    "gpus=90,86,75": facts(H100, [8, 6], [7, 5]),
    "gpus=103": facts([10, 3]),
    "print": facts(H100),
    "helper": facts(H100),
    "gpus=": fault("the driver has no GPU"),
    # NVML_ERROR_GPU_IS_LOST, one of two and all
    "gpus=90,86 only=1 device=15": facts(H100),
    "device=15": fault("OSError: cuDeviceGet fails"),
    # NVML_ERROR_LIB_RM_VERSION_MISMATCH, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH
    "init=18": fault("cuInit fails with 18"),
    "init=803": fault("cuInit fails with 803"),
    "version=999": fault("OSError: cuDriverGetVersion fails"),
    "load=crash": ENDED,
    "init=crash": ENDED,
    "version=crash": ENDED,
    "device=crash": ENDED,
    "init=exit": ENDED,
    "load=hang": LATE,
    "init=hang helper print": LATE,
    # The versions were told before: what is missing is the GPU code.
    "device=hang": facts(),
    "cuda=0": NONSENSE,
    "cuda=-12040": NONSENSE,
    "cuda=999990": NONSENSE,
    "gpus=90,9999": NONSENSE,
    "name=\x1b[31m": NONSENSE,
}


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_is_known_and_remembered(
    driver: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIVER", driver)
    assert host.nvml() == DRIVERS[driver]
    log = Path(os.environ["DRIVER_LOG"])
    asked = log.read_text()
    assert asked
    assert host.nvml() == DRIVERS[driver]
    assert log.read_text() == asked
    kept = Path(os.environ["XDG_CACHE_HOME"], "customtags", "nvidia.json")
    whole = "fault" not in DRIVERS[driver] and driver != "device=hang"
    assert json.loads(kept.read_text())["seconds"] == (nvml.WHOLE if whole else nvml.BRIEF)


#: Settings of the two libraries → what is known: libcuda is asked where NVML does not answer.
BOTH: dict[tuple[str, str], dict[str, Any]] = {
    ("init=9", ""): facts(H100, library="libcuda"),
    ("init=9", "gpus=87"): facts([8, 7], library="libcuda"),
    ("device=4", "gpus=90,100"): facts(H100, [10, 0], library="libcuda"),
    ("version=13", "cuda=11080"): facts(H100, cuda=(11, 8), library="libcuda"),
    ("init=9", "init=100"): fault("the driver has no GPU"),
    ("init=9", "gpus="): fault("the driver has no GPU"),
    ("init=9", "init=hang"): LATE,
    ("init=9", "device=crash"): ENDED,
}


@pytest.mark.parametrize("settings", BOTH, ids=str)
def test_libcuda_where_nvml_fails(
    settings: tuple[str, str], host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in zip(("NVML", "CUDA"), settings):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # hides GPUs in this session alone
    assert host.nvml() == BOTH[settings]


def test_pynvml_and_what_replaces_it_say_the_same(
    libraries: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(libraries))
    found = find_spec("pynvml")
    assert found is not None
    assert found.origin is not None
    (tmp_path / "pynvml.py").write_text("raise SystemError('a broken one')")
    script = str(Path(nvml.__file__).with_name("_ask_nvml.py"))
    for driver in ("gpus=90,86", "gpus=", "init=18", "device=15", "cuda=11080 name=450.80.02"):
        monkeypatch.setenv("DRIVER", driver)
        folders = (str(Path(found.origin).parent), "", str(tmp_path))
        first, *others = (child.run(script, folder, limit=20) for folder in folders)
        assert others == [first, first]


@pytest.mark.parametrize(
    ("sources", "known"),
    [
        (["cuda.c"], facts(H100, library="libcuda")),  # NVIDIA_DRIVER_CAPABILITIES=compute, Tegra
        (["nvml.c"], fault("libcuda.so.1 cannot be loaded")),  # … =utility
        ([], fault("libcuda.so.1 cannot be loaded")),  # a container without the runtime
    ],
    ids=str,
)
def test_libraries_that_are_missing(
    sources: list[str],
    known: dict[str, Any],
    host: Host,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(build(tmp_path / "some", *sources)))
    assert host.nvml() == known


def test_outside_the_loaders_path(libraries: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    script = str(Path(nvml.__file__).with_name("_ask_nvml.py"))
    found = find_spec("pynvml")
    assert found is not None
    for pynvml in ("", str(Path(str(found.origin)).parent)):
        answer, _ = child.run(script, pynvml, "/nothing", str(libraries), limit=20)
        assert answer == facts(H100)


@pytest.mark.parametrize(
    ("status", "known"),
    [(0, facts(H100, library="libcuda")), (804, fault("cuInit fails with 804"))],
)
def test_forward_compatibility_must_work(
    status: int, known: dict[str, Any], host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where it is not supported, NVML repeats its version all the same.
    monkeypatch.setenv("LD_LIBRARY_PATH", str(build(tmp_path / "compat", *LIBRARIES)))
    monkeypatch.setenv("CUDA", f"init={status}")
    assert host.nvml() == known


def test_without_a_sign_nothing_is_asked(host: Host) -> None:
    Path(host.root, "dev", "nvidiactl").unlink()
    assert [probe(host) for probe in cuda.PROBES.values()] == [None, None, None]
    assert not Path(os.environ["DRIVER_LOG"]).exists()
    assert not Path(os.environ["XDG_CACHE_HOME"]).exists()


def test_below_another_root_nothing_is_asked(host: Host) -> None:
    image = Host(host.root)
    assert [probe(image) for probe in cuda.PROBES.values()] == [None, None, None]
    assert not Path(os.environ["DRIVER_LOG"]).exists()


SMI = """#!/bin/sh
echo 'Thu Nov 21 12:00:00 2024'
echo '| NVIDIA-SMI 550.54.14    Driver Version: 550.54.14    CUDA Version: {}     |'
exec sleep 30
"""


@pytest.mark.parametrize(("version", "known"), [("12.4", [12, 4]), ("N/A", None), ("", None)])
def test_nvidia_smi(
    version: str,
    known: list[int] | None,
    host: Host,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "nvidia-smi").write_text(SMI.format(version))
    (tmp_path / "nvidia-smi").chmod(0o755)
    answer = host.nvidia_smi()
    assert (answer and answer["cuda"]) == known
    (tmp_path / "nvidia-smi").unlink()
    assert host.nvidia_smi() == answer


#: Gives pip a /dev of its own, in which there is a device of NVIDIA's.
IN_A_MACHINE = """
mount -t tmpfs -o mode=755 none "$1"
for each in null zero random urandom; do : > "$1/$each"; mount --bind /dev/$each "$1/$each"; done
: > "$1/nvidiactl"
mount --bind "$1" /dev
shift
exec "$@"
"""


@pytest.fixture(scope="module")
def environment(make_environment: MakeEnvironment, wheelhouse: Wheelhouse) -> Environment:
    made = make_environment()
    made.unpack(wheelhouse.wheel("nvidia-ml-py"))
    return made


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    for platform in (
        "any",
        *(f"linux_{os.uname().machine}_{each}" for each in ("cuda12_4_sm90", "cuda12")),
    ):
        create(folder, "example", "1", f"py3-none-{platform}", {"example.py": b""})
    return folder


#: How the driver behaves → the end of the name of the wheel that pip takes.
CHOICES = {
    "": "cuda12_4_sm90",
    "print helper": "cuda12_4_sm90",
    "cuda=12020": "cuda12",
    "gpus=86": "cuda12",
    "device=hang": "cuda12",
    "gpus=": "any",
    "init=803": "any",
    "init=crash print": "any",
    "load=crash": "any",
    "load=hang helper print": "any",
    "init=hang": "any",
    "cuda=-1": "any",
    "gpus=9999": "any",
}


@pytest.mark.parametrize("driver", CHOICES)
def test_pip_takes_what_runs(
    driver: str, environment: Environment, wheels: Path, libraries: Path, tmp_path: Path
) -> None:
    unshare = unshared()
    variables = {
        "LD_LIBRARY_PATH": str(libraries),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "DRIVER": driver,
        "DRIVER_LOG": str(tmp_path / "log"),
    }
    (tmp_path / "dev").mkdir()
    report = tmp_path / "report.json"
    command: list[str | Path] = [
        *unshare,
        "sh",
        "-ec",
        IN_A_MACHINE,
        "sh",
        tmp_path / "dev",
        environment.python,
    ]
    pip: list[str | Path] = [
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
        "--no-cache-dir",
        "--find-links",
        wheels,
    ]
    for _ in range(2):
        done = subprocess.run(
            [*command, *pip, "--dry-run", "--report", report, "example"],
            env=clean(variables),
            capture_output=True,
            text=True,
            check=False,
            timeout=25,  # the driver hangs for 30 seconds
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        (item,) = json.loads(report.read_text())["install"]
        name = Path(item["download_info"]["url"]).stem
        assert name.endswith((f"-{CHOICES[driver]}", f"_{CHOICES[driver]}"))
    loaded = (tmp_path / "log").read_text().split()
    assert len(loaded) == len(set(loaded)), "it is asked once"
