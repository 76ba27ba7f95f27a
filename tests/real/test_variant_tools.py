"""What others make of our variants: PEP 825's schema, variantlib, and variant wheels that variantlib makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from customtags.machine.dimensions import builtin
from customtags.variants import convert, metadata
from customtags.variants.properties import ABI
from customtags.wheels.writer import create, write
from unpacked import contents

if TYPE_CHECKING:
    from real.environments import Environment, MakeEnvironment

#: https://github.com/python/peps/blob/main/peps/pep-0825/variant-schema-0.1.1.json
SCHEMA = json.loads(Path(__file__).with_name("pep-0825-0.1.1.json").read_text("utf-8"))

#: https://github.com/wheelnext/peps, branch pep-providers, commit 7b369ae7 of 2026-04-01: peps/pep-9999/variant-schema-0.2.0.json. The draft
#: had no number then, and no provider that is built into installers. Of the schema that PEP 850 has now, no copy was to be had.
PROVIDERS = json.loads(
    Path(__file__).with_name("pep-0850-draft-2026-04-01.json").read_text("utf-8")
)

TAG = "py3-none-manylinux_2_17_x86_64"


@pytest.fixture(scope="module")
def variantlib(make_environment: MakeEnvironment) -> Environment:
    environment = make_environment(hooked=False)
    environment.pip("install", "-q", "variantlib>=0.2.2", "build")
    return environment


def tool(environment: Environment, *arguments: object) -> str:
    start = "from variantlib.commands.main import main; main()"
    return environment.run("-c", start, *arguments).stdout


def test_the_schema_of_pep_825_accepts_what_is_written() -> None:
    cuda = {"nvidia": {"cuda_version_lower_bound": ["12.4"], "sm_arch": ["80_real", "90_real"]}}
    both = metadata.merged(
        [("a", metadata.made("cuda12.4", cuda)), ("b", metadata.made("null", {}))]
    )
    jsonschema.validate(json.loads(metadata.write(both, metadata.FORMATS[1])), SCHEMA)
    with pytest.raises(jsonschema.ValidationError, match="providers"):
        jsonschema.validate(json.loads(metadata.write(both, metadata.FORMATS[0])), SCHEMA)


def test_the_schema_of_providers_accepts_what_is_written() -> None:
    cpu = metadata.made("x86_64_v3", {"x86_64": {"level": ["v3"]}})
    written = json.loads(metadata.write(cpu))
    with pytest.raises(jsonschema.ValidationError, match="builtin"):
        jsonschema.validate(written, PROVIDERS)
    assert written["providers"].pop(ABI) == {"builtin": ABI}
    jsonschema.validate(written, PROVIDERS)
    written["providers"]["x86_64"]["require"] = written["providers"]["x86_64"].pop("requires")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, PROVIDERS)


def test_variantlib_reads_our_wheel(variantlib: Environment, tmp_path: Path) -> None:
    wheel = create(tmp_path, "example", "1.0", f"{TAG}_v3_cuda12_4_sm90", {"example.py": b""})
    made = write(convert.variant(wheel, builtin()).edit)
    shown = variantlib.run("-c", SHOW, made).stdout
    assert json.loads(shown) == {
        "label": "x86_64_v3_cuda12.4_sm90",
        "properties": [
            "nvidia :: cuda_version_lower_bound :: 12.4",
            "nvidia :: sm_arch :: 90_real",
            "x86_64 :: level :: v3",
        ],
    }


#: Prints what variantlib reads of a wheel.
SHOW = """
import json, sys, zipfile
from variantlib.variant_dist_info import VariantDistInfo
name = sys.argv[1]
label = name.rpartition("-")[2].removesuffix(".whl")
with zipfile.ZipFile(name) as archive:
    path = next(each for each in archive.namelist() if each.endswith(".dist-info/variant.json"))
    found = VariantDistInfo(archive.read(path), label)
properties = found.variant_desc.properties
print(json.dumps({"label": label, "properties": sorted(each.to_str() for each in properties)}))
"""


def test_a_variant_wheel_of_variantlib_gets_an_extended_tag(
    variantlib: Environment, tmp_path: Path
) -> None:
    create(tmp_path, "example", "1.0", TAG, {"example.py": b"x = 1\n"})
    source = tmp_path / f"example-1.0-{TAG}.whl"
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[variant.default-priorities]\nnamespace = ["x86_64"]\n'
        '[variant.providers.x86_64]\nrequires = ["provider-variant-x86-64"]\n'
        'plugin-api = "provider_variant_x86_64.plugin:X8664Plugin"\n',
        "utf-8",
    )
    options = [
        "--property",
        "x86_64 :: level :: v3",
        "--variant-label=fast",
        "--skip-plugin-validation",
    ]
    out = tmp_path / "out"
    out.mkdir()
    tool(variantlib, "make-variant", "-f", source, "-o", out, "--pyproject-toml", project, *options)
    (theirs,) = out.glob("*.whl")
    back = write(convert.extended(theirs, builtin(), tmp_path / "back"))
    assert back.name == f"example-1.0-{TAG}_v3.whl"
    assert contents(back)["example.py"] == b"x = 1\n"
    assert not any(name.endswith("variant.json") for name in contents(back))
