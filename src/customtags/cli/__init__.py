"""The command line: it decides nothing and prints what functions return."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from customtags import __version__
from customtags.cli import (
    audit,
    build_matrix,
    choose,
    completion,
    config,
    demo,
    doctor,
    intersect,
    link,
    look,
    repair,
    retag,
)
from customtags.errors import CustomtagsError

__all__ = ["main"]

#: Every verb: its name → the function that declares it and says what runs it.
VERBS = {
    "show": look.declare_show,
    "detect": look.declare_detect,
    "intersect": intersect.declare,
    "config": config.declare,
    "explain": choose.declare_explain,
    "rank": choose.declare_rank,
    "doctor": doctor.declare,
    "demo": demo.declare,
    "retag": retag.declare,
    "build-matrix": build_matrix.declare,
    "audit": audit.declare,
    "link-flags": link.declare,
    "repair": repair.declare,
    "completion": completion.declare,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    :returns: 0 yes, 1 no, 2 bad usage or input
    """
    parser = argparse.ArgumentParser(
        prog="customtags",
        description="Extended platform tags: what this machine is, and what pip takes.",
    )
    parser.add_argument("--version", action="version", version=f"customtags {__version__}")
    parser.set_defaults(parser=parser)  # for whoever looks at all verbs
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name, declare in VERBS.items():
        declare(verbs, name)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except CustomtagsError as error:
        print(f"customtags: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except KeyboardInterrupt:
        return 130
    return status
