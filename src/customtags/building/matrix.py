"""Every variant that a project has in ``[tool.customtags.variants]``: built one after another, or written for builders."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from customtags.building.project import DIMENSIONS
from customtags.errors import BuildError, ToolError
from customtags.machine.settings import build_variable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FORMATS", "Built", "build", "chosen"]

Variants = Mapping[str, Mapping[str, Any]]


class Built(NamedTuple):
    """What came out for one variant."""

    variant: str
    wheel: Path


def chosen(variants: Variants, names: Sequence[str]) -> Variants:
    """Give the named variants, or all of them.

    :raises BuildError: there are none, or not that one
    """
    if not variants:
        cure = 'write lines there as in v3 = { isa = "v3" }'
        raise BuildError("pyproject.toml has no [tool.customtags.variants]", cure)
    for name in names:
        if name not in variants:
            cure = f"there are {', '.join(variants)}"
            raise BuildError(f"the variant {name!r} is not in pyproject.toml", cure)
    return {name: variants[name] for name in names or variants}


def build(
    source: Path, folder: Path, variants: Variants, options: Sequence[str]
) -> Iterator[Built]:
    """Run ``python -m build`` for each variant: it makes an sdist and builds from that, so that nothing is left over.

    :param folder: where sdist and wheels come to lie
    :param options: further ones of ``build``
    :raises ToolError: it is missing, or fails
    :raises BuildError: two variants are the same wheel
    """
    found = find_spec("build")
    if found is None or found.origin is None:  # a folder of that name is no module
        raise ToolError("the module 'build' is missing", "pip install 'customtags[matrix]'")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = f"the folder {str(folder)!r} cannot be made ({error.strerror})"
        raise BuildError(why, "give another with -d") from error
    owners: dict[str, str] = {}
    for name in variants:
        with tempfile.TemporaryDirectory(prefix=".customtags-", dir=folder) as out:
            command = [sys.executable, "-m", "build", f"-Cvariant={name}", "-o", out, *options]
            done = subprocess.run([*command, str(source)], stdout=sys.stderr, check=False)
            if done.returncode:
                why = f"the variant {name!r} was not built (status {done.returncode})"
                raise ToolError(why, "what is wrong stands above")
            for made in sorted(Path(out).iterdir()):
                owner = owners.setdefault(made.name, name) if made.suffix == ".whl" else name
                if owner != name:
                    why = f"the variants {owner!r} and {name!r} are both {made.name!r}"
                    raise BuildError(why, "let them ask for different things")
                made.replace(folder / made.name)
                if made.suffix == ".whl":
                    yield Built(name, folder / made.name)


def _said(variant: Mapping[str, Any]) -> dict[str, str]:
    """Give what a variant says of dimensions, several values with commas."""
    said = {key: variant[key] for key in DIMENSIONS if key in variant}
    return {
        key: value if isinstance(value, str) else ",".join(value) for key, value in said.items()
    }


def _github(variants: Variants) -> str:
    """One line for ``strategy: matrix: ${{ fromJSON(…) }}``.

    https://docs.github.com/en/actions/reference/workflows-and-actions/expressions#fromjson
    """
    rows = [{"variant": name, **_said(variant)} for name, variant in variants.items()]
    return json.dumps({"include": rows}, separators=(",", ":"))


def _gitlab(variants: Variants) -> str:
    """A hidden job for ``extends``; the back end reads the variable (https://docs.gitlab.com/ci/yaml/#parallelmatrix)."""
    row = f"{build_variable('variant')}: {json.dumps(list(variants))}"
    return f".customtags:\n  parallel:\n    matrix:\n      - {row}"


def _cibuildwheel(variants: Variants) -> str:
    """A configuration file for one variant (https://cibuildwheel.pypa.io/en/stable/options/).

    auditwheel knows no extended names, and would refuse a level and add stock tags: it gets a stock name, and the extended
    one is given last. A release pins the C library, and its wheel is no manylinux wheel.
    """
    if len(variants) != 1:
        raise BuildError("cibuildwheel builds one variant in a run", "name it with --variant")
    ((name, variant),) = variants.items()
    said = _said(variant)
    options = " ".join(
        f"--{key} {shlex.quote(each)}" for key, value in said.items() for each in value.split(",")
    )
    repair = [
        "customtags retag --platform linux_$(uname -m) -d /tmp/stock {wheel}",
        "auditwheel repair --disable-isa-ext-check -w /tmp/repaired /tmp/stock/*.whl",
        f"customtags retag {options} -d {{dest_dir}} /tmp/repaired/*.whl",
        "rm -r /tmp/stock /tmp/repaired",
    ]
    lines = [
        "[tool.cibuildwheel]",
        f"config-settings = {{ variant = {json.dumps(name)} }}",
        "",
        "[tool.cibuildwheel.linux]",
        'before-all = "pipx install customtags"',
        'before-test = "pip install customtags"',
    ]
    if "distro" in said:
        lines += [f"# build it in an image of {said['distro']}", 'repair-wheel-command = ""']
    elif said:
        steps = [f"    {json.dumps(step)}," for step in repair]
        lines += ["repair-wheel-command = [", *steps, "]"]
    return "\n".join(lines)


#: What can be printed → what writes it.
FORMATS: Mapping[str, Callable[[Variants], str]] = {
    "github": _github,
    "gitlab": _gitlab,
    "cibuildwheel": _cibuildwheel,
}
