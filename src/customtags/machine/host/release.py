"""The release in files older than os-release, such as ``/etc/redhat-release``, read by the package distro."""

from __future__ import annotations

__all__ = ["ENDINGS", "read"]

#: The endings of their names.
ENDINGS = ("-release", "_release", "-version", "_version")


def read(root: str) -> dict[str, str] | None:
    """Return ``pretty_name`` and ``version_id``, None without the package or without a file that it understands."""
    try:  # the import costs the installer 103 M instructions, so only such systems pay for it
        from distro import LinuxDistribution
    except ImportError:  # as in pip's build environments
        return None
    # With a root, distro runs neither lsb_release nor uname.
    system = LinuxDistribution(include_lsb=False, include_uname=False, root_dir=root)
    try:
        facts = {"pretty_name": system.name(pretty=True), "version_id": system.version()}
    except ValueError:  # not UTF-8
        return None
    return facts if facts["pretty_name"] else None
