"""Manifests of a cluster. What a server takes of memory and processor time is measured, on this bundle.

A server keeps its state in its own volume, and holds it alone. So without a database there is one server,
whose volume stays; with one, servers come and go: each has a volume that lives as long as its pod, the log is
shared, and which version answers is the image that was rolled out.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from modelwright.release.package.docker import LIVE, PORT, USER, arguments
from modelwright.release.package.job import Job, template
from modelwright.release.package.measure import Measured
from modelwright.release.package.yaml import document

MIB: Final = 2**20
STEP: Final = 16 * MIB
"""Memory is asked for in steps of this."""
BUSY: Final = 70
"""Per cent of the processor time asked for, at which another server is started."""
LEAST: Final = 500
"""Thousandths of a core that a server may use at least, or it would start for minutes."""
GRACE: Final = 75
"""Seconds to end: 5 until nobody sends any more, 30 for a request, the rest for the journal."""
JOURNAL: Final = "2Gi"
"""Of the pod's own volume: the journal may hold 1 GB before requests are refused."""
DISK: Final = "10Gi"
"""Of the volume that stays: journal, log and versions."""


def write(job: Job, folder: Path) -> dict[str, Any]:
    """Write the manifests into ``folder``; returns what is to be told of them."""
    measured = job.wishes.measured
    assert measured is not None  # pack.make has measured
    made = manifests(job, measured)
    head = "# Made by `modelwright package --for kubernetes`.\n"
    for name, manifest in made.items():
        told = head + (comment(measured) if name == "deployment" else _COMMENTS.get(name, ""))
        (folder / f"{name}.yaml").write_text(document(manifest, told), encoding="utf-8")
    image, _, tag = job.image.rpartition(":")
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"{name}.yaml" for name in made],
        "images": [{"name": image, "newTag": tag}],
    }
    (folder / "kustomization.yaml").write_text(document(kustomization, head), encoding="utf-8")
    (folder / "README.md").write_text(_readme(job, measured), encoding="utf-8")
    return {"manifests": list(made), "measured": asdict(measured), "resources": resources(measured)}


def manifests(job: Job, measured: Measured) -> dict[str, dict[str, Any]]:
    """The objects by the names of their files, in the order in which they are made."""
    found = {"config": _config(job), "network": _network(job), "service": _service(job)}
    if not job.database:
        found["volume"] = _volume(job)
    found["deployment"] = _deployment(job, measured)
    found["disruption"] = _object(
        job, "policy/v1", "PodDisruptionBudget",
        {"maxUnavailable": 1, "selector": {"matchLabels": _selector(job)}},
    )  # fmt: skip
    if job.database:
        found["autoscaler"] = _autoscaler(job, measured)
    return found


def resources(measured: Measured) -> dict[str, dict[str, str]]:
    """Requests and limits of a server, from what was measured: memory with a half above the most that was
    seen; processor time for half as much again as the stated rate took, and no less than a start needs."""

    def memory(share: float) -> str:
        return f"{math.ceil(measured.peak * share / STEP) * STEP // MIB}Mi"

    asked = _millis(measured)
    most = max(LEAST, asked, math.ceil(1500 * measured.cpu_most / 50) * 50)
    return {
        "requests": {"cpu": f"{asked}m", "memory": memory(1.1)},
        "limits": {"cpu": f"{most}m", "memory": memory(1.5)},
    }


def comment(measured: Measured) -> str:
    """How the numbers came about, above the manifest that has them."""
    lines = (
        f"Resources: {measured.sentence()}.",
        "Memory: 1.1 times the most that was seen is asked for, 1.5 times is the limit. Processor time: 1.5",
        f"times what {measured.rate:.0f} requests/s took is asked for; the limit is 1.5 times that of full",
        f"load, and {LEAST}m at least, or a start would take long. Another machine, and other rows, take",
        "other amounts: package again where it will run, or change them after a look at the dashboard.",
    )
    return "".join(f"# {line}\n" for line in lines)


def _millis(measured: Measured) -> int:
    return max(50, math.ceil(1500 * measured.cpu / 10) * 10)


def scale_at(measured: Measured) -> float:
    """Requests a second of one server from which another is started."""
    return measured.rate * BUSY / 100 * _millis(measured) / max(1e-9, 1000 * measured.cpu)


def _labels(job: Job) -> dict[str, str]:
    return {
        **_selector(job),
        "app.kubernetes.io/version": job.run[:63].strip("-_."),
        "app.kubernetes.io/managed-by": "modelwright",
    }


def _selector(job: Job) -> dict[str, str]:
    return {"app.kubernetes.io/name": "modelwright", "app.kubernetes.io/instance": job.name}


