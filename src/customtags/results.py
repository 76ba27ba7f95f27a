"""The values that the public functions return and take: named tuples and typed dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypedDict

__all__ = [
    "AbiFacts",
    "AcceleratorFacts",
    "CudaFacts",
    "DistroFacts",
    "Extended",
    "IsaFacts",
    "Parsed",
    "PlatformFacts",
    "Profile",
    "RocmFacts",
    "SiteFacts",
]


class Parsed(NamedTuple):
    """A platform tag in its parts.

    :ivar base: the stock tag: ``linux_x86_64``
    :ivar segments: what extends it: ``("v3", "fc39", "rocm6_0")``
    """

    base: str
    segments: tuple[str, ...]


class Extended(NamedTuple):
    """The extended tags that a machine accepts.

    :ivar tags: best first
    :ivar dropped: how many more the limit left out
    """

    tags: list[str]
    dropped: int


class PlatformFacts(TypedDict, total=False):
    """What the stock tags of a machine depend on, and its Pythons.

    :ivar arch: as ``uname -m`` prints it
    :ivar libc: ``glibc`` or ``musl``
    :ivar python: best first, as ``3.12``, ``3.13t`` or ``pp310-pypy310_pp73``
    """

    arch: str
    libc: str | None
    libc_version: str | None
    python: list[str]


class IsaFacts(TypedDict):
    """The instruction set: the features that CPU and operating system support."""

    arch: str | None
    features: list[str]


#: Keys of os-release(5) in lower case; or ``segment``, what is accepted: ``el9_4``.
DistroFacts = Mapping[str, str]


class CudaFacts(TypedDict, total=False):
    """NVIDIA's driver and GPUs; with ``fault`` the reason why the driver was not readable."""

    cuda: list[int]
    capabilities: list[list[int]]
    driver: str | None
    policy: str
    fault: str


class RocmFacts(TypedDict):
    """AMD's ROCm and GPUs."""

    version: str | None
    gpus: list[str]


class AcceleratorFacts(TypedDict, total=False):
    """One key for each vendor that customtags knows; third parties' vendors add theirs."""

    cuda: CudaFacts | None
    rocm: RocmFacts | None


class AbiFacts(TypedDict, total=False):
    """The installed projects whose ABI counts, by version; or what is accepted of them."""

    versions: dict[str, str]
    segments: list[str]
    projects: list[list[str]]


class SiteFacts(TypedDict):
    """The labels that an organisation gives its machines."""

    labels: list[str]


class Profile(TypedDict, total=False):
    """All that is known about one machine (docs/reference/profiles.md); third parties' dimensions add their keys.

    :ivar version: of this shape: 1
    :ivar source: for each page where its facts were read; None if it found none
    :ivar problems: which dimensions were left out, and why
    """

    version: int
    platform: PlatformFacts
    isa: IsaFacts | None
    distro: DistroFacts | None
    accelerator: AcceleratorFacts | None
    abi: AbiFacts | None
    site: SiteFacts | None
    source: Mapping[str, str | None]
    problems: list[str]
