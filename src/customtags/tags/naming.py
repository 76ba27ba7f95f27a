"""Pure: which dimension each segment of a platform tag belongs to, and the tag that several values make.

`customtags.tags` splits a tag without any vocabulary. The vocabulary comes in as an argument: the pages of
`customtags.machine.dimensions`, each of which knows its own segments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple, Protocol, Union

from customtags.errors import TagError
from customtags.tags import DIMENSIONS, format, parse

__all__ = ["Run", "Value", "agree", "arch", "check", "name", "nearest", "runs"]

#: The value of a dimension as users write it: one segment, or for ``abi`` several.
Value = Union[str, Sequence[str]]


class Vocabulary(Protocol):
    """What this module uses of a page (`customtags.machine.spec.Page`).

    Two more attributes are optional: ``owns(segment, arch)``, without which no segment is known to be the page's, and
    ``examples(arch)``, the values that an error message shows.
    """

    @property
    def DIMENSION(self) -> str:  # noqa: N802 - a constant of a page's module
        """The dimension of the page's segments."""


class Run(NamedTuple):
    """Consecutive segments of one dimension: most often one, or an accelerator's version with its GPU code.

    :ivar dimension: None if no page knows the segment
    :ivar text: the segments as they stand in the name
    """

    dimension: str | None
    text: str


def arch(base: str) -> str:
    """Return the architecture of a base.

    >>> arch("manylinux_2_28_x86_64"), arch("linux_aarch64")
    ('x86_64', 'aarch64')
    """
    return base.split("_", 3 if base.startswith(("manylinux_", "musllinux_")) else 1)[-1]


def runs(tag: str, pages: Sequence[Vocabulary]) -> tuple[str, list[Run]]:
    """Split a platform tag into its base and one run for each dimension.

    >>> from customtags.machine.dimensions import builtin
    >>> base, found = runs("linux_x86_64_v3_cuda12_4_sm90_torch2_9", builtin())
    >>> [tuple(run) for run in found]
    [('isa', 'v3'), ('accelerator', 'cuda12_4_sm90'), (None, 'torch2_9')]

    :param pages: the built-in ones know no ABI, no site and no third party's segment
    :raises TagError: the tag is not in the grammar
    """
    base, segments = parse(tag)
    return base, list(_join(list(segments), arch(base), pages))


def check(tag: str, pages: Sequence[Vocabulary], *, unknown: bool = False) -> None:
    """Refuse a tag that no machine accepts.

    :param unknown: allow segments that no page knows
    :raises TagError: a segment is unknown, or `agree` raises it
    """
    base, found = runs(tag, pages)
    for run in found:
        if run.dimension is None and not unknown:
            near = nearest(run.text, arch(base), pages)
            known = near or "write a known one such as v3, fc39, cuda12_4 or rocm6_0"
            raise TagError(
                tag,
                f"has the segment {run.text!r}, which is of no known dimension",
                f"{known}, or allow unknown segments",
            )
    agree(tag, base, found)


def nearest(segment: str, arch: str, pages: Sequence[Vocabulary]) -> str:
    """Return the cure for a segment that no page knows: what it resembles, as names spell it; empty if nothing.

    >>> from customtags.machine.dimensions import builtin
    >>> nearest("vv3", "x86_64", builtin()), nearest("cuda", "x86_64", builtin())
    ('write v3', 'write one such as cuda12_4')
    """
    known = [each.replace(".", "_") for each in _examples(pages, arch)]
    same = [each for each in known if _word(each) == _word(segment)]
    near = [] if same else get_close_matches(segment, known, 1)
    return f"write one such as {', '.join(same)}" if same else f"write {near[0]}" if near else ""


def _word(segment: str) -> str:
    """Return a segment without its version."""
    return segment.rstrip("_0123456789")


