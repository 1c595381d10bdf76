"""Where the state of a live model lies: one folder a model, ``live/<name>/``.

::

    live.json        how it is served and watched (settings.py); for its owner's eyes alone
    deployment.json  which version answers, which one before it, which challenger (deployment.py)
    history.jsonl    every change of the deployment, in order
    versions/v1/     bundle/ and version.json; never changed once written
    keys.json        API keys, as digests
    journal/         answered predictions that are not in the database yet (log/)
    log.db           the log of predictions and feedback, where no other database is named
    workers/         one file for each worker that answers: what it serves, and since when
    monitor/         what watching found: state.json, latest.json, alarms.jsonl
    decisions/       champion against challenger: one record each, with its evidence
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from modelwright.core.errors import BadInput

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one live model."""

    folder: Path

    @classmethod
    def of(cls, root: Path, name: str) -> Place:
        """The place of a name under the folder of live models; raises :class:`BadInput` for a name that could
        lead elsewhere."""
        if not _NAME.fullmatch(name):
            raise BadInput(
                f"{name!r} cannot name a live model",
                code="live.name",
                hint="use letters, digits, '-', '_' and '.', beginning with a letter or a digit",
            )
        return cls(root / name)

    @classmethod
    def find(cls, root: Path, name: str) -> Place:
        """As :meth:`of`, for a model that has been served already; :class:`BadInput` where none was."""
        place = cls.of(root, name)
        if not place.deployment.is_file():
            import difflib

            known = [p.name for p in every(root)]
            near = difflib.get_close_matches(name, known, 1)
            told = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}" if known else ""
            raise BadInput(
                f"there is no live model {name!r} in {root}",
                code="live.unknown",
                hint=told or "`modelwright serve BUNDLE` makes a model live; --live DIR looks elsewhere",
            )
        return place

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def settings(self) -> Path:
        return self.folder / "live.json"

    @property
    def deployment(self) -> Path:
        return self.folder / "deployment.json"

    @property
    def history(self) -> Path:
        return self.folder / "history.jsonl"

    @property
    def versions(self) -> Path:
        return self.folder / "versions"

    def bundle(self, version: str) -> Path:
        """The bundle of a version such as "v1"."""
        return self.versions / version / "bundle"

    @property
    def keys(self) -> Path:
        return self.folder / "keys.json"

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    @property
    def database(self) -> str:
        """The URL of the log where the settings name no other."""
        return f"sqlite:///{self.folder.resolve() / 'log.db'}"

    @property
    def workers(self) -> Path:
        return self.folder / "workers"

    @property
    def monitor(self) -> Path:
        return self.folder / "monitor"

    @property
    def decisions(self) -> Path:
        return self.folder / "decisions"


def every(root: Path) -> list[Place]:
    """The places of all live models under the folder, by name."""
    if not root.is_dir():
        return []
    found = [Place(p) for p in root.iterdir() if p.is_dir() and (p / "deployment.json").is_file()]
    return sorted(found, key=lambda place: place.name)
