"""Pure: what the local version of an accelerated wheel says (PEP 440), by a table of the spellings that projects use.

Before there was a place for it in the platform tag, ``torch-2.9.0+cu128`` told builds of one version apart. A local
version counts as a higher version, so ``1.0+cpu`` wins over ``1.0`` on every machine; a platform tag does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from customtags.machine.dimensions import flavour

__all__ = ["SPELLINGS", "meaning"]


class Meaning(NamedTuple):
    """What a local version says.

    :ivar values: dimension → segments: ``{"accelerator": ["cuda12_8"], "abi": ["torch2_8"]}``; empty for a CPU build
    :ivar unknown: the part that no row of the table knows, or that no segment can say; empty if there is none
    """

    values: Mapping[str, list[str]]
    unknown: str


class Spelling(NamedTuple):
    """One part of a local version.

    :ivar pattern: what it looks like in lower case
    :ivar segment: returns the dimension and the segment of a match, None for a part that says nothing more
    :ivar users: projects that publish it, and where
    """

    pattern: re.Pattern[str]
    segment: Callable[[re.Match[str]], tuple[str, str] | None]
    users: str


def _joined(dimension: str, word: str) -> Callable[[re.Match[str]], tuple[str, str]]:
    """Return a function that makes a segment of a word and the groups of a match that are there."""

    def segment(match: re.Match[str]) -> tuple[str, str]:
        return dimension, word + "_".join(str(int(each)) for each in match.groups() if each)

    return segment


_PYTORCH = "https://download.pytorch.org/whl/torch/"

#: Every spelling; the first that matches counts, so the longer ones come first.
SPELLINGS = (
    Spelling(
        re.compile(r"cuda\d+(?:\.\d+)?|cu\d\d+|rocm\d+(?:\.\d+){0,2}"),
        lambda match: ("accelerator", flavour.parse(match[0]) or ""),
        f"torch, torchvision, torchaudio, xformers, vLLM, llama-cpp-python, dgl, flash-attn: {_PYTORCH}; "
        "jaxlib 0.4: https://storage.googleapis.com/jax-releases/jax_cuda_releases.html; vLLM: https://wheels.vllm.ai/rocm/",
    ),
    Spelling(re.compile(r"cpu"), lambda _: None, f"torch, torch-scatter, vLLM, jaxlib: {_PYTORCH}"),
    Spelling(
        re.compile(r"(?:pt|torch)(\d+)\.(\d+)(?:\.\d+)?"),
        _joined("abi", "torch"),
        "flash-attn, mamba-ssm, causal-conv1d: https://github.com/Dao-AILab/flash-attention/releases; pytorch3d",
    ),
    Spelling(
        re.compile(r"pt(\d)(\d{1,2})"),
        _joined("abi", "torch"),
        "torch-scatter, torch-sparse, torch-cluster, pyg-lib: https://data.pyg.org/whl/",
    ),
    Spelling(
        re.compile(r"torch(\d)(\d{1,2})\d(?!\d)"),
        _joined("abi", "torch"),
        "natten: https://whl.natten.org/",
    ),
)

#: The C++ ABI of libstdc++: the torch of PyPI has the new one from 2.7 on, and the old one up to 2.5
#: (https://github.com/pytorch/pytorch/issues/149044); of 2.6 both are published, so there it stays.
_CXX11 = re.compile(r"cxx11abi(true|false)")


def meaning(local: str) -> Meaning:
    """Return what a local version says.

    >>> meaning("cu12torch2.8cxx11abiTRUE")
    Meaning(values={'accelerator': ['cuda12'], 'abi': ['torch2_8']}, unknown='')
    >>> meaning("cu128"), meaning("cpu"), meaning("cuda12.cudnn89").unknown
    (Meaning(values={'accelerator': ['cuda12_8']}, unknown=''), Meaning(values={}, unknown=''), 'cudnn89')
    """
    rest = local.lower().replace("-", ".").replace("_", ".")
    values: dict[str, list[str]] = {}
    while rest:
        matches = ((each, each.pattern.match(rest)) for each in SPELLINGS)
        found = next(((each, match) for each, match in matches if match), None)
        if found is None:
            match = _CXX11.match(rest)
            if match is None or not _is_usual(match[1] == "true", values):
                return Meaning(values, rest)
        else:
            spelling, match = found
            said = spelling.segment(match)
            if said:
                values.setdefault(said[0], []).append(said[1])
        rest = rest[match.end() :].lstrip(".")
    several = next(
        (each for each, segments in values.items() if each == "accelerator" and len(segments) > 1),
        "",
    )
    return Meaning(values, local if several else "")


def _is_usual(new: bool, values: Mapping[str, list[str]]) -> bool:
    """Check that a C++ ABI is the one that the wheel's version of torch has, so that ``torch2_8`` says it."""
    torch = next((each for each in values.get("abi", ()) if each.startswith("torch")), "torch0_0")
    version = tuple(map(int, torch.removeprefix("torch").split("_")))
    return version >= (2, 7) if new else (0, 0) < version < (2, 6)
