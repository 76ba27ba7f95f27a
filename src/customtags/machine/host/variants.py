"""Ask a plugin of wheel variants, in a process of its own."""

from __future__ import annotations

import os
import sys
import zlib

from customtags.machine.host import cache, child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from customtags.machine.host.nvml import Files

__all__ = ["ask"]

#: Seconds for which an answer counts, and one that says what is wrong. Nobody knows what it hangs on, so briefly.
WHOLE, BRIEF = 3600, 600


def ask(host: Files, plugin: str, release: str) -> dict[str, Any] | None:
    """Give ``{"namespace": "x86_64", "configs": [{"name": "level", "values": ["v3", …]}], "known": …}``.

    :param plugin: ``module:object``
    :param release: its distribution and version; another one is asked anew
    :returns: that, ``{"fault": why}``, or None where there can be no child process
    """
    name = f"variants-{zlib.crc32(f'{plugin} {sys.prefix}'.encode()):08x}"
    key = [plugin, release, sys.prefix, host.glance("/proc/sys/kernel/random/boot_id", 64)]
    answer: dict[str, Any] | None = cache.read(name, key)
    if answer is not None:
        return answer
    script = os.path.join(os.path.dirname(__file__), "_ask_variants.py")
    try:
        answer, fault = child.listen(script, plugin, *map(os.path.abspath, sys.path))
    except OSError:
        return None
    if answer is None:
        answer = {"fault": f"the plugin {fault}"}
    cache.write(name, key, answer, BRIEF if "fault" in answer else WHOLE)
    return answer
