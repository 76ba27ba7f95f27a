"""Pure: for which accelerator an installed distribution is built, and which segments may stand beside its own.

One version of a project may exist in several builds of one name: torch 2.8.0 for the CPU, for CUDA 12.8, for ROCm 6.4.
Their libraries differ: what is built for CUDA against one of them does not load beside another.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["ONE_BUILD", "common", "find", "parse", "refusal"]

#: The flavours that are no accelerator: a build for the CPU of what is also built for others, and a distribution whose
#: interface does not depend on any.
CPU, ANY = "cpu", "any"

#: Projects of which there is one build for all: https://pypi.org/project/numpy and so on.
ONE_BUILD = ("jaxlib", "nanobind", "numpy", "pandas", "pybind11", "scipy")

#: The words of local versions and project names: +cu128, +rocm6.4, cupy-cuda12x.
WORDS = {"cu": "cuda", "cuda": "cuda", "rocm": "rocm"}

#: Requirement → the accelerator that it serves, and whether its version is the accelerator's own. Of NVIDIA's other
#: libraries the name ends in the major version of CUDA.
REQUIRED = {
    "cuda-toolkit": ("cuda", True),
    "nvidia-cuda-runtime": ("cuda", True),
    "nvidia-cuda-runtime-cu11": ("cuda", True),
    "nvidia-cuda-runtime-cu12": ("cuda", True),
    "rocm": ("rocm", True),
    "rocm-sdk-core": ("rocm", True),
    "pytorch-triton-rocm": ("rocm", False),
    "triton-rocm": ("rocm", False),
    "intel-sycl-rt": ("xpu", False),
    "pytorch-triton-xpu": ("xpu", False),
    "triton-xpu": ("xpu", False),
}

#: Names in the version.py of PyTorch's builds → the accelerator whose version is assigned to them, or None. PyPI's
#: wheels have no local version, but ``__version__`` there has it.
ASSIGNED = {"cuda": "cuda", "hip": "rocm", "xpu": "xpu"}

_DIGITS = "0123456789"


def _nothing(path: str) -> str | None:
    """Stand for an environment that cannot be read."""
    return None


def find(project: str, version: str, read: Callable[[str], str | None] = _nothing) -> str | None:
    """Return the flavour of an installed distribution, as the segment of its accelerator is spelled.

    :param read: reads a file by its path from the folder ``.dist-info``; None where there is no such file
    :returns: None where nothing tells for which accelerator it is built
    """
    module = project.replace("-", "_").replace(".", "_")
    return (
        parse(version.partition("+")[2])
        or parse(project)
        or _assigned(read(f"../{module}/version.py") or "")
        or _required(read("METADATA") or "")
        or (ANY if project.lower() in ONE_BUILD else None)
    )


def parse(label: str) -> str | None:
    """Read a flavour from a local version, a project's name or a setting.

    >>> parse("cu128"), parse("cu1210"), parse("cu92"), parse("rocm6.4"), parse("cpu.cxx11.abi"), parse("cupy-cuda12x")
    ('cuda12_8', 'cuda12_10', 'cuda9_2', 'rocm6_4', 'cpu', 'cuda12')

    :returns: None where it names no accelerator
    """
    parts = label.lower().replace("-", ".").replace("_", ".").split(".")
    for part, behind in zip(parts, (*parts[1:], "")):
        name = part.removesuffix("x")
        word = name.rstrip(_DIGITS)
        number = name[len(word) :]
        if part in (CPU, ANY, "xpu"):
            return part
        if word in WORDS and number:
            minor = behind if behind.isdigit() else ""
            # cu128 is 12.8, cu1210 is 12.10, cu92 is 9.2, rocm60 is 6.0, rocm624 is 6.2.4; cu12 is a major version.
            if word == "rocm" and len(number) == 3:
                number, minor = number[0], number[1]
            elif len(number) > 2 or (not minor and len(number) == 2 and number[0] != "1"):
                end = min(len(number) - 1, 2)
                number, minor = number[:end], number[end:]
            return f"{WORDS[word]}{number}" + (minor and f"_{minor}")
    return None


def refusal(flavour: str | None, accelerator: str) -> str | None:
    """Return why a wheel for an accelerator does not load beside a distribution of that flavour, None if it does.

    The toolkit has the same major version and is no newer: the wheel then finds the runtime library that it is linked
    to, with every function, in the one that the distribution has loaded (CUDA and ROCm add some in minor versions).

    >>> refusal("cuda12_8", "cuda12_4_sm90"), refusal("cuda12_8", "cuda12")
    (None, None)
    >>> refusal("cuda12_8", "cuda12_9")
    'is built for cuda12.8'
    """
    if flavour == ANY:
        return None
    if flavour is None:
        return "does not tell for which accelerator it is built"
    if flavour == CPU:
        return "is built for no accelerator"
    (own, own_minor), (major, minor) = _version(flavour), _version(accelerator)
    fits = own == major and minor <= own_minor
    return None if fits else f"is built for {flavour.replace('_', '.')}"


def common(flavours: Sequence[str | None]) -> str | None:
    """Return the flavour beside which may stand what may stand beside each of several.

    >>> common(["cuda12_8", "cuda12_6", "any"]), common(["cuda12_8", "cpu"]), common(["cuda12_8", None])
    ('cuda12_6', 'cpu', None)
    """
    found = [each for each in flavours if each != ANY]
    if not found:
        return ANY
    if CPU in found:
        return CPU
    versions = {_version(each) for each in found if each}
    same = None not in found and len({major for major, _ in versions}) == 1
    return min((str(each) for each in found), key=_version) if same else None


def _version(segment: str) -> tuple[str, int]:
    """Split ``cuda12_4_sm90`` into ``cuda12`` and 4; who names no minor version promises to need none."""
    major, *behind = segment.split("_")
    return major, int(behind[0]) if behind and behind[0].isdigit() else 0


def _assigned(source: str) -> str | None:
    """Read ``__version__ = '2.8.0+cu128'`` or ``cuda: Optional[str] = '12.8'``; only what is a literal counts."""
    found = {}
    for line in source.splitlines():
        target, _, value = line.partition("=")
        name = target.partition(":")[0].strip()
        value = value.strip()
        if value == "None" or value[:1] in ("'", '"'):
            found[name] = value.strip("'\"")
    local = parse(found.get("__version__", "").partition("+")[2])
    if local:
        return local
    built = [name for name in ASSIGNED if found.get(name, "None") != "None"]
    if not built:
        return CPU if {"cuda", "hip"} <= found.keys() else None
    name = built[0]
    return _spell(ASSIGNED[name], found[name]) if len(built) == 1 else None


def _required(metadata: str) -> str | None:
    """Read it from what the distribution requires wherever it is installed, the most exact requirement first."""
    found = set(_requirements(metadata))
    vendors = {flavour.rstrip(_DIGITS + "_") for flavour in found}
    return max(found, key=len) if len(vendors) == 1 else None


def _requirements(metadata: str) -> Iterator[str]:
    for line in metadata.splitlines():
        if not line:  # what follows is the description
            return
        field, _, value = line.partition(":")
        requirement, _, marker = value.partition(";")
        if field != "Requires-Dist" or "extra" in marker:
            continue
        name, version = _split(requirement.strip())
        if name in REQUIRED:
            vendor, own = REQUIRED[name]
            yield _spell(vendor, version if own else "")
        library, _, major = name.rpartition("-cu")
        if library.startswith("nvidia-") and major.isdigit():
            yield f"cuda{major}"


def _split(requirement: str) -> tuple[str, str]:
    """Split ``cuda-toolkit[cudart]==13.0.3`` into the name and the version that it pins, if it does."""
    end = next(
        (i for i, each in enumerate(requirement) if not (each.isalnum() or each in "-_.")), None
    )
    name = requirement[:end].lower().replace("_", "-").replace(".", "-")
    _, _, version = requirement.partition("==")
    return name, version.partition(",")[0].strip(" )")


def _spell(vendor: str, version: str) -> str:
    numbers = version.split(".")[:2]
    plain = vendor != "xpu" and all(map(str.isdigit, numbers))
    return vendor + "_".join(numbers) if plain else vendor
