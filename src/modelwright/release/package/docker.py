"""The context of an image: the bundle, what answers, and nothing of what trained it."""

from __future__ import annotations

import json
import platform
import shutil
from pathlib import Path
from typing import Any, Final

from modelwright.release.package import wheel
from modelwright.release.package.job import Job, template, write_json
from modelwright.release.package.parts import distributions, for_columns, licence_of, needed, pinned
from modelwright.runtime.pieces import KEY

USER: Final = 10001
"""Number of the user and of the group; numbers, because clusters check them without the image's files."""
PORT: Final = 8000
LIVE: Final = "/live"
SUFFIX: Final = "slim-bookworm"


def write(job: Job, folder: Path) -> dict[str, Any]:
    """Write the build context into ``folder``; returns what is to be told of it."""
    python = ".".join(platform.python_version_tuple()[:2])
    also = (["psycopg[binary]"] if job.database else []) + (
        ["cryptography"] if (job.path / "signature.json").exists() else []
    )
    also += for_columns(job.bundle.manifest)
    if KEY.encode() in job.bundle.files["model.onnx"]:  # texts become pieces on their way in
        also.append("tokenizers")
    wanted = distributions(needed().libraries, also)
    pins = pinned(wanted, python)
    direct = {
        name: pins[name] for name in pins if name.lower() in {w.partition("[")[0].lower() for w in wanted}
    }
    (folder / "requirements.txt").write_text(_requirements(pins), encoding="utf-8")
    (folder / "wheels").mkdir()
    made = wheel.build(direct)
    (folder / "wheels" / wheel.name()).write_bytes(made)
    held = ["model.json", *job.bundle.manifest["files"]]
    held += ["signature.json"] if (job.path / "signature.json").exists() else []
    (folder / "bundle").mkdir()
    for name in held:
        shutil.copyfile(job.path / name, folder / "bundle" / name)
    (folder / "Dockerfile").write_text(dockerfile(job), encoding="utf-8")
    (folder / ".dockerignore").write_text(template("dockerignore"), encoding="utf-8")
    write_json(folder / "sbom.cdx.json", sbom(job, pins))
    (folder / "README.md").write_text(_readme(job), encoding="utf-8")
    return {"base": base(), "libraries": len(pins), "wheel_bytes": len(made), "image": job.image}


def base() -> str:
    return f"python:{platform.python_version()}-{SUFFIX}"


def labels(job: Job) -> dict[str, str]:
    """What the image says of itself: the names of the Open Container Initiative, then our own."""
    manifest = job.bundle.manifest
    lineage = manifest.get("lineage") or {}
    versions = manifest.get("versions") or {}
    found = {
        "org.opencontainers.image.title": f"{manifest['name']}, served by modelwright",
        "org.opencontainers.image.version": job.run,
        "org.opencontainers.image.revision": job.digest,
        "modelwright.model": manifest["name"],
        "modelwright.run": lineage.get("run"),
        "modelwright.bundle": job.digest,
        "modelwright.data": lineage.get("data"),
        "modelwright.goal": lineage.get("goal"),
        "modelwright.graph": lineage.get("graph"),
        "modelwright.verdict": manifest.get("verdict"),
        "modelwright.version": versions.get("modelwright"),
    }
    return {key: str(value) for key, value in found.items() if value}


def dockerfile(job: Job) -> str:
    told = " \\\n      ".join(f"{key}={_quoted(value)}" for key, value in labels(job).items())
    serve = arguments(job, str(job.wishes.workers))
    probe = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{PORT}/healthz', timeout=2)"
    return template(
        "Dockerfile", base=base(), user=USER, port=PORT, live=LIVE, labels=told,
        probe=json.dumps(["python", "-c", probe]), serve=json.dumps(serve),
    )  # fmt: skip


def arguments(job: Job, workers: str) -> list[str]:
    """What ``modelwright`` is started with in a container."""
    found = [
        "serve",
        "/bundle",
        "--host",
        "0.0.0.0",
        "--port",
        str(PORT),
        "--live",
        LIVE,
        "--workers",
        workers,
    ]
    if job.database:
        # Several containers share the log, each with a place of its own: all call the version the same.
        found += ["--database", f"env:{job.database}", "--number", str(job.number)]
    return found


def _quoted(text: str) -> str:
    """A text as a Dockerfile takes it between double quotes; line ends become spaces."""
    plain = " ".join(text.split())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'


def _requirements(pins: dict[str, str]) -> str:
    lines = ["# What the server needs, and all that this needs, in the versions that it was tested with."]
    return "\n".join([*lines, *(f"{name}=={pin}" for name, pin in pins.items())]) + "\n"


def sbom(job: Job, pins: dict[str, str]) -> dict[str, Any]:
    """The parts of the image above its base, as CycloneDX 1.5."""
    every = {**pins, "modelwright": wheel.version()}
    components = []
    for name, pin in sorted(every.items(), key=lambda item: item[0].lower()):
        entry: dict[str, Any] = {
            "type": "library",
            "name": name,
            "version": pin,
            "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{pin}",
            "bom-ref": f"{name}@{pin}",
        }
        licence = licence_of(name)
        if licence:
            entry["licenses"] = [{"license": {"name": licence}}]
        components.append(entry)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "machine-learning-model",
                "name": str(job.bundle.manifest["name"]),
                "version": job.run,
                "hashes": [{"alg": "SHA-256", "content": job.digest}],
            }
        },
        "components": components,
    }


def _readme(job: Job) -> str:
    database = job.database
    return template(
        "docker.md",
        name=job.bundle.manifest["name"],
        label=job.name,
        image=job.image,
        live=LIVE,
        port=PORT,
        user=USER,
        secret=f" \\\n  --env {database}" if database else "",
        where=f"The log goes to the database whose address the environment variable `{database}` holds."
        if database
        else "The log is an SQLite file in the volume: one container a volume.",
    )
