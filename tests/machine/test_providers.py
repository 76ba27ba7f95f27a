"""Third parties: what counts, what is left out, and what is said about it."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from customtags import machine
from customtags.errors import CustomtagsError, OverrideError
from customtags.machine import plugins
from customtags.machine.dimensions import builtin
from customtags.machine.dimensions.variant import spell
from customtags.machine.host import Host
from customtags.machine.settings import Settings
from customtags.tags import fold
from customtags.testing import FakeHost, check_dimension

if TYPE_CHECKING:
    from collections.abc import Callable

#: A page that is as it must be.
PAGE = """
NAME = DIMENSION = "mpi"
def _look(host):
    text = host.read("/etc/mpi")
    return None if text is None else {"abis": text.split()}
PROBES = {"/etc/mpi": _look}
def override(value, arch):
    if not value.isascii() or not value:
        raise ValueError("write it as in openmpi40")
    return {"abis": value.split(",")}
def ladder(facts):
    return list(facts["abis"])
def describe(facts):
    return " ".join(facts["abis"])
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a distribution of one module with an entry point where this Python imports from."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path)

    def put(project: str, entry: str, source: str, group: str = "customtags.dimensions") -> None:
        value = entry.partition("=")[2].strip()
        module = value.partition(":")[0]
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        folder = tmp_path / f"{project.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[{group}]\n{entry}\n")

    return put


def look(settings: Settings, host: Host | None = None) -> tuple[dict[str, Any], list[str]]:
    """What a machine with two MPIs accepts, and what was told meanwhile."""
    problems: list[CustomtagsError] = []
    pages = machine.pages_for(settings, problems.append)
    machine_ = host or FakeHost({"/etc/mpi": "openmpi40 mpich12"})
    profile = machine.detect(machine_, settings, pages)
    assert json.loads(json.dumps(profile)) == profile
    return machine.ladders(profile, "x86_64", pages), list(map(str, problems))


def test_nobody_is_asked_who_is_not_named(install: Callable[..., None]) -> None:
    install("stranger-one", "mpi = stranger_one", "raise SystemExit('imported')")
    assert machine.pages_for(Settings({}), print) == builtin()
    assert "mpi" not in look(Settings({}))[0]
    assert "imported" in look(Settings({}, dimensions=["mpi"]))[1][0]


def test_a_page_that_is_named_counts(install: Callable[..., None]) -> None:
    install("stranger-two", "mpi = stranger_two", PAGE)
    ladders, problems = look(Settings({}, dimensions=["mpi", "mpi"]))
    assert (ladders["mpi"], problems) == (["openmpi40", "mpich12"], [])
    ladders, _ = look(Settings({"mpi": "mpiabi1,mpich12"}, dimensions=["mpi"]))
    assert ladders["mpi"] == ["mpiabi1", "mpich12"]
    with pytest.raises(OverrideError, match=r"CUSTOMTAGS_MPI=.*write it as in openmpi40, or none"):
        look(Settings({"mpi": "é"}, dimensions=["mpi"]))


def test_an_object_is_a_page_too_and_may_be_a_family_of_accelerators(
    install: Callable[..., None],
) -> None:
    source = """
class Npu:
    NAME, DIMENSION, PROBES = "npu", "accelerator", {"none": lambda host: {"generation": 4}}
    def override(self, value, arch):
        return {"generation": int(value[3:])} if value.startswith("npu") else None
    def ladder(self, facts):
        return [f"npu{each}" for each in range(facts["generation"], 0, -1)]
    def describe(self, facts):
        return "an NPU"
page = Npu()
"""
    install("stranger-npu", "npu = stranger_npu:page", source)
    ladders, problems = look(Settings({}, dimensions=["npu"]))
    assert (ladders["accelerator"][-4:], problems) == (["npu4", "npu3", "npu2", "npu1"], [])
    ladders, _ = look(Settings({"accelerator": "npu2,rocm6.0"}, dimensions=["npu"]))
    assert ladders["accelerator"] == ["rocm6_0", "rocm6", "npu2", "npu1"]


