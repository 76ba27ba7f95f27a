"""A wheel with an extended tag becomes a variant wheel, and a variant wheel one with an extended tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from customtags.errors import VariantError, WheelError
from customtags.variants import metadata, names
from customtags.variants.metadata import NULL, Metadata
from customtags.variants.properties import label_of, platforms_of, properties_of
from customtags.wheels import filename
from customtags.wheels.edit import Edit, edit
from customtags.wheels.wheel import Wheel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from customtags.machine.spec import Page
    from customtags.wheels.filename import FileName

__all__ = ["Variant", "described", "extended", "variant", "with_platforms"]

#: The file in ``.dist-info`` that says what the label means (PEP 825, Variant metadata).
MEMBER = "variant.json"


class Variant(NamedTuple):
    """A wheel, and the variant wheel that it becomes.

    :ivar edit: what is written
    :ivar label: of the variant
    :ivar metadata: of the variant alone
    :ivar release: the file that tells installers of all variants of the release
    """

    edit: Edit
    label: str
    metadata: Metadata
    release: Path


def variant(
    path: Path,
    pages: Sequence[Page],
    *,
    label: str | None = None,
    null: bool | None = False,
    folder: Path | None = None,
) -> Variant:
    """Return the variant wheel that says what a wheel's extended tags say; nothing is written.

    :param pages: the dimensions that know its segments
    :param label: by default a readable one, as in ``x86_64_v3`` and ``cuda12.4_sm90``
    :param null: make a stock wheel the variant without properties, the fallback; None accepts any wheel
    :param folder: where it is placed, by default beside the wheel
    :raises CustomtagsError: the wheel is damaged, or its tags have no properties
    """
    name, given = names.split(path.name)
    if given is not None:
        raise WheelError(str(path), "is a variant wheel already", "leave it")
    wheel = Wheel(path)
    wheel.check()
    bases, properties = properties_of(name.platforms, pages)
    if null is not None and null == bool(properties):
        why = "names segments" if null else "has a stock name"
        cure = "leave out --null" if null else "--null makes it the fallback"
        raise WheelError(str(path), why, cure)
    label = _label(label, properties) or label_of(name.platforms, pages)
    own = metadata.made(label, properties)
    new = with_platforms(name, bases)
    changed = edit(wheel, new, {wheel.own(MEMBER): metadata.write(own).encode()}, folder)
    target = changed.target.with_name(names.join(new, label))
    release = target.with_name(names.index_name(new))
    return Variant(changed._replace(target=target), label, own, release)


def extended(path: Path, pages: Sequence[Page], folder: Path | None = None) -> Edit:
    """Return the wheel with extended tags that says what a variant wheel says; nothing is written.

    :raises CustomtagsError: the wheel is damaged, or no segment says one of its properties
    """
    wheel, new = meant(path, pages)
    wheel.check()
    return edit(wheel, new, {wheel.own(MEMBER): None}, folder)


def meant(path: Path, pages: Sequence[Page]) -> tuple[Wheel, FileName]:
    """Return a variant wheel, and the name with extended tags that means the same.

    :raises CustomtagsError: it has no label, no valid metadata, or no segment says one of its properties
    """
    name, label = names.split(path.name)
    if label is None:
        raise WheelError(str(path), "is not a variant wheel", "leave it")
    wheel = Wheel(path, name)
    found = described(wheel, label)
    platforms = platforms_of(name.platforms, found.variants[label], pages)
    return wheel, with_platforms(name, platforms)


def described(wheel: Wheel, label: str) -> Metadata:
    """Return what a variant wheel says of its label, which is all that it may describe.

    :raises CustomtagsError: it says nothing, something of another label, or is broken
    """
    path = wheel.path
    if wheel.own(MEMBER) not in wheel.members:
        why = f"has the label {label!r} and no {wheel.own(MEMBER)!r}"
        raise WheelError(str(path), why, "build it again, or remove the label")
    found = metadata.read(wheel.text(wheel.own(MEMBER)), f"{path.name}: {MEMBER}")
    if list(found.variants) != [label]:
        why = (
            f"has the label {label!r}, and {MEMBER} describes {', '.join(found.variants) or 'none'}"
        )
        raise WheelError(str(path), why, "build it again, or rename it")
    return found


def with_platforms(name: FileName, platforms: Sequence[str]) -> FileName:
    """Return a name with other platforms; a set that stays the same keeps its order."""
    if set(platforms) == set(name.platforms):
        return name
    return name._replace(platform=filename.compressed(platforms))


def _label(label: str | None, properties: object) -> str | None:
    """Return a label that was requested.

    :raises VariantError: it is not a label, or that of the fallback
    """
    if label is None:
        return None
    if not names.is_label(label):
        problem = f"{label!r} is not a label"
        raise VariantError(problem, "use a-z, 0-9, '_' and '.', as in x86_64_v3")
    if properties and label == NULL:
        raise VariantError(f"the label {NULL!r} is that of the fallback", "choose another")
    return label
