"""Pure: fromager's build tags, parsed into segments and made of them.

A build tag is a number and, joined by ``_``, the environment of the build: distribution, accelerator, torch, as in
``8_el9.6_rocm7.1_torch2.10.0``; each part consists of letters, digits and dots
(https://github.com/python-wheel-build/fromager, docs/proposals/wheel-build-tag-hook.md). Installers sort by build tags and
refuse no wheel because of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from customtags.errors import CustomtagsError
from customtags.tags import fold, naming, parse

if TYPE_CHECKING:
    from customtags.machine.spec import Page
    from customtags.tags.naming import Value

__all__ = ["read", "write"]


def read(build: str, arch: str, pages: Sequence[Page]) -> tuple[str, dict[str, Value]]:
    """Parse a build tag into its number and the value of each dimension.

    A part that no page knows names a project whose ABI is required. Of a version the first two numbers count.

    >>> from customtags.machine.dimensions import builtin
    >>> read("8_el9.6_rocm7.1_torch2.10.0", "x86_64", builtin())
    ('8', {'distro': 'el9.6', 'accelerator': 'rocm7.1', 'abi': ['torch2.10']})

    :raises CustomtagsError: a part cannot be spelled as a segment, or two are of one dimension
    """
    number, *parts = build.split("_")
    values: dict[str, Value] = {}
    abi: list[str] = []
    for part in parts:
        value = ".".join(part.lower().split(".")[:2])
        segment = fold(value)
        found = naming.runs(f"linux_{arch}_{segment}", pages)[1] if segment else []
        if len(found) != 1 or found[0].dimension in values:
            raise CustomtagsError(
                f"the build tag {build!r} contains {part!r}, which is not a segment of its own",
                "give the platform with --platform",
            )
        if found[0].dimension in (None, "abi"):
            abi.append(value)
        else:
            values[found[0].dimension] = value
    return number, {**values, **({"abi": abi} if abi else {})}


def write(number: str, platform: str) -> tuple[str, str]:
    """Return the build tag with the segments of a platform, and the platform's base.

    >>> write("8", "linux_x86_64_el9_6_rocm7_1_torch2_10")
    ('8_el9.6_rocm7.1_torch2.10', 'linux_x86_64')
    """
    base, segments = parse(platform)
    return "_".join((number, *(segment.replace("_", ".") for segment in segments))), base
