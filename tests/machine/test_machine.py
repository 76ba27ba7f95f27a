"""From overrides, profiles and probes to the tags of a machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from customtags import machine
from customtags.errors import CustomtagsError, FactError, OverrideError, ProfileError
from customtags.machine.dimensions import builtin
from customtags.machine.host import Host
from customtags.machine.settings import Settings
from sample import SEED, V3, write

STOCK = ["manylinux_2_38_x86_64", "manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "linux_x86_64"]


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A Fedora 39 machine with a v3 CPU, as files."""
    files = {
        "proc/cpuinfo": f"processor\t: 0\nflags\t\t: fpu vme {V3}\nbugs\t\t: none\n",
        "etc/os-release": 'ID=fedora\nVERSION_ID=39\nPLATFORM_ID="platform:f39"\n',
        "opt/rocm/.info/version": "6.0.2-115\n",
        "sys/class/kfd/kfd/topology/nodes/0/properties": "cpu_cores_count 8\ngfx_target_version 0\n",
        "sys/class/kfd/kfd/topology/nodes/1/properties": "gfx_target_version 90010\n",
    }
    return write(tmp_path / "root", files)


def test_the_machine_of_the_example_accepts_the_wheel_of_the_example() -> None:
    tags, cut = machine.extend(STOCK, SEED)
    assert "linux_x86_64_v3_fc39_rocm6_0" in tags
    assert cut == 0
    assert not set(tags).intersection(STOCK)


def test_probes_below_a_root_find_the_machine_of_the_example(root: str) -> None:
    profile = machine.detect(Host(root), Settings({}))
    assert machine.ladders(profile, "x86_64") == {
        "isa": ["v3", "v2"],
        "distro": ["fc39"],
        "accelerator": ["rocm6_0_gfx90a", "rocm6_0", "rocm6_gfx90a", "rocm6"],
    }
    assert profile["source"]["isa"] == "/proc/cpuinfo"
    assert profile["source"]["distro"] == "/etc/os-release"
    assert json.loads(json.dumps(profile)) == profile


def test_links_below_a_root_stay_below_it(root: str, tmp_path: Path) -> None:
    release = Path(root, "etc/os-release")
    release.rename(tmp_path / "outside")
    release.symlink_to("/usr/lib/os-release")
    write(Path(root), {"usr/lib/os-release": "ID=debian\nVERSION_ID=12\n"})
    assert machine.ladders(machine.detect(Host(root), Settings({})), "x86_64")["distro"] == [
        "deb12"
    ]
    release.unlink()
    release.symlink_to("../../../outside")
    assert machine.detect(Host(root), Settings({}))["distro"]["id"] == "debian"


def test_a_circle_of_links_is_an_error_with_its_cure(root: str) -> None:
    release = Path(root, "etc/os-release")
    release.unlink()
    release.symlink_to("/etc/os-release")
    with pytest.raises(FactError, match="CUSTOMTAGS_ISA, _DISTRO"):
        machine.detect(Host(root), Settings({}))


@pytest.mark.parametrize(
    ("dimension", "value", "segments"),
    [
        ("isa", "v2", ["v2"]),
        ("isa", "none", []),
        ("distro", "el9.2", ["el9_2", "el9_1", "el9_0", "el9"]),
        ("distro", "none", []),
        ("accelerator", "rocm6.1", ["rocm6_1", "rocm6_0", "rocm6"]),
        ("accelerator", "cuda11.1", ["cuda11_1", "cuda11_0", "cuda11"]),
        ("accelerator", "cuda11.1_sm86", ["cuda11_1_sm86", "cuda11_1_sm80", "cuda11_1"]),
        ("accelerator", "rocm6.0,cuda11.0", ["cuda11_0", "cuda11", "rocm6_0", "rocm6"]),
        ("accelerator", "none", []),
    ],
)
def test_an_override_wins_over_what_is_found(
    root: str, dimension: str, value: str, segments: list[str]
) -> None:
    profile = machine.detect(Host(root, live=True), Settings({dimension: value}))
    found = machine.ladders(profile, "x86_64")[dimension]
    assert [rung for rung in found if rung in segments] == segments
    assert len(found) == len(segments) or "_sm86" in value
    names = {page.NAME for page in builtin() if dimension == page.DIMENSION}
    assert {profile["source"][name] for name in names} == {
        f"CUSTOMTAGS_{dimension.upper()}={value}"
    }


@pytest.mark.parametrize(
    ("dimension", "value", "cure"),
    [
        ("isa", "v9", "write one of the levels of x86_64: v2, v3, v4, or none"),
        ("isa", "V3", "the levels of x86_64"),
        ("distro", "fedora", "write a release as in fc39"),
        ("distro", "39", "write a release as in fc39"),
        ("accelerator", "tpu4", "begins with one of cuda, rocm"),
        ("accelerator", "cuda", "write CUDA as in cuda12.4"),
        ("accelerator", "cuda12.4_smx", "write a GPU as in"),
        ("accelerator", "rocmsix", "write ROCm as in rocm6.0"),
    ],
)
def test_an_override_that_means_nothing_is_refused_with_the_cure(
    root: str, dimension: str, value: str, cure: str
) -> None:
    with pytest.raises(OverrideError, match=cure) as caught:
        machine.detect(Host(root, live=True), Settings({dimension: value}))
    assert caught.value.value == value
    assert caught.value.setting == f"CUSTOMTAGS_{dimension.upper()}"


