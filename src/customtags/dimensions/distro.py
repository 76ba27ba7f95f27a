"""distro: the release of the distribution, in the words of RPM's ``%{dist}`` and its own.

Keys of os-release(5): https://www.freedesktop.org/software/systemd/man/latest/os-release.html
"""

from __future__ import annotations

from customtags.grammar import fold, fold_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from customtags.spec import Facts, Host, Probe

__all__ = ["DIMENSION", "NAME", "PROBES", "describe", "ladder", "override"]

NAME = DIMENSION = "distro"

#: Distributions that do not spell their segment ID + VERSION_ID: ID → (word, parts of the version that count).
WORDS = {
    "almalinux": ("el", 2),
    "alpine": ("alpine", 2),
    "amzn": ("amzn", 2),
    "centos": ("el", 2),
    "debian": ("deb", 1),
    "fedora": ("fc", 1),
    "ol": ("el", 2),
    "opensuse-leap": ("leap", 2),
    "rhel": ("el", 2),
    "rocky": ("el", 2),
    "sled": ("sles", 2),
    "sles": ("sles", 2),
}

#: The same for the word in PLATFORM_ID, which names the distribution that a derivative is built from
#: (``platform:f40``: https://fedoraproject.org/wiki/Changes/Platform_ID_in_os-release).
PLATFORMS = {"al": ("amzn", 1), "el": ("el", 2), "f": ("fc", 1)}

#: Rolling distributions; some have a VERSION_ID all the same.
ROLLING = frozenset(
    (
        *("arch", "artix", "cachyos", "endeavouros", "gentoo", "kali", "manjaro", "solus", "void"),
        *("opensuse-microos", "opensuse-slowroll", "opensuse-tumbleweed"),
    )
)

#: Code names by which derivatives of Ubuntu and Debian tell the release that they are built from.
CODENAMES = {
    "xenial": "ubuntu16_04",
    "bionic": "ubuntu18_04",
    "focal": "ubuntu20_04",
    "jammy": "ubuntu22_04",
    "noble": "ubuntu24_04",
    "resolute": "ubuntu26_04",
    "buster": "deb10",
    "bullseye": "deb11",
    "bookworm": "deb12",
    "trixie": "deb13",
}

#: The keys of os-release that decide, and the one that is shown.
KEYS = frozenset(
    (
        *("ID", "VERSION_ID", "PLATFORM_ID", "ID_LIKE", "PRETTY_NAME"),
        *("VERSION_CODENAME", "UBUNTU_CODENAME", "DEBIAN_CODENAME"),
    )
)

_ID_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")


def _from_etc(host: Host) -> Facts | None:
    return _read(host, "/etc/os-release")


def _from_usr_lib(host: Host) -> Facts | None:
    return _read(host, "/usr/lib/os-release")


PROBES: Mapping[str, Probe] = {"/etc/os-release": _from_etc, "/usr/lib/os-release": _from_usr_lib}


def override(value: str, arch: str | None) -> Facts | None:
    """``el9.4``, ``fc39``: the segment itself."""
    segment = fold(value)
    if segment is None or not segment[-1].isdigit():
        raise ValueError("write a release as in fc39, el9.4, deb12 or ubuntu24.04")
    return {"segment": segment}


def ladder(facts: Facts) -> list[str]:
    """The release's own segment, those of older releases whose builds it runs, and its parents'."""
    accepted: list[str] = []
    for segment in _releases(facts):
        accepted += [each for each in (segment, *_also_runs(segment)) if each not in accepted]
    return accepted


def describe(facts: Facts) -> str:
    """The name that the distribution shows to people."""
    return str(facts.get("pretty_name") or facts.get("segment") or facts.get("id") or "unnamed")


def _releases(facts: Facts) -> list[str]:
    """The releases that the machine is: its own, then the one that it derives from."""
    if "segment" in facts:
        return [facts["segment"]]
    name = facts.get("id", "")
    version = fold_version(facts.get("version_id", ""))
    if version is None or name in ROLLING:
        return []
    platform, major = _platform(facts.get("platform_id", ""))
    if platform in PLATFORMS:
        same = version.split("_")[0] == major
        return [_release(*PLATFORMS[platform], version if same else major)]
    found = []
    if name and _ID_ALPHABET.issuperset(name):
        word = "".join(character for character in name if character not in "._-")
        found.append(_release(*WORDS.get(name, (word, 9)), version))
    return [each for each in (*found, *_parents(facts, version)) if fold(each)]


def _parents(facts: Facts, version: str) -> list[str]:
    like = facts.get("id_like", "").split()
    keys = ["ubuntu_codename", "debian_codename"]
    if "debian" in like or "ubuntu" in like:
        keys.append("version_codename")
    codenames = [CODENAMES.get(facts.get(key, "")) for key in keys]
    # Rebuilds of RHEL have PLATFORM_ID since 8; before, the version was RHEL's own only for 7.
    rhel = "rhel" in like and version.split("_", maxsplit=1)[0] == "7"
    return [each for each in (*codenames, _release("el", 2, version) if rhel else None) if each]


def _release(word: str, parts: int, version: str) -> str:
    """Join word and version; a ``_`` keeps them apart where the word ends in a digit."""
    return word + ("_" if word[-1:].isdigit() else "") + "_".join(version.split("_")[:parts])


def _also_runs(segment: str) -> list[str]:
    """A minor release of RHEL runs what older minors of its major built, Leap what its SLES did."""
    word, _, minor = segment.partition("_")
    if word.startswith("el") and word[2:].isdigit() and minor.isdigit():
        return [f"{word}_{older}" for older in range(int(minor) - 1, -1, -1)] + [word]
    if word.startswith("leap") and word[4:].isdigit():
        return [segment.replace("leap", "sles", 1)]
    return []


def _platform(value: str) -> tuple[str, str]:
    word = value.removeprefix("platform:").rstrip("0123456789")
    return word, value.removeprefix(f"platform:{word}")


def _read(host: Host, path: str) -> Facts | None:
    text = host.read(path)
    if text is None:
        return None
    facts = {}
    for line in text.split("\n"):
        key, _, value = line.strip().partition("=")
        if key in KEYS:
            facts[key.lower()] = _unquote(value)
    return facts


def _unquote(value: str) -> str:
    """Undo the quoting of a shell, as far as os-release(5) allows it."""
    quote = value[:1]
    if quote not in ("'", '"') or len(value) < 2 or value[-1] != quote:
        return value
    value = value[1:-1]
    if quote == '"' and "\\" in value:
        for character in '"$`\\':
            value = value.replace(f"\\{character}", character)
    return value
