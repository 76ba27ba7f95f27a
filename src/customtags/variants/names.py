"""Pure: the file name of a variant wheel, which ends in its label (PEP 825, Variant label; a draft)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from customtags.errors import WheelError
from customtags.wheels import filename

if TYPE_CHECKING:
    from customtags.wheels.filename import FileName

__all__ = ["INDEX_SUFFIX", "index_name", "is_label", "join", "split"]

#: What the name of a release's variant metadata ends in (PEP 825, Index-level metadata).
INDEX_SUFFIX = "-variants.json"

_LABEL = re.compile(r"[0-9a-z_.]+")


def is_label(text: str) -> bool:
    """Check that a text may be a label (PEP 825, Variant label)."""
    return _LABEL.fullmatch(text) is not None


def split(name: str) -> tuple[FileName, str | None]:
    """Split a wheel file name into the name without a label, and the label, None where there is none.

    >>> split("a-1-py3-none-linux_x86_64-x86_64_v3.whl")[1], split("a-1-1-py3-none-linux_x86_64.whl")[1]
    ('x86_64_v3', None)

    :raises WheelError: it is not a wheel file name
    """
    parts = name.removesuffix(".whl").split("-")
    # A build tag begins with a digit, and a Python tag must not.
    usual = 6 if parts[2:3] and parts[2][:1].isdigit() else 5
    if len(parts) != usual + 1:
        return filename.parse(name), None
    if not is_label(parts[-1]):
        raise WheelError(
            name, "has a label with other characters than a-z, 0-9, '_' and '.'", "rename it"
        )
    return filename.parse("-".join(parts[:-1]) + ".whl"), parts[-1]


def join(file: FileName, label: str | None) -> str:
    """Return the file name of a wheel with a label.

    >>> join(filename.parse("a-1-py3-none-linux_x86_64.whl"), "x86_64_v3")
    'a-1-py3-none-linux_x86_64-x86_64_v3.whl'
    """
    return str(file) if label is None else f"{str(file).removesuffix('.whl')}-{label}.whl"


def index_name(file: FileName) -> str:
    """Return the name of the metadata of a wheel's release.

    >>> index_name(filename.parse("a-1-py3-none-any.whl"))
    'a-1-variants.json'
    """
    return f"{file.project}-{file.version}{INDEX_SUFFIX}"
