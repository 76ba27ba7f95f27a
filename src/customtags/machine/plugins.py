"""Pages that are not ours: found by their entry points, held to the contract, and left out where they break it."""

from __future__ import annotations

from customtags.errors import CustomtagsError, DimensionError, TagError
from customtags.machine.configuration import KEYS
from customtags.machine.dimensions import VENDORS, distro, isa
from customtags.machine.settings import dimension, variable
from customtags.tags import DIMENSIONS, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from importlib.metadata import EntryPoint
    from typing import Any

    from customtags.machine.host import Host
    from customtags.machine.settings import Settings
    from customtags.machine.spec import Facts, Page, Probe, Report

__all__ = ["Guarded", "fault_of_page", "fault_of_segments", "pages"]

#: The groups of entry points: our own, and that of wheel variants.
DIMENSION_GROUP, VARIANT_GROUP = "customtags.dimensions", "variant_plugins"

#: What a page must have (docs/third-parties.md), and what of it is called.
ATTRIBUTES = ("NAME", "DIMENSION", "PROBES", "override", "ladder", "describe")
CALLED = ATTRIBUTES[3:]

#: Names that mean something else: in a profile, among the settings, or as CUSTOMTAGS_*.
RESERVED = frozenset(
    (
        *(*KEYS, *DIMENSIONS, "version", "platform", "source", "problems"),
        *("cache", "config", "debug", "disable", "none", "time", "timeout"),
        *VENDORS,
    )
)

_DIGITS = "0123456789"


def pages(settings: Settings, tell: Report) -> list[Page]:
    """Load what the settings switch on; tell what can't be."""
    wanted = [(DIMENSION_GROUP, "dimensions", item, _page) for item in settings.dimensions]
    wanted += [
        (VARIANT_GROUP, "variant-providers", item, _variant) for item in settings.variant_providers
    ]
    found: dict[str, Page] = {}
    for group, key, item, make in wanted:
        if dimension(item) not in found:
            found.update((page.NAME, page) for page in _load(group, key, item, make, tell))
    return list(found.values())


class Guarded:
    """A page whose failures cost nothing but what it would have said.

    :param origin: the distribution that it comes from, with its version
    """

    def __init__(self, page: Page, origin: str, tell: Report) -> None:
        self.page, self.origin, self.tell = page, origin, tell
        self.NAME, self.DIMENSION = page.NAME, page.DIMENSION
        self.PROBES: Mapping[str, Probe] = {
            source: self._guard_probe(source, probe) for source, probe in page.PROBES.items()
        }

    def override(self, value: str, arch: str | None) -> Facts | None:
        """Let a ValueError pass, which is told the user."""
        try:
            return self._checked("override", self.page.override(value, arch))
        except ValueError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's
            self._fails("override", error)
            return None

    def ladder(self, facts: Facts) -> list[str]:
        """Give the segments that are none of somebody else's."""
        try:
            segments = list(self.page.ladder(facts))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's
            self._fails("ladder", error)
            return []
        accepted = []
        for segment in dict.fromkeys(segments):
            why = fault_of_segments(segment)
            if why is None:
                accepted.append(segment)
            else:
                self._tell(why, "spell it as in 'mpi4_1', and begin with a word of its own")
        return accepted

    def common(self, several: Sequence[Facts]) -> list[Facts]:
        """Guess, if the page does."""
        try:
            return list(self.page.common(several)) if hasattr(self.page, "common") else []
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's
            self._fails("common", error)
            return []

    def owns(self, segment: str, arch: str) -> bool:
        """Report it, if the page does."""
        try:
            return bool(hasattr(self.page, "owns") and self.page.owns(segment, arch))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's
            self._fails("owns", error)
            return False

    def apart(self, facts: Facts, accelerators: Sequence[str]) -> dict[tuple[str, str], str]:
        """Return what the page does; where it fails, none of its segments stands beside an accelerator."""
        try:
            return self.page.apart(facts, accelerators) if hasattr(self.page, "apart") else {}
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's
            self._fails("apart", error)
            why = f"{self.origin} does not tell"
            return {(each, rung): why for each in accelerators for rung in self.ladder(facts)}

    def describe(self, facts: Facts) -> str:
        """Say it in one line."""
        try:
            return " ".join(str(self.page.describe(facts)).split())
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's
            self._fails("describe", error)
            return "-"

    def _guard_probe(self, source: str, probe: Probe) -> Probe:
        def guarded(host: Host) -> Facts | None:
            try:
                return self._checked(f"the probe {source!r}", probe(host))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's
                self._fails(f"the probe {source!r}", error)
                return None

        return guarded

    def _checked(self, where: str, facts: Facts | None) -> Facts | None:
        """Take only what can be written to a profile and read again."""
        import json

        if facts is not None and (
            not isinstance(facts, dict) or json.loads(json.dumps(facts)) != facts
        ):
            raise TypeError(f"{where} gives no plain JSON object")
        return facts

    def _fails(self, where: str, error: BaseException) -> None:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        self._tell(
            f"fails in {where} ({said})",
            f"set {variable(self.NAME)}, or report it to {self.origin}",
        )

    def _tell(self, why: str, cure: str) -> None:
        self.tell(DimensionError(self.NAME, self.origin, why, cure))


