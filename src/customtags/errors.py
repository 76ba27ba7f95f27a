"""Every exception of customtags: what happened, then what to do, each also as an attribute."""

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
    """A problem that the user can solve; the message is one line, ``PROBLEM; CURE``.

    :ivar problem: what happened, as one clause
    :ivar cure: what to do, as one clause
    """

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem, cure)
        self.problem = problem
        self.cure = cure

    def __str__(self) -> str:
        return printable(f"{self.problem}; {self.cure}")


class TagError(CustomtagsError):
    """A platform tag or segment that the grammar does not allow."""

    def __init__(self, tag: str, why: str, cure: str) -> None:
        super().__init__(f"{tag!r} {why}", cure)
        self.tag = tag


class BuildError(CustomtagsError):
    """A build whose settings contradict each other, the project or the wheel that was built."""


class FactError(CustomtagsError):
    """A file or folder of a machine that cannot be read or written, or has no usable content."""

    def __init__(self, path: str, why: str, cure: str) -> None:
        super().__init__(f"{path!r} {why}", cure)
        self.path = path


class LimitError(CustomtagsError):
    """Extended tags that a limit dropped, so that pip refuses wheels that fit.

    :ivar limit: the configured limit; None if only the limit that guards pip was reached
    """

    def __init__(self, kept: int, dropped: int, limit: int | None) -> None:
        problem = f"the limit of {kept} drops {dropped} of {kept + dropped} extended tags"
        cure = "raise or remove 'limit' in customtags.toml"
        if limit is None:
            cure = "configure fewer projects, labels, dimensions or bases, or set 'limit' in customtags.toml"
        super().__init__(problem, cure)
        self.limit = limit


class OverrideError(CustomtagsError):
    """An override, in a variable or a file, whose value is not valid."""

    def __init__(self, setting: str, value: str, why: str, cure: str) -> None:
        super().__init__(f"{setting}={value!r} {why}", cure)
        self.setting = setting
        self.value = value


class SettingError(CustomtagsError):
    """A configuration file (customtags.toml) that cannot be used."""

    def __init__(self, path: str, why: str, cure: str) -> None:
        super().__init__(f"{path!r} {why}", cure)
        self.path = path


class DimensionError(CustomtagsError):
    """A dimension that is skipped, because its page cannot be used.

    :ivar origin: the distribution that has the page, with its version
    """

    def __init__(self, name: str, origin: str, why: str, cure: str) -> None:
        super().__init__(f"the dimension {name!r} of {origin} {why}", cure)
        self.name = name
        self.origin = origin


class ElfError(CustomtagsError):
    """An ELF file that is truncated or malformed."""

    def __init__(self, why: str) -> None:
        super().__init__(why, "build or download it again")


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
    """A program or package that is required and is missing, or that failed."""


class VariantError(CustomtagsError):
    """Properties, labels or metadata of wheel variants that cannot be used."""


class WheelError(CustomtagsError):
    """A file that is not a wheel, or a wheel that cannot be read or written."""

    def __init__(self, path: str, why: str, cure: str) -> None:
        super().__init__(f"{path!r} {why}", cure)
        self.path = path
