"""An answer is given again while what it hangs on is the same, and never to or from anybody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from customtags.machine.host import Host, cache, nvml
from needs import requires, unshared

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = ["boot", ["nvidia0"], None, {"a": 1}]
ANSWER = {"cuda": [12, 4]}


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of caches."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def kept(base: Path) -> Path:
    """The file of an answer that is remembered."""
    cache.write("name", KEY, ANSWER, 60)
    assert cache.read("name", KEY) == ANSWER
    return base / "customtags" / "name.json"


def test_hit_and_miss(kept: Path) -> None:
    assert cache.read("name", [*KEY, "more"]) is None
    assert cache.read("other", KEY) is None
    cache.write("name", "other key", [1], 60)
    assert cache.read("name", KEY) is None
    assert cache.read("name", "other key") == [1]
    assert os.listdir(kept.parent) == ["name.json"]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700


def edit(kept: Path, **changes: object) -> None:
    kept.write_text(json.dumps({**json.loads(kept.read_text()), **changes}))


def symlink(kept: Path) -> None:
    kept.rename(kept.with_name("elsewhere"))
    kept.symlink_to("elsewhere")


def pipe(kept: Path) -> None:
    kept.unlink()
    os.mkfifo(kept)


def linked_folder(kept: Path) -> None:
    kept.parent.rename(kept.parent.with_name("elsewhere"))
    kept.parent.symlink_to("elsewhere")


#: What may have happened to an answer that is then no answer.
ACCIDENTS: dict[str, Callable[[Path], Any]] = {
    "truncated": lambda kept: os.truncate(kept, 30),
    "empty": lambda kept: os.truncate(kept, 0),
    "corrupt": lambda kept: kept.write_bytes(b"\x00\xff" * 50),
    "another JSON": lambda kept: kept.write_text("[1]"),
    "deep JSON": lambda kept: kept.write_text("[" * 60000),
    "too large": lambda kept: edit(kept, filler="x" * 70000),
    "its time is over": lambda kept: edit(kept, since=time.time() - 61),
    "of the future": lambda kept: edit(kept, since=time.time() + 3600),
    "a time that is none": lambda kept: edit(kept, since="now"),
    "world-writable": lambda kept: kept.chmod(0o666),
    "in a world-writable folder": lambda kept: kept.parent.chmod(0o777),
    "a link": symlink,
    "a pipe": pipe,
    "in a linked folder": linked_folder,
    "gone": lambda kept: kept.unlink(),
}


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_what_is_not_sound_is_ignored(accident: str, kept: Path) -> None:
    ACCIDENTS[accident](kept)
    assert cache.read("name", KEY) is None


@pytest.mark.parametrize("accident", ["truncated", "corrupt", "a pipe", "a link", "world-writable"])
def test_and_replaced(accident: str, kept: Path) -> None:
    ACCIDENTS[accident](kept)
    cache.write("name", KEY, ANSWER, 60)
    assert cache.read("name", KEY) == ANSWER


@requires(os.geteuid() == 0, "root")
@pytest.mark.parametrize("whose", ["name.json", "."])
def test_of_another_owner(whose: str, kept: Path) -> None:
    os.chown(kept.parent / whose, 12345, -1)
    assert cache.read("name", KEY) is None
    if whose == ".":
        cache.write("name", KEY, [2], 60)
        assert json.loads(kept.read_text())["answer"] == ANSWER


@requires(os.geteuid() == 0, "root")
def test_root_makes_nothing_in_the_home_of_another(base: Path) -> None:
    base.mkdir()
    os.chown(base, 12345, -1)
    cache.write("name", KEY, ANSWER, 60)
    assert os.listdir(base) == []


#: Environments without a place for a cache.
HOMELESS = (
    {"HOME": "", "XDG_CACHE_HOME": ""},
    {"HOME": "relative", "XDG_CACHE_HOME": "relative"},
    {"HOME": "/proc/none", "XDG_CACHE_HOME": ""},
    {"XDG_CACHE_HOME": "/dev/null"},
)


@pytest.mark.parametrize("variables", HOMELESS, ids=str)
def test_without_a_home(
    variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    cache.write("name", KEY, ANSWER, 60)
    assert cache.read("name", KEY) is None
    assert os.listdir(tmp_path) == []


def test_home_is_used_without_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.folder() == f"{tmp_path}/.cache/customtags"


WRITER = """
import sys
from customtags.machine.host import cache
for _ in range(int(sys.argv[2])):
    cache.write("name", "key", sys.argv[1] * 20000, 60)
    assert set(cache.read("name", "key") or sys.argv[1]) <= {"a", "b"}
"""


def mounted(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a shell script that may mount, in a mount namespace of its own."""
    command = [*unshared(), "sh", "-ec", script, "sh", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


#: What is mounted on the cache's folder.
FULL = "mount -t tmpfs -o size=4096,mode=755 none $1"
READ_ONLY = "mount -t tmpfs -o ro,mode=755 none $1"


@pytest.mark.parametrize("mount", [FULL, READ_ONLY])
def test_a_full_or_read_only_disk(mount: str, base: Path) -> None:
    base.mkdir()
    script = f'{mount}\n"$2" -c "$3" a 1 && ls -A $1 $1/customtags 2>/dev/null || true'
    done = mounted(script, base, sys.executable, WRITER)
    assert done.stderr == ""
    assert "name" not in done.stdout


def test_two_processes_at_once(base: Path) -> None:
    command = [sys.executable, "-c", WRITER]
    writers = [subprocess.Popen([*command, each, "200"]) for each in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert set(cache.read("name", "key") or "") in ({"a"}, {"b"})
    assert os.listdir(base / "customtags") == ["name.json"]


#: After each of these NVIDIA's driver is asked again.
CHANGES: dict[str, Callable[[Path], Any]] = {
    "reboot": lambda root: (root / "proc/sys/kernel/random/boot_id").write_text("2\n"),
    "driver update": lambda root: (root / "sys/module/nvidia/version").write_text("560.28.03\n"),
    "device added": lambda root: (root / "dev/nvidia1").touch(),
    "GPU added": lambda root: (root / "proc/driver/nvidia/gpus/0000:02:00.0").touch(),
}


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The root of a machine with one GPU."""
    files = {
        "proc/sys/kernel/random/boot_id": "1\n",
        "sys/module/nvidia/version": "550.54.14\n",
        "dev/nvidiactl": "",
        "dev/nvidia0": "",
        "proc/driver/nvidia/gpus/0000:01:00.0": "",
    }
    for name, content in files.items():
        path = tmp_path / "machine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "machine"


@pytest.mark.parametrize("change", CHANGES)
def test_what_the_drivers_answer_hangs_on(change: str, machine: Path, base: Path) -> None:
    host = Host(str(machine), live=True)
    remembered = nvml.from_driver(host)  # here it is that there is no library
    (kept,) = (base / "customtags").glob("nvidia.json")
    edit(kept, answer=ANSWER)
    assert nvml.from_driver(host) == ANSWER
    CHANGES[change](machine)
    assert nvml.from_driver(host) == remembered != ANSWER


def test_a_library_that_is_installed_or_updated(
    machine: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "libcuda.so.1"
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    host = Host(str(machine), live=True)
    for content in (None, "1", "22"):
        if content:
            library.write_text(content)
        assert nvml.from_driver(host) == {"fault": "libcuda.so.1 cannot be loaded"}
        edit(base / "customtags" / "nvidia.json", answer={"fault": content})
        assert nvml.from_driver(host) == {"fault": content}
