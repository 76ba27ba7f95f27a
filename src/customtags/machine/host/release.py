"""Read what told the release before os-release did, ``/etc/redhat-release`` for one, with the package distro."""

from __future__ import annotations

__all__ = ["ENDINGS", "read"]

#: How the names of those files end.
ENDINGS = ("-release", "_release", "-version", "_version")


def read(root: str) -> dict[str, str] | None:
    """Give name and version in the keys of os-release; None without the package or what it can read."""
    try:  # costs the installer 103 M instructions, so it is for such systems alone
        from distro import LinuxDistribution
    except ImportError:  # as in pip's build environments
        return None
    # With a root it asks no program, neither lsb_release nor uname.
    system = LinuxDistribution(include_lsb=False, include_uname=False, root_dir=root)
    try:
        facts = {"pretty_name": system.name(pretty=True), "version_id": system.version()}
    except ValueError:  # not UTF-8
        return None
    return facts if facts["pretty_name"] else None
