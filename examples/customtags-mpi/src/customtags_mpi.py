"""mpi: the MPI library of the machine, by the SONAME that the loader compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from customtags import Facts, Host

NAME = DIMENSION = "mpi"

#: A library → its segment. Open MPI: opal and ompi's VERSION files; MPICH: https://www.mpich.org/abi/;
#: the standard ABI: MPI 5.0, chapter 20.
LIBRARIES = {
    "libmpi_abi.so.1": "mpiabi1",
    "libmpi.so.40": "openmpi40",
    "libmpi.so.12": "mpich12",
    "libmpich.so.12": "mpich12",
}

#: The folders where distributions install it.
FOLDERS = (
    *("/usr/lib64/openmpi/lib", "/usr/lib64/mpich/lib", "/usr/lib64", "/usr/lib", "/usr/local/lib"),
    *("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"),
)


def _from_variable(host: Host) -> Facts | None:
    home = host.variable("MPI_HOME")
    return _look(host, (f"{home}/lib", f"{home}/lib64")) if home else None


def _from_folders(host: Host) -> Facts | None:
    return _look(host, FOLDERS)


#: The probes, tried in this order until one does not return None.
PROBES = {"MPI_HOME": _from_variable, "libraries": _from_folders}


def override(value: str, arch: str | None) -> Facts | None:
    """Return the facts for ``openmpi40``, or for several: ``mpich12,mpiabi1``."""
    libraries = [name for name, segment in LIBRARIES.items() if segment in value.split(",")]
    if not libraries:
        raise ValueError(f"write one of {', '.join(dict.fromkeys(LIBRARIES.values()))}")
    return {"libraries": libraries}


def ladder(facts: Facts) -> list[str]:
    """Return the segments, the standard ABI first, because it is the most stable."""
    return list(dict.fromkeys(LIBRARIES[name] for name in facts["libraries"]))


def describe(facts: Facts) -> str:
    """Return the names of the libraries."""
    return ", ".join(facts["libraries"])


def _look(host: Host, folders: Iterable[str]) -> Facts | None:
    present = {name for folder in folders for name in LIBRARIES if host.exists(f"{folder}/{name}")}
    return {"libraries": [name for name in LIBRARIES if name in present]} if present else None