def agree(tag: str, base: str, found: Sequence[Run]) -> None:
    """Refuse a tag whose parts are each accepted by some machine, but together by none.

    :raises TagError: two runs are of one dimension, the segments are out of order, or a distribution's release stands
        on another base than ``linux_<arch>``
    """
    known = [run for run in found if run.dimension is not None]
    if not base.startswith("linux_") and any(run.dimension == "distro" for run in known):
        right = tag.replace(base, f"linux_{arch(base)}", 1)
        raise TagError(
            tag,
            "combines a distribution's release, which pins the C library, with a policy",
            f"write {right!r}",
        )
    for one, other in zip(known, known[1:]):
        if one.dimension == other.dimension != "abi":
            raise TagError(
                tag,
                f"has two segments of the dimension {one.dimension}: {one.text!r} and {other.text!r}",
                "keep one of them",
            )
    if known == found and known != sorted(known, key=_place):
        right = format(base, [run.text for run in sorted(known, key=_place)])
        raise TagError(tag, "has its segments out of order", f"write {right!r}")


def name(base: str, values: Mapping[str, Value], pages: Sequence[Vocabulary]) -> str:
    """Return the extended tag of a base and the values of several dimensions.

    >>> from customtags.machine.dimensions import builtin
    >>> name("linux_x86_64", {"accelerator": "rocm6.0", "isa": "v3", "distro": "fc39"}, builtin())
    'linux_x86_64_v3_fc39_rocm6_0'

    :param base: a stock platform tag of Linux
    :param values: dimension → value as users write it: ``v3``, ``el9.4``, ``cuda12.4_sm90``, ``["torch2.9", "numpy2"]``
    :raises TagError: a value is not a segment, or its dimension does not know it
    """
    segments: list[str] = []
    for dimension in sorted(values, key=lambda each: _place(Run(each, ""))):
        value = values[dimension]
        several = [value] if isinstance(value, str) else value
        segments += sorted(_segment(base, dimension, each, pages) for each in several)
    return format(base, segments)


def _segment(base: str, dimension: str, value: str, pages: Sequence[Vocabulary]) -> str:
    """Return the segment of one value; a dimension without a vocabulary takes any."""
    text = value.strip().lower().replace(".", "_").replace("-", "_")
    _, found = runs(f"{base}_{text}", pages)
    family = [page for page in pages if page.DIMENSION == dimension]
    strict = bool(family) and dimension not in ("abi", "site")
    known = [run.dimension or dimension for run in found] == [dimension]
    if not known or (strict and found[0].dimension is None):
        raise TagError(
            value,
            f"is not a segment of {dimension} on {arch(base)}",
            _cure(dimension, family, arch(base)),
        )
    return text


def _cure(dimension: str, family: Sequence[Vocabulary], arch: str) -> str:
    if not any(hasattr(page, "examples") for page in family):
        return "write letters and digits, then a version, as in torch2.9 or acme2"
    examples = _examples(family, arch)
    if not examples:
        return f"no segment of {dimension} is known on {arch}"
    return f"write one such as {', '.join(examples)}"


def _examples(pages: Sequence[Vocabulary], arch: str) -> list[str]:
    """Return the values that pages show, as users write them."""
    sources = [page.examples for page in pages if hasattr(page, "examples")]
    return [each for examples in sources for each in examples(arch)]


def _join(segments: list[str], arch: str, pages: Sequence[Vocabulary]) -> Iterator[Run]:
    """Yield the runs, each as long as its page allows."""
    while segments:
        text = segments.pop(0)
        owner = next((page for page in pages if _owns(page, text, arch)), None)
        while owner and segments and _owns(owner, f"{text}_{segments[0]}", arch):
            text = f"{text}_{segments.pop(0)}"
        yield Run(owner.DIMENSION if owner else None, text)


def _owns(page: Vocabulary, segment: str, arch: str) -> bool:
    owns = getattr(page, "owns", None)
    return bool(owns and owns(segment, arch))


def _place(run: Run) -> tuple[int, str, str]:
    """Return the key that sorts runs as in names: built-in dimensions, then third parties' by name; ABIs by text."""
    dimension = run.dimension or ""
    known = [*DIMENSIONS]
    place = known.index(dimension) if dimension in known else len(known)
    return place, dimension, run.text if dimension == "abi" else ""
