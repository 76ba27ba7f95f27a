"""Pure: the grammar of extended platform tags, and the list of dimensions.

    extended = base 1*( "_" segment )
    segment  = letter *( letter / digit ) *( "_" 1*digit )

A base is a stock platform tag of Linux (PEP 425, 600, 656). Splitting requires no vocabulary: after the
base, a token that begins with a letter opens a segment, and a token of digits continues the one before.

There are no regular expressions here: this runs in the installer's process, where compiling one costs
more than all splitting.
"""

from __future__ import annotations

from collections.abc import Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from customtags.errors import TagError

__all__ = ["DIMENSIONS", "PRIORITY", "fold", "fold_version", "format", "parse"]

#: The built-in dimensions, in the order of their segments in a name → a value as users write it.
DIMENSIONS = {
    "isa": "v3",
    "distro": "fc39",
    "accelerator": "rocm6.0",
    "abi": "torch2.9",
    "site": "acme2",
}

#: The same in the order in which they decide between two tags.
PRIORITY = ("accelerator", "abi", "isa", "distro", "site")

_DIGITS = frozenset("0123456789")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")

#: The number of tokens before the architecture: linux_ARCH, manylinux2014_ARCH, manylinux_2_28_ARCH.
_TOKENS_BEFORE_ARCH = {
    "linux": 1,
    "manylinux1": 1,
    "manylinux2010": 1,
    "manylinux2014": 1,
    "manylinux": 3,
    "musllinux": 3,
}


def parse(tag: str) -> tuple[str, tuple[str, ...]]:
    """Split a platform tag into its base and its segments.

    A tag of another system than Linux is a base without segments.

    >>> parse("linux_x86_64_v3_fc39_rocm6_0")
    ('linux_x86_64', ('v3', 'fc39', 'rocm6_0'))
    >>> parse("manylinux_2_28_aarch64")
    ('manylinux_2_28_aarch64', ())

    :raises TagError: what follows the base is not in the grammar
    """
    tokens = tag.split("_")
    before = _TOKENS_BEFORE_ARCH.get(tokens[0])
    if before is None:
        return tag, ()
    # x86_64 is the only architecture of Linux with two tokens.
    end = before + (2 if tokens[before : before + 2] == ["x86", "64"] else 1)
    named = len(tokens) >= end and (_is_word(tokens[end - 1]) or tokens[end - 1] == "64")
    if not (named and all(map(_is_number, tokens[1:before]))):
        raise _error(tag, "has no architecture", "linux_x86_64_v3")
    segments: list[str] = []
    for token in tokens[end:]:
        if _is_word(token):
            segments.append(token)
        elif _is_number(token) and segments:
            segments[-1] += f"_{token}"
        else:
            why = f"has {token!r} where a segment must begin with a letter from a to z"
            raise _error(tag, why, "linux_x86_64_v3_fc39")
    return "_".join(tokens[:end]), tuple(segments)


def format(base: str, segments: Iterable[str]) -> str:
    """Return the tag of a base and its segments, the inverse of `parse`.

    >>> format("linux_x86_64", ("v3", "fc39"))
    'linux_x86_64_v3_fc39'
    """
    return "_".join((base, *segments))


def fold_version(version: str) -> str | None:
    """Return a version as a segment contains it: digits, joined by ``_``.

    >>> fold_version("24.04"), fold_version("v25.12")
    ('24_04', '25_12')

    :returns: None for a version that is not made of numbers, such as ``7.0(BUILDER)`` or ``edge``
    """
    parts = version.lower().removeprefix("v").replace("-", ".").replace("_", ".").split(".")
    return "_".join(parts) if all(map(_is_number, parts)) else None


def fold(value: str) -> str | None:
    """Return the segment of a user's value: ``cuda12_4`` of ``cuda12.4``.

    :returns: None for a value that is not a segment
    """
    word, *numbers = value.replace(".", "_").split("_")
    return "_".join((word, *numbers)) if _is_word(word) and all(map(_is_number, numbers)) else None


def _error(tag: str, why: str, example: str) -> TagError:
    from customtags.errors import TagError

    return TagError(tag, why, f"write it as in {example!r}")


def _is_number(token: str) -> bool:
    return bool(token) and _DIGITS.issuperset(token)


def _is_word(token: str) -> bool:
    return token[:1] in _LETTERS and (_LETTERS | _DIGITS).issuperset(token)
