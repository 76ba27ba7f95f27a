"""The command line: it decides nothing and prints what functions return."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

from customtags import __version__
from customtags.errors import CustomtagsError

__all__ = ["VERBS", "main", "parser"]

#: Every verb: its name → the module that has it, and the function there that declares it and says what runs it.
VERBS = {
    "show": ("show", "declare_show"),
    "detect": ("show", "declare_detect"),
    "intersect": ("intersect", "declare"),
    "config": ("config", "declare"),
    "explain": ("choose", "declare_explain"),
    "rank": ("choose", "declare_rank"),
    "doctor": ("doctor", "declare"),
    "demo": ("demo", "declare"),
    "retag": ("retag", "declare"),
    "build-matrix": ("build_matrix", "declare"),
    "audit": ("audit", "declare"),
    "link-flags": ("link", "declare"),
    "repair": ("repair", "declare"),
    "completion": ("completion", "declare"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    :returns: 0 yes, 1 no, 2 bad usage or input
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # "…" is not in every encoding
        sys.stdout.reconfigure(errors="replace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    verb = [name for name in given[:1] if name in VERBS]
    options = parser(verb or VERBS).parse_args(given)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except CustomtagsError as error:
        print(f"customtags: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has seen enough
        _drop_output()
        return 0
    except OSError as error:  # the disk behind stdout is full, say
        _drop_output()
        print(f"customtags: {error}; make room, or name another file", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return status


def _drop_output() -> None:
    """Let what is still to be written at the end go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def parser(names: Iterable[str]) -> argparse.ArgumentParser:
    """Make the parser that knows these verbs; only their modules are loaded."""
    made = argparse.ArgumentParser(
        prog="customtags",
        description="Extended platform tags: what this machine is, and what pip takes.",
    )
    made.add_argument("--version", action="version", version=f"customtags {__version__}")
    verbs = made.add_subparsers(metavar="VERB", required=True)
    for name in names:
        module, declare = VERBS[name]
        getattr(import_module(f"{__name__}.{module}"), declare)(verbs, name)
    return made
