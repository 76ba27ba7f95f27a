"""Pure: METADATA and WHEEL, the files of header fields in a wheel's ``.dist-info``.

https://packaging.python.org/specifications/core-metadata/ and
https://packaging.python.org/specifications/binary-distribution-format/#file-contents
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import chain

from customtags.wheels.filename import expand

__all__ = [
    "Fields",
    "local_requirements",
    "tags",
    "with_local",
    "with_public_requirements",
    "with_requirements",
    "with_tags",
]

#: A comparison with a local version in the value of Requires-Dist: what stays, and the local version (PEP 440).
_LOCAL = re.compile(rb"(={2,3}[ \t]*[0-9A-Za-z.!_-]+)\+[0-9A-Za-z._-]+")
_REQUIRES = re.compile(rb"(?im)^Requires-Dist[ \t]*:[^\r\n]*")

#: A field as `email.parser` sees it, by which pip reads these files.
_FIELD = re.compile(r"([!-9;-~]*):[ \t]*")


class Fields:
    """The header fields of a file, as `email.parser` reads them, without the cost of its import.

    :ivar items: name and value of each, in order; of a folded value all lines
    """

    def __init__(self, content: bytes) -> None:
        items: list[tuple[str, str]] = []
        for line in StringIO(content.decode("utf-8", "replace"), newline=""):
            found = _FIELD.match(line)
            if found:
                items.append((found[1], line[found.end() :]))
            elif line[0] not in " \t":  # the description follows, or nonsense
                break
            elif items:
                name, value = items[-1]
                items[-1] = name, value + line
        self.items = [(name, value.rstrip("\r\n")) for name, value in items if name]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.items)

    def all(self, name: str) -> list[str]:
        """Return the values of a field, without spaces around them."""
        return [value.strip() for each, value in self.items if each.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """Return the first value of a field, None if it is missing."""
        return next(iter(self.all(name)), None)


def tags(wheel: bytes) -> list[str]:
    """Return the tags of a WHEEL file, sorted; some builders write compressed sets there.

    >>> tags(b"Tag: cp38.cp39-abi3-linux_x86_64")
    ['cp38-abi3-linux_x86_64', 'cp39-abi3-linux_x86_64']
    """
    return sorted({tag for each in Fields(wheel).all("Tag") for tag in expand(each)})


def with_local(metadata: bytes, local: str) -> bytes:
    """Return METADATA with another local version; all else stays to the byte.

    :param local: with its ``+``, or empty
    """
    pattern = rb"(?im)^(Version[ \t]*:[ \t]*[^\s+]*)[^\r\n]*?([ \t]*\r?)$"
    return re.sub(pattern, lambda found: found[1] + local.encode() + found[2], metadata, count=1)


def local_requirements(metadata: bytes) -> list[str]:
    r"""Return the requirements that only one local version fulfils.

    >>> local_requirements(b"Requires-Dist: torch==2.9.0+cu128\nRequires-Dist: numpy>=2")
    ['torch==2.9.0+cu128']
    """
    return [
        value for value in Fields(metadata).all("Requires-Dist") if _LOCAL.search(value.encode())
    ]


def with_public_requirements(metadata: bytes) -> bytes:
    """Return METADATA whose requirements accept every local version of those they name.

    >>> with_public_requirements(b"Requires-Dist: torch==2.9.0+cu128 ; extra == 'x'")
    b"Requires-Dist: torch==2.9.0 ; extra == 'x'"
    """
    ends = re.search(rb"\r?\n\r?\n|\Z", metadata)
    head = ends.start() if ends else len(metadata)
    fixed = _REQUIRES.sub(lambda line: _LOCAL.sub(rb"\1", line[0]), metadata[:head])
    return fixed + metadata[head:]


def with_requirements(metadata: bytes, requirements: Sequence[str]) -> bytes:
    """Return METADATA with more requirements: a second line of one project narrows the first."""
    lines = "".join(f"\nRequires-Dist: {each}" for each in requirements).encode()
    # The headers end at the first empty line.
    ends = re.search(rb"\r?\n(?=\r?\n)|\r?\n?\Z", metadata)
    place = ends.start() if ends else len(metadata)
    return metadata[:place] + lines + metadata[place:]


def with_tags(wheel: bytes, names: Sequence[str], build: str | None) -> bytes:
    """Return WHEEL with other tags, one to a line, in the place of the first one, and another build tag."""
    newline = "\r\n" if b"\r\n" in wheel else "\n"
    lines = wheel.decode(errors="surrogateescape").splitlines()
    kinds = [line.partition(":")[0].strip().lower() for line in lines]
    first = kinds.index("tag")
    ours = [*([f"Build: {build}"] if build else []), *(f"Tag: {tag}" for tag in names)]
    kept = [
        [line for line, kind in zip(lines[part], kinds[part]) if kind not in ("tag", "build")]
        for part in (slice(first), slice(first, None))
    ]
    text = newline.join(chain(kept[0], ours, kept[1]))
    return (text + newline * (wheel[-1:] == b"\n")).encode(errors="surrogateescape")