def _object(job: Job, api: str, kind: str, spec: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    made = {"apiVersion": api, "kind": kind, "metadata": {"name": job.name, "labels": _labels(job)}}
    return {**made, **more, **({"spec": spec} if spec is not None else {})}


def _config(job: Job) -> dict[str, Any]:
    data = {"WORKERS": str(job.wishes.workers), "TIMEOUT": "30", "CONCURRENCY": "256", "OMP_NUM_THREADS": "1"}
    return _object(job, "v1", "ConfigMap", None, data=data)


def _service(job: Job) -> dict[str, Any]:
    port = {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}
    return _object(job, "v1", "Service", {"type": "ClusterIP", "selector": _selector(job), "ports": [port]})


def _volume(job: Job) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": DISK}}}
    return _object(job, "v1", "PersistentVolumeClaim", spec)


def _network(job: Job) -> dict[str, Any]:
    asks = {"podSelector": {"matchLabels": {"modelwright/client": job.name}}}
    watches = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    names = {
        "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
        "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
    }
    database = {"ports": [{"port": 5432, "protocol": "TCP"}]}
    return _object(
        job,
        "networking.k8s.io/v1",
        "NetworkPolicy",
        {
            "podSelector": {"matchLabels": _selector(job)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [asks, watches], "ports": [{"port": PORT, "protocol": "TCP"}]}],
            "egress": [names, database] if job.database else [],
        },
    )


def _autoscaler(job: Job, measured: Measured) -> dict[str, Any]:
    metric = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": BUSY}}
    return _object(
        job,
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": job.name},
            "minReplicas": job.replicas,
            "maxReplicas": 4 * job.replicas,
            "metrics": [{"type": "Resource", "resource": metric}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
        },
    )


def _deployment(job: Job, measured: Measured) -> dict[str, Any]:
    told = {"modelwright/measured": measured.sentence(), "modelwright/bundle": job.digest}
    if job.database:
        strategy: dict[str, Any] = {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        }
        live: dict[str, Any] = {"emptyDir": {"sizeLimit": JOURNAL}}
    else:
        strategy, live = {"type": "Recreate"}, {"persistentVolumeClaim": {"claimName": job.name}}
    spec: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(job, measured)],
        "volumes": [{"name": "live", **live}, {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
    }
    if job.database:
        spec["topologySpreadConstraints"] = [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": _selector(job)},
            }
        ]
    pod = {"metadata": {"labels": _labels(job), "annotations": told}, "spec": spec}
    return _object(
        job,
        "apps/v1",
        "Deployment",
        {
            # With an autoscaler the number is its own: saying it here would set it back at each rollout.
            **({} if job.database else {"replicas": 1}),
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": _selector(job)},
            "strategy": strategy,
            "template": pod,
        },
    )


def _container(job: Job, measured: Measured) -> dict[str, Any]:
    def get(path: str, **more: Any) -> dict[str, Any]:
        return {"httpGet": {"path": path, "port": "http"}, **more}

    env: list[dict[str, Any]] = [
        {"name": key, "valueFrom": {"configMapKeyRef": {"name": job.name, "key": key}}}
        for key in ("WORKERS", "TIMEOUT", "CONCURRENCY", "OMP_NUM_THREADS")
    ]
    if job.database:
        secret = {"name": f"{job.name}-database", "key": "url"}
        env.append({"name": job.database, "valueFrom": {"secretKeyRef": secret}})
    return {
        "name": "server",
        "image": job.image,
        "args": [*arguments(job, "$(WORKERS)"), "--timeout", "$(TIMEOUT)", "--concurrency", "$(CONCURRENCY)"],
        "env": env,
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": resources(measured),
        "startupProbe": get("/readyz", periodSeconds=2, timeoutSeconds=2, failureThreshold=90),
        "readinessProbe": get("/readyz", periodSeconds=5, timeoutSeconds=2, failureThreshold=2),
        "livenessProbe": get("/healthz", periodSeconds=10, timeoutSeconds=3, failureThreshold=3),
        # Until every balancer has heard that this server ends, requests still come.
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "live", "mountPath": LIVE}, {"name": "tmp", "mountPath": "/tmp"}],
    }


_COMMENTS: Final = {
    "network": "# Only pods with the label `modelwright/client: NAME` and the namespace `monitoring` reach\n"
    "# the server; it reaches its database alone (and names). A webhook for alarms needs its own rule.\n",
    "volume": "# Journal, log and versions: an answered prediction survives the pod, and its node as far as\n"
    "# the volume does.\n",
    "disruption": "# One server at a time may be taken away for maintenance.\n",
    "config": "# What may be changed without a new image; then: kubectl rollout restart deployment\n",
}


def _readme(job: Job, measured: Measured) -> str:
    if job.database:
        return template(
            "kubernetes-many.md", name=job.name, variable=job.database, replicas=job.replicas,
            most=4 * job.replicas, rate=f"{scale_at(measured):.0f}", measured=measured.sentence(),
            journal=JOURNAL, grace=GRACE,
        )  # fmt: skip
    return template("kubernetes-one.md", name=job.name, measured=measured.sentence(), disk=DISK)
