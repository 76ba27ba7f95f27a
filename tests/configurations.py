"""Configuration files: one with every key, and lines that are refused."""

__all__ = ["REFUSED", "WHOLE"]

#: A file with every key.
WHOLE = """
isa = "v3"
distro = "none"
accelerator = "cuda12.1,rocm6.0"
profile = "gpu-node.json"
dimensions = ["mpi"]
mpi = "openmpi40"
variant-providers = ["provider-variant-x86-64::level"]
site = ["hardened", "acme2"]
abi = ["torch", "numpy"]
cuda-minor = "minor"
bases = ["manylinux_2_28", "manylinux2014", "musllinux_1_2"]
priority = ["isa", "mpi"]
limit = 7
public-first = true
"""

#: A line → what is wrong with it, and the cure.
REFUSED = {
    'isaa = "v3"': "has the unknown key 'isaa'; write 'isa'",
    'public_first = "true"': "has the unknown key 'public_first'; write 'public-first'",
    'colour = "blue"': "has the unknown key 'colour'; there are isa, distro",
    'mpi = "openmpi40"': "has the unknown key 'mpi'",
    "isa = 3": "has 3 for 'isa'; write it as in isa = \"v3\"",
    'isa = ""': "has '' for 'isa'",
    'limit = "7"': "has '7' for 'limit'; write it as in limit = 85",
    "limit = true": "has True for 'limit'",
    "limit = -1": "has -1 for 'limit'",
    "public-first = 1": "has 1 for 'public-first'; write it as in public-first = true",
    'dimensions = "mpi"': "has 'mpi' for 'dimensions'; write it as in dimensions = [\"mpi\"]",
    'dimensions = ["mpi"]\nmpi = 4': "has 4 for 'mpi'",
    "abi = [1]": "has [1] for 'abi'",
    'abi = ["a", "b", "c", "d"]': "name 3 at most",
    'priority = ["iso"]': "has 'iso' for 'priority'; write 'isa'",
    'bases = ["linux"]': "has 'linux' for 'bases'; write policies as in",
    'bases = ["manylinux_2_x"]': "has 'manylinux_2_x' for 'bases'",
    'bases = ["manylinux_2_28_x86_64"]': "has 'manylinux_2_28_x86_64' for 'bases'",
    "isa = v3": "is not valid TOML",
    "\0": "is not valid TOML",
}
