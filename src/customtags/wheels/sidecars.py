"""The files beside a wheel that speak of it: its metadata in an index's folder, and attestations."""

from __future__ import annotations

from pathlib import Path

__all__ = ["attestations", "metadata"]

#: What a publisher's statement about a wheel may be called (PEP 740; pypi-attestations); each binds name and hash.
_ATTESTATIONS = (
    ".publish.attestation",
    ".attestation",
    ".provenance",
    ".asc",
    ".sigstore",
    ".sigstore.json",
)


def metadata(wheel: Path) -> Path:
    """Name the file with the METADATA of a wheel that an index serves beside it (PEP 658)."""
    return wheel.with_name(f"{wheel.name}.metadata")


def attestations(wheel: Path) -> list[Path]:
    """Find the statements about a wheel that another wheel in its place would make void."""
    named = [wheel.with_name(wheel.name + suffix) for suffix in _ATTESTATIONS]
    return [path for path in named if path.exists()]