#: What is wrong with a page → the source that makes it so.
BROKEN = {
    "cannot be loaded (ZeroDivisionError: division by zero)": "1 / 0",
    "cannot be loaded (SystemExit: 3)": "raise SystemExit(3)",
    "cannot be loaded (ModuleNotFoundError: No module named 'nowhere')": "import nowhere",
    "lacks describe": PAGE.replace("def describe", "def describes"),
    "has the NAME 'mpj'": PAGE.replace('"mpi"', '"mpj"'),
    "has the DIMENSION 'isa'": PAGE.replace('DIMENSION = "mpi"', 'DIMENSION = "isa"; NAME = "mpi"'),
    "has no function 'ladder'": PAGE + "ladder = ['mpi1']",
    "has no function 'PROBES'": PAGE + "PROBES = [_look]",
    "has no function '/etc/mpi'": PAGE + "PROBES = {'/etc/mpi': '/etc/mpi'}",
    "fails in the probe '/etc/mpi' (KeyError: 'x')": PAGE.replace("text = ", "{}['x']#"),
    "fails in the probe '/etc/mpi' (SystemExit": PAGE.replace("text = ", "raise SystemExit#"),
    "are not a plain JSON object": PAGE.replace('{"abis": text.split()}', "[1]"),
    "are not a plain JSON object)": PAGE.replace("text.split()", "tuple(text.split())"),
    "(TypeError: Object of type set": PAGE.replace("text.split()", "set(text)"),
    "fails in ladder (KeyError: 'abi')": PAGE.replace('facts["abis"])\ndef', 'facts["abi"])\ndef'),
    "returns 'Open MPI', which is not a segment": PAGE.replace("text.split()", "['Open MPI']"),
    "returns '', which is not a segment": PAGE.replace("text.split()", "['']"),
    "returns '40', which is not a segment": PAGE.replace("text.split()", "['40']"),
    "returns 4, which is not a string": PAGE.replace("text.split()", "[4]"),
    "returns 'v4', which is a segment of 'isa'": PAGE.replace("text.split()", "['mpi1_v4']"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_one_is_named_and_costs_nothing_else(
    install: Callable[..., None], what: str
) -> None:
    name = f"broken_{list(BROKEN).index(what)}"
    install("broken-one", f"mpi = {name}", BROKEN[what])
    ladders, problems = look(Settings({"isa": "none", "distro": "fc39"}, dimensions=["mpi"]))
    assert ladders["distro"] == ["fc39"]
    assert ladders.get("mpi", []) == []
    assert "broken-one 1.0" in problems[0]
    assert what in problems[0]
    assert "\n" not in problems[0]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("isa", "has a reserved name"),
        ("rocm", "has a reserved name"),
        ("profile", "has a reserved name"),
        ("nobody", "no installed distribution; install one, or remove 'nobody' from 'dimensions'"),
    ],
)
def test_a_name_that_is_taken_or_not_there_is_told(
    install: Callable[..., None], name: str, why: str
) -> None:
    install("stranger-three", "isa = stranger_three", PAGE)
    _, problems = look(Settings({}, dimensions=[name]))
    assert len(problems) == 1
    assert why in problems[0]


def test_two_that_claim_one_name_are_both_left_out(install: Callable[..., None]) -> None:
    install("stranger-four", "mpi = stranger_four", PAGE)
    install("stranger-five", "mpi = stranger_five", PAGE)
    ladders, (problem,) = look(Settings({}, dimensions=["mpi"]))
    assert "mpi" not in ladders
    assert "stranger-five 1.0 and stranger-four 1.0" in problem


def test_what_only_breaks_later_is_told_then(install: Callable[..., None]) -> None:
    install("stranger-six", "mpi = stranger_six", PAGE.replace('return " "', "return 1 / 0 #"))
    problems: list[CustomtagsError] = []
    (page,) = machine.pages_for(Settings({}, dimensions=["mpi"]), problems.append)[len(builtin()) :]
    assert problems == []
    assert page.describe({"abis": []}) == "-"
    assert "fails in describe (ZeroDivisionError" in str(problems[0])
    assert page.ladder({}) == []
    assert len(problems) == 2


def test_a_profile_of_a_third_party_is_read_where_it_is_switched_on(
    install: Callable[..., None], tmp_path: Path
) -> None:
    install("stranger-seven", "mpi = stranger_seven", PAGE)
    path = tmp_path / "node.json"
    path.write_text('{"version": 1, "mpi": {"abis": ["mpich12"]}}', encoding="utf-8")
    assert look(Settings({}, str(path), dimensions=["mpi"]))[0]["mpi"] == ["mpich12"]
    assert "mpi" not in look(Settings({}, str(path)))[0]
    path.write_text('{"version": 1, "mpi": {"abis": 4}}', encoding="utf-8")
    ladders, problems = look(Settings({}, str(path), dimensions=["mpi"]))
    assert ladders["mpi"] == []
    assert "fails in ladder" in problems[0]


def as_module(source: str) -> ModuleType:
    module = ModuleType("page")
    exec(source, vars(module))  # noqa: S102 - the sources above
    return module


def test_the_kit_passes_what_keeps_the_contract() -> None:
    hosts = [FakeHost({"/etc/mpi": "mpich12 mpich"})]
    assert check_dimension(as_module(PAGE), hosts, ["a1,b1"]) == [
        ["mpich12", "mpich"],
        ["a1", "b1"],
    ]


