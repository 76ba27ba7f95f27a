"""Ask glibc's dynamic loader which subdirectories of ``glibc-hwcaps`` it would search (ld.so(8)).

It decides by the CPU itself, with code that is none of ours.
"""

from __future__ import annotations

__all__ = ["LIMIT", "levels"]

#: Seconds; it needs a thousandth of one.
LIMIT = 2.0


def levels(loader: str, limit: float = LIMIT) -> list[str] | None:
    """Give the levels that it supports, as ``["x86-64-v3", "x86-64-v2"]``; None if it does not say.

    :param loader: its path; what is no glibc ≥ 2.33 does not say
    :param limit: how many seconds it may take
    """
    import subprocess

    try:
        help_text = subprocess.run(
            [loader, "--help"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LC_ALL": "C"},
            timeout=limit,
            check=True,
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return None
    _, title, listed = help_text.partition("Subdirectories of glibc-hwcaps directories")
    names = [line.split() for line in listed.partition("\n\n")[0].splitlines()[1:]]
    return [words[0] for words in names if words[1:2] == ["(supported,"]] if title else None
