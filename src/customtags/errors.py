"""Every exception of customtags: what is wrong as attributes, and the cure in the message."""

from __future__ import annotations

__all__ = [
    "BuildError",
    "CustomtagsError",
    "DimensionError",
    "ElfError",
    "FactError",
    "LimitError",
    "OverrideError",
    "ProfileError",
    "SettingError",
    "SourceError",
    "TagError",
    "ToolError",
    "VariantError",
    "WheelError",
    "printable",
]


def printable(text: str) -> str:
    r"""Escape what a terminal would obey or hide, as `repr` does: control and format characters, line separators.

    >>> printable("evil/\x1b[31mred\u202e.so")
    'evil/\\x1b[31mred\\u202e.so'
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


class CustomtagsError(Exception):
    """Something that the user can put right.

    :ivar problem: what is wrong, as one clause
    :ivar cure: what to do about it, as one clause
    """

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem, cure)
        self.problem = problem
        self.cure = cure

    def __str__(self) -> str:
        return printable(f"{self.problem}; {self.cure}")


class TagError(CustomtagsError):
    """A platform tag or segment that is not spelled as the grammar says."""

    def __init__(self, tag: str, why: str, cure: str) -> None:
        super().__init__(f"{tag!r} {why}", cure)
        self.tag = tag


class BuildError(CustomtagsError):
    """A build of which something is asked that it cannot be."""


class FactError(CustomtagsError):
    """A file of the machine that is there, but cannot be read or says nothing."""

    def __init__(self, path: str, why: str, cure: str) -> None:
        super().__init__(f"{path!r} {why}", cure)
        self.path = path


class LimitError(CustomtagsError):
    """Extended tags that a limit dropped, so that pip refuses wheels that fit.

    :ivar limit: the user's, None where the user sets none and only the number that guards pip was reached
    """

    def __init__(self, kept: int, dropped: int, limit: int | None) -> None:
        problem = f"the limit of {kept} drops {dropped} of {kept + dropped} extended tags"
        cure = "raise or remove 'limit' in customtags.toml"
        if limit is None:
            cure = "configure fewer projects, labels, dimensions or bases, or set 'limit' in customtags.toml"
        super().__init__(problem, cure)
        self.limit = limit


class OverrideError(CustomtagsError):
    """A setting whose value means nothing."""

    def __init__(self, setting: str, value: str, why: str, cure: str) -> None:
        super().__init__(f"{setting}={value!r} {why}", cure)
        self.setting = setting
        self.value = value


class SettingError(CustomtagsError):
    """A customtags.toml that cannot be used."""

    def __init__(self, path: str, why: str, cure: str) -> None:
        super().__init__(f"{path!r} {why}", cure)
        self.path = path


class DimensionError(CustomtagsError):
    """A dimension that is left out, because what its page says can't be used.

    :ivar origin: the distribution that it comes from, with its version
    """

    def __init__(self, name: str, origin: str, why: str, cure: str) -> None:
        super().__init__(f"the dimension {name!r} of {origin} {why}", cure)
        self.name = name
        self.origin = origin


class ElfError(CustomtagsError):
    """An ELF file that is cut off or makes no sense."""

    def __init__(self, why: str) -> None:
        super().__init__(why, "build or fetch it again")


class SourceError(CustomtagsError):
    """A folder or an index that cannot be read.

    :ivar place: its path or URL, without a password
    """

    def __init__(self, place: str, why: str, cure: str) -> None:
        super().__init__(f"{place} {why}", cure)
        self.place = place


class ProfileError(CustomtagsError):
    """A profile that cannot be used."""

    def __init__(self, path: str, why: str, cure: str) -> None:
        super().__init__(f"the profile {path!r} {why}", cure)
        self.path = path


class ToolError(CustomtagsError):
    """A program that a verb needs and that is missing or failed."""


class VariantError(CustomtagsError):
    """Properties, labels or metadata of wheel variants that cannot be used."""


class WheelError(CustomtagsError):
    """A file that is no wheel, or one that can't be worked on."""

    def __init__(self, path: str, why: str, cure: str) -> None:
        super().__init__(f"{path!r} {why}", cure)
        self.path = path
