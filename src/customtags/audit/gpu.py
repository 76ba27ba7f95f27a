"""Pure: the GPU code in an ELF file: NVIDIA's fatbins, and Clang's offload bundles for AMD and Intel.

NVIDIA does not document the format; this is the format of nvcc 11 to 13, compared with `cuobjdump`: consecutive containers, each
with 16 bytes (magic, version, header size, size), then entries of 16 bytes (kind, version, header size, size) and more, then
content that may be compressed. The headers have all that is read here. Bundles: https://clang.llvm.org/docs/ClangOffloadBundler.html
"""

from __future__ import annotations

import re
import struct
import sys
import zlib
from typing import TYPE_CHECKING, NamedTuple

from customtags.errors import ElfError, ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from customtags.wheels.elf import Elf

__all__ = ["Code", "bundled", "fatbins"]

#: The kinds of entries of a fatbin.
_PTX, _SASS = 1, 2
_KINDS = {_PTX: "ptx", _SASS: "sass"}

#: Bits of an entry's flags: code for one capability only (sm90a), for a family (sm100f).
_OWN, _FAMILY = 0x100000, 0x200000

_FATBIN = struct.Struct("<4sHHQ")
_MAGIC = b"\x50\xed\x55\xba"
_ENTRY = struct.Struct(
    "<HHIQ8xHHI8xI"
)  # kind, size of the header and of what follows, minor, major, capability, flags

#: What nvcc writes into the code. Compression keeps it whole where it comes first.
_RELEASE = re.compile(rb"Cuda compilation tools, release (\d{1,3})\.(\d{1,3})")
#: How many bytes are searched for it, once for each target.
_WINDOW = 1 << 18

_BUNDLE, _PACKED = b"__CLANG_OFFLOAD_BUNDLE__", b"CCOB"
#: Version of a compressed bundle → what follows magic, version and method: its own size, the unpacked size, a hash.
_PACKED_HEADERS = {1: "<4x4xIQ", 2: "<4x4xIIQ", 3: "<4x4xQQQ"}

#: How many bytes of a compressed bundle are unpacked: its table comes first.
_TABLE = 1 << 16

#: No bundle has more entries, and no entry a longer name; it bounds time.
_MOST = 4096


class Code(NamedTuple):
    """One piece of code for a GPU.

    :ivar kind: ``sass`` for the processor itself, ``ptx`` to be compiled by the driver, ``object`` for AMD and Intel
    :ivar target: as segments spell it, ``sm90a``, or Clang's: ``gfx90a:xnack+``, ``spir64``
    :ivar version: of the PTX instruction set (8, 4), or of the file's layout for SASS
    :ivar release: the toolkit that made it, if the code names it
    """

    kind: str
    target: str
    version: tuple[int, int] | None = None
    release: tuple[int, int] | None = None


def fatbins(elf: Elf) -> Iterator[Code]:
    """Yield all code for NVIDIA's GPUs.

    :raises ElfError: a container is truncated
    """
    for start, end in _places(elf, ".nv_fatbin"):
        looked: set[str] = set()
        place = elf.data.find(_MAGIC, start, end)
        while 0 <= place <= end - _FATBIN.size:
            _, _, header, size = _FATBIN.unpack_from(elf.data, place)
            if place + header + size > end:
                raise ElfError("has a fatbin that ends after its section")
            yield from _entries(elf, place + header, place + header + size, looked)
            place = elf.data.find(_MAGIC, place + max(header + size, 4), end)


def bundled(elf: Elf) -> Iterator[Code]:
    """Yield all code in Clang's bundles.

    :raises ElfError: a bundle is truncated
    :raises ToolError: a bundle is compressed by zstd, and no module for that is installed
    """
    for start, end in _places(elf, ".hip_fatbin"):
        place = _next_bundle(elf, start, end)
        while place is not None:
            with memoryview(elf.data)[place:end] as data:
                head = data[: len(_BUNDLE)] == _BUNDLE
                table, size = (data, 0) if head else _unpacked(data)
                targets, length = _targets(table)
            yield from (Code("object", target) for target in targets)
            place = _next_bundle(elf, place + max(size or length, 4), end)


def _places(elf: Elf, name: str) -> Iterator[tuple[int, int]]:
    for section in elf.sections:
        if section.name == name and section.stored:
            with elf.content(section):  # which raises for a section outside of the file
                yield section.offset, section.offset + section.size


def _entries(elf: Elf, place: int, end: int, looked: set[str]) -> Iterator[Code]:
    while place + _ENTRY.size <= end:
        kind, _, header, size, minor, major, capability, flags = _ENTRY.unpack_from(elf.data, place)
        following = place + header + size
        if header < _ENTRY.size or following > end:
            raise ElfError("has a fatbin with an entry that ends after it")
        if kind in _KINDS:
            target = f"sm{capability}{'a' if flags & _OWN else 'f' if flags & _FAMILY else ''}"
            found = None
            if kind == _SASS and target not in looked:
                looked.add(target)
                found = _RELEASE.search(elf.data, place, min(following, place + _WINDOW))
            release = (int(found[1]), int(found[2])) if found else None
            yield Code(_KINDS[kind], target, (major, minor), release)
        place = following


def _next_bundle(elf: Elf, start: int, end: int) -> int | None:
    found = [elf.data.find(magic, start, end) for magic in (_BUNDLE, _PACKED)]
    return min((place for place in found if place >= 0), default=None)


def _targets(table: memoryview) -> tuple[list[str], int]:
    """Return the targets in the table of a bundle, without the host, and the length of the bundle."""
    try:
        (count,) = struct.unpack_from("<Q", table, len(_BUNDLE))
        targets, length, place = [], 0, len(_BUNDLE) + 8
        for _ in range(count if count <= _MOST else 0):
            offset, size, name = struct.unpack_from("<QQQ", table, place)
            text = bytes(table[place + 24 : place + 24 + min(name, _MOST)]).decode(
                "ascii", "replace"
            )
            if size and not text.startswith("host"):
                targets.append(_target(text))
            length, place = max(length, offset + size), place + 24 + min(name, _MOST)
    except struct.error:
        raise ElfError("has a truncated offload bundle") from None
    return targets, length


def _target(text: str) -> str:
    """Return what follows the kind and the triple: ``hipv4-amdgcn-amd-amdhsa--gfx90a:xnack-`` is for gfx90a."""
    return text.split("-", 5)[-1] if text.count("-") >= 5 else text


def _unpacked(data: memoryview) -> tuple[memoryview, int]:
    """Return the start of a compressed bundle, unpacked, and its whole size, 0 if unknown."""
    try:
        version, method = struct.unpack_from("<HH", data, len(_PACKED))
        layout = struct.Struct(_PACKED_HEADERS[version])
        size, start = layout.unpack_from(data)[0] if version > 1 else 0, layout.size
        packed = data[start : size or len(data)]
        if method == 0:
            return memoryview(zlib.decompressobj().decompress(packed, _TABLE)), size
        return memoryview(_zstd(packed)), size
    except (KeyError, struct.error, zlib.error):
        raise ElfError("has a compressed offload bundle that cannot be unpacked") from None


def _zstd(packed: memoryview) -> bytes:
    """Return the start of zstd data, unpacked; the standard library has zstd since 3.14."""
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        problem = (
            "the wheel has GPU code compressed by zstd, and no module to unpack it is installed"
        )
        raise ToolError(problem, "pip install 'customtags[audit]'") from None
    try:
        return zstd.ZstdDecompressor().decompress(packed, _TABLE)
    except zstd.ZstdError:
        raise ElfError("has a compressed offload bundle that cannot be unpacked") from None