@pytest.mark.parametrize(
    ("what", "source"),
    [
        ("lacks describe", BROKEN["lacks describe"]),
        ("which is a segment of 'isa'", BROKEN["returns 'v4', which is a segment of 'isa'"]),
        ("no plain JSON", BROKEN["(TypeError: Object of type set"]),
        ("are no dict", BROKEN["are not a plain JSON object"]),
        ("repeats a segment", PAGE.replace("text.split()", "['a', 'a']")),
        ("prints", PAGE.replace("text = ", "print(4); text = ")),
        ("more than one line", PAGE.replace('return " "', 'return "\\n"')),
        ("changes the facts", PAGE.replace('return " "', 'facts["b"] = 1; return " "')),
        ("another ladder", PAGE.replace("list(facts", "[f'a{id(facts)}'] or (facts")),
        ("finds facts on an empty", PAGE.replace("None if text is None", "{} if text is None")),
        ("finds no facts on", PAGE.replace("/etc/mpi", "/etc/mpj")),
        ("accepts the override ''", PAGE.replace("or not value:", "and value:")),
    ],
)
def test_the_kit_refuses_what_breaks_it(what: str, source: str) -> None:
    with pytest.raises(AssertionError, match=what):
        check_dimension(as_module(source), [FakeHost({"/etc/mpi": "a1 b1"})])


CONFIG = """
from collections import namedtuple
Config = namedtuple("Config", "name values multi_value", defaults=(False,))
CONFIGS = [Config("level", ["v3", "v2"]), Config("aes", ["on"])]
"""

#: Each generation of plugins: its entry point, and its source (PEP 825 and 850, drafts, and variantlib's history).
GENERATIONS = {
    "an instance's class that takes what is known": (
        "one = {}:Plugin",
        """
class Plugin:
    namespace = "cpu"
    def validate_property(self, variant_property):
        return True
    def get_supported_configs(self, known_properties):
        assert known_properties is None
        assert self.validate_property(None)
        return CONFIGS
""",
    ),
    "an instance": (
        "one = {}:plugin",
        """
class Plugin:
    namespace = "cpu"
    def get_supported_configs(self, known_properties):
        return CONFIGS
plugin = Plugin()
""",
    ),
    "a class with static methods and a namespace": (
        "one = {}:Plugin",
        """
class Plugin:
    namespace = "cpu"
    def __init__(self):
        raise RuntimeError("it is not made")
    @staticmethod
    def get_all_configs():
        return CONFIGS + [Config("level", ["v4"])]
    @staticmethod
    def get_supported_configs():
        return CONFIGS
""",
    ),
    "a class with class methods and no namespace": (
        "cpu = {}:Plugin",
        """
class Plugin:
    @classmethod
    def get_all_configs(cls):
        return CONFIGS
    @classmethod
    def get_supported_configs(cls):
        return CONFIGS
""",
    ),
    "a module, as PEP 850 drafts it": ("cpu = {}", "def get_supported_configs():\n return CONFIGS"),
    "an object in an object": (
        "cpu = {}:Space.plugin",
        """
class Space:
    class plugin:
        @staticmethod
        def get_supported_configs():
            print("noise on stdout")
            return iter(CONFIGS)
""",
    ),
}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_variant_provider_of_every_generation_is_a_dimension(
    install: Callable[..., None], generation: str
) -> None:
    entry, source = GENERATIONS[generation]
    name = f"provider_{list(GENERATIONS).index(generation)}"
    install("cpu-provider", entry.format(name), CONFIG + source, plugins.VARIANT_GROUP)
    ladders, problems = look(Settings({}, variant_providers=["cpu-provider"]), Host())
    assert problems == []
    assert ladders["cpu_provider"] == ["cpulevelv3", "cpulevelv2", "cpuaeson"]
    one = Settings({}, variant_providers=["CPU.provider::aes", "cpu_provider::level"])
    ladders, _ = look(one, Host())
    assert ladders["cpu_provider_aes"] == ["cpuaeson"]
    assert ladders["cpu_provider_level"] == ["cpulevelv3", "cpulevelv2"]


#: What is wrong with a plugin → what it does.
BROKEN_PLUGINS = {
    "the plugin fails (ModuleNotFoundError": "import nowhere",
    "the plugin fails (AttributeError": "",
    "the plugin fails (ZeroDivisionError": "def get_supported_configs():\n 1 / 0",
    "the plugin fails (SystemExit": "def get_supported_configs():\n raise SystemExit",
    "the plugin fails (TypeError": "def get_supported_configs():\n return [Config(3, ['x'])]",
    "the plugin ended without an answer": "import os; os.kill(os.getpid(), 9)",
}


