"""What is packaged, and what the one who packages wants of it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwright.release.package.measure import Measured
from modelwright.runtime.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the one who packages decides."""

    database: str | None = None
    """Where the log of predictions goes: ``env:NAME``, the variable that holds the address. No address: the
    files that are written must hold no password."""
    replicas: int | None = None
    """Servers in a cluster; None is one, or two with a database."""
    workers: int = 1
    """Processes that answer, in each server."""
    image: str | None = None
    """Name and tag of the image; None takes the model's name and its run."""
    rate: float = 50.0
    """Requests a second at which the server is measured."""
    measured: Measured | None = None
    """Of an earlier packaging of the same bundle; None measures."""


@dataclass(frozen=True, slots=True)
class Job:
    """What each target's module is given: ``write(job, folder) -> facts``."""

    path: Path
    """The bundle's folder."""
    bundle: Bundle
    wishes: Wishes

    @property
    def name(self) -> str:
        """The model's name in the form that images and clusters take (RFC 1123 label)."""
        name = str(self.bundle.manifest["name"]).lower()
        kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in name)
        short = kept.strip("-")[:40].strip("-") or "model"
        return short if short[0].isalpha() else f"m-{short}"  # a service's begins with a letter

    @property
    def run(self) -> str:
        """The run that released the bundle, or the digest of its manifest: a tag for what is made of it."""
        run = (self.bundle.manifest.get("lineage") or {}).get("run") or self.digest[:12]
        return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in str(run))[:100]

    @property
    def number(self) -> int:
        """Of the version, the same wherever the bundle is served, and growing from run to run: the time of
        the run; made of the digest where the run's name does not tell it."""
        found = re.search(r"-(\d{8})T(\d{6})-", self.run, re.ASCII)
        return int(found[1] + found[2]) if found else int(self.digest[:11], 16) + 1

    @property
    def digest(self) -> str:
        """sha256 of ``model.json``, which holds those of all other files."""
        return hashlib.sha256((self.path / "model.json").read_bytes()).hexdigest()

    @property
    def image(self) -> str:
        return self.wishes.image or f"modelwright/{self.name}:{self.run}"

    @property
    def database(self) -> str | None:
        """The name of the environment variable with the log's address."""
        return (self.wishes.database or "").removeprefix("env:") or None

    @property
    def replicas(self) -> int:
        if self.wishes.replicas is not None:
            return self.wishes.replicas
        return 2 if self.database else 1


def write_json(path: Path, data: Any) -> None:
    """JSON with sorted keys: equal data, equal bytes."""
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def template(file: str, /, **values: object) -> str:
    """A text of ``templates/`` with every ``@NAME@`` replaced by the value of that name."""
    from importlib import resources

    held = resources.files("modelwright.release.package") / "templates" / file
    text = held.read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key.upper()}@", str(value))
    return text
