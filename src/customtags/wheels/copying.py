"""Copying from one file to another by the fastest way that the system supports."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence

__all__ = ["WAYS", "Way", "copy", "write_all"]

#: Copies from a place in one descriptor to the end of another; given source, target, the most bytes and the place, returns their number.
Way = Callable[[int, int, int, int], int]

#: The errors of a way that the system does not support between two files, or that a sandbox forbids (copy_file_range(2), sendfile(2)).
_UNSUPPORTED = frozenset(
    (
        *(errno.EBADF, errno.EINVAL, errno.EIO, errno.ENOSYS, errno.ENOTSOCK),
        *(errno.EOPNOTSUPP, errno.EPERM, errno.ETXTBSY, errno.EXDEV),
    )
)

#: The most that is copied by one call, bytes: by the kernel, and through memory.
_MOST, _CHUNK = 1 << 30, 1 << 20


def copy(source: int, target: int, start: int, end: int, ways: Sequence[Way] = ()) -> None:
    """Append a part of one file to another.

    :param start: where the part begins, in bytes
    :param ways: the ways to try in turn, by default `WAYS`
    :raises OSError: the last way failed, or the disk is full
    """
    ways = ways or WAYS
    for way in ways:
        try:
            while start < end:
                copied = way(source, target, min(end - start, _MOST), start)
                if not copied:  # some kernels return 0 for files that they cannot splice
                    break
                start += copied
        except OSError as error:
            if error.errno not in _UNSUPPORTED or way is ways[-1]:
                raise
    if start < end:
        raise OSError(errno.EIO, "the source has become shorter")


def write_all(target: int, content: bytes) -> None:
    """Append bytes to a file.

    :raises OSError: the disk is full, or the file cannot be written
    """
    view = memoryview(content)
    while view:
        view = view[os.write(target, view) :]


def _in_kernel(source: int, target: int, count: int, start: int) -> int:
    """Copy in the kernel; some file systems share the blocks."""
    if not hasattr(os, "copy_file_range"):  # glibc before 2.27, and other systems
        return 0
    return os.copy_file_range(source, target, count, start)


def _by_sendfile(source: int, target: int, count: int, start: int) -> int:
    return os.sendfile(target, source, start, count)


def _through_memory(source: int, target: int, count: int, start: int) -> int:
    chunk = os.pread(source, min(count, _CHUNK), start)
    write_all(target, chunk)
    return len(chunk)


#: The fastest first.
WAYS: tuple[Way, ...] = (_in_kernel, _by_sendfile, _through_memory)
