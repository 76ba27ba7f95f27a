"""What a plugin of wheel variants supports, asked for in a child process."""

from __future__ import annotations

import os
import sys
import zlib

from customtags.machine.host import cache, child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from customtags.machine.host.nvml import Files

__all__ = ["supported"]

#: The lifetime in seconds of an answer and of a fault. It is short, because an answer may depend on anything.
WHOLE, BRIEF = 3600, 600


def supported(host: Files, plugin: str, release: str) -> dict[str, Any] | None:
    """Return ``{"namespace": "x86_64", "configs": [{"name": "level", "values": ["v3", …]}], "known": …}``.

    :param plugin: ``module:object``
    :param release: its distribution and version; a change makes the cached answer stale
    :returns: that, ``{"fault": why}``, or None if no child process can be started
    """
    name = f"variants-{zlib.crc32(f'{plugin} {sys.prefix}'.encode()):08x}"
    key = [plugin, release, sys.prefix, host.glance("/proc/sys/kernel/random/boot_id", 64)]
    answer: dict[str, Any] | None = cache.read(name, key)
    if answer is not None:
        return answer
    script = os.path.join(os.path.dirname(__file__), "_ask_variants.py")
    try:
        answer, fault = child.run(script, plugin, *map(os.path.abspath, sys.path))
    except OSError:
        return None
    if answer is None:
        answer = {"fault": f"the plugin {fault}"}
    cache.write(name, key, answer, BRIEF if "fault" in answer else WHOLE)
    return answer
