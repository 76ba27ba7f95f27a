"""The verb completion: a script by which a shell completes verbs, options and files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from customtags import cli
from customtags.cli.output import Verbs, add_verb, print_json, save
from customtags.errors import ToolError

__all__ = ["declare"]

SHELLS = ("bash", "zsh", "fish", "tcsh")

#: The metavar of an argument → what a shell completes it with, as an attribute of shtab.
COMPLETED = {
    **dict.fromkeys(("FILE", "PROFILE", "SOURCE", "WHEEL"), "FILE"),
    **dict.fromkeys(("DIR", "FOLDER"), "DIRECTORY"),
}


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags completion``."""
    example = "customtags completion bash > ~/.local/share/bash-completion/completions/customtags"
    parser = add_verb(verbs, name, "print a completion script for a shell", example)
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=_completion)


def _completion(options: argparse.Namespace) -> int:
    try:
        import shtab
    except ImportError:
        cure = "run: pip install 'customtags[completion]'"
        raise ToolError("completion requires shtab", cure) from None
    every = cli.parser(cli.VERBS)
    for action in _actions(every):
        kind = COMPLETED.get(str(action.metavar))
        if kind:
            action.complete = getattr(shtab, kind)  # type: ignore[attr-defined]
    script = shtab.complete(every, shell=options.shell)
    if options.json:
        print_json({"shell": options.shell, "script": script})
    else:
        save(f"{script}\n", None)
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield every argument of a parser and of its verbs."""
    for action in parser._actions:  # noqa: SLF001 - it has no public name
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - nor this
            for verb in action.choices.values():
                yield from _actions(verb)
