"""Pages of third parties: found by their entry points, checked against the contract, and skipped if they break it."""

from __future__ import annotations

from customtags.errors import CustomtagsError, DimensionError, TagError
from customtags.machine.configuration import KEYS
from customtags.machine.dimensions import VENDORS, distro, isa
from customtags.machine.documents import parse_json
from customtags.machine.settings import dimension, variable
from customtags.tags import DIMENSIONS, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from importlib.metadata import EntryPoint
    from typing import Any, TypeVar

    from customtags.machine.settings import Settings
    from customtags.machine.spec import Facts, Page, Probe, Report

    T = TypeVar("T")

__all__ = ["Guarded", "fault_of_page", "fault_of_segments", "is_free", "pages"]

#: The groups of entry points: of pages, and of plugins for wheel variants.
DIMENSION_GROUP, VARIANT_GROUP = "customtags.dimensions", "variant_plugins"

#: The attributes that a page must have (docs/how-to/write-a-dimension.md), and the functions among them.
ATTRIBUTES = ("NAME", "DIMENSION", "PROBES", "override", "ladder", "describe")
FUNCTIONS = ATTRIBUTES[3:]

#: Names that have a meaning already: in a profile, among the settings, or as CUSTOMTAGS_*.
RESERVED = frozenset(
    (
        *(*KEYS, *DIMENSIONS, "version", "platform", "source", "problems"),
        *("cache", "config", "debug", "disable", "none", "time", "timeout"),
        *VENDORS,
    )
)

_DIGITS = "0123456789"


def pages(settings: Settings, report: Report) -> list[Page]:
    """Return the pages that the settings switch on; report those that cannot be loaded."""
    items = [(DIMENSION_GROUP, "dimensions", item, _page) for item in settings.dimensions]
    items += [
        (VARIANT_GROUP, "variant-providers", item, _variant) for item in settings.variant_providers
    ]
    found: dict[str, Page] = {}
    for group, key, item, make in items:
        if dimension(item) not in found:
            found.update((page.NAME, page) for page in _load(group, key, item, make, report))
    return list(found.values())


class Guarded:
    """A page of which an error costs its own segments and nothing else.

    :param origin: the distribution of the page, with its version
    """

    def __init__(self, page: Page, origin: str, report: Report) -> None:
        self.page, self.origin, self.report = page, origin, report
        self.NAME, self.DIMENSION = page.NAME, page.DIMENSION
        self.PROBES: Mapping[str, Probe] = {
            source: self._guarded(source, probe) for source, probe in page.PROBES.items()
        }

    def override(self, value: str, arch: str | None) -> Facts | None:
        """Return the facts of a setting.

        :raises ValueError: the value is not valid, which the user reads
        """
        facts = self._call("override", None, self.page.override, value, arch, passes=ValueError)
        return self._call("override", None, _plain, facts)

    def ladder(self, facts: Facts) -> list[str]:
        """Return the segments, without those that are malformed or of another dimension."""
        segments: list[str] = self._call("ladder", [], lambda: list(self.page.ladder(facts)))
        accepted = []
        for segment in segments:
            why = fault_of_segments(segment)
            if why is None:
                accepted.append(segment)
            else:
                cure = "return segments such as 'mpi4_1', with a word of the dimension's own"
                self._report(why, cure)
        return accepted

    def common(self, several: Sequence[Facts]) -> list[Facts]:
        """Return the page's proposals, none without the function."""
        common = getattr(self.page, "common", None)
        return self._call("common", [], lambda: list(common(several))) if common else []

    def owns(self, segment: str, arch: str) -> bool:
        """Return whether a segment is the page's, False without the function."""
        owns = getattr(self.page, "owns", None)
        return bool(owns and self._call("owns", False, owns, segment, arch))

    def libc(self, segment: str) -> str | None:
        """Return the kind of policy that a segment's C library belongs to, None without the function."""
        libc = getattr(self.page, "libc", None)
        return self._call("libc", None, libc, segment) if libc else None

    def apart(self, facts: Facts, accelerators: Sequence[str]) -> dict[tuple[str, str], str]:
        """Return the page's pairs; all pairs if the function fails, and none without it."""
        apart = getattr(self.page, "apart", None)
        if apart is None:
            return {}
        why = f"{self.origin} failed to report for which accelerator it is built"
        every = {(each, rung): why for each in accelerators for rung in self.ladder(facts)}
        return self._call("apart", every, apart, facts, accelerators)

    def describe(self, facts: Facts) -> str:
        """Return the facts in one line."""
        return self._call("describe", "-", lambda: " ".join(str(self.page.describe(facts)).split()))

    def _guarded(self, source: str, probe: Probe) -> Probe:
        where = f"the probe {source!r}"
        return lambda host: self._call(where, None, lambda: _plain(probe(host)))

    def _call(
        self,
        where: str,
        default: T,
        function: Callable[..., T],
        *arguments: Any,
        passes: type[Exception] | tuple[()] = (),
    ) -> T:
        """Return the result of a function of the page; report an error, and return the default."""
        try:
            return function(*arguments)
        except passes:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a third party's
            cause = " ".join(f"{type(error).__name__}: {error}".split())
            cure = f"override it with {variable(self.NAME)}, or report the error to {self.origin}"
            self._report(f"fails in {where} ({cause})", cure)
            return default

    def _report(self, why: str, cure: str) -> None:
        self.report(DimensionError(self.NAME, self.origin, why, cure))


