"""``latest.json``: what the last look found, for pages, metrics, the command line and the server's keeper."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from modelwright.live.entries import Prediction
from modelwright.live.log.database import LogDatabase
from modelwright.live.place import Place
from modelwright.live.settings import Settings
from modelwright.live.watch import alarms, quality, service
from modelwright.live.watch.accuracy import RECENT, recent
from modelwright.live.watch.alarms import e_value, iso
from modelwright.live.watch.estimate import estimated
from modelwright.live.watch.rank import effects
from modelwright.live.watch.rows import Batch, batch
from modelwright.live.watch.streams import LEARNED
from modelwright.live.watch.watcher import MARK, Watcher
from modelwright.release.joint import standard_scores
from modelwright.runtime.parse import measures

FORMAT: Final = 1
GROWN: Final = 0.02
"""Effects and estimates are worked out again when there are so many more rows, of all so far."""
PAIRS: Final = 3


def report(
    place: Place,
    settings: Settings,
    database: LogDatabase,
    watcher: Watcher,
    now: int,
    before: dict[str, Any] | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Everything that is known of the live model, as JSON data; and what took long to work out, which the
    next look may take over as ``before``."""
    opened = [(key, watcher.conditions[key], track) for key, track in watcher.open()]
    conditions = [alarms.opened(condition, track) for _, condition, track in opened]
    keys = [key for key, _, _ in opened]
    if before is not None and _same(before, watcher, keys):
        heavy = before
    else:
        heavy = _heavy(database, watcher, keys)
    found: dict[str, Any] = {
        "format": FORMAT,
        "model": place.name,
        "at": iso(now),
        "version": watcher.version,
        "rows": watcher.rows,
        "last": iso(watcher.last_at) if watcher.last_at else None,
        "labelled": watcher.labels.rows,
        "unknown_outcomes": watcher.labels.unknown,
        "columns": _columns(watcher, heavy["effects"]),
        "joint": _joint(watcher, heavy["pairs"]),
        "prediction": _prediction(watcher),
        "quality": quality.told(watcher.quality, watcher.streams),
        "service": service.told(watcher.service, watcher.latency, np.array(heavy["micros"], dtype=np.int64)),
        "accuracy": _accuracy(watcher, heavy["recent"]),
        "estimated": heavy["estimated"],
        "conditions": conditions,
        "not_available": watcher.not_available,
        "alarms": {
            "rate": watcher.rate,
            "horizon_seconds": settings.watch.alarm_horizon,
            "tests": len(watcher.conditions),
        },
    }
    found["retrain"] = _retrain(settings.watch.retrain, found)
    return found, heavy


def _same(before: dict[str, Any], watcher: Watcher, keys: list[str]) -> bool:
    """Whether what the look before worked out still stands."""
    if before.get("format") != FORMAT or before.get("version") != watcher.version:
        return False
    rows, labels = watcher.rows - before["rows"], watcher.labels.rows - before["labelled"]
    grown = rows > GROWN * before["rows"] or labels > GROWN * before["labelled"]
    return rows >= 0 and labels >= 0 and not grown and bool(before["open"] == keys)


def _heavy(database: LogDatabase, watcher: Watcher, keys: list[str]) -> dict[str, Any]:
    """What takes the model, or many rows."""
    part = _recent(database, watcher)
    pairs: list[tuple[Prediction, float]] = []
    if watcher.labels.rows:
        for p, f in database.labelled(version=watcher.version, role="champion", limit=RECENT):
            truth = watcher.truth(f.outcome)
            if truth is not None:
                pairs.append((p, truth))
    scored = watcher.scored(pairs) if pairs else None
    moved = effects(watcher.model, watcher.reference, part)
    return {
        "format": FORMAT,
        "version": watcher.version,
        "rows": watcher.rows,
        "labelled": watcher.labels.rows,
        "open": keys,
        "effects": {
            name: {"size": e.size, "error": e.error, "scaled": e.scaled, "moves": e.moves}
            for name, e in moved.items()
        },
        "pairs": _pairs(watcher, part) if "joint" in keys else [],
        "micros": [int(m) for m in part.micros[service.first_rows(part, "")]],
        "recent": {m.text: recent(m, scored) for m in watcher.measures} if scored is not None else {},
        "estimated": estimated(
            watcher.model, watcher.measures, watcher.reference, watcher.streams, part, scored
        ),
    }


def _recent(database: LogDatabase, watcher: Watcher) -> Batch:
    """The last rows, at most ``MARK``."""
    rows = []
    if watcher.marks:
        rows = database.predictions(
            after=watcher.marks[0][1], version=watcher.version, role="champion", limit=2 * MARK
        )
    return batch(watcher.model, rows[-MARK:], watcher.private)


