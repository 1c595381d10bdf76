"""Reading a run's folder as it stands: finished or not, of this version or an older one.

A file that is absent is simply not there yet. A file that cannot be read leaves a note, and the report is
made of the rest: a report must never be the thing that fails.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, TypeVar

from modelwright.core.codec import decode
from modelwright.core.records.models import FitRow

T = TypeVar("T")

UNREADABLE = (OSError, ValueError, TypeError, KeyError, AttributeError)


class Folder:
    """The files of one run, and notes on those that could not be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []

    def text(self, name: str) -> str:
        """The text of a file, or nothing where it is absent."""
        try:
            return (self.path / name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            self.notes.append(f"{name} could not be read ({error.strerror or 'no reason given'})")
            return ""

    def json(self, name: str) -> Any:
        """The JSON data of a file, or ``None`` where it is absent or damaged."""
        text = self.text(name)
        if not text:
            return None
        try:
            return json.loads(text)
        except ValueError as error:
            self.notes.append(f"{name} is not whole JSON ({error})")
            return None

    def object(self, name: str) -> dict[str, Any]:
        """As :meth:`json`, where an object is expected; empty where there is none."""
        data = self.json(name)
        if data is not None and not isinstance(data, dict):
            self.notes.append(f"{name} holds something else than an object")
        return data if isinstance(data, dict) else {}

    def record(self, stage: str, kind: type[T]) -> T | None:
        """The record of a stage, or ``None`` where the stage has not finished."""
        data = self.json(f"{stage}/record.json")
        if data is None:
            return None
        try:
            return decode(kind, data)
        except UNREADABLE as error:
            self.notes.append(f"{stage}/record.json does not fit this version ({error})")
            return None

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The objects of a file of JSON lines; a broken line is noted and left out."""
        found: list[dict[str, Any]] = []
        for number, line in enumerate(self.text(name).split("\n"), start=1):
            if not line.strip():
                continue
            try:
                data = json.loads(line)
            except ValueError:
                data = None
            if isinstance(data, dict):
                found.append(data)
            else:
                self.notes.append(f"line {number} of {name} is not a whole JSON object")
        return found

    def leaderboard(self) -> tuple[FitRow, ...]:
        """The rows of ``leaderboard.csv``, in the order of the file."""
        text = self.text("leaderboard.csv")
        rows: list[FitRow] = []
        for number, row in enumerate(csv.DictReader(io.StringIO(text, newline="")), start=2):
            try:
                rows.append(_fit(row))
            except UNREADABLE as error:
                self.notes.append(f"line {number} of leaderboard.csv does not fit this version ({error})")
        return tuple(rows)


def _fit(row: dict[str, str]) -> FitRow:
    def number(key: str) -> float:
        text = row.get(key) or ""
        return float(text) if text else float("nan")

    def true(key: str) -> bool:
        return (row.get(key) or "").strip().lower() in ("true", "1", "yes")

    config = json.loads(row.get("config") or "{}")
    size = number("size")
    return decode(
        FitRow,
        {
            "name": row["name"],
            "family": row["family"],
            "taken": true("taken"),
            "why": row.get("why") or "",
            "config": config if isinstance(config, dict) else {},
            "score": number("score"),
            "low": number("low"),
            "high": number("high"),
            "train_score": number("train_score"),
            "fit_seconds": number("fit_seconds"),
            "predict_us": number("predict_us"),
            "size": int(size) if size == size else 0,
            "diagnosis": row.get("diagnosis") or "",
            "advice": row.get("advice") or "",
            "baseline": true("baseline"),
            "weight": number("weight") if row.get("weight") else 0.0,
            "status": row.get("status") or ("fitted" if true("taken") else "declined"),
        },
    )