def _plain(facts: Facts | None) -> Facts | None:
    """Return the facts, if a profile can hold them.

    :raises TypeError: they are not a plain JSON object
    :raises ValueError: they are nested too deep
    """
    from json import dumps

    if facts is not None and (
        not isinstance(facts, dict) or parse_json(dumps({"": facts})) != {"": facts}
    ):
        raise TypeError("the facts are not a plain JSON object")
    return facts


def fault_of_page(page: Any, name: str) -> str | None:
    """Return why an object is not a page of that name, None if it is one."""
    lacking = [each for each in ATTRIBUTES if not hasattr(page, each)]
    if lacking:
        return f"lacks {', '.join(lacking)}"
    probes = page.PROBES if hasattr(page.PROBES, "items") else {"PROBES": None}
    functions = {**probes, **{each: getattr(page, each) for each in FUNCTIONS}}
    faults = {
        f"has the NAME {page.NAME!r}, and not {name!r}": page.NAME != name,
        "has a reserved name": name in RESERVED,
        "has a name that is not made of lower-case letters, digits and _": not is_free(name),
        f"has the DIMENSION {page.DIMENSION!r}, and not {name!r} or 'accelerator'": page.DIMENSION
        not in (name, "accelerator"),
        **{f"has no function {each!r}": not callable(functions[each]) for each in functions},
    }
    return next((fault for fault, found in faults.items() if found), None)


def is_free(name: str) -> bool:
    """Return whether a third party's dimension may have a name."""
    word = name.isascii() and dimension(name) == name and name[:1] not in _DIGITS
    return word and name not in RESERVED


def fault_of_segments(segments: object) -> str | None:
    """Return why a third party's page must not return such a rung, None if it may."""
    if not isinstance(segments, str):
        return f"returns {segments!r}, which is not a string"
    try:
        _, found = parse(f"linux_any_{segments}")
    except TagError:
        found = ()
    if not found:
        return f"returns {segments!r}, which is not a segment"
    for segment in found:
        owner = _owner(segment)
        if owner is not None:
            return f"returns {segment!r}, which is a segment of {owner!r}"
    return None


def _owner(segment: str) -> str | None:
    """Return the built-in dimension that has such segments: a known word and a number, for a GPU also hexadecimal."""
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
    group: str, key: str, item: str, make: Callable[[EntryPoint, str, str], Page], report: Report
) -> Iterator[Guarded]:
    """Yield the page of one item of the settings; report why if it cannot be loaded."""
    name = dimension(item)
    origin = f"the entry points {group!r}"
    cure = f"remove {item!r} from {key!r}"
    if name in RESERVED:
        report(DimensionError(name, origin, "has a reserved name", cure))
        return
    try:
        found = _find(group, item.partition("::")[0])
        if len(found) != 1:
            several = " and ".join(sorted(found))
            why = f"is in {several}" if several else "is in no installed distribution"
            report(DimensionError(name, origin, why, f"install one, or {cure}"))
            return
        ((origin, entry),) = found.items()
        yield Guarded(make(entry, item, origin), origin, report)
    except CustomtagsError as error:
        report(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a third party's
        cause = " ".join(f"{type(error).__name__}: {error}".split())
        report(DimensionError(name, origin, f"cannot be loaded ({cause})", cure))


def _page(entry: EntryPoint, item: str, origin: str) -> Page:
    page: Page = entry.load()
    fault = fault_of_page(page, item)
    if fault is not None:
        raise DimensionError(item, origin, fault, f"report the error to {origin}")
    return page


def _variant(entry: EntryPoint, item: str, origin: str) -> Page:
    from customtags.machine.dimensions.variant import VariantPage

    feature = item.partition("::")[2] or None
    return VariantPage(dimension(item), entry.value, dimension(entry.name), origin, feature)


def _find(group: str, sought: str) -> dict[str, EntryPoint]:
    """Return the entry points of that name, for a plugin of variants also those of that distribution.

    They are searched by distribution, because ``entry_points`` of Python 3.9 does not name the distribution. Of a
    distribution that is on the path twice the first counts, as for imports.
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
            if dimension(sought) in map(dimension, names):
                found[f"{project} {distribution.version}"] = entry
    return found
