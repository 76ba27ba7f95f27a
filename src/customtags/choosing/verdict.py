"""Pure: whether a wheel fits a machine, judged by its name, and what each tag of it lacks, the nearest miss first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from packaging import tags

from customtags import machine
from customtags.errors import TagError
from customtags.machine.settings import Settings, variable
from customtags.profiles import interpreter
from customtags.tags import naming, parse, stock
from customtags.tags.naming import Run

if TYPE_CHECKING:
    from customtags.machine.spec import Page, Profile
    from customtags.profiles.interpreter import Interpreter

__all__ = ["PARTS", "Machine", "Miss", "Tag", "Verdict", "judge", "split"]

#: What can keep a machine from accepting a tag, what is easiest to put right first: the nearest miss is the one with
#: the fewest and then the easiest ones.
PARTS = (
    *("limit", "base", "unknown segment", "spelling"),
    *("abi", "distro", "accelerator", "isa"),
    *("libc", "python abi", "python", "implementation", "architecture", "system"),
)

#: The first word of a platform → the system that it is of.
SYSTEMS = {
    "win32": "Windows",
    "win": "Windows",
    "macosx": "macOS",
    "ios": "iOS",
    "android": "Android",
    "emscripten": "Emscripten",
    "pyodide": "Pyodide",
    "wasi": "WASI",
    "freebsd": "FreeBSD",
}

#: PEP 425, and what packaging calls others.
IMPLEMENTATIONS = {"cp": "CPython", "pp": "PyPy", "ip": "IronPython", "jy": "Jython"}

#: Where architecture and C library are read.
_TAGS = "its stock tags"


class Miss(NamedTuple):
    """One thing that keeps a machine from accepting a tag.

    :ivar part: one of `PARTS`
    :ivar segment: the words of the name that fail
    :ivar needs: what they ask for, or the whole sentence where no machine could have it
    :ivar has: what the machine has instead
    :ivar source: where that was read, if it was
    :ivar cure: what would make it fit
    """

    part: str
    segment: str
    needs: str
    has: str
    source: str | None
    cure: str

    def __str__(self) -> str:
        if not self.has:
            return self.needs
        read = f", read from {self.source}" if self.source else ""
        return f"{self.segment} needs {self.needs}; here: {self.has}{read}"


class Tag(NamedTuple):
    """What became of one tag of a name.

    :ivar place: where it stands in the machine's order, from 0, None if it is not accepted
    :ivar misses: what it lacks; nothing if it is accepted
    """

    name: str
    place: int | None
    misses: tuple[Miss, ...]


class Verdict(NamedTuple):
    """Whether a machine accepts one of a wheel's tags.

    :ivar place: of the best one in the machine's order, None if it accepts none
    :ivar tags: the accepted ones, the best first, then the others, the nearest miss first
    """

    fits: bool
    place: int | None
    tags: tuple[Tag, ...]


class Machine:
    """What wheels are judged against: one Python of a machine.

    :ivar platforms: all that it accepts, best first
    :ivar places: the place of each of them, and of ``any``
    :ivar order: its tags and the place of each
    :ivar python: the Python that is installed into
    :ivar stock: the stock ones, the native ``linux_<arch>`` first, as pip ≥ 26.3 has them
    :ivar rows: every pair of interpreter and ABI
    """

    def __init__(
        self,
        profile: Profile,
        stock_tags: Sequence[str],
        python: Interpreter,
        *,
        settings: Settings | None = None,
        pages: Sequence[Page],
    ) -> None:
        settings = Settings({}) if settings is None else settings
        native = machine.native_tag(stock_tags)
        self.python = python
        self.pages = pages
        self.stock = list(dict.fromkeys(each for each in (native, *stock_tags) if each))
        extended, self.cut = machine.extend(stock_tags, profile, settings, pages)
        self.platforms = [*extended, *self.stock]
        self.places = {
            **{name: place for place, name in enumerate(self.platforms)},
            "any": len(self.platforms),
        }
        self.order = _order(python, self.platforms)
        self.bases = machine.bases(stock_tags, settings)
        arch = naming.arch(native) if native else ""
        self.ladders = machine.ladders(profile, arch, pages, machine.libcs(stock_tags))
        self.sources: Mapping[str, str | None] = profile.get("source", {})
        self.described = {
            page.NAME: page.describe(facts)
            for page in pages
            for facts in [machine.facts_of(profile, page)]
            if facts
        }
        self.rows = {tuple(tag.split("-")[:2]) for tag in self.order}

    @property
    def extended(self) -> Sequence[str]:
        """The extended ones of its platforms."""
        return self.platforms[: len(self.platforms) - len(self.stock)]

    @cached_property
    def older(self) -> dict[str, int]:
        """The same places where pip is older than 26.3, and the native ``linux_<arch>`` the last of the stock ones."""
        return _order(self.python, [*self.extended, *self.stock[1:], *self.stock[:1]])


def judge(names: Iterable[str], machine: Machine) -> Verdict:
    """Judge the tags of one wheel.

    :param names: as in ``cp312-cp312-linux_x86_64_v3``
    """
    found = sorted((_tag(name, machine) for name in names), key=_distance)
    place = found[0].place if found else None
    return Verdict(place is not None, place, tuple(found))


def split(name: str) -> list[str]:
    """Give the tags of a wheel's file name, or of a compressed set (PEP 425), one by one.

    >>> split("example-1.2.3-cp312.cp313-none-any.whl")
    ['cp312-none-any', 'cp313-none-any']
    """
    parts = name.lower().removesuffix(".whl").split("-")[-3:]
    return ["-".join(each) for each in product(*(part.split(".") for part in parts))]


def _order(python: Interpreter, platforms: Sequence[str]) -> dict[str, int]:
    """Give a Python's tags as pip orders them; of a repeated one the last place counts.

    https://github.com/pypa/pip/blob/26.3/src/pip/_internal/utils/compatibility_tags.py, ``get_supported``
    """
    name = "{}{}{}".format(python.implementation, *python.version)
    debug = (
        [python.abi[:-1]] if python.abi == f"{name}d" else []
    )  # runs what was built for releases, too
    abis = [python.abi, *debug]
    if python.implementation == "cp":
        own = tags.cpython_tags(python.version, abis, platforms)
    else:
        own = tags.generic_tags(name, abis, platforms)
    found = [*own, *tags.compatible_tags(python.version, name, platforms)]
    return {str(tag): place for place, tag in enumerate(found)}


def _distance(tag: Tag) -> tuple[int, int, list[int]]:
    worst = sorted((_hardness(miss.part) for miss in tag.misses), reverse=True)
    return len(tag.misses), tag.place or 0, worst


def _hardness(part: str) -> int:
    return PARTS.index(part) if part in PARTS else PARTS.index("isa")  # a third party's dimension


def _tag(name: str, machine: Machine) -> Tag:
    python, abi, platform = name.split("-", 2)
    place = machine.order.get(name)
    if place is not None:
        return Tag(name, place, ())
    misses = [*_python(python, abi, machine), *_platform(platform, machine)]
    if not misses:  # each part is accepted, so what pip puts together of them has an exception
        why = f"pip puts {python}-{abi} together with other platforms only"
        misses = [Miss("python abi", name, "that combination", why, None, "retag the wheel")]
    return Tag(name, None, tuple(misses))


# --- interpreter and ABI


def _python(python: str, abi: str, machine: Machine) -> Iterator[Miss]:
    """Say what the first two parts of a tag lack."""
    if (python, abi) in machine.rows:
        return
    word = python.rstrip("0123456789_")
    own = machine.python
    here = f"{_implementation(own.implementation)} {interpreter.spell(_own(own), own.abi)}"
    version = _version(python[len(word) :])
    if word not in ("py", own.implementation) or not version:
        needs = f"{_implementation(word)} {'.'.join(map(str, version))}".rstrip()
        yield Miss("implementation", python, needs, here, None, f"install into {needs}")
    elif word != "py" and not version[1:]:
        least = "a minor version behind it, as pip knows it"
        yield Miss("python", python, least, here, None, _build_for(own))
    elif abi == "abi3" and version <= own.version:
        threaded = own.abi.endswith(("t", "td"))
        lock, least = "a Python with the global interpreter lock", "cp32 or a later one"
        yield Miss("python abi", abi, lock if threaded else least, here, None, _build_for(own))
    elif word == "py" or abi == "abi3" or (version == own.version and abi in ("none", own.abi)):
        needs = "Python {}".format(".".join(map(str, version)))
        more = " or later" if version[0] == own.version[0] else ""
        yield Miss("python", python, needs + more, here, None, f"install into {needs}{more}")
    elif version != own.version:
        own_abi = abi if abi in (python, f"{python}t") else python
        needs = f"{_implementation(word)} {interpreter.spell(python, own_abi)}"
        yield Miss(
            "python", python, needs, here, None, f"install into {needs}, or {_build_for(own)}"
        )
    else:
        needs = _abi(abi)
        yield Miss(
            "python abi", abi, needs, here, None, f"install into {needs}, or {_build_for(own)}"
        )


def _own(python: Interpreter) -> str:
    return "{}{}{}".format(python.implementation, *python.version)


def _build_for(python: Interpreter) -> str:
    return f"take one for {_own(python)}-{python.abi}"


def _implementation(word: str) -> str:
    return IMPLEMENTATIONS.get(word, "Python" if word == "py" else word)


def _version(digits: str) -> tuple[int, ...]:
    """Read ``312``, ``3`` and ``3_12``."""
    parts = digits.split("_") if "_" in digits else [digits[:1], digits[1:]]
    return tuple(int(part) for part in parts if part.isdigit())


def _abi(abi: str) -> str:
    """Say what an ABI is of.

    https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/#abi-tag
    """
    kinds = {
        "t": "a free-threaded Python",
        "d": "a debug build of Python",
        "m": "a Python with pymalloc",
    }
    kind = kinds.get(abi[-1:]) if abi.startswith("cp") else None
    return f"{kind} ({abi})" if kind else f"a Python with the ABI {abi}"


# --- platform


def _platform(tag: str, machine: Machine) -> Iterator[Miss]:
    """Say what the last part of a tag lacks."""
    if tag == "any" or tag in machine.platforms:
        return
    try:
        base, runs = naming.runs(tag, machine.pages)
    except TagError as error:
        yield Miss("spelling", tag, error.problem, "", None, error.cure)
        return
    other = list(_system(base, machine)) or list(_architecture(base, machine))
    if other:  # what else it says is of another machine
        yield from other
        return
    yield from _base(base, machine, extended=bool(runs))
    runs = [Run(run.dimension or _without_owner(run.text, machine), run.text) for run in runs]
    said = [run for run in runs if run.dimension != "abi"]
    abis = sorted(run.text for run in runs if run.dimension == "abi")
    lacking = [
        miss
        for dimension, text in (*said, *([Run("abi", "_".join(abis))] if abis else ()))
        for miss in (_segments(dimension, text, machine) if dimension else [_unknown(text)])
    ]
    yield from lacking
    if not lacking and base in machine.stock:
        yield from _combination(tag, base, machine, runs)


def _system(base: str, machine: Machine) -> Iterator[Miss]:
    native = machine.stock[0] if machine.stock else "any"
    word, own = (each.partition("_")[0] for each in (base, native))
    linux = word in ("linux", "manylinux", "musllinux", *stock.ALIASES)
    if (own == "linux") != linux or (not linux and word != own):
        needs = "Linux" if linux else SYSTEMS.get(word, word)
        here = "Linux" if own == "linux" else SYSTEMS.get(own, own)
        yield Miss("system", base, needs, here, _TAGS, f"take one for {here}")
    elif not linux:
        has = f"{machine.stock[0]} at best"
        yield Miss("system", base, "another or a newer one", has, _TAGS, "take an older one")


def _architecture(base: str, machine: Machine) -> Iterator[Miss]:
    needs, here = naming.arch(base), naming.arch(machine.stock[0])
    if needs != here:
        yield Miss("architecture", base, needs, here, _TAGS, f"take one for {here}")


def _base(base: str, machine: Machine, *, extended: bool) -> Iterator[Miss]:
    if base not in machine.stock:
        yield from _libc(base, machine)
    elif extended and base not in machine.bases:
        kind = base.removesuffix(f"_{naming.arch(base)}")
        has = ", ".join(each.removesuffix(f"_{naming.arch(base)}") for each in machine.bases)
        cure = f"name {kind!r} among the 'bases' of customtags.toml"
        yield Miss(
            "base", base, "that base with segments", f"{has} as bases", "the configuration", cure
        )


def _libc(base: str, machine: Machine) -> Iterator[Miss]:
    word, _, rest = base.partition("_")
    wanted = ".".join(map(str, stock.ALIASES.get(word, rest.split("_")[:2])))
    libc = {"musllinux": "musl"}.get(word, "glibc")
    platform = stock.platform(machine.stock)
    kind = platform and platform["libc"]
    version = str(platform and platform["libc_version"])
    has = f"{kind} {version}" if kind else "a C library that is not known"
    cure = f"install on a system with {libc} {wanted} or later, or take one for an older {libc}"
    if kind and kind != libc:
        cure = f"take one for {kind}"
    elif kind and tuple(map(int, wanted.split("."))) <= tuple(map(int, version.split("."))):
        cure = "take one for a newer policy"  # PEP 600: there was none of that age on this architecture
    yield Miss("libc", base, f"{libc} {wanted}", has, _TAGS, cure)


# --- segments


def _without_owner(text: str, machine: Machine) -> str | None:
    """Find the dimension of a page that does not tell what is its own."""
    return next((name for name, ladder in machine.ladders.items() if text in ladder), None)


def _unknown(text: str) -> Miss:
    cure = "a label stands in 'site' of customtags.toml, a project in 'abi', a third party's in 'dimensions'"
    here = "no dimension that knows it"
    return Miss(
        "unknown segment", text, "a dimension that knows it", here, "the configuration", cure
    )


def _segments(dimension: str, text: str, machine: Machine) -> Iterator[Miss]:
    """Say which segment of a run is the first that is not accepted."""
    ladder = machine.ladders.get(dimension, [])
    if text in ladder:
        return
    family = [page.NAME for page in machine.pages if page.DIMENSION == dimension]
    own = [name for name in family if text.startswith(name)] or family
    if own != family:  # of one vendor
        ladder = [rung for rung in ladder if rung.startswith(tuple(own))]
    done, segment = _reached(text, ladder)
    beside = [rung[len(done) :].lstrip("_") for rung in ladder if rung.startswith(done)]
    found = "; ".join(machine.described[name] for name in own if name in machine.described)
    has = _brief(list(filter(None, beside))) + (f" ({found})" if found else "")
    sources = [source for source in map(machine.sources.get, own) if source]
    cure = _cure(dimension, text, sources, driver=not done)
    yield Miss(dimension, segment, _needs(dimension), has, ", ".join(sources) or None, cure)


def _reached(text: str, ladder: Sequence[str]) -> tuple[str, str]:
    """Give what of a run some rung begins with, and the segment behind it."""
    done = ""
    for segment in parse(f"linux_any_{text}")[1]:
        reached = f"{done}_{segment}".lstrip("_")
        if not any(f"{rung}_".startswith(f"{reached}_") for rung in ladder):
            return done, segment
        done = reached
    return "", text


def _brief(ladder: Sequence[str]) -> str:
    return f"{ladder[0]} … {ladder[-1]}" if len(ladder) > 4 else " ".join(ladder) or "none"


def _needs(dimension: str) -> str:
    words = {
        "isa": "a CPU of that level",
        "distro": "that release",
        "accelerator": "a driver or GPU that runs that",
        "abi": "that version installed",
    }
    return words.get(dimension, f"a machine whose {dimension} has it")


def _cure(dimension: str, text: str, sources: Sequence[str], *, driver: bool) -> str:
    """Say what would make a run fit.

    :param driver: whether it lacks a version, and not the code for a GPU, which no driver changes
    """
    said = next((source for source in sources if "=" in source), None)
    segments = parse(f"linux_any_{text}")[1] if dimension == "abi" else (text,)
    value = ",".join(map(_value, segments))
    if said:
        return f"{said} says otherwise: drop it, or make it {value}"
    remedies = {
        "accelerator": "install or upgrade the driver, or " if driver else "",
        "abi": "install that version and name the project in 'abi', or ",
    }
    return f"{remedies.get(dimension, '')}set {variable(dimension)}={value} if the machine has it all the same"


def _value(text: str) -> str:
    """Spell a run as users do: ``cuda12_4_sm90`` is ``cuda12.4_sm90``."""
    parts = text.split("_")
    value = parts[0]
    for part in parts[1:]:
        value += f".{part}" if part.isdigit() else f"_{part}"
    return value


def _combination(tag: str, base: str, machine: Machine, runs: Sequence[Run]) -> Iterator[Miss]:
    """Say why a tag is missing of which every part is accepted."""
    try:
        naming.agree(tag, base, runs)
    except TagError as error:
        yield Miss("spelling", tag, error.problem, "", None, error.cure)
        return
    if base in machine.bases:
        number = len(machine.extended)
        has = f"the {number} best tags; {machine.cut} more are dropped by the limit"
        yield Miss(
            "limit",
            tag,
            "a higher 'limit'",
            has,
            "the configuration",
            f"set limit = {number + machine.cut} in customtags.toml",
        )
