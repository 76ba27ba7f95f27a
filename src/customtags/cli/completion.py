"""The verb completion: what a shell must know to complete our verbs, options and files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from customtags import cli
from customtags.cli.output import Verbs, add_verb, print_json, save
from customtags.errors import ToolError

__all__ = ["declare"]

SHELLS = ("bash", "zsh", "fish", "tcsh")

#: How an argument is called in the help → what a shell completes it with, in the words of shtab.
COMPLETED = {
    **dict.fromkeys(("FILE", "PROFILE", "SOURCE", "WHEEL"), "FILE"),
    **dict.fromkeys(("DIR", "FOLDER"), "DIRECTORY"),
}


def declare(verbs: Verbs, name: str) -> None:
    """Declare ``customtags completion``."""
    example = "customtags completion bash > ~/.local/share/bash-completion/completions/customtags"
    parser = add_verb(verbs, name, "print what a shell needs to complete our options", example)
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=_completion)


def _completion(options: argparse.Namespace) -> int:
    try:
        import shtab
    except ImportError:
        cure = "pip install 'customtags[completion]'"
        raise ToolError("shtab is not installed, which knows the shells", cure) from None
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
    """Give every argument of a parser, those of its verbs too."""
    for action in parser._actions:  # noqa: SLF001 - it has no public name
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - nor this
            for verb in action.choices.values():
                yield from _actions(verb)