@pytest.mark.parametrize("what", BROKEN_PLUGINS)
def test_a_plugin_that_fails_is_named_and_costs_nothing_else(
    install: Callable[..., None], what: str
) -> None:
    name = f"broken_plugin_{list(BROKEN_PLUGINS).index(what)}"
    install("bad-provider", f"one = {name}", CONFIG + BROKEN_PLUGINS[what], plugins.VARIANT_GROUP)
    settings = Settings({"distro": "fc39"}, variant_providers=["bad-provider"])
    for _ in range(2):  # the second time from the cache
        ladders, problems = look(settings, Host())
        assert (ladders["distro"], ladders["bad_provider"]) == (["fc39"], [])
        assert "'bad_provider' of bad-provider 1.0 fails" in problems[0]
        assert what in problems[0]
        assert "override it with CUSTOMTAGS_BAD_PROVIDER" in problems[0]


def test_a_plugin_that_hangs_costs_the_time_limit_once(
    install: Callable[..., None], tmp_path: Path
) -> None:
    source = f"open({str(tmp_path / 'asked')!r}, 'a').write('x')\nimport time\ntime.sleep(30)"
    install("slow-provider", "slow = slow_provider", source, plugins.VARIANT_GROUP)
    for _ in range(2):
        _, problems = look(Settings({}, variant_providers=["slow"]), Host())
        assert "the plugin gave no answer within 2 s" in problems[0]
    assert (tmp_path / "asked").read_text() == "x"


def test_a_plugin_is_not_asked_below_another_root(
    install: Callable[..., None], tmp_path: Path
) -> None:
    install("far-provider", "far = far_provider", "import os; os.abort()", plugins.VARIANT_GROUP)
    settings = Settings({}, variant_providers=["far"])
    assert look(settings, Host(str(tmp_path)))[1] == []
    settings = Settings({"far": "farlevelv3"}, variant_providers=["far"])
    assert look(settings, Host())[0]["far"] == ["farlevelv3"]


def test_properties_that_are_spelled_alike_are_not_accepted(install: Callable[..., None]) -> None:
    source = """
def get_all_configs():
    return [Config("avx5", ["12"]), Config("level", ["v4"])]
def get_supported_configs():
    return [Config("avx", ["512"]), Config("level", ["v4"])]
"""
    assert spell("cpu", "avx", "512") == spell("cpu", "av", "x512")
    source = source.replace('avx5", ["12', 'av", ["x512')
    install("cpu-twice", "cpu = cpu_twice", CONFIG + source, plugins.VARIANT_GROUP)
    assert look(Settings({}, variant_providers=["cpu"]), Host())[0]["cpu"] == ["cpulevelv4"]


@pytest.mark.parametrize(
    ("given", "segment"),
    [
        (("x86_64", "level", "v3"), "x8664levelv3"),
        (("x86_64", "avx512_bf16", "on"), "x8664avx512bf16on"),
        (("nvidia", "cuda_version_lower_bound", "12.8"), "nvidiacudaversionlowerbound12_8"),
        (("nvidia", "sm_arch", "90a"), "nvidiasmarch90a"),
        (("aarch64", "version", "8.1a"), "aarch64version81a"),
        (("aarch64", "armv8", "2"), "aarch64armv8_2"),
        (("abi_dependency", "torch", "2.9.1"), "abidependencytorch2_9_1"),
    ],
)
def test_a_property_is_one_segment(given: tuple[str, str, str], segment: str) -> None:
    assert spell(*given) == segment == fold(segment)


def test_every_built_in_page_keeps_the_contract_but_for_its_name() -> None:
    for page in builtin():
        copy = SimpleNamespace(**{each: getattr(page, each) for each in plugins.ATTRIBUTES})
        copy.NAME = copy.DIMENSION = f"x{page.NAME}"
        assert plugins.fault_of_page(copy, copy.NAME) is None
        assert plugins.fault_of_page(page, page.NAME) is not None


@pytest.mark.parametrize(
    ("files", "settings", "vendors"),
    [
        ({}, Settings({}), []),
        ({"/dev/nvidiactl": ""}, Settings({}), ["cuda"]),
        ({"/sys/class/kfd/kfd/topology/nodes/0/properties": ""}, Settings({}), ["rocm"]),
        ({}, Settings({"accelerator": "rocm6.0"}), ["cuda", "rocm"]),
        ({}, Settings({}, "node.json"), ["cuda", "rocm"]),
    ],
)
def test_pip_is_spared_the_pages_of_vendors_that_left_no_sign(
    files: dict[str, str | OSError], settings: Settings, vendors: list[str]
) -> None:
    pages = machine.pages_for(settings, print, host=FakeHost(files))
    assert [page.NAME for page in pages if page.DIMENSION == "accelerator"] == vendors
