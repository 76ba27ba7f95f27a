"""The Kubernetes manifest of examples/serve, by Kubernetes' own schemas, the newest and the oldest at hand."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import referencing
import yaml

from command import run

if TYPE_CHECKING:
    from real.environments import Wheelhouse

MANIFEST = Path(__file__).parents[2] / "examples" / "serve" / "kubernetes.yaml"
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all(MANIFEST.read_text("utf-8")))


def failures(schemas: Path, version: str, thing: dict[str, Any]) -> list[str]:
    """Return what one version of Kubernetes refuses about an object; keys that it does not know count, too."""
    group, _, last = thing["apiVersion"].rpartition("/")
    name = "-".join(filter(None, (thing["kind"].lower(), group.partition(".")[0], last)))
    with zipfile.ZipFile(schemas) as archive:
        folder = f"kubernetes_validate/kubernetes-json-schema/{version}-local-strict"
        schema = json.loads(archive.read(f"{folder}/{name}.json"))
        definitions = json.loads(archive.read(f"{folder}/_definitions.json"))
    resource: Any = referencing.Resource.from_contents(definitions)
    registry: Any = referencing.Registry().with_resource("_definitions.json", resource)
    checker = jsonschema.Draft202012Validator(schema, registry=resource @ registry)
    return [error.message for error in checker.iter_errors(thing)]


@pytest.mark.parametrize("version", ["v1.37.0", "v1.25.0"])
def test_kubernetes_knows_every_key(wheelhouse: Wheelhouse, version: str) -> None:
    schemas = wheelhouse.wheel("kubernetes-validate==1.37.*")
    assert [(each["kind"], failures(schemas, version, each)) for each in OBJECTS] == [
        ("Deployment", []),
        ("Service", []),
        ("PodDisruptionBudget", []),
    ]
    wrong = {**OBJECTS[0], "spec": {**OBJECTS[0]["spec"], "replica": 2}}
    assert failures(schemas, version, wrong)


def test_it_runs_without_privileges_and_on_a_read_only_root() -> None:
    deployment, service, budget = OBJECTS
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert deployment["spec"]["replicas"] >= 2 > budget["spec"]["minAvailable"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["readinessProbe"]["httpGet"] == {"path": "/health", "port": "http"}
    assert container["resources"]["limits"]["memory"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    for selector in (
        deployment["spec"]["selector"]["matchLabels"],
        budget["spec"]["selector"]["matchLabels"],
        service["spec"]["selector"],
    ):
        assert selector.items() <= labels.items()
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert mounts.keys() == {each["name"] for each in pod["volumes"]}
    assert mounts["tmp"] == "/tmp"  # noqa: S108 - where the server writes a file for its workers
    options = set(re.findall(r"--[a-z-]+", run("serve", "--help").stdout))
    assert {each for each in container["args"] if each.startswith("--")} <= options
