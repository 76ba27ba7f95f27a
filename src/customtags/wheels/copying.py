"""Copying from one file to another: by the kernel where it can, through memory otherwise."""

from __future__ import annotations

import errno
import os

__all__ = ["copy", "copy_through_memory", "write_all"]

#: The errors of copy_file_range(2) where the system does not support it between two files, or a sandbox forbids it.
_UNSUPPORTED = frozenset(
    (
        *(errno.EBADF, errno.EINVAL, errno.EIO, errno.ENOSYS),
        *(errno.EOPNOTSUPP, errno.EPERM, errno.ETXTBSY, errno.EXDEV),
    )
)

#: The most that is copied by one call, bytes: by the kernel, and through memory, where the processor's cache should hold it.
_MOST, _CHUNK = 1 << 30, 1 << 19
#: The size of a page of the kernel's cache of files, bytes, or a part of it.
_PAGE = 1 << 12


def copy(source: int, target: int, start: int, end: int) -> None:
    """Append a part of one file to another; some file systems share the blocks.

    :param start: where the part begins, in bytes
    :raises OSError: the disk is full, or the source has become shorter
    """
    # What moves to another place within a page is copied faster through memory: the kernel does it page by page, and
    # can share no block. glibc before 2.27 and other systems do not have the call.
    still = (os.lseek(target, 0, os.SEEK_CUR) - start) % _PAGE == 0
    copied = 1 if still and hasattr(os, "copy_file_range") else 0
    try:
        while copied and start < end:
            copied = os.copy_file_range(source, target, min(end - start, _MOST), start)
            start += copied  # some kernels return 0 for files that they cannot splice
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    copy_through_memory(source, target, start, end)


def copy_through_memory(source: int, target: int, start: int, end: int) -> None:
    """Append a part of one file to another by reading and writing.

    :raises OSError: the disk is full, or the source has become shorter
    """
    buffer = memoryview(bytearray(min(end - start, _CHUNK)))
    while start < end:
        read = os.preadv(source, [buffer[: end - start]], start)
        if not read:
            raise OSError(errno.EIO, "the source has become shorter")
        write_all(target, buffer[:read])
        start += read


def write_all(target: int, content: bytes | memoryview) -> None:
    """Append bytes to a file.

    :raises OSError: the disk is full, or the file cannot be written
    """
    view = memoryview(content)
    while view:
        view = view[os.write(target, view) :]
