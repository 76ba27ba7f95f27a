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
    'colour = "blue"': "has the unknown key 'colour'; write one of isa, distro",
    'mpi = "openmpi40"': "has the unknown key 'mpi'",
    "isa = 3": "has the invalid value 3 for 'isa'; write it as in isa = \"v3\"",
    'isa = ""': "has the invalid value '' for 'isa'",
    'limit = "7"': "has the invalid value '7' for 'limit'; write it as in limit = 85",
    "limit = true": "has the invalid value True for 'limit'",
    "limit = -1": "has the invalid value -1 for 'limit'",
    "public-first = 1": "has the invalid value 1 for 'public-first'; write it as in public-first = true",
    'dimensions = "mpi"': "has the invalid value 'mpi' for 'dimensions'; write it as in dimensions = [\"mpi\"]",
    'dimensions = ["mpi"]\nmpi = 4': "has the invalid value 4 for 'mpi'",
    "abi = [1]": "has the invalid value [1] for 'abi'",
    'abi = ["a", "b", "c", "d"]': "name 3 at most",
    'priority = ["iso"]': "has the invalid value 'iso' for 'priority'; write 'isa'",
    'bases = ["linux"]': "has the invalid value 'linux' for 'bases'; write policies as in",
    'bases = ["manylinux_2_x"]': "has the invalid value 'manylinux_2_x' for 'bases'",
    'bases = ["manylinux_2_28_x86_64"]': "has the invalid value 'manylinux_2_28_x86_64' for 'bases'",
    "isa = v3": "is not valid TOML",
    "\0": "is not valid TOML",
}
