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

#: The most that is copied by one call, bytes: by the kernel, and through memory.
_MOST, _CHUNK = 1 << 30, 1 << 20


def copy(source: int, target: int, start: int, end: int) -> None:
    """Append a part of one file to another; some file systems share the blocks.

    :param start: where the part begins, in bytes
    :raises OSError: the disk is full, or the source has become shorter
    """
    # glibc before 2.27 and other systems do not have the call.
    copied = 1 if hasattr(os, "copy_file_range") else 0
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
    while start < end:
        chunk = os.pread(source, min(end - start, _CHUNK), start)
        if not chunk:
            raise OSError(errno.EIO, "the source has become shorter")
        write_all(target, chunk)
        start += len(chunk)


def write_all(target: int, content: bytes) -> None:
    """Append bytes to a file.

    :raises OSError: the disk is full, or the file cannot be written
    """
    view = memoryview(content)
    while view:
        view = view[os.write(target, view) :]
