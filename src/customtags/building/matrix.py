"""The variants of a project, ``[tool.customtags.variants]``: selected by name, and built one after another."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from customtags.building import reason
from customtags.errors import BuildError, ToolError
from customtags.machine.dimensions import distro, facts_of
from customtags.tags import DIMENSIONS
from customtags.wheels.claims import NameClaims

if TYPE_CHECKING:
    from customtags.machine.spec import Profile

__all__ = ["build", "row", "selected", "warning"]

Variants = Mapping[str, Mapping[str, Any]]


class Built(NamedTuple):
    """A wheel that was built for a variant."""

    variant: str
    wheel: Path


def selected(variants: Variants, names: Sequence[str]) -> Variants:
    """Return the named variants, or all of them if no name is given.

    :raises BuildError: the project has no variants, or none of that name
    """
    if not variants:
        cure = 'add one, as in v3 = { isa = "v3" }'
        raise BuildError("pyproject.toml has no [tool.customtags.variants]", cure)
    for name in names:
        if name not in variants:
            cure = f"choose from {', '.join(variants)}"
            raise BuildError(f"pyproject.toml has no variant {name!r}", cure)
    return {name: variants[name] for name in names or variants}


def row(name: str, variant: Mapping[str, Any]) -> dict[str, str]:
    """Return a variant's name and the value of each of its dimensions: a row of a CI matrix.

    >>> row("torch", {"isa": "v3", "abi": ["torch2.9", "numpy2"], "environment": {"A": "1"}})
    {'variant': 'torch', 'isa': 'v3', 'abi': 'torch2.9,numpy2'}
    """
    values = {key: variant[key] for key in DIMENSIONS if key in variant}
    joined = {
        key: each if isinstance(each, str) else ",".join(each) for key, each in values.items()
    }
    return {"variant": name, **joined}


def build(
    source: Path, folder: Path, variants: Variants, options: Sequence[str]
) -> Iterator[Built]:
    """Run ``python -m build`` for each variant.

    It builds each wheel from a new sdist, so that no object of an earlier build is reused.

    :param folder: the folder for the sdist and the wheels
    :param options: additional options of ``build``
    :raises ToolError: ``build`` is not installed or failed
    :raises BuildError: two variants produce the same wheel
    """
    found = find_spec("build")
    if found is None or found.origin is None:  # a folder named build is not the module
        raise ToolError("the module 'build' is not installed", "pip install 'customtags[matrix]'")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = f"the folder {str(folder)!r} cannot be created ({error.strerror})"
        raise BuildError(why, "choose another folder with -d") from error
    owners: dict[str, str] = {}
    for name in variants:
        with tempfile.TemporaryDirectory(prefix=".customtags-", dir=folder) as out:
            _run_build(source, name, Path(out, "wheels"), options)
            for made in sorted(Path(out, "wheels").iterdir()):
                owner = owners.setdefault(made.name, name) if made.suffix == ".whl" else name
                if owner != name:
                    why = f"the variants {owner!r} and {name!r} both produce {made.name!r}"
                    raise BuildError(why, "give them different values")
                made.replace(folder / made.name)
                if made.suffix == ".whl":
                    yield Built(name, folder / made.name)


def warning(built: Built, machine: Profile) -> str | None:
    """Return a warning if a wheel is named after a distribution, and was built on a machine of another one.

    The compiler takes the libraries of the machine, and the name does not show which these were.

    :param machine: the machine that built it
    """
    facts = facts_of(machine, distro)
    supported = distro.ladder(facts) if facts else []
    other = [
        each
        for each in NameClaims.of(built.wheel.name).values(distro.NAME)
        if each not in supported
    ]
    if not other:
        return None
    where = distro.describe(facts) if facts else "an unknown distribution"
    return (
        f"the variant {built.variant!r} is for {other[0]}, and was built on {where}, whose libraries may differ; "
        f"build it in an image of {other[0]}, with --variant {built.variant}"
    )


def _run_build(source: Path, variant: str, folder: Path, options: Sequence[str]) -> None:
    """Run ``python -m build`` for one variant.

    :param folder: a new folder for the sdist and the wheel
    :raises ToolError: it failed; the message repeats the reason of the back end, because more output follows that
    """
    folder.mkdir()
    file = folder.with_name("reason").resolve()  # back ends run in the project's folder
    command = [sys.executable, "-m", "build", f"-Cvariant={variant}", "-o", str(folder), *options]
    environment = {**os.environ, reason.VARIABLE: str(file)}
    done = subprocess.run([*command, str(source)], stdout=sys.stderr, env=environment, check=False)
    if done.returncode:
        why = f"the build of the variant {variant!r} failed"
        refusal = reason.read(file)
        if refusal:
            raise ToolError(f"{why}: {refusal.problem}", refusal.cure)
        raise ToolError(f"{why} (status {done.returncode})", "see its output above")
