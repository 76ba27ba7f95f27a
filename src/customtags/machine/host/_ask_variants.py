"""A program that `customtags.machine.host.variants` runs: query a plugin of wheel variants, and print its answer as JSON.

Arguments: ``module:object``, then folders to import from. It supports every version of that API:

* an instance, whose ``get_supported_configs`` takes the known properties, or None;
* a class with static methods and ``namespace``, or without it, or a module, whose ``get_supported_configs`` takes
  nothing (PEP 850, draft). ``get_all_configs`` is optional.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import site
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

answers = os.dup(1)
os.dup2(2, 1)  # discards whatever a plugin prints
PLUGIN, *FOLDERS = sys.argv[1:]

#: The most names and values that an answer may have.
MOST = 10000


def load() -> Any:
    site.main()  # editable installations require .pth files
    sys.path += [folder for folder in FOLDERS if folder not in sys.path]
    name, _, path = PLUGIN.partition("[")[0].strip().partition(":")
    plugin = importlib.import_module(name)
    for attribute in filter(None, path.split(".")):
        plugin = getattr(plugin, attribute)
    method = inspect.getattr_static(plugin, "get_supported_configs", None)
    bound = isinstance(method, (classmethod, staticmethod))
    return plugin() if callable(plugin) and not bound and is_maker(plugin) else plugin


def is_maker(plugin: Any) -> bool:
    """Return whether calling it makes the plugin: a class with ordinary methods, or a function."""
    return inspect.isclass(plugin) or not hasattr(plugin, "get_supported_configs")


def call(method: Callable[..., Any]) -> list[dict[str, Any]]:
    needed = [
        parameter
        for parameter in inspect.signature(method).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    configs = [
        {"name": config.name, "values": list(config.values)}
        for config in method(*[None for _ in needed])
    ]
    texts = [text for config in configs for text in (config["name"], *config["values"])]
    if len(texts) > MOST or not all(isinstance(text, str) for text in texts):
        raise TypeError("its configurations are not names with values")
    return configs


def query() -> dict[str, Any]:
    plugin = load()
    namespace = getattr(plugin, "namespace", None)
    known = call(plugin.get_all_configs) if hasattr(plugin, "get_all_configs") else []
    configs = call(plugin.get_supported_configs)
    return {
        "namespace": namespace if isinstance(namespace, str) else None,
        "configs": configs,
        "known": known,
    }


try:
    answer = query()
except (Exception, SystemExit) as error:  # noqa: BLE001 - reported as the fault
    answer = {"fault": f"the plugin fails ({type(error).__name__}: {error})"}
os.write(answers, b"customtags final " + json.dumps(answer).encode() + b"\n")
os._exit(0)  # a thread that a plugin left running must not delay the end
