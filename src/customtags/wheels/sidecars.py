"""The files beside a wheel that describe it: its metadata in the folder of an index, and attestations."""

from __future__ import annotations

from pathlib import Path

__all__ = ["attestations", "metadata"]

#: The endings of a publisher's statements about a wheel (PEP 740; pypi-attestations); each binds its name and hash.
_ATTESTATIONS = (
    ".publish.attestation",
    ".attestation",
    ".provenance",
    ".asc",
    ".sigstore",
    ".sigstore.json",
)


def metadata(wheel: Path) -> Path:
    """Return the path of the METADATA that an index serves beside a wheel (PEP 658)."""
    return wheel.with_name(f"{wheel.name}.metadata")


def attestations(wheel: Path) -> list[Path]:
    """Return the statements about a wheel, which are void for another wheel in its place."""
    named = [wheel.with_name(wheel.name + suffix) for suffix in _ATTESTATIONS]
    return [path for path in named if path.exists()]
