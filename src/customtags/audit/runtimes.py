"""Pure: the runtime libraries of accelerators, by which a file shows for which vendor and version it was built."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from customtags.wheels.elf import Elf

__all__ = ["LIBRARIES", "Sign", "is_static", "may_load", "signs"]

#: The start of a soname → its vendor, and the end of the soname → the major versions that have it, empty if it does not
#: show. CUDA: the folders lib64 of the toolkits 11.8, 12.9 and 13.0; ROCm: the libraries of 5.7, 6.4 and 7.0.
LIBRARIES: Mapping[str, tuple[str, Mapping[str, Sequence[int]]]] = {
    "libcudart.so.": ("cuda", {"11.0": [11], "12": [12], "13": [13]}),
    "libcublas.so.": ("cuda", {"11": [11], "12": [12], "13": [13]}),
    "libcublasLt.so.": ("cuda", {"11": [11], "12": [12], "13": [13]}),
    "libcufft.so.": ("cuda", {"10": [11], "11": [12], "12": [13]}),
    "libcurand.so.": ("cuda", {}),
    "libcusolver.so.": ("cuda", {"10": [11], "11": [11, 12], "12": [13]}),
    "libcusparse.so.": ("cuda", {"11": [11], "12": [12, 13]}),
    "libnvrtc.so.": ("cuda", {"11.2": [11], "12": [12], "13": [13]}),
    "libnvJitLink.so.": ("cuda", {"12": [12], "13": [13]}),
    "libnvjpeg.so.": ("cuda", {"11": [11], "12": [12], "13": [13]}),
    "libcupti.so.": ("cuda", {"12": [12], "13": [13]}),
    "libcudnn.so.": ("cuda", {}),
    "libnccl.so.": ("cuda", {}),
    "libcuda.so.": ("cuda", {}),
    "libamdhip64.so.": ("rocm", {"5": [5], "6": [6], "7": [7]}),
    "librocblas.so.": ("rocm", {"3": [5], "4": [6], "5": [7]}),
    "libhipblas.so.": ("rocm", {"1": [5], "2": [6], "3": [7]}),
    "libhipblaslt.so.": ("rocm", {"0": [5, 6], "1": [7]}),
    "libMIOpen.so.": ("rocm", {}),
    "librccl.so.": ("rocm", {}),
    "libhsa-runtime64.so.": ("rocm", {}),
    "libze_loader.so.": ("xpu", {}),
    "libsycl.so.": ("xpu", {}),
}

#: What auditwheel writes into the names of the libraries that it grafts: ``libcudart-9335f6a2.so.12.4.99``.
_HASH = re.compile(r"-[0-9a-f]{8}(?=\.so)")

#: A string in NVIDIA's runtime, and so in a file that has it linked statically.
_STATIC = b"cudaErrorCudartUnloading\0"

#: Vendor → strings in a file that opens a runtime at run time (dlopen).
_NAMED = {"cuda": (b"libcuda", b"cudart"), "rocm": (b"libamdhip",), "xpu": (b"libze_", b"libsycl")}


class Sign(NamedTuple):
    """Something in one file that shows for which accelerator it is.

    :ivar majors: the versions that it may be of, none if it does not show
    :ivar says: what it is, as a predicate: ``requires libcudart.so.12``
    """

    family: str
    majors: tuple[int, ...]
    says: str
    member: str


def signs(library: str, member: str) -> Iterator[Sign]:
    """Yield what a required library shows, also with the hash or the longer version that auditwheel writes into its name."""
    plain = _HASH.sub("", library)
    for start, (family, majors) in LIBRARIES.items():
        if plain.startswith(start):
            end = f"{plain[len(start) :]}."
            major = next((each for key, each in majors.items() if end.startswith(f"{key}.")), ())
            yield Sign(family, tuple(major), f"requires {library}", member)


def is_static(elf: Elf) -> bool:
    """Return whether NVIDIA's runtime is linked statically."""
    section = elf.section(".rodata")
    if section is None or not section.stored:
        return False
    return any(True for _ in elf.places(_STATIC, section.offset, section.offset + section.size))


def may_load(elf: Elf, family: str) -> bool:
    """Return whether a file names a runtime of a vendor, and so may load it at run time."""
    return any(True for word in _NAMED[family] for _ in elf.places(word, 0, len(elf.data)))