def fault_of_page(page: Any, name: str) -> str | None:
    """Say what keeps an object from being the page of that name, None if nothing does."""
    lacking = [each for each in ATTRIBUTES if not hasattr(page, each)]
    if lacking:
        return f"lacks {', '.join(lacking)}"
    probes = page.PROBES if hasattr(page.PROBES, "items") else {"PROBES": None}
    functions = {**probes, **{each: getattr(page, each) for each in CALLED}}
    faults = {
        f"calls itself {page.NAME!r}": page.NAME != name,
        "has a name that is taken": name in RESERVED,
        "has a name that is not spelled as in 'mpi'": not _is_name(name),
        f"speaks of {page.DIMENSION!r} and not of {name!r} or 'accelerator'": page.DIMENSION
        not in (name, "accelerator"),
        **{f"has no function {each!r}": not callable(functions[each]) for each in functions},
    }
    return next((fault for fault, found in faults.items() if found), None)


def _is_name(name: str) -> bool:
    return name.isascii() and dimension(name) == name and name[:1] not in _DIGITS


def fault_of_segments(segments: object) -> str | None:
    """Say why a rung of the ladder of a dimension is none, None if it is one."""
    if not isinstance(segments, str):
        return f"gives {segments!r}, which is no text"
    try:
        _, found = parse(f"linux_any_{segments}")
    except TagError:
        found = ()
    if not found:
        return f"gives {segments!r}, which is no segment"
    for segment in found:
        owner = _owner(segment)
        if owner is not None:
            return f"gives {segment!r}, which is a segment of {owner!r}"
    return None


def _owner(segment: str) -> str | None:
    """Name the built-in dimension that has such segments: its word and a number, of a GPU also hexadecimal."""
    token = segment.split("_", maxsplit=1)[0]
    gpu = next((word for word in ("gfx", "sm") if token.startswith(word)), None)
    if gpu and token[len(gpu) :][:1].isdigit():
        return "accelerator"
    word = token.rstrip(_DIGITS)
    levels = [level.split("_")[0] for rows in isa.LEVELS.values() for level, _ in rows]
    owners = {
        **{level.rstrip(_DIGITS): "isa" for level in levels},
        **dict.fromkeys((word for word, _ in distro.WORDS.values()), "distro"),
        **dict.fromkeys(VENDORS, "accelerator"),
    }
    return owners.get(word) if word != token else None


def _load(
    group: str, key: str, item: str, make: Callable[[EntryPoint, str, str], Page], tell: Report
) -> Iterator[Guarded]:
    """Give the page of one item of the settings; none, and tell why, where that can't be."""
    name = dimension(item)
    origin = f"the entry points {group!r}"
    cure = f"take {item!r} out of {key!r}"
    if name in RESERVED:
        tell(DimensionError(name, origin, "has a name that is taken", cure))
        return
    try:
        found = _find(group, item.partition("::")[0])
        if len(found) != 1:
            who = " and ".join(sorted(found)) or "no installed distribution"
            tell(
                DimensionError(
                    name, origin, f"is there {len(found)} times: {who}", f"install one, or {cure}"
                )
            )
            return
        ((origin, entry),) = found.items()
        yield Guarded(make(entry, item, origin), origin, tell)
    except CustomtagsError as error:
        tell(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's
        said = " ".join(f"{type(error).__name__}: {error}".split())
        tell(DimensionError(name, origin, f"can't be loaded ({said})", cure))


def _page(entry: EntryPoint, item: str, origin: str) -> Page:
    page: Page = entry.load()
    fault = fault_of_page(page, item)
    if fault is not None:
        raise DimensionError(item, origin, fault, f"report it to {origin}")
    return page


def _variant(entry: EntryPoint, item: str, origin: str) -> Page:
    from customtags.machine.dimensions.variant import Variant

    feature = item.partition("::")[2] or None
    return Variant(dimension(item), entry.value, dimension(entry.name), origin, feature)


def _find(group: str, wanted: str) -> dict[str, EntryPoint]:
    """Find the entry points of that name, of a plugin of variants also by its distribution's.

    Distribution by distribution, because ``entry_points`` of Python 3.9 does not tell whose one is. Of a
    distribution that is on the path twice the first counts, as it does for imports.
    """
    from importlib.metadata import distributions

    found: dict[str, EntryPoint] = {}
    seen = set()
    for distribution in distributions():
        for entry in distribution.entry_points:
            project = distribution.metadata["Name"] if entry.group == group else None
            if project is None or (dimension(project), entry.name) in seen:
                continue
            seen.add((dimension(project), entry.name))
            names = (entry.name,) if group == DIMENSION_GROUP else (entry.name, project)
            if dimension(wanted) in map(dimension, names):
                found[f"{project} {distribution.version}"] = entry
    return found