def _columns(watcher: Watcher, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Columns that drifted first, then by what their drift does to the prediction."""
    said: list[dict[str, Any]] = []
    tensors = watcher.model.tensors
    measured = [name for tensor in tensors.tensors for name in measures.columns(tensor)]
    for name in (*tensors.names, *(n for n in measured if f"values:{n}" in watcher.tracks)):
        track = watcher.tracks.get(f"values:{name}")
        effect = found.get(name)
        said.append(
            {
                "name": name,
                "e_value": e_value(track.log_most) if track else None,
                "drifted": track is not None and track.since is not None,
                "since": iso(track.since) if track and track.since is not None else None,
                "effect": effect["size"] if effect else None,
                "effect_error": effect["error"] if effect else None,
                "effect_share": effect["scaled"] if effect else None,
                "moves_prediction": bool(effect and effect["moves"]),
                "why": watcher.not_available.get(f"values:{name}"),
            }
        )
    said.sort(key=lambda c: (not c["drifted"], -(c["effect"] or 0.0), c["name"]))
    return [{**column, "rank": rank} for rank, column in enumerate(said, start=1)]


def _joint(watcher: Watcher, pairs: list[dict[str, Any]]) -> dict[str, Any]:
    track = watcher.tracks.get("joint")
    if track is None:
        return {"available": False, "why": watcher.not_available.get("joint", ""), "drifted": False}
    return {
        "available": True,
        "e_value": e_value(track.log_most),
        "drifted": track.since is not None,
        "since": iso(track.since) if track.since is not None else None,
        "pairs": pairs,
    }


def _pairs(watcher: Watcher, part: Batch) -> list[dict[str, Any]]:
    """The pairs of columns whose correlation (of normal scores) has moved most."""
    told = watcher.reference["joint"]
    columns = part.typed()
    if len(part) < 50 or not all(c["name"] in columns for c in told["columns"]):
        return []
    z = standard_scores(told, columns)
    z = z - z.mean(axis=0)
    spread = z.std(axis=0)
    spread[spread == 0] = 1.0
    live = (z / spread).T @ (z / spread) / len(z)
    release = np.asarray(told["correlation"]) / max(1.0 - told["shrinkage"], 0.01)
    gap = np.triu(np.abs(live - release), 1)
    names = [c["name"] for c in told["columns"]]
    found = []
    for place in np.argsort(-gap, axis=None)[:PAIRS]:
        i, j = (int(v) for v in np.unravel_index(place, gap.shape))
        if gap[i, j] > 0.1:
            found.append(
                {
                    "columns": [names[i], names[j]],
                    "at_release": round(float(release[i, j]), 3),
                    "now": round(float(live[i, j]), 3),
                }
            )
    return found


def _prediction(watcher: Watcher) -> list[dict[str, Any]]:
    said = []
    for name in ("labels", "confidence", "answers"):
        track = watcher.tracks.get(name)
        if track is None:
            continue
        learning = name not in watcher.cells
        told: dict[str, Any] = {"name": name, "drifted": track.since is not None, "e_value": None}
        if learning:
            told["state"] = f"learning what is usual: {len(watcher.learned[name])} of {LEARNED} rows"
        else:
            told["state"] = f"compared with the first {LEARNED} rows that this version answered"
            told["e_value"] = e_value(track.log_most)
        said.append(told)
    return said


def _accuracy(watcher: Watcher, latest: dict[str, Any]) -> dict[str, Any]:
    """By measure: the value since the version began (with an interval that holds at every look), or, where
    the metric is no mean, of the most recent outcomes (with an ordinary one)."""
    said = {}
    for m in watcher.measures:
        now = latest.get(m.text)
        whole = watcher.labels.followed[m.text].told(m) if m.goods is not None else None
        one = dict(whole if whole is not None else now or {"value": None, "low": None, "high": None, "n": 0})
        one["metric"] = m.spec.name
        one["recent"] = now
        one["threshold"] = m.criterion.threshold if m.criterion else None
        one["op"] = m.criterion.op if m.criterion else None
        one["test"] = (
            {"value": m.tested.value, "low": _finite(m.tested.low), "high": _finite(m.tested.high)}
            if m.tested
            else None
        )
        keys = [d.name for d in watcher.demands if d.measure is m]
        tracks = [watcher.labels.tracks[key] for key in keys]
        one["fallen"] = any(track.since is not None for track in tracks)
        one["e_value"] = e_value(max((t.log_most for t in tracks), default=0.0))
        said[m.text] = one
    return said


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _retrain(wish: str | None, found: dict[str, Any]) -> dict[str, Any]:
    """Whether the monitor asks for a new model: only where the goal says ``on drift``."""
    if wish != "on drift":
        return {"wanted": False, "why": f"the goal says {wish}" if wish else "the goal does not ask for it"}
    moving = {c["name"] for c in found["columns"] if c["drifted"] and c["moves_prediction"]}
    why = [
        condition["what"]
        for condition in found["conditions"]
        if condition["code"].startswith("accuracy.")
        or condition["code"] == "drift.prediction"
        or (condition["code"] == "drift.column" and condition["column"] in moving)
    ]
    if why:
        return {"wanted": True, "why": "; ".join(why)}
    return {"wanted": False, "why": "nothing is open that moves the predictions"}
