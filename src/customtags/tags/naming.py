"""Pure: what the segments of a name mean, and how a name is made that says something.

`customtags.tags` splits a tag without any vocabulary; here the pages say which segments are theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Union

from customtags.errors import TagError
from customtags.machine.dimensions import builtin
from customtags.tags import format, parse
from customtags.tags.ladder import IN_NAME

if TYPE_CHECKING:
    from customtags.machine.spec import Page

__all__ = ["Run", "agree", "arch", "check", "name", "runs"]

#: What a dimension is asked to say: one value, or for ``abi`` several.
Value = Union[str, Sequence[str]]


class Run(NamedTuple):
    """What a name says of one dimension: a segment, or an accelerator's with the code for a GPU.

    :ivar dimension: None where no page knows the segment
    :ivar text: as it stands in the name
    """

    dimension: str | None
    text: str


def arch(base: str) -> str:
    """Tell the architecture that a base is for.

    >>> arch("manylinux_2_28_x86_64"), arch("linux_aarch64")
    ('x86_64', 'aarch64')
    """
    return base.split("_", 3 if base.startswith(("manylinux_", "musllinux_")) else 1)[-1]


def runs(tag: str, pages: Sequence[Page] | None = None) -> tuple[str, list[Run]]:
    """Split a platform tag into its base and what it says of each dimension.

    >>> base, found = runs("linux_x86_64_v3_cuda12_4_sm90_torch2_9")
    >>> [tuple(run) for run in found]
    [('isa', 'v3'), ('accelerator', 'cuda12_4_sm90'), (None, 'torch2_9')]

    :param pages: those that know segments; by default the built-in ones, which know no ABI, site or third party's
    :raises TagError: it is not in the grammar
    """
    base, segments = parse(tag)
    return base, list(_join(list(segments), arch(base), builtin() if pages is None else pages))


def check(tag: str, pages: Sequence[Page] | None = None, *, unknown: bool = False) -> None:
    """Refuse a tag that no machine would accept as it is spelled.

    :param unknown: let segments pass that no page knows
    :raises TagError: a segment is unknown, two speak of one dimension, their order is not that of names, or a release
        stands on another base than ``linux_<arch>``
    """
    base, found = runs(tag, pages)
    for run in found:
        if run.dimension is None and not unknown:
            raise TagError(
                tag,
                f"has the segment {run.text!r}, which is of no known dimension",
                "write one as in v3, fc39, cuda12_4 or rocm6_0, or allow unknown ones",
            )
    agree(tag, base, found)


def agree(tag: str, base: str, found: Sequence[Run]) -> None:
    """Refuse a tag whose parts, each accepted by itself, no machine accepts together.

    :raises TagError: two runs speak of one dimension, or their order is not that of names, or a release stands on
        another base than ``linux_<arch>``
    """
    known = [run for run in found if run.dimension is not None]
    if not base.startswith("linux_") and any(run.dimension == "distro" for run in known):
        right = tag.replace(base, f"linux_{arch(base)}", 1)
        raise TagError(
            tag, "names a release, which pins the C library, beside a policy", f"write {right!r}"
        )
    for one, other in zip(known, known[1:]):
        if one.dimension == other.dimension != "abi":
            raise TagError(
                tag,
                f"says two things of {one.dimension}: {one.text!r} and {other.text!r}",
                "keep one of them",
            )
    if known == found and known != sorted(known, key=_place):
        right = format(base, [run.text for run in sorted(known, key=_place)])
        raise TagError(tag, "has its segments out of order", f"write {right!r}")


def name(base: str, values: Mapping[str, Value], pages: Sequence[Page] | None = None) -> str:
    """Make the tag that says something of several dimensions, in the order of names.

    >>> name("linux_x86_64", {"accelerator": "rocm6.0", "isa": "v3", "distro": "fc39"})
    'linux_x86_64_v3_fc39_rocm6_0'

    :param base: a stock platform tag of Linux
    :param values: dimension → what users write: ``v3``, ``el9.4``, ``cuda12.4_sm90``, ``["torch2.9", "numpy2"]``
    :raises TagError: a value is no segment, or its dimension does not know it
    """
    segments: list[str] = []
    for dimension in sorted(values, key=lambda each: _place(Run(each, ""))):
        value = values[dimension]
        said = [value] if isinstance(value, str) else value
        segments += sorted(_segment(base, dimension, each, pages) for each in said)
    return format(base, segments)


def _segment(base: str, dimension: str, value: str, pages: Sequence[Page] | None) -> str:
    """Spell one value as its dimension does; those without a vocabulary take any segment."""
    text = value.strip().lower().replace(".", "_").replace("-", "_")
    _, found = runs(f"{base}_{text}", pages)
    known = {page.DIMENSION for page in (builtin() if pages is None else pages)}
    meant = [run.dimension or dimension for run in found]
    strict = dimension in known and dimension not in ("abi", "site")
    if len(found) != 1 or meant != [dimension] or (strict and found[0].dimension is None):
        raise TagError(
            value, f"is nothing that {dimension} of {arch(base)} has", _example(dimension, base)
        )
    return text


def _example(dimension: str, base: str) -> str:
    from customtags.machine.dimensions.isa import LEVELS

    levels = [level for level, _ in LEVELS.get(arch(base), ())]
    examples = {
        "isa": f"its levels are {', '.join(levels)}" if levels else "no levels are known there",
        "distro": "write a release as in fc39, el9.4, deb12 or ubuntu24.04",
        "accelerator": "write it as in cuda12.4, cuda12.4_sm90 or rocm6.0",
        "abi": "write a project and its version, as in torch2.9",
    }
    return examples.get(dimension, "write a letter, letters and digits, then versions, as in acme2")


def _join(segments: list[str], arch: str, pages: Sequence[Page]) -> Iterator[Run]:
    """Put each segment to its dimension; one that continues the run before it belongs there."""
    while segments:
        text = segments.pop(0)
        owner = next((page for page in pages if _owns(page, text, arch)), None)
        while owner and segments and _owns(owner, f"{text}_{segments[0]}", arch):
            text = f"{text}_{segments.pop(0)}"
        yield Run(owner.DIMENSION if owner else None, text)


def _owns(page: Page, segment: str, arch: str) -> bool:
    owns = getattr(page, "owns", None)  # a third party's page need not tell
    return bool(owns and owns(segment, arch))


def _place(run: Run) -> tuple[int, str, str]:
    """Where a run stands in a name: the usual dimensions, then third parties' by name; ABIs by theirs."""
    dimension = run.dimension or ""
    usual = IN_NAME.index(dimension) if dimension in IN_NAME else len(IN_NAME)
    return usual, dimension, run.text if dimension == "abi" else ""
