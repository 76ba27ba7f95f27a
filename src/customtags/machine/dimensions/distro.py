"""distro: the release of the distribution, in the words of RPM's ``%{dist}`` and of the distribution itself.

Keys of os-release(5): https://www.freedesktop.org/software/systemd/man/latest/os-release.html
"""

from __future__ import annotations

from customtags.tags import fold, fold_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from customtags.machine.host import Host
    from customtags.machine.spec import Facts, Probe

__all__ = [
    "DIMENSION",
    "NAME",
    "PROBES",
    "common",
    "describe",
    "examples",
    "ladder",
    "libc",
    "override",
    "owns",
]

NAME = DIMENSION = "distro"

#: ID → (word, how many numbers of the version count), for distributions with a word that is not the ID, or with another
#: distribution's word because their versions are the same. The segment of any other one is ID + VERSION_ID.
WORDS = {
    "almalinux": ("el", 2),
    "alpine": ("alpine", 2),
    "aurora": ("fc", 1),
    "bazzite": ("fc", 1),
    "bluefin": ("fc", 1),
    "centos": ("el", 2),
    "cloudlinux": ("el", 2),
    "debian": ("deb", 1),
    "eurolinux": ("el", 2),
    "fedora": ("fc", 1),
    "miraclelinux": ("el", 2),
    "nobara": ("fc", 1),
    "ol": ("el", 2),
    "opensuse-leap": ("leap", 2),
    "rhel": ("el", 2),
    "rocky": ("el", 2),
    "scientific": ("el", 2),
    "sled": ("sles", 2),
    "sles": ("sles", 2),
    "ubuntu": ("ubuntu", 2),
}

#: Words that are IDs, of distributions that wheels may be built for; with a version they are segments of a name.
OTHERS = frozenset(
    (
        *("adelie", "alinux", "altlinux", "amzn", "azurelinux", "chimera", "flatcar", "linuxmint"),
        *("mageia", "mariner", "openwrt", "opensuse", "photon", "pop", "postmarketos", "raspbian"),
        *("slackware", "slmicro", "steamos", "tencentos", "virtuozzo"),
    )
)

#: The words of distributions whose C library is musl. Their segments fit no interpreter on glibc, and all others none on
#: musl (PEP 656).
MUSL = frozenset(("adelie", "alpine", "chimera", "openwrt", "postmarketos"))

#: The word in PLATFORM_ID, which names what a derivative is built from → ours. Fedora has no PLATFORM_ID since 43
#: (https://fedoraproject.org/wiki/Changes/Drop_PLATFORM_ID). Other words are ambiguous: ``al2023`` is Amazon's,
#: ``al8`` is Alibaba's.
PLATFORMS = {"el": "el", "f": "fc"}

#: Code name of Ubuntu, Debian and their derivatives → the release; sid is not one.
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
    "sid": "",
}

#: Key of a code name → the word that its release must have.
CODENAME_KEYS = {"ubuntu_codename": "ubuntu", "debian_codename": "deb", "version_codename": ""}

#: IDs and code names of systems whose VERSION_ID pins no libraries.
UNPINNED = frozenset(
    (
        # rolling releases, although some have a VERSION_ID
        *("aosc", "arch", "artix", "cachyos", "endeavouros", "gentoo", "kali", "manjaro"),
        *("pclinuxos", "solus", "void"),
        *("current", "kali-rolling", "rome"),  # of Slackware, Kali, OpenMandriva
        "nixos",  # every package brings its own C library
        *("euleros", "kylin", "uos"),  # one VERSION_ID for several service packs or editions
    )
)

#: The beginnings of words that mark a system as not released yet, so that its libraries still change.
UNFINISHED = (
    *("alpha", "beta", "cauldron", "cooker", "development", "eln", "experiment"),
    *("prerelease", "rawhide"),
)

#: The keys that hold such words.
STATUS_KEYS = ("release_type", "version", "pretty_name", "redhat_bugzilla_product_version")

#: The beginning of /etc/redhat-release, or of a similar file, on systems without os-release → ID. Only these products:
#: others have such a file too, with versions of their own.
PRODUCTS = {
    "CentOS": "centos",
    "CloudLinux": "cloudlinux",
    "Fedora": "fedora",
    "Oracle Linux": "ol",
    "Red Hat Enterprise Linux": "rhel",
    "Scientific Linux": "scientific",
}

#: The keys of os-release that are kept.
KEYS = frozenset(
    (
        *("ID", "ID_LIKE", "VERSION_ID", "PLATFORM_ID"),
        *(key.upper() for key in (*STATUS_KEYS, *CODENAME_KEYS)),
    )
)

_DIGITS = "0123456789"
_ID_ALPHABET = frozenset(f"abcdefghijklmnopqrstuvwxyz{_DIGITS}._-")


def _from_etc(host: Host) -> Facts | None:
    return _read(host, "/etc/os-release")


def _from_usr_lib(host: Host) -> Facts | None:
    return _read(host, "/usr/lib/os-release")


def _from_distro(host: Host) -> Facts | None:
    newer = host.exists("/etc/os-release") or host.exists("/usr/lib/os-release")
    facts = None if newer else host.release()
    if facts is None:
        return None
    products = [product for product in PRODUCTS if facts["pretty_name"].startswith(product)]
    return {**facts, "id": PRODUCTS[products[0]]} if products else facts


