"""Pure: bills of materials that name their own wheel, with the wheel's new name.

They are in ``.dist-info/sboms/`` (PEP 770). auditwheel's names project, version and file name
(https://cyclonedx.org/docs/1.4/json/, ``metadata.component``); a package URL spells a version with ``%2B`` for ``+``
(https://github.com/package-url/purl-spec).
"""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from customtags.machine.documents import parse_json
from customtags.wheels.filename import canonical

if TYPE_CHECKING:
    from customtags.wheels.filename import FileName

__all__ = ["patched"]

#: The styles in which programs write JSON; a bill is written in the first one that reproduces it.
_STYLES = [
    partial(json.dumps, ensure_ascii=ascii_only, indent=indent, separators=separators)
    for ascii_only in (True, False)
    for indent, separators in (
        (None, (", ", ": ")),
        (None, (",", ":")),
        (2, (",", ": ")),
        (4, (",", ": ")),
    )
]


def patched(content: bytes, old: FileName, new: FileName) -> bytes:
    """Return a bill with the wheel's new file name and version; unchanged if it names neither.

    :param content: CycloneDX or SPDX in any of their formats; the version of a component is changed in JSON only
    """
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content
    quoted = quote(str(new), safe="")
    for one, other in (
        (f"file_name={old}", f"file_name={quoted}"),
        (quote(str(old), safe=""), quoted if "+" in old.version else str(new)),
        (str(old), str(new)),
    ):
        text = text.replace(one, other)
    if old.version == new.version:
        return text.encode()
    spellings = "|".join({re.escape(old.version), re.escape(quote(old.version, safe=""))})
    url = re.compile(rf"({_url(old)})(?:{spellings})(?![\w.+!%-])", re.IGNORECASE)
    text = url.sub(lambda found: found[1] + quote(new.version, safe=""), text)
    return _components(text, old, new).encode()


def _url(wheel: FileName) -> str:
    """Return a pattern of the wheel's package URL up to its version."""
    return "pkg:pypi/" + "[-_.]+".join(map(re.escape, canonical(wheel.project).split("-"))) + "@"


def _components(text: str, old: FileName, new: FileName) -> str:
    """Return a bill with the new version of every component that is the wheel, in the same style."""
    try:
        bill = parse_json(text)
    except ValueError:
        return text
    end = text[len(text.rstrip()) :]
    write = next((style for style in _STYLES if style(bill) + end == text), _STYLES[2])
    components = [each for each in _objects(bill) if _is_wheel(each, old, new)]
    for component in components:
        component["version"] = new.version
    return write(bill) + end if components else text


def _is_wheel(component: dict[str, Any], old: FileName, new: FileName) -> bool:
    """Return whether a component is the wheel, and not a crate or a library of the same name."""
    named = canonical(str(component.get("name"))) == canonical(old.project)
    url = component.get("purl")
    same = url is None or re.match(_url(new), str(url), re.IGNORECASE)
    return named and bool(same) and component.get("version") == old.version


def _objects(value: Any) -> list[dict[str, Any]]:
    """Return every object of a JSON document."""
    if isinstance(value, dict):
        return [value, *(found for each in value.values() for found in _objects(each))]
    if isinstance(value, list):
        return [found for each in value for found in _objects(each)]
    return []
