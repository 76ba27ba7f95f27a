"""Pure: one table of segments and the variant properties that mean the same, read in both directions.

A property is NAMESPACE :: FEATURE :: VALUE. Of each feature that a wheel names, one value must be supported
(https://peps.python.org/pep-0825/#variant-properties), so several values of a feature are several platform tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from customtags.errors import TagError, VariantError
from customtags.tags import naming, parse
from customtags.wheels.filename import canonical

if TYPE_CHECKING:
    from customtags.machine.spec import Page

__all__ = [
    "ABI",
    "BASELINE",
    "Properties",
    "Translation",
    "label_of",
    "platforms_of",
    "properties_of",
    "rows",
]

#: Namespace → feature → values, as in ``variant.json``.
Properties = Mapping[str, Mapping[str, Sequence[str]]]


class Translation(NamedTuple):
    """A kind of segment, and the property that means the same.

    :ivar word: what the segment begins with; its version follows, ``_`` between the numbers
    :ivar form: the value, with ``{}`` for the version, ``.`` between the numbers
    :ivar dimension: what the segment speaks of
    :ivar arch: the architecture that the row is for; None for all
    :ivar source: where the namespace's values are defined
    """

    word: str
    namespace: str
    feature: str
    form: str
    dimension: str
    arch: str | None
    source: str

    def owns(self, segment: str) -> bool:
        """Check that a segment is the word and a version, with the letters that GPUs have."""
        return segment.startswith(self.word) and segment[len(self.word) :][:1].isdigit()

    def value(self, segment: str) -> str:
        """Return the value that means the same as a segment of this row."""
        return self.form.format(segment[len(self.word) :].replace("_", "."))

    def segment(self, value: str) -> str | None:
        """Return the segment that means the same as a value, None where no segment can."""
        before, _, after = self.form.partition("{}")
        version = value[len(before) : len(value) - len(after)]
        plain = value.startswith(before) and value.endswith(after) and "_" not in version
        return f"{self.word}{version.replace('.', '_')}" if plain and version else None


_WHEELNEXT = "https://github.com/wheelnext"

#: Every kind of segment that has a property. What is missing here has none: distributions, sites, levels of other
#: architectures. NVIDIA's provider lists ``90_real`` and no ``90a_real`` (November 2026): such a wheel is valid, and skipped.
ROWS = (
    Translation(
        *("cuda", "nvidia", "cuda_version_lower_bound", "{}", "accelerator", None),
        f"{_WHEELNEXT}/nvidia-variant-provider2: docs/nvidia.md",
    ),
    Translation(
        *("sm", "nvidia", "sm_arch", "{}_real", "accelerator", None),
        f"{_WHEELNEXT}/nvidia-variant-provider2: docs/nvidia.md",
    ),
    Translation(
        *("rocm", "amd", "rocm_version", "{}", "accelerator", None),
        f"{_WHEELNEXT}/amd-variant-provider: validate_property",
    ),
    Translation(
        *("gfx", "amd", "gfx_arch", "gfx{}", "accelerator", None),
        f"{_WHEELNEXT}/amd-variant-provider: validate_property",
    ),
    Translation(
        *("v", "x86_64", "level", "v{}", "isa", "x86_64"),
        "https://pypi.org/project/provider-variant-x86-64/",
    ),
    Translation(
        *("v", "aarch64", "version", "{}a", "isa", "aarch64"),
        "https://pypi.org/project/provider-variant-aarch64/",
    ),
)

#: The most platform tags that the properties of one variant may mean.
MOST = 1000

#: The namespace of other distributions' versions (PEP 850, ABI Dependency Variant Provider): the feature is a
#: project, the value the beginning of its version.
ABI = "abi_dependency"

#: The property that every machine of an architecture supports, which no segment names.
BASELINE = {("x86_64", "level", "v1"): "x86_64", ("aarch64", "version", "8a"): "aarch64"}


def rows(pages: Sequence[Page]) -> list[Translation]:
    """Return every row, those of the projects that an ``abi`` page names too."""
    projects = [name for page in pages for name in getattr(page, "projects", ())]
    return [*ROWS, *(_abi(canonical(name).replace("-", "_")) for name in projects)]


def row_of(namespace: str, feature: str) -> Translation | None:
    """Return the row of a feature, None where no segment can say what it says."""
    if namespace == ABI:
        return _abi(feature)
    return next((row for row in ROWS if (row.namespace, row.feature) == (namespace, feature)), None)


def _abi(project: str) -> Translation:
    word = project.replace("_", "")
    word += "_" if word[-1:].isdigit() else ""  # as in pybind11_2_13
    return Translation(word, ABI, project, "{}", "abi", None, "https://peps.python.org/pep-0850/")


def properties_of(
    platforms: Iterable[str], pages: Sequence[Page]
) -> tuple[list[str], dict[str, dict[str, list[str]]]]:
    """Return the stock platforms and the properties that mean the same as a wheel's platform tags.

    :param pages: those that know the segments; ``abi`` among them names its projects
    :raises VariantError: a segment has no property, or the tags do not have one set of properties
    """
    bases: set[str] = set()
    found: dict[str, dict[str, set[str]]] = {}
    wanted = sorted(platforms)
    for tag in wanted:
        base, segments = split_base(tag, pages)
        bases.add(base)
        for dimension, segment in segments:
            row = _row(tag, base, dimension, segment, pages)
            values = found.setdefault(row.namespace, {}).setdefault(row.feature, set())
            values.add(row.value(segment))
    properties = {
        namespace: {feature: sorted(values) for feature, values in sorted(features.items())}
        for namespace, features in sorted(found.items())
    }
    if platforms_of(sorted(bases), properties, pages) != wanted:
        raise VariantError(
            f"{'.'.join(wanted)!r} has no single set of properties",
            "make a wheel of each platform tag, because a variant requires one value of every feature",
        )
    return sorted(bases), properties


def platforms_of(
    bases: Iterable[str], properties: Properties, pages: Sequence[Page] = ()
) -> list[str]:
    """Return the extended tags that mean the same as properties on stock platforms, sorted.

    :raises VariantError: a property has no segment, or is one of another architecture
    """
    tags: list[str] = []
    for base in bases:
        choices = [
            [_segment(base, namespace, feature, value) for value in values]
            for namespace, features in properties.items()
            for feature, values in features.items()
        ]
        if prod(map(len, choices)) > MOST:
            problem = f"the properties are more than {MOST:,} platform tags"
            raise VariantError(problem, "name fewer values of each feature")
        tags += [
            _tag(base, [each for each in chosen if each], pages) for chosen in product(*choices)
        ]
    return sorted(set(tags))


def label_of(platforms: Sequence[str], pages: Sequence[Page]) -> str:
    """Return a readable label for platform tags: ``x86_64_v3``, ``cuda12.4_sm90``, ``null``.

    >>> from customtags.machine.dimensions import builtin
    >>> label_of(["linux_x86_64_v3_cuda12_4_sm90"], builtin())
    'x86_64_v3_cuda12.4_sm90'
    """
    words: list[str] = []
    for tag in platforms:
        base, segments = split_base(tag, pages)
        for dimension, segment in segments:
            word = segment.replace("_", ".")
            words.append(f"{naming.arch(base)}_{word}" if dimension == "isa" else word)
    return "_".join(dict.fromkeys(words)) or "null"


def split_base(tag: str, pages: Sequence[Page]) -> tuple[str, list[tuple[str | None, str]]]:
    """Split a platform tag into its base and its segments, each with its dimension.

    >>> from customtags.machine.dimensions import builtin
    >>> split_base("linux_x86_64_v3_cuda12_4_sm90", builtin())
    ('linux_x86_64', [('isa', 'v3'), ('accelerator', 'cuda12_4'), ('accelerator', 'sm90')])

    :raises VariantError: it is not in the grammar
    """
    try:
        base, runs = naming.runs(tag, pages)
    except TagError as error:
        raise VariantError(error.problem, error.cure) from error
    return base, [
        (run.dimension, segment) for run in runs for segment in parse(f"{base}_{run.text}")[1]
    ]


def _row(
    tag: str, base: str, dimension: str | None, segment: str, pages: Sequence[Page]
) -> Translation:
    """Return the row of a segment.

    :raises VariantError: it has no property
    """
    for row in rows(pages):
        fits = row.dimension == dimension and row.arch in (None, naming.arch(base))
        if fits and row.owns(segment):
            return row
    why, cure = _REASONS.get(dimension, _UNKNOWN)
    raise VariantError(f"the segment {segment!r} of {tag!r} {why}", cure)


#: Dimension → why its segments have no property, and what to do.
_REASONS: Mapping[str | None, tuple[str, str]] = {
    "distro": (
        "has no variant property, because installers skip providers that they do not know",
        "leave the distribution to the base: customtags retag --distro none --base manylinux_2_28_x86_64",
    ),
    "isa": ("has no variant property", "leave it out: customtags retag --isa none"),
    "site": ("has no variant property", "leave it out: customtags retag --site none"),
}
_UNKNOWN = (
    "has no variant property",
    "leave it out, or name the project of an ABI in customtags.toml",
)


def _segment(base: str, namespace: str, feature: str, value: str) -> tuple[Translation, str] | None:
    """Return row and segment of a property; None for what every machine of the architecture supports."""
    arch = naming.arch(base)
    name = f"{namespace} :: {feature} :: {value}"
    baseline = BASELINE.get((namespace, feature, value))
    row = row_of(namespace, feature)
    if (baseline or (row and row.arch) or arch) != arch:
        raise VariantError(
            f"the property '{name}' is not one of {arch}", "build the wheel for one architecture"
        )
    segment = row.segment(value) if row else None
    if baseline:
        return None
    if row is None or segment is None:
        cure = "install the wheel by an installer of variants, or leave the property out"
        raise VariantError(f"no segment says the property '{name}'", cure)
    return row, segment


def _tag(base: str, chosen: Sequence[tuple[Translation, str]], pages: Sequence[Page]) -> str:
    """Return the platform tag of segments."""
    ordered = sorted(chosen, key=lambda each: ROWS.index(each[0]) if each[0] in ROWS else len(ROWS))
    values: dict[str, str | list[str]] = {}
    for dimension in dict.fromkeys(row.dimension for row, _ in ordered):
        texts = [text for row, text in ordered if row.dimension == dimension]
        values[dimension] = texts if dimension == "abi" else "_".join(texts)
    try:
        return naming.name(base, values, pages)
    except TagError as error:
        problem = f"no platform tag says all of its properties: {error.problem}"
        raise VariantError(problem, error.cure) from error
