"""Manifests against the schemas of the real API, and numbers that were measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from modelwright.core.errors import BadInput
from modelwright.live import deployment
from modelwright.live.place import Place
from modelwright.release.package import Wishes, make
from modelwright.release.package.kubernetes import resources, scale_at
from modelwright.release.package.measure import Measured, measure

MEASURED = Measured(
    workers=1, rate=50.0, cpu=0.1, p99=0.01, idle=100 << 20, peak=200 << 20, most=900.0, cpu_most=0.9,
    errors=0, memory="PSS", machine="a machine",
)  # fmt: skip
VERSIONS = ("1.25", "1.29", "1.33", "1.37")


def written(bundle: Path, into: Path, wishes: Wishes | None = None) -> dict[str, Any]:
    make(bundle, ["kubernetes"], into, wishes or Wishes(measured=MEASURED))
    read = YAML(typ="safe").load
    return {path.stem: read(path.read_text()) for path in (into / "kubernetes").glob("*.yaml")}


@pytest.fixture
def one(penguins: Path, tmp_path: Path) -> dict[str, Any]:
    return written(penguins, tmp_path / "one")


@pytest.fixture
def many(penguins: Path, tmp_path: Path) -> dict[str, Any]:
    return written(penguins, tmp_path / "many", Wishes(measured=MEASURED, database="env:LOG", replicas=3))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_api_takes_every_object(one: dict[str, Any], many: dict[str, Any], version: str) -> None:
    for made in (one, many):
        for name, manifest in made.items():
            if name != "kustomization":
                kubernetes_validate.validate(manifest, version, strict=True)
    one["deployment"]["spec"]["template"]["spec"]["containers"][0]["livenessprobe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(one["deployment"], version, strict=True)


def test_objects_belong_together(one: dict[str, Any], many: dict[str, Any]) -> None:
    for made in (one, many):
        assert sorted(made["kustomization"]["resources"]) == sorted(
            f"{name}.yaml" for name in made if name != "kustomization"
        )
        labels = made["deployment"]["spec"]["template"]["metadata"]["labels"]
        selectors = [
            made["deployment"]["spec"]["selector"]["matchLabels"],
            made["service"]["spec"]["selector"],
            made["disruption"]["spec"]["selector"]["matchLabels"],
            made["network"]["spec"]["podSelector"]["matchLabels"],
        ]
        assert all(selector.items() <= labels.items() for selector in selectors)
        pod = made["deployment"]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}
        keys = {e["name"] for e in container["env"] if "configMapKeyRef" in e["valueFrom"]}
        assert keys == set(made["config"]["data"])
        image, tag = container["image"].split(":")
        assert made["kustomization"]["images"] == [{"name": image, "newTag": tag}]


def test_a_container_may_do_nothing_that_it_does_not_need(one: dict[str, Any]) -> None:
    pod = one["deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert one["network"]["spec"]["egress"] == []
    assert set(pod["containers"][0]) >= {"startupProbe", "readinessProbe", "livenessProbe", "resources"}


def test_one_server_keeps_its_volume_and_is_never_two(one: dict[str, Any]) -> None:
    assert one["deployment"]["spec"]["replicas"] == 1
    assert one["deployment"]["spec"]["strategy"] == {"type": "Recreate"}
    assert "autoscaler" not in one
    volumes = one["deployment"]["spec"]["template"]["spec"]["volumes"]
    assert {
        "name": "live",
        "persistentVolumeClaim": {"claimName": one["volume"]["metadata"]["name"]},
    } in volumes


def test_several_servers_share_a_database_and_hold_no_password(many: dict[str, Any], tmp_path: Path) -> None:
    assert "replicas" not in many["deployment"]["spec"]
    assert many["autoscaler"]["spec"]["minReplicas"] == 3
    assert many["autoscaler"]["spec"]["maxReplicas"] == 12
    assert many["deployment"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    (container,) = many["deployment"]["spec"]["template"]["spec"]["containers"]
    assert {
        "name": "LOG",
        "valueFrom": {"secretKeyRef": {"name": "toy-database", "key": "url"}},
    } in container["env"]
    at = container["args"].index("--number")
    assert int(container["args"][at + 1]) > 0
    assert container["args"][container["args"].index("--database") + 1] == "env:LOG"
    ports = [port["port"] for rule in many["network"]["spec"]["egress"] for port in rule["ports"]]
    assert ports == [53, 53, 5432]
    assert "volume" not in many


def test_servers_with_places_of_their_own_call_a_version_the_same(
    penguins: Path, kinds: Path, tmp_path: Path
) -> None:
    first, second = Place.of(tmp_path / "a", "m"), Place.of(tmp_path / "b", "m")
    assert deployment.add_version(first, penguins, 20261121094206) == "v20261121094206"
    assert deployment.add_version(second, kinds) == "v1"
    assert deployment.add_version(second, penguins, 20261121094206) == "v20261121094206"
    assert deployment.add_version(second, penguins) == "v20261121094206"
    with pytest.raises(BadInput) as caught:
        deployment.add_version(first, kinds, 20261121094206)
    assert caught.value.code == "live.version-number"


def test_resources_come_from_what_was_measured(one: dict[str, Any], tmp_path: Path) -> None:
    (container,) = one["deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["resources"] == {
        "requests": {"cpu": "150m", "memory": "224Mi"},
        "limits": {"cpu": "1350m", "memory": "304Mi"},
    }
    twice = resources(replace(MEASURED, peak=400 << 20, cpu=0.2, cpu_most=0.01))
    assert twice == {
        "requests": {"cpu": "300m", "memory": "448Mi"},
        "limits": {"cpu": "500m", "memory": "608Mi"},
    }
    assert scale_at(MEASURED) == pytest.approx(52.5)
    text = (tmp_path / "one" / "kubernetes" / "deployment.yaml").read_text()
    assert MEASURED.sentence() in text.splitlines()[1]
    told = one["deployment"]["spec"]["template"]["metadata"]["annotations"]["modelwright/measured"]
    assert told == MEASURED.sentence()


# A server starts and is loaded for some ten seconds.
@pytest.mark.slow
def test_a_real_server_is_measured(penguins: Path) -> None:
    found = measure(penguins, rate=20.0)
    assert found.errors == 0
    assert 10.0 < found.rate < 21.0
    assert (30 << 20) < found.idle <= found.peak < (2 << 30)
    assert found.most > found.rate
    assert 0.0 < found.cpu < 4.0
    asked = resources(found)
    assert int(asked["limits"]["memory"][:-2]) << 20 > found.peak