PROBES: Mapping[str, Probe] = {
    "/etc/os-release": _from_etc,
    "/usr/lib/os-release": _from_usr_lib,
    "distro": _from_distro,
}


def override(value: str, arch: str | None) -> Facts | None:
    """Return the facts of a release such as ``el9.4`` or ``fc39``, which is the segment itself."""
    segment = fold(value)
    if segment is None or not segment[-1].isdigit():
        raise ValueError(f"write a release as in {', '.join(examples(''))}")
    return {"segment": segment}


def ladder(facts: Facts) -> list[str]:
    """Return the release's own segment, those of older releases whose wheels it runs, then its parents'."""
    accepted: list[str] = []
    for segment in _releases(facts):
        accepted += [each for each in (segment, *_also_runs(segment)) if each not in accepted]
    return accepted


def owns(segment: str, arch: str) -> bool:
    """Return whether it is a release of a distribution in `WORDS` or `OTHERS`."""
    word = segment.rstrip(f"_{_DIGITS}")
    return word != segment and (word in OTHERS or any(word == each for each, _ in WORDS.values()))


def examples(arch: str) -> list[str]:
    """Return releases as users write them."""
    return ["fc39", "el9.4", "deb12", "ubuntu24.04"]


def common(several: Sequence[Facts]) -> Iterator[Facts]:
    """Yield each release that the first machine accepts: derivatives may have a parent in common."""
    for segment in ladder(several[0]):
        yield {"segment": segment}


def libc(segment: str) -> str:
    """Return the kind of policy that a release's C library belongs to: ``manylinux`` or ``musllinux``."""
    return "musllinux" if segment.rstrip(f"_{_DIGITS}") in MUSL else "manylinux"


def describe(facts: Facts) -> str:
    """Return the name that the distribution shows to people."""
    return str(facts.get("pretty_name") or facts.get("segment") or facts.get("id") or "unnamed")


def _releases(facts: Facts) -> list[str]:
    """Return the segments of the machine's own release, then of the releases that it derives from."""
    if "segment" in facts:
        return [facts["segment"]] if fold(facts["segment"]) == facts["segment"] else []
    name = facts.get("id", "")
    version = fold_version(facts.get("version_id", ""))
    if version is None or not _ID_ALPHABET.issuperset(name) or not _is_release(facts, version):
        return []
    word = "".join(character for character in name if character not in "._-")
    own = _release(*WORDS.get(name, (word, 9)), version)
    parents = _parents(facts)
    if name in WORDS:  # no derivative, so contradicting keys leave the release unknown
        return [own] if {own, own.split("_")[0]}.issuperset(parents) else []
    return [each for each in (own, *parents) if fold(each)]


def _is_release(facts: Facts, version: str) -> bool:
    """Return whether all machines of that version have the same libraries."""
    status = " ".join([facts.get(key, "") for key in STATUS_KEYS]).lower().replace("(", " ")
    return (
        not any(word.startswith(UNFINISHED) for word in status.split())
        and UNPINNED.isdisjoint((facts.get("id"), facts.get("version_codename")))
        and len(version.split("_", maxsplit=1)[0]) <= 4  # longer ones are dates or build numbers
    )


def _parents(facts: Facts) -> list[str]:
    """Return the releases in other keys, an empty string for an unknown one."""
    found = []
    platform = facts.get("platform_id", "").removeprefix("platform:")
    if platform:
        word = platform.rstrip(_DIGITS)
        number = platform[len(word) :]
        found.append(PLATFORMS[word] + number if number and word in PLATFORMS else "")
    family = {facts.get("id"), *facts.get("id_like", "").split()}
    if not family.isdisjoint(("debian", "ubuntu")):
        releases = {key: CODENAMES.get(facts.get(key, "")) for key in CODENAME_KEYS}
        found += [
            release if release.startswith(CODENAME_KEYS[key]) else ""
            for key, release in releases.items()
            if release is not None
        ]
    return found


def _release(word: str, parts: int, version: str) -> str:
    """Return the segment of word and version, with a ``_`` between them if the word ends in a digit."""
    return word + ("_" if word[-1:].isdigit() else "") + "_".join(version.split("_")[:parts])


def _also_runs(segment: str) -> list[str]:
    """Return the other releases whose wheels a release runs.

    A minor release of RHEL runs what older minors of its major built. Leap has the packages of SLES since 15.3
    (https://en.opensuse.org/openSUSE:Leap); before, it was built from their sources.
    """
    release, _, minor = segment.partition("_")
    word = release.rstrip(_DIGITS)
    if release == word or not minor.isdigit() or len(segment) > len("leap15_10"):
        return []
    if word == "el":
        return [f"{release}_{older}" for older in range(int(minor) - 1, -1, -1)] + [release]
    if word == "leap" and (15, 3) <= (int(release[4:]), int(minor)) < (42, 0):
        return [segment.replace("leap", "sles")]
    return []


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
    """Return a value without the shell quoting that os-release(5) allows."""
    quote = value[:1]
    if quote not in ("'", '"') or len(value) < 2 or value[-1] != quote:
        return value
    value = value[1:-1]
    if quote == '"' and "\\" in value:
        for character in '"$`\\':
            value = value.replace(f"\\{character}", character)
    return value
