"""The command line: it decides nothing and prints what functions return."""

from __future__ import annotations

TYPE_CHECKING = False  # `main` guards every other import against Ctrl-C
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from customtags.cli.output import Parser

__all__ = ["VERBS", "main", "parser"]

#: Every verb: its name → its module, and the function there that declares its arguments and what runs it.
VERBS = {
    "show": ("show", "declare_show"),
    "detect": ("show", "declare_detect"),
    "intersect": ("intersect", "declare"),
    "config": ("config", "declare"),
    "explain": ("explain", "declare"),
    "rank": ("rank", "declare"),
    "doctor": ("doctor", "declare"),
    "demo": ("demo", "declare"),
    "retag": ("retag", "declare"),
    "variant": ("variant", "declare"),
    "build-matrix": ("build_matrix", "declare"),
    "audit": ("audit", "declare"),
    "link-flags": ("link", "declare"),
    "repair": ("repair", "declare"),
    "coverage": ("coverage", "declare"),
    "serve": ("serve", "declare"),
    "view": ("serve", "declare_view"),
    "completion": ("completion", "declare"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    :returns: 0 yes, 1 no, 2 bad usage or input, 130 interrupted
    """
    try:
        return _main(arguments)
    except KeyboardInterrupt:
        return 130


def _main(arguments: Sequence[str] | None) -> int:
    import io
    import os
    import sys

    # Python makes None of a standard stream that is closed.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):  # "…" is not in every encoding
        sys.stdout.reconfigure(errors="replace")
    given = list(sys.argv[1:] if arguments is None else arguments)

    from customtags.cli.output import warn
    from customtags.errors import CustomtagsError

    try:
        verb = [name for name in given[:1] if name in VERBS]
        every = [] if given == ["--version"] else VERBS
        options = parser(verb or every).parse_args(given)
        status: int = options.run(options)
        sys.stdout.flush()
    except CustomtagsError as error:
        warn(error)
        return 2
    except BrokenPipeError:  # the reader has seen enough
        _drop_output()
        return 0
    except OSError as error:  # such as a full disk behind standard output
        _drop_output()
        warn(f"{error}; make room, or name another file")
        return 2
    return status


def _drop_output() -> None:
    """Discard what Python would write at exit."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def parser(names: Iterable[str]) -> Parser:
    """Return the parser for some verbs; only their modules are imported."""
    from importlib import import_module

    from customtags import __version__
    from customtags.cli.output import Parser

    made = Parser(
        prog="customtags",
        description="Show the extended platform tags of a machine, and which wheels pip takes.",
    )
    made.add_argument("--version", action="version", version=f"customtags {__version__}")
    verbs = made.add_subparsers(metavar="VERB", required=True)
    for name in names:
        module, declare = VERBS[name]
        getattr(import_module(f"{__name__}.{module}"), declare)(verbs, name)
    return made
