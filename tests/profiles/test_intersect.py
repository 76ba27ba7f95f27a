"""What several machines all accept, and nothing more, is the profile of one machine."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import run
from customtags import machine
from customtags.errors import ProfileError
from customtags.machine.dimensions import builtin, optional
from customtags.machine.dimensions.cuda import MINOR, SINCE
from customtags.machine.dimensions.distro import CODENAMES, WORDS
from customtags.machine.dimensions.isa import LEVELS
from customtags.machine.dimensions.rocm import GENERIC, SERVED
from customtags.machine.dimensions.variant import VariantPage
from customtags.machine.host import Host
from customtags.machine.plugins import Guarded
from customtags.machine.settings import Settings
from customtags.profiles.intersect import intersect
from customtags.tags import stock
from sample import CUDAS, MACHINES, SEED, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.machine.spec import Facts, Page, Profile

VARIANT = VariantPage("plugin", "plugin:Plugin", "ns", "plugin 1.0")
PAGES = [*builtin(), optional("abi", ["torch"]), optional("site", []), VARIANT]

X86 = sorted({word for _, needs in LEVELS["x86_64"] for word in needs.split()} - {"v2", "v3"})
CAPABILITIES = [[*gpu] for gpu in SINCE]
GPUS = sorted({*SERVED, *" ".join(GENERIC.values()).split()})


def some(values: Sequence[Any], least: int = 0, most: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=least, max_size=most)


#: The name of a page → facts of machines, and of what users write.
FACTS: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "isa": st.builds(
        lambda lacking: {"arch": "x86_64", "features": [w for w in X86 if w not in lacking]},
        some(X86),
    ),
    "distro": st.one_of(
        st.builds(
            lambda name, version, codename: {
                "id": name,
                "id_like": "ubuntu",
                "version_id": version,
                "ubuntu_codename": codename,
            },
            st.sampled_from(["linuxmint", "pop", "neon"]),
            st.sampled_from(["21", "22.04"]),
            st.sampled_from(sorted(CODENAMES)),
        ),
        st.builds(
            lambda name, version: {"id": name, "version_id": version},
            st.sampled_from(sorted(WORDS)),
            st.sampled_from(["9", "9.2", "9.4", "15.5"]),
        ),
        st.builds(lambda each: {"segment": each}, st.sampled_from(["el9_3", "sles15_5", "fc39"])),
    ),
    "cuda": st.builds(
        lambda cuda, capabilities, policy: {
            "cuda": cuda,
            "capabilities": capabilities,
            "driver": "1",
            **policy,
        },
        st.sampled_from(CUDAS),
        some(CAPABILITIES, most=2),
        st.sampled_from([{}, {"policy": MINOR}, {"policy": "strict"}]),
    ),
    "rocm": st.builds(
        lambda version, gpus: {"version": version, "gpus": gpus},
        st.sampled_from(["6.0.2", "6.1", "6.4.1", "7.0", None]),
        some(GPUS, most=2),
    ),
    "abi": st.one_of(
        st.builds(
            lambda versions: {"versions": versions},
            st.dictionaries(
                st.sampled_from(["torch", "numpy", "pybind11"]),
                st.sampled_from(["2.9.1", "2.9.0", "2.8.0", "1.26.4", "2.9.0rc1"]),
            ),
        ),
        st.builds(
            lambda segments: {"segments": segments},
            st.sampled_from([["torch2_9"], ["numpy2", "torch2_9"], ["torch2"]]),
        ),
    ),
    "site": st.builds(lambda labels: {"labels": labels}, some(["acme2", "hardened", "lab"])),
    "plugin": st.builds(
        lambda values: {"namespace": "ns", "configs": [{"name": "level", "values": values}]},
        st.lists(st.sampled_from(["v1", "v2", "v3", "v4"]), min_size=1, unique=True),
    ),
}

PLATFORMS = st.builds(
    lambda libc, python: {"arch": "x86_64", "libc": libc[0], "libc_version": libc[1], **python},
    st.sampled_from(
        [("glibc", "2.17"), ("glibc", "2.36"), ("musl", "1.2"), ("musl", "1.1"), (None, None)]
    ),
    st.sampled_from([{}, {"python": ["3.11", "3.12"]}, {"python": ["3.12", "3.13t"]}]),
)


def profile(platform: Facts, facts: Mapping[str, Facts]) -> Profile:
    found: Profile = {"version": 1, "platform": platform, "source": {}, "accelerator": {}}
    for page in PAGES:
        place = found if page.NAME == page.DIMENSION else found["accelerator"]
        place[page.NAME] = facts.get(page.NAME)
    return found


def accepted(one: Profile, page: Page) -> set[str]:
    libcs = machine.libcs(stock.tags(one["platform"]))
    return set(machine.rungs(one, page, "x86_64", libcs))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.NAME)
def test_what_is_accepted_is_what_all_accept(page: Page) -> None:
    @given(st.lists(FACTS[page.NAME], min_size=1, max_size=4))
    def check(several: list[Facts]) -> None:
        platform = {"arch": "x86_64", "libc": "glibc", "libc_version": "2.36"}
        profiles = [profile(platform, {page.NAME: facts}) for facts in several]
        together = intersect(named(profiles), PAGES)
        shared = set.intersection(*(accepted(each, page) for each in profiles))
        assert accepted(together, page) == shared

    check()


@given(
    st.lists(
        st.builds(profile, PLATFORMS, st.fixed_dictionaries({}, optional=dict(FACTS))),
        min_size=1,
        max_size=3,
    )
)
def test_no_part_of_a_tag_is_accepted_that_a_machine_refuses(profiles: list[Profile]) -> None:
    before = copy.deepcopy(profiles)
    together = intersect(named(profiles), PAGES)
    assert profiles == before
    assert json.loads(json.dumps(together)) == together
    everything = [
        {(page.DIMENSION, rung) for page in PAGES for rung in accepted(each, page)}
        | {("base", tag) for tag in stock.tags(each["platform"])}
        for each in (together, *profiles)
    ]
    assert everything[0] <= set.intersection(*everything[1:])


def test_captured_machines_of_one_architecture() -> None:
    hosts = [Host(str(folder)) for folder in MACHINES if "x86" in str(Host(str(folder)).arch())]
    platform = {"arch": "x86_64", "libc": "glibc", "libc_version": "2.17"}
    profiles = [{**machine.detect(host, Settings({})), "platform": platform} for host in hosts]
    assert len(profiles) > 10
    for one, other in zip(profiles, profiles[1:]):
        together = intersect(named([one, other]), builtin())
        for page in builtin():
            assert accepted(together, page) == accepted(one, page) & accepted(other, page)


def test_what_one_machine_alone_has_is_not_told_of_all() -> None:
    features = [word for word in X86 if not word.startswith("avx512")]
    isa = {"arch": "x86_64", "features": features}
    more = {"arch": "x86_64", "features": [*features, "avx512f"]}
    cuda = {"cuda": [12, 4], "capabilities": [[8, 0]]}
    several = {
        "a": {**SEED, "isa": more, "accelerator": {"cuda": {**cuda, "driver": "550.54"}}},
        "b": {**SEED, "isa": isa, "accelerator": {"cuda": {**cuda, "driver": "551.61"}}},
    }
    together = intersect(several, PAGES)
    assert sorted(together["isa"]["features"]) == sorted(features)
    assert "driver" not in together["accelerator"]["cuda"]
    assert together["distro"] == SEED["distro"]


def test_the_platform_is_the_oldest_of_its_kind_with_the_pythons_of_all() -> None:
    several = [
        {"arch": "x86_64", "libc": "glibc", "libc_version": "2.36", "python": ["3.12", "3.11"]},
        {"arch": "x86_64", "libc": "glibc", "libc_version": "2.9", "python": ["3.11", "3.12"]},
    ]
    together = intersect(named([profile(each, {}) for each in several]), PAGES)
    assert together["platform"] == {**several[1], "python": ["3.12", "3.11"]}
    del several[0]["python"]
    several[0]["libc"] = "musl"
    together = intersect(named([profile(each, {}) for each in several]), PAGES)
    assert together["platform"] == {"arch": "x86_64", "libc": None, "libc_version": None}


def test_what_no_page_knows_stays_if_it_is_equal() -> None:
    xpu = {"accelerator": {"xpu": {"version": 1}, "tpu": 1}, "rack": 7, "room": 1, "problems": []}
    other = {"accelerator": {"xpu": {"version": 1}, "tpu": 2}, "rack": 7, "problems": []}
    together = intersect({"a": {**SEED, **xpu}, "b": {**SEED, **other}}, PAGES)
    assert together["accelerator"] == {"xpu": {"version": 1}, "cuda": None, "rocm": None}
    assert together["rack"] == 7
    assert "room" not in together
    assert "problems" not in together


class Plain:
    """A page of somebody else's that guesses nothing."""

    # ruff: noqa: ARG002 - it takes what the contract gives

    NAME = DIMENSION = "stranger"
    PROBES: Mapping[str, Any] = {}

    def override(self, value: str, arch: str | None) -> Facts | None:
        return {"names": value.split(",")}

    def ladder(self, facts: Facts) -> list[str]:
        return list(facts["names"])

    def describe(self, facts: Facts) -> str:
        return "strange"


