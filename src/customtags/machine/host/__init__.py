"""The only room that reads the system on behalf of the hook: files, the CPU, drivers, and what is installed."""

from __future__ import annotations

import errno
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Host", "read_file"]

#: A pipe in the place of a file is opened without waiting for its other end.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)


class Host:
    """The running machine, or a system below another root.

    :param root: the folder that is the system's ``/``
    :param live: whether to read more than files: the CPU, drivers and environment of the running machine; by default
        only if the root is ``/``
    """

    def __init__(self, root: str = "/", *, live: bool | None = None) -> None:
        self.root = root
        self.live = root == "/" if live is None else live

    def read(self, path: str, limit: int = 65536) -> str | None:
        """Return the first bytes of a file as text, None if there is no such file, or a pipe or socket in its place.

        :raises FactError: the file cannot be read
        """
        try:
            return self._text(path, limit)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENXIO):
                return None
            from customtags.errors import FactError

            raise FactError(
                self.root.rstrip("/") + path,
                f"cannot be read ({error.strerror})",
                "make it readable, or override its facts (CUSTOMTAGS_ISA, _DISTRO, _ACCELERATOR)",
            ) from error

    def glance(self, path: str, limit: int = 65536) -> str | None:
        """Return the same as `read`, and None if the file cannot be read."""
        try:
            return self._text(path, limit)
        except OSError:
            return None

    def names(self, path: str) -> list[str]:
        """Return the sorted names in a folder; none if it cannot be listed."""
        try:
            return sorted(os.listdir(self._real(path)))
        except OSError:
            return []

    def exists(self, path: str) -> bool:
        """Return whether a file, folder or device of that path exists."""
        try:
            return os.path.exists(self._real(path))
        except OSError:
            return False

    def variable(self, name: str) -> str | None:
        """Return an environment variable of the running machine."""
        return os.environ.get(name) if self.live else None

    def arch(self) -> str | None:
        """Return the architecture as ``uname -m`` names it; below another root, that of its programs."""
        if self.live:
            return os.uname().machine if hasattr(os, "uname") else None
        from customtags.machine.host import elf

        for program in ("/bin/sh", "/usr/bin/env", "/bin/busybox"):
            try:
                return elf.arch(read_file(self._real(program), 20))
            except OSError:
                continue
        return None

    def release(self) -> dict[str, str] | None:
        """Return ``pretty_name`` and ``version_id`` from files older than os-release, None if there are none."""
        from customtags.machine.host import release

        paths = [
            self._real(f"/etc/{name}")
            for name in self.names("/etc")
            if name.endswith(release.ENDINGS)
        ]
        # The package distro would open a pipe, and wait for its other end.
        if not paths or any(map(_is_pipe, paths)):
            return None
        return release.read(self.root)

    def cpuid(self) -> list[str] | None:
        """Return the x86 features that the CPU and the operating system support, None if they cannot be read."""
        if not self.live:
            return None
        from customtags.machine.host import cpuid

        return cpuid.features()

    def auxv(self) -> dict[int, int] | None:
        """Return the entries of the auxiliary vector, type → value; None if it cannot be read.

        An entry is a pair of 64-bit words (getauxval(3)) in the byte order of the machine that wrote the file. Types
        are small numbers, so the first byte shows the order.
        """
        try:
            path = self._real("/proc/self/auxv")
            # Below a root, a file without a size is the kernel's, and describes the running machine.
            if not (self.live or os.stat(path).st_size):
                return None
            content = read_file(path, 4096)
        except OSError:
            return None
        big = content[:1] == b"\0"
        words = [
            int.from_bytes(content[at : at + 8], "big" if big else "little")
            for at in range(0, len(content), 8)
        ]
        return dict(zip(words[::2], words[1::2]))

    def getauxval(self) -> dict[int, int] | None:
        """Return the masks of CPU features that the C library keeps of the same vector, None if it cannot be called."""
        if not self.live:
            return None
        from customtags.machine.host import auxv

        return auxv.masks()

    def ld_so(self, loader: str) -> list[str] | None:
        """Return the levels that glibc's dynamic loader supports, None if it does not list them."""
        if not self.live:
            return None
        from customtags.machine.host import ld_so

        return ld_so.levels(loader)

    def nvml(self) -> dict[str, Any] | None:
        """Return the facts of NVIDIA's driver or ``{"fault": why}``, None if it cannot be called."""
        if not self.live:
            return None
        from customtags.machine.host import nvml

        return nvml.from_driver(self)

    def nvidia_smi(self) -> dict[str, Any] | None:
        """Return the facts of NVIDIA's driver as ``nvidia-smi`` prints them, None without that program."""
        if not self.live:
            return None
        from customtags.machine.host import nvml

        return nvml.from_program(self)

    def installed(self, name: str) -> str | None:
        """Return the version of a distribution that is installed on this Python's path, None if it is not.

        :param name: in any spelling (https://packaging.python.org/specifications/name-normalization)
        """
        return self._dist_info(name)[1]

    def installed_text(self, name: str, path: str) -> str | None:
        """Return the beginning of a file of an installed distribution, None if it cannot be read.

        :param path: from its folder ``.dist-info``
        """
        folder, _ = self._dist_info(name)
        return self.glance(f"{folder}/{path}") if folder else None

    def _dist_info(self, name: str) -> tuple[str | None, str | None]:
        """Return the folder of the metadata of an installed distribution, and its version."""
        normalized = name.lower().replace("-", "_").replace(".", "_")
        for folder in sys.path if self.live else ():
            try:
                entries = os.listdir(folder or ".")
            except OSError:  # missing, an archive, or not readable
                continue
            for entry in entries:
                if entry.endswith(".dist-info"):
                    project, _, version = entry[: -len(".dist-info")].partition("-")
                    if project.lower().replace(".", "_") == normalized:
                        return f"{folder or '.'}/{entry}", version
        return None, None

    def variants(self, plugin: str, release: str) -> dict[str, Any] | None:
        """Return what a plugin of wheel variants supports or ``{"fault": why}``, None if it cannot be called.

        :param plugin: the value of its entry point
        :param release: its distribution and version
        """
        if not self.live:
            return None
        from customtags.machine.host import variants

        return variants.supported(self, plugin, release)

    def _text(self, path: str, limit: int) -> str:
        return read_file(self._real(path), limit).decode("utf-8", "replace")

    def _real(self, path: str) -> str:
        """Return the path below the root, with symbolic links resolved as if the root were ``/``."""
        if self.root == "/":
            return path
        done = ""
        todo = path.split("/")[::-1]
        links = 0
        while todo:
            name = todo.pop()
            if name == "..":
                done = done.rpartition("/")[0]
            elif name not in ("", "."):
                try:
                    link = os.readlink(f"{self.root}{done}/{name}")
                except OSError:  # not a link
                    done = f"{done}/{name}"
                else:
                    links += 1
                    if links > 40:  # as many as Linux follows (path_resolution(7))
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                    done = "" if link.startswith("/") else done
                    todo += link.split("/")[::-1]
        return self.root.rstrip("/") + done


def read_file(path: str, limit: int) -> bytes:
    """Return the first bytes of a file.

    :raises OSError: the file cannot be read; with ``ENXIO`` it is a pipe or a socket
    """
    descriptor = os.open(path, _FLAGS)
    try:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            raise OSError(errno.ENXIO, "a pipe and not a file", path)
        content = b""
        while len(content) < limit:
            part = os.read(descriptor, limit - len(content))
            if not part:
                break
            content += part
    finally:
        os.close(descriptor)
    return content


def _is_pipe(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False
