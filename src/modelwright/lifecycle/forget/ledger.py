"""What was deleted, when, from where, and which models had learned from it: without the person's name.

``.store/forgotten/<number>.json``, one for each request. People are told by HMAC-SHA256 (RFC 2104) of column
and value with a random key that its owner alone can read (``.store/forgotten/key``): whoever has the value
and the key can show that it was deleted, and a source that still holds the person can be known.
"""

from __future__ import annotations

import datetime as dt
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwright.lifecycle.forget.asked import Asked
from modelwright.store import atomic


@dataclass(frozen=True)
class Ledger:
    """The records of deletions of one folder of runs."""

    folder: Path

    @classmethod
    def of(cls, runs: Path) -> Ledger:
        return cls(runs / ".store" / "forgotten")

    def people(self, asked: Asked) -> list[str]:
        """What stands for the people of a request; equal requests give equal ones."""
        key = self._key()
        told = (json.dumps([asked.column, value], ensure_ascii=False).encode() for value in asked.values)
        return sorted(hmac.digest(key, one, "sha256").hex() for one in told)

    def _key(self) -> bytes:
        path = self.folder / "key"
        if not path.exists():
            atomic.private_folder(self.folder)
            atomic.write_text(path, secrets.token_hex(32), private=True)
        return bytes.fromhex(path.read_text(encoding="ascii").strip())

    def records(self) -> list[dict[str, Any]]:
        """Every record, oldest first."""
        return [dict(atomic.read_json(path)) for path in sorted(self.folder.glob("[0-9]*.json"))]

    def unfinished(self, people: list[str]) -> dict[str, Any] | None:
        """The record of an equal request that was cut short."""
        found = [r for r in self.records() if r["done"] is None and r["people"] == people]
        return found[-1] if found else None

    def begin(self, asked: Asked) -> dict[str, Any]:
        """A new record, or that of an equal request that was cut short."""
        people = self.people(asked)
        known = self.unfinished(people)
        if known is not None:
            return known
        numbers = [int(path.stem) for path in self.folder.glob("[0-9]*.json")]
        return {
            "number": max(numbers, default=0) + 1,
            "asked": _now(),
            "done": None,
            "column": asked.column,
            "people": people,
            "runs": {},
            "live": {},
            "labels": {},
            "unreached": [],
            "still_shown": [],
            "stages": [],
        }

    def write(self, record: dict[str, Any]) -> Path:
        """Keep a record: before anything is deleted, after each part, and at the end."""
        path = self.folder / f"{record['number']:06d}.json"
        atomic.write_json(path, record, private=True)
        return path

    def end(self, record: dict[str, Any]) -> Path:
        record["done"] = _now()
        record["stages"] = []
        return self.write(record)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
