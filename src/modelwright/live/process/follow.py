"""Waiting until a server's workers have followed a change of the deployment."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from modelwright.live.deployment import alive
from modelwright.live.place import Place

PATIENCE: Final = 10.0


@dataclass(frozen=True, slots=True)
class Followed:
    workers: int
    """Those that have taken the change; 0 where no server runs."""
    behind: int
    """Those that have not, in the time given."""
    refused: str = ""
    """Why a worker could not take it."""
    seconds: float = 0.0


def follow(place: Place, serial: int, *, patience: float = PATIENCE) -> Followed:
    """Wait until every worker has taken the deployment of that serial, one refuses, or time is up."""
    began = time.monotonic()
    while True:
        workers = alive(place)
        behind = [w for w in workers if int(w.get("serial", 0)) < serial]
        refused = next(
            (str(w["refused"]["why"]) for w in behind if (w.get("refused") or {}).get("serial") == serial), ""
        )
        passed = time.monotonic() - began
        if not behind or refused or passed > patience:
            return Followed(len(workers) - len(behind), len(behind), refused, passed)
        time.sleep(0.02)