def test_a_profile_speaks_for_another_machine_and_overrides_win_over_it(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(SEED), encoding="utf-8")
    assert machine.detect(Host(), Settings({}, str(path)))["distro"] == SEED["distro"]
    profile = machine.detect(Host(), Settings({"isa": "v2"}, str(path)))
    assert machine.ladders(profile, "x86_64")["isa"] == ["v2"]


def test_facts_of_one_architecture_say_nothing_about_another() -> None:
    tags, _ = machine.extend(["linux_i686"], SEED)
    assert "linux_i686_fc39" in tags
    assert not [tag for tag in tags if "_v3" in tag]


@pytest.mark.parametrize(
    ("libc", "release", "fits"),
    [
        ("manylinux_2_28", "fc39", True),
        ("manylinux_2_28", "alpine3_20", False),
        ("musllinux_1_2", "alpine3_20", True),
        ("musllinux_1_2", "deb12", False),
    ],
)
def test_a_release_fits_only_an_interpreter_on_its_own_c_library(
    libc: str, release: str, fits: bool
) -> None:
    tags, _ = machine.extend([f"{libc}_x86_64", "linux_x86_64"], {"distro": {"segment": release}})
    assert (f"linux_x86_64_{release}" in tags) == fits
    assert machine.extend(["linux_x86_64"], {"distro": {"segment": release}})[0] != []


def test_a_profile_keeps_keys_that_are_not_known(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps({**SEED, "colour": "blue"}), encoding="utf-8")
    assert machine.read_profile(str(path))["colour"] == "blue"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not valid JSON"),
        ("{", "is not valid JSON"),
        ("[]", "has no 'version'"),
        ('{"version": "1"}', "has no 'version'"),
        ('{"version": 2}', "has version 2, and this release reads up to 1; upgrade"),
        ('{"version": 1, "isa": 3}', "has a value of the wrong kind under 'isa'"),
        ('{"version": 1, "isa": {"arch": "x86_64"}}', "has a value of the wrong kind under 'isa'"),
        (
            '{"version": 1, "distro": {"version_id": 3}}',
            "has a value of the wrong kind under 'distro'",
        ),
        ('{"version": 1, "accelerator": []}', "has a value of the wrong kind under 'cuda'"),
        (
            '{"version": 1, "accelerator": {"cuda": {"cuda": 12}}}',
            "has a value of the wrong kind under 'cuda'",
        ),
        (
            '{"version": 1, "accelerator": {"rocm": {}}}',
            "has a value of the wrong kind under 'rocm'",
        ),
        ('{"version": 1, "platform": 3}', "has a value of the wrong kind under 'platform'"),
        ('{"version": 1, "source": []}', "has a value of the wrong kind under 'source'"),
        ('{"version": 1, "source": {"isa": 5}}', "has a value of the wrong kind under 'source'"),
    ],
)
def test_a_file_that_is_no_profile_is_refused_with_the_cure(
    tmp_path: Path, text: str, why: str
) -> None:
    path = tmp_path / "profile.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError, match=why) as caught:
        machine.read_profile(str(path))
    assert caught.value.path == str(path)


def test_a_profile_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"No such file.*customtags detect -o FILE"):
        machine.read_profile(str(tmp_path / "nothing.json"))


@pytest.mark.parametrize("text", ["processor : 0", None])
def test_a_cpuinfo_that_says_nothing_leaves_the_level_unknown(root: str, text: str | None) -> None:
    cpuinfo = Path(root, "proc/cpuinfo")
    cpuinfo.unlink()
    if text is not None:
        cpuinfo.write_text(text, encoding="utf-8")
    assert machine.detect(Host(root), Settings({}))["isa"] is None


def test_an_empty_cpuinfo_is_an_error_with_its_cure(root: str) -> None:
    Path(root, "proc/cpuinfo").write_text("", encoding="utf-8")
    with pytest.raises(FactError, match=r"cpuinfo' is empty; override it with CUSTOMTAGS_ISA"):
        machine.detect(Host(root), Settings({}))


def test_a_segment_that_several_pages_give_counts_once() -> None:
    pages = [*builtin(), *builtin()]
    assert machine.extend(STOCK, SEED, pages=pages) == machine.extend(STOCK, SEED)


@pytest.mark.parametrize("native_first", [False, True])
def test_the_hook_puts_extended_tags_first_or_behind_the_native_one(native_first: bool) -> None:
    platforms = machine.platform_tags(STOCK, native_first=native_first)
    extended = [tag for tag in platforms if tag not in STOCK]
    assert sorted(set(platforms)) == sorted(platforms)
    if native_first and extended:
        assert platforms == ["linux_x86_64", *extended, *STOCK[:-1]]
    else:
        assert platforms == [*extended, *STOCK]


@pytest.mark.parametrize("stock", [[], ["win_amd64"], ["macosx_14_0_arm64", "macosx_13_0_arm64"]])
def test_another_system_gets_its_own_tags_untouched(stock: list[str]) -> None:
    assert machine.platform_tags(stock, native_first=True) == stock
    assert machine.extend(stock, SEED) == ([], 0)


def test_every_error_has_a_cure_behind_the_problem() -> None:
    error = CustomtagsError("the sky is down", "put it up")
    assert str(error) == "the sky is down; put it up"
    assert (error.problem, error.cure) == ("the sky is down", "put it up")
