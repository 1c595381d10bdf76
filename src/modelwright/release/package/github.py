"""A workflow of GitHub Actions that releases and retrains through the gates of the goal."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from modelwright.release.package.job import Job, template


def write(job: Job, folder: Path) -> dict[str, Any]:
    """Write the workflow into ``folder``; returns what is to be told of it."""
    model = str(job.bundle.manifest["name"])
    text = template(
        "github.yml",
        model=json.dumps(model, ensure_ascii=False) if not model.isidentifier() else model,
        quoted=json.dumps(model, ensure_ascii=False),
        label=job.name,
        version=version("modelwright"),
        python=".".join(platform.python_version_tuple()[:2]),
    )
    name = f"{job.name}.yml"
    (folder / name).write_text(text, encoding="utf-8")
    (folder / "README.md").write_text(template("github.md", model=model, label=job.name), encoding="utf-8")
    return {"workflow": name}
