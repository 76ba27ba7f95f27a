"""The subdirectories of ``glibc-hwcaps`` that glibc's dynamic loader searches (ld.so(8)).

The loader decides by the CPU, with code independent of customtags.
"""

from __future__ import annotations

__all__ = ["levels"]

#: Time limit in seconds; the loader takes about 1 ms.
LIMIT = 2.0


def levels(loader: str, limit: float = LIMIT) -> list[str] | None:
    """Return the supported levels, as in ``["x86-64-v3", "x86-64-v2"]``; None if the loader does not list them.

    :param loader: its path; only glibc ≥ 2.33 lists levels
    :param limit: the time limit in seconds
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
