"""Ask NVIDIA's driver through NVML: pynvml, of the extra ``customtags[nvidia]``, in a child process."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["ask"]


def ask() -> dict[str, Any] | None:
    """Give ``{"cuda": [12, 4], "capabilities": [[9, 0], …]}``; None without pynvml or without an answer."""
    from importlib.util import find_spec

    found = find_spec("pynvml")  # importing it would cost the installer 40 ms
    if found is None or found.origin is None:
        return None
    from customtags.host import child

    script = os.path.join(os.path.dirname(__file__), "_ask_nvml.py")
    answer = child.ask(script, os.path.dirname(found.origin))
    return answer if isinstance(answer, dict) and _makes_sense(answer.get("cuda")) else None


def _makes_sense(cuda: object) -> bool:
    return isinstance(cuda, list) and len(cuda) == 2 and 1 <= cuda[0] < 100
