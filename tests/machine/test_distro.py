"""distro: which releases a system claims, on captured files, on odd ones and on nonsense."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customtags import machine
from customtags.errors import OverrideError
from customtags.machine.dimensions import distro
from customtags.machine.host import Host
from customtags.machine.settings import Settings
from customtags.tags import fold

HERE = Path(__file__).parents[1]
CAPTURED = sorted((HERE / "os-release").glob("*--*"))
PAGE = HERE.parent / "docs" / "reference" / "dimensions" / "distro.md"

#: Odd files and what follows from them.
ODD = [
    # how values are written
    (b"ID=fedora\nVERSION_ID=39\n", "fc39"),
    (b"ID='fedora'\nVERSION_ID='39'", "fc39"),
    (b'ID="fedora"\r\nVERSION_ID="39"\r\n', "fc39"),
    (b"  ID=fedora  \n\n# ID=debian\n#VERSION_ID=12\nVERSION_ID=39\t\n", "fc39"),
    (b"ID=debian\nVERSION_ID=12\nID=fedora\nVERSION_ID=39\n", "fc39"),
    (b'NAME="Caf\xe9 Linux \xff"\nID=fedora\nVERSION_ID=39\n', "fc39"),
    (b'ID=fedora\nVERSION_ID="39\n', ""),
    (b"ID=fedora\nVERSION_ID=39 # the newest\n", ""),
    (b"ID=fedora\xff\nVERSION_ID=39\n", ""),
    (b"id=fedora\nversion_id=39\n", ""),
    (b"ID=fedora\nVERSION_ID\n", ""),
    (b"\x00" * 4096, ""),
    (b"", ""),
    # versions
    (b"ID=fedora\n", ""),
    (b"ID=fedora\nVERSION_ID=\n", ""),
    (b"ID=alpine\nVERSION_ID=edge\n", ""),
    (b"ID=alpine\nVERSION_ID=3.22.0_rc1\n", ""),
    (b'ID=nexus\nID_LIKE=wrlinux\nVERSION_ID="7.0(BUILDER)"\n', ""),
    (b"ID=postmarketos\nVERSION_ID=v25.12\n", "postmarketos25_12"),
    (b'ID=sles\nVERSION_ID="15 SP5"\n', ""),
    (b"ID=rhel\nVERSION_ID=9.999999\n", "el9_999999"),
    (b"ID=wolfi\nVERSION_ID=20230201\n", ""),
    (b"ID=debian\nVERSION_ID=" + b"9" * 9999 + b"\n", ""),
    # names
    (b"ID=Fedora\nVERSION_ID=39\n", ""),
    (b'ID="elementary OS"\nVERSION_ID=0.4\nID_LIKE=ubuntu\nUBUNTU_CODENAME=xenial\n', ""),
    (b"VERSION_ID=39\n", ""),
    (b"ID=..\nVERSION_ID=39\n", ""),
    (b"ID=4mlinux\nVERSION_ID=40.0\n", ""),
    (b"ID=puppy_s15pup64\nVERSION_ID=22.12\n", "puppys15pup64_22_12"),
    # who stands behind a derivative
    (b"ID=fedora\nVERSION_ID=43\nRELEASE_TYPE=stable\n", "fc43"),
    (b"ID=bazzite\nID_LIKE=fedora\nVERSION_ID=43\n", "fc43"),
    (b"ID=rhcos\nVERSION_ID=4.13\nPLATFORM_ID=platform:el9\n", "rhcos4_13 el9"),
    (b"ID=new\nVERSION_ID=9.3\nPLATFORM_ID=platform:el9\nID_LIKE=rhel\n", "new9_3 el9"),
    (b"ID=new\nVERSION_ID=9.3\nID_LIKE='rhel centos fedora'\n", "new9_3"),
    (b"ID=new\nVERSION_ID=1\nPLATFORM_ID=platform:el\n", "new1"),
    (b"ID=new\nVERSION_ID=1\nPLATFORM_ID=9\n", "new1"),
    (b"ID=new\nVERSION_ID=1\nID_LIKE=debian\nVERSION_CODENAME=bookworm\n", "new1 deb12"),
    (b"ID=new\nVERSION_ID=1\nVERSION_CODENAME=bookworm\n", "new1"),
    (b"ID=new\nVERSION_ID=1\nID_LIKE=ubuntu\nUBUNTU_CODENAME=bookworm\n", "new1"),
    (b"ID=new\nVERSION_ID=1\nID_LIKE=debian\nDEBIAN_CODENAME=sid\n", "new1"),
    (b"ID=xenenterprise\nVERSION_ID=7.5.0\nID_LIKE='centos rhel fedora'\n", "xenenterprise7_5_0"),
    # keys that contradict each other
    (b"ID=fedora\nVERSION_ID=40\nPLATFORM_ID=platform:eln\n", ""),
    (b"ID=fedora\nVERSION_ID=40\nPLATFORM_ID=platform:f39\n", ""),
    (b"ID=bluefin\nVERSION_ID=10\nPLATFORM_ID=platform:el10\n", ""),
    (b"ID=debian\nVERSION_ID=13\nVERSION_CODENAME=bookworm\n", ""),
    (b"ID=ubuntu\nVERSION_ID=24.04\nUBUNTU_CODENAME=sid\n", ""),
    # not released yet, or never
    (b"ID=eln\nVERSION_ID=11\nRELEASE_TYPE=development\nID_LIKE='rhel centos fedora'\n", ""),
    (b'ID=fedora\nVERSION_ID=41\nVERSION="41 (Rawhide Prerelease)"\n', ""),
    (b'ID=rhel\nVERSION_ID=9.0\nVERSION="9.0 Beta (Plow)"\n', ""),
    (b"ID=slackware\nVERSION_ID=15.0\nVERSION_CODENAME=current\n", ""),
    (b'ID=euleros\nVERSION_ID="2.0"\nVERSION="2.0 (SP10)"\n', ""),
    (b"ID=opensuse-leap\nVERSION_ID=15.6\n", "leap15_6 sles15_6"),
    (b"ID=opensuse-leap\nVERSION_ID=16.0\n", "leap16_0 sles16_0"),
]

#: What stood in /etc before os-release: file, its line, and what follows. The lines are from the test data of ansible-core,
#: cloud-init and distro; XenServer's is from its documentation.
OLD = [
    ("redhat-release", b"CentOS release 6.10 (Final)\n", "el6", 11),
    ("redhat-release", b"CentOS Linux release 7.5.1804 (Core)\n", "el7", 6),
    ("redhat-release", b"Red Hat Enterprise Linux Server release 6.5 (Santiago)\n", "el6", 6),
    ("redhat-release", b"Scientific Linux release 6.4 (Carbon)\n", "el6", 5),
    ("redhat-release", b"CloudLinux Server release 6.8 (Oleg Makarov)\n", "el6", 9),
    ("oracle-release", b"Oracle Linux Server release 6.10\n", "el6", 11),
    ("fedora-release", b"Fedora release 16 (Verne)\n", "fc16", 0),
    ("fedora-release", b"Fedora release 25 (Rawhide)\n", "", 0),
    ("redhat-release", b"XenServer release 6.5.0-90233c (xenenterprise)\n", "", 0),
    ("redhat-release", b"Red Hat Linux release 9 (Shrike)\n", "", 0),
    ("mandrake-release", b"Mandriva Linux release 2011.0 (Official) for x86_64\n", "", 0),
    ("redhat-release", b"CentOS release 6.10 \xff(Final)\n", "", 0),
    ("redhat-release", b"", "", 0),
]

_VALUES = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"['\"]?v?[0-9]{1,6}([._-][0-9]{1,4}){0,3}['\"]?", fullmatch=True),
    st.sampled_from(
        [*distro.WORDS, *distro.UNPINNED, *distro.CODENAMES, "platform:el9", "platform:f40"]
    ),
    st.from_regex(r"(platform:)?[a-z._0-9-]{1,8}", fullmatch=True),
)
_LINES = st.tuples(st.sampled_from(sorted(distro.KEYS)), _VALUES).map("=".join)


def detect(root: Path) -> tuple[str | None, list[str]]:
    """Give where a system below a root was read, and its segments."""
    profile = machine.detect(Host(str(root)), Settings({}))
    facts = profile["distro"]
    return profile["source"]["distro"], [] if facts is None else distro.ladder(facts)


def put(root: Path, path: str, content: bytes) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


@pytest.mark.parametrize("file", CAPTURED, ids=lambda file: file.name)
def test_a_real_system_claims_what_its_name_says(file: Path, tmp_path: Path) -> None:
    put(tmp_path, "etc/os-release", file.read_bytes())
    expected = file.name.rpartition("--")[2].split("-")
    assert detect(tmp_path) == ("/etc/os-release", [] if expected == ["none"] else expected)


def test_there_are_many_and_each_has_a_source() -> None:
    assert len(CAPTURED) >= 40
    rows = (HERE / "os-release" / "README.md").read_text("utf-8").splitlines()
    assert [
        row.split(" | ")[0]
        for row in rows
        if "--" in row and row.startswith("| ") and "---" not in row
    ] == [f"| {file.name}" for file in CAPTURED]


@pytest.mark.parametrize(("content", "expected"), ODD)
def test_odd_files(content: bytes, expected: str, tmp_path: Path) -> None:
    put(tmp_path, "etc/os-release", content)
    assert detect(tmp_path) == ("/etc/os-release", expected.split())


def test_etc_wins(tmp_path: Path) -> None:
    put(tmp_path, "etc/os-release", b"ID=fedora\nVERSION_ID=39\n")
    put(tmp_path, "usr/lib/os-release", b"ID=debian\nVERSION_ID=12\n")
    assert detect(tmp_path) == ("/etc/os-release", ["fc39"])


@pytest.mark.parametrize("target", ["../usr/lib/os-release", "/usr/lib/os-release"])
def test_a_link_is_followed_below_the_root(target: str, tmp_path: Path) -> None:
    put(tmp_path, "usr/lib/os-release", b"ID=gone\nVERSION_ID=12\n")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").symlink_to(target)
    assert detect(tmp_path) == ("/etc/os-release", ["gone12"])


def test_a_link_that_dangles_is_no_file(tmp_path: Path) -> None:
    put(tmp_path, "usr/lib/os-release", b"ID=debian\nVERSION_ID=12\n")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").symlink_to("../run/os-release")
    assert detect(tmp_path) == ("/usr/lib/os-release", ["deb12"])


@pytest.mark.parametrize("folder", ["etc", "home"])
def test_a_system_without_any_file_claims_nothing(folder: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir()
    assert detect(tmp_path) == (None, [])


@pytest.mark.parametrize(("name", "content", "release", "minors"), OLD)
def test_systems_older_than_os_release(
    name: str, content: bytes, release: str, minors: int, tmp_path: Path
) -> None:
    put(tmp_path, f"etc/{name}", content)
    older = [f"{release}_{minor}" for minor in range(minors - 1, -1, -1)]
    assert detect(tmp_path)[1] == ([*older, release] if release else [])


def run(root: Path, before: str = "") -> str:
    """Detect in a process of its own, and give what it says."""
    script = (
        f"import sys; sys.path.insert(0, sys.argv[1])\n{before}\n"
        "from customtags.machine.dimensions import distro\n"
        "from customtags.machine.host import Host\n"
        "host = Host(sys.argv[2])\n"
        "print([probe(host) is not None for probe in distro.PROBES.values()])\n"
        "print(bool(sys.modules.get('distro')))\n"
    )
    source = str(Path(machine.__file__).parents[1])
    command = [sys.executable, "-I", "-c", script, source, str(root)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_without_the_package_old_systems_claim_nothing(tmp_path: Path) -> None:
    put(tmp_path, "etc/redhat-release", b"CentOS release 6.10 (Final)\n")
    assert run(tmp_path, "sys.modules['distro'] = None") == "[False, False, False]\nFalse\n"
    assert run(tmp_path) == "[False, False, True]\nTrue\n"


def test_the_package_is_not_imported_where_it_has_nothing_to_read(tmp_path: Path) -> None:
    put(tmp_path, "etc/hostname", b"box\n")
    assert run(tmp_path) == "[False, False, False]\nFalse\n"


@given(content=st.binary(max_size=300))
def test_no_bytes_break_it(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    check(content, tmp_path_factory)


@given(text=st.lists(_LINES, max_size=9).map("\n".join))
def test_no_values_break_it(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    check(text.encode("utf-8", "surrogatepass"), tmp_path_factory)


def check(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.getbasetemp() / f"any-{os.getpid()}"
    put(root, "etc/os-release", content)
    source, segments = detect(root)
    assert source == "/etc/os-release"
    assert segments == list(dict.fromkeys(segments))
    assert all(fold(segment) == segment for segment in segments)
    assert len(segments) <= 101


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("el9.2", "el9_2 el9_1 el9_0 el9"),
        ("el9", "el9"),
        ("fc39", "fc39"),
        ("leap15.5", "leap15_5 sles15_5"),
        ("ubuntu24.04", "ubuntu24_04"),
        ("none", ""),
    ],
)
def test_override(value: str, expected: str, tmp_path: Path) -> None:
    profile = machine.detect(Host(str(tmp_path)), Settings({"distro": value}))
    facts = profile["distro"]
    assert ([] if facts is None else distro.ladder(facts)) == expected.split()
    assert profile["source"]["distro"] == f"CUSTOMTAGS_DISTRO={value}"


@pytest.mark.parametrize("value", ["Fedora39", "fedora", "39", "el9_", "9.4", "fc 39", "el9-4"])
def test_an_override_that_is_no_release_names_the_cure(value: str, tmp_path: Path) -> None:
    with pytest.raises(OverrideError, match=r"fc39, el9\.4"):
        machine.detect(Host(str(tmp_path)), Settings({"distro": value}))


def test_an_override_can_name_the_file(tmp_path: Path) -> None:
    put(tmp_path, "etc/os-release", b"ID=fedora\nVERSION_ID=39\n")
    put(tmp_path, "usr/lib/os-release", b"ID=debian\nVERSION_ID=12\n")
    profile = machine.detect(Host(str(tmp_path)), Settings({"distro": "/usr/lib/os-release"}))
    assert distro.ladder(profile["distro"]) == ["deb12"]


def rows() -> list[tuple[str, str]]:
    """The page's rows: the keys of os-release, and the segments."""
    cells = [line.split("|") for line in PAGE.read_text("utf-8").splitlines() if "| `ID=" in line]
    return [(cell[2].strip().strip("`"), cell[3].strip().strip("`")) for cell in cells]


@pytest.mark.parametrize(("keys", "segments"), rows())
def test_the_page_tells_the_truth(keys: str, segments: str, tmp_path: Path) -> None:
    put(tmp_path, "etc/os-release", "\n".join(shlex.split(keys)).encode())
    assert detect(tmp_path)[1] == ([] if segments == "none" else segments.split())


def test_the_page_has_rows() -> None:
    assert len(rows()) >= 15
