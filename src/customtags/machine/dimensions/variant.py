"""The page of a plugin of wheel variants (PEP 825, PEP 850, both drafts): each property is a segment."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from customtags.machine.host import Host
    from customtags.machine.spec import Facts, Probe

__all__ = ["VariantPage", "spell"]


class VariantPage:
    """The page of one plugin, or of one of its features.

    :param name: the name of the dimension
    :param plugin: its entry point, ``module:object``
    :param default: its namespace if it does not report one
    :param release: its distribution and version
    :param feature: the only feature that counts
    """

    def __init__(
        self, name: str, plugin: str, default: str, release: str, feature: str | None = None
    ) -> None:
        self.NAME = self.DIMENSION = name
        self.PROBES: Mapping[str, Probe] = {release: self._ask}
        self.plugin, self.default, self.release, self.feature = plugin, default, release, feature

    def override(self, value: str, arch: str | None) -> Facts | None:
        """Return the facts of ``x8664levelv3``: segments, best first."""
        return {"segments": [part.strip() for part in value.split(",")]}

    def ladder(self, facts: Facts) -> list[str]:
        """Return the supported properties in the plugin's order, without those whose segments would be equal."""
        namespace = facts.get("namespace", "")
        meanings: dict[str, set[tuple[str, str]]] = {}
        for each in (*_properties(facts.get("known", ())), *_properties(facts.get("configs", ()))):
            meanings.setdefault(spell(namespace, *each), set()).add(each)
        supported = [spell(namespace, *each) for each in _properties(facts.get("configs", ()))]
        unique = [each for each in dict.fromkeys(supported) if len(meanings[each]) == 1]
        return [*facts.get("segments", ()), *unique]

    def common(self, several: Sequence[Facts]) -> Iterator[Facts]:
        """Yield the properties that all machines support."""
        first, *others = several
        segments = [facts.get("segments", ()) for facts in others]
        supported = [set(_properties(facts.get("configs", ()))) for facts in others]
        shared = set(_properties(first.get("configs", ()))).intersection(*supported)
        configs = [
            {
                **each,
                "values": [value for value in each["values"] if (each["name"], value) in shared],
            }
            for each in first.get("configs", ())
        ]
        yield {
            **first,
            "segments": [
                s for s in first.get("segments", ()) if all(s in each for each in segments)
            ],
            "configs": [each for each in configs if each["values"]],
        }

    def describe(self, facts: Facts) -> str:
        """Return each feature with its best value."""
        best = [f"{each['name']} {each['values'][0]}" for each in facts.get("configs", ())]
        shown = ", ".join(best[:3]) + (f" and {len(best) - 3} more" if len(best) > 3 else "")
        return f"{facts['namespace']}: {shown}" if best else "override"

    def _ask(self, host: Host) -> Facts | None:
        answer: dict[str, Any] | None = host.variants(self.plugin, self.release)
        if answer is None:
            return None
        if "fault" in answer:
            raise RuntimeError(answer["fault"])
        configs = [
            each
            for each in answer["configs"]
            if self.feature in (None, each["name"]) and each["values"]
        ]
        facts = {**answer, "namespace": answer["namespace"] or self.default, "configs": configs}
        return facts if configs else None


def spell(namespace: str, feature: str, value: str) -> str:
    """Return the segment of a property: namespace and feature without ``_``, then the value, folded if it is a version.

    >>> spell("x86_64", "level", "v3"), spell("nvidia", "cuda_version_lower_bound", "12.8")
    ('x8664levelv3', 'nvidiacudaversionlowerbound12_8')
    >>> spell("nvidia", "sm_arch", "90_real"), spell("aarch64", "armv8", "2")
    ('nvidiasmarch90real', 'aarch64armv8_2')
    """
    word = f"{namespace}{feature}".replace("_", "")
    head, *tail = value.replace(".", "_").split("_")
    while tail and not all(map(str.isdigit, tail)):
        head += tail.pop(0)
    apart = "_" if head.isdigit() and word[-1:].isdigit() else ""
    return "_".join((word + apart + head, *tail))


def _properties(configs: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for config in configs:
        for value in config["values"]:
            yield config["name"], value
