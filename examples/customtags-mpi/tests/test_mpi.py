"""The page conforms to the contract, and detects the MPI of these machines."""

from __future__ import annotations

import customtags_mpi
from customtags.testing import FakeHost, check_dimension

DEBIAN = FakeHost({"/usr/lib/x86_64-linux-gnu/libmpi.so.40": ""})
FEDORA = FakeHost({"/usr/lib64/mpich/lib/libmpi.so.12": "", "/usr/lib64/libmpi_abi.so.1": ""})
MODULE = FakeHost({"/opt/intel/mpi/lib/libmpi.so.12": ""}, variables={"MPI_HOME": "/opt/intel/mpi"})


def test_the_contract() -> None:
    ladders = check_dimension(customtags_mpi, [DEBIAN, FEDORA, MODULE], ["openmpi40"])
    assert ladders == [["openmpi40"], ["mpiabi1", "mpich12"], ["mpich12"], ["openmpi40"]]
