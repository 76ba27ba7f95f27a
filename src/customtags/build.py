"""A build back end (PEP 517, PEP 660) that wraps a project's own and gives its wheels the requested tags.

``[build-system] build-backend = "customtags.build"``. It offers the hooks of the wrapped back end and no others
(PEP 562), so no hook is in ``__all__``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    build_editable: Callable[..., str]
    build_sdist: Callable[..., str]
    build_wheel: Callable[..., str]
    get_requires_for_build_editable: Callable[..., list[str]]
    get_requires_for_build_sdist: Callable[..., list[str]]
    get_requires_for_build_wheel: Callable[..., list[str]]
    prepare_metadata_for_build_editable: Callable[..., str]
    prepare_metadata_for_build_wheel: Callable[..., str]

if not TYPE_CHECKING:  # a type checker would take every name for a hook

    def __getattr__(name: str) -> object:
        if name.startswith(("build_", "prepare_metadata_", "get_requires_")):
            from customtags.building.hooks import offer

            return offer(name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
