"""The name by which the contents of a variant wheel are checked, or why ``variant.json`` gives it none (PEP 825, a draft)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from customtags.audit.finding import FALSE, UNDECIDED, Finding
from customtags.errors import CustomtagsError, VariantError
from customtags.machine.dimensions import builtin
from customtags.variants import convert, names
from customtags.variants.properties import platforms_of
from customtags.wheels.claims import NameClaims
from customtags.wheels.wheel import Wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from customtags.wheels.filename import FileName

__all__ = ["CODES", "NOT_CHECKED", "named"]

#: The code for a wheel of which hardly anything is checked.
NOT_CHECKED = "not-checked"

_DISAGREES = "variant-disagrees"

CODES: Mapping[str, str] = {
    _DISAGREES: "the label of a variant wheel and its variant.json disagree, or variant.json is missing or invalid; the contents were not compared with it",
}


class Named(NamedTuple):
    """The name of a wheel, and what it claims.

    :ivar file: without a label
    :ivar claims: those of its tags, and of the properties of its label as if they were segments
    :ivar finding: why the properties are not among the claims, None if they are
    """

    file: FileName
    claims: NameClaims
    finding: Finding | None


def named(path: Path) -> Named:
    """Return what the name of a wheel claims.

    :raises WheelError: it is not a wheel file name, or the file of a variant wheel cannot be read
    """
    file, label = names.split(path.name)
    claims = NameClaims.of(str(file))
    if label is None:
        return Named(file, claims, None)
    wheel = Wheel(path, file)
    try:
        wanted = convert.described(wheel, label).variants[label]
    except CustomtagsError as error:
        return Named(file, claims, Finding(_DISAGREES, FALSE, error.problem, cure=error.cure))
    try:
        platforms = platforms_of(file.platforms, wanted, builtin())
        claims = NameClaims.of(str(convert.with_platforms(file, platforms)))
    except VariantError as error:
        says = f"contents not compared with the label {label!r}: {error.problem}"
        return Named(file, claims, Finding(NOT_CHECKED, UNDECIDED, says))
    return Named(file, claims, None)