class Stranger(Plain):
    """One whose guess claims too much."""

    def common(self, several: Sequence[Facts]) -> list[Facts]:
        return [{"names": ["one", "two", "three"]}]


class Broken(Stranger):
    def common(self, several: Sequence[Facts]) -> list[Facts]:
        raise SystemExit


@pytest.mark.parametrize("kind", [Stranger, Broken, Plain])
def test_a_strangers_facts_are_lost_unless_one_machine_accepts_the_least(
    kind: type[Plain],
) -> None:
    problems: list[Exception] = []
    page = Guarded(kind(), "stranger 1.0", problems.append)
    one, two, three = (
        {**SEED, "stranger": {"names": names}} for names in (["one"], ["one", "two"], ["two"])
    )
    assert intersect(named([one, two]), [page])["stranger"] == {"names": ["one"]}
    assert intersect(named([one, three]), [page])["stranger"] is None
    both, other = ({**SEED, "stranger": {"names": ["one", name]}} for name in ("two", "three"))
    assert intersect(named([both, other]), [page])["stranger"] is None
    assert len(problems) == (2 if kind is Broken else 0)


def write(path: Path, content: Profile) -> str:
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def test_the_command_writes_a_profile_like_any_other(tmp_path: Path) -> None:
    first = write(tmp_path / "a.json", SEED)
    gpu = {"accelerator": {"cuda": {"cuda": [12, 4], "capabilities": [[9, 0]]}}}
    second = write(tmp_path / "b.json", {**SEED, **gpu, "site": {"labels": ["lab"]}})
    together = tmp_path / "all.json"
    done = run("intersect", first, second, "-o", str(together))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert run("intersect", first, second).stdout == together.read_text("utf-8")
    shown = json.loads(run("show", "--json", "--profile", str(together)).stdout)
    assert shown["platforms"][0] == "linux_x86_64_v3_fc39"
    assert shown["facts"]["source"]["isa"] == "2 profiles"
    alone = json.loads(run("intersect", second).stdout)
    assert (alone["isa"], alone["site"]) == (SEED["isa"], {"labels": ["lab"]})


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"platform": {"arch": "aarch64"}}, "is of aarch64, and"),
        ({"platform": None}, "has no architecture; write it with"),
        ({"version": 2}, "has version 2, and this release reads up to 1; upgrade with"),
    ],
)
def test_what_has_nothing_in_common_is_refused(
    tmp_path: Path, other: dict[str, Any], says: str
) -> None:
    first, second = (
        write(tmp_path / "a.json", SEED),
        write(tmp_path / "b.json", {**SEED, **other}),
    )
    done = run("intersect", first, second)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr
    assert second in done.stderr


def test_a_refusal_is_an_error_with_the_file() -> None:
    with pytest.raises(ProfileError) as caught:
        intersect({"a": SEED, "b": {**SEED, "platform": {"arch": "s390x"}}}, PAGES)
    assert caught.value.path == "b"
