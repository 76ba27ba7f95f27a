"""A build back end (PEP 517, PEP 660) that wraps a project's own and gives its wheels the requested tags.

``[build-system] build-backend = "customtags.build"``. It offers the hooks of the wrapped back end and no others
(PEP 562), so no hook is in ``__all__``.
"""

from __future__ import annotations


def __getattr__(name: str) -> object:
    if name.startswith(("build_", "prepare_metadata_", "get_requires_")):
        from customtags.building.hooks import offer

        return offer(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
