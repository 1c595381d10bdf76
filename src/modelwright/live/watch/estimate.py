"""How good the model probably is before outcomes come back: by its own calibrated probabilities.

Where probabilities are right on average, the expected value of any metric of classes follows from them alone
(Kivimäki et al. 2025, "Confidence-based estimators for predictive performance in model monitoring", JAIR 82,
also for what it cannot do). The interval holds the rows' sampling, the chance of their outcomes, and the
calibration error that the test allows for. It takes for granted that what the inputs say of the outcome has
not changed; outcomes alone can show that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from modelwright.core.codec import decode
from modelwright.core.records.evidence import Estimate
from modelwright.goal.metrics.scored import Scored
from modelwright.live.watch.measures import Measure
from modelwright.live.watch.rows import Batch
from modelwright.live.watch.streams import Stream, as_numbers, entry_of
from modelwright.release.joint import distances
from modelwright.runtime.model import Model
from modelwright.stats.intervals import normal_quantile

DRAWS: Final = 200
FEWEST: Final = 100
"""Rows below which an estimate is not trusted."""
OUTSIDE: Final = 0.05
"""Share of rows outside of the reference from which on it is not."""
LABELLED: Final = 50
"""Outcomes from which on calibration is measured on them."""
REACH: Final = 5.0
"""How far a value lies outside: so many times as far beyond the outermost edge as the values of the outermost
bin do on average (which for an exponential tail 0.7% of that bin's do)."""
Floats = npt.NDArray[np.float64]


def estimated(
    model: Model,
    measures: Sequence[Measure],
    reference: dict[str, Any],
    streams: Sequence[Stream],
    batch: Batch,
    labelled: Scored | None,
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """``metric``, ``value``, ``low``, ``high``, ``trusted``, ``why`` of the first measure that can be
    estimated, and the other measures the same way under ``others``.

    ``labelled``: recent rows with outcomes, which show whether the probabilities are right.
    """
    nothing: dict[str, Any] = {"metric": None, "value": None, "low": None, "high": None, "trusted": False}
    if not model.classes:
        return {
            **nothing,
            "why": "not available: a predicted number does not say how far off it may be",
            "others": [],
        }
    usable = [m for m in measures if m.spec.needs in ("label", "probability")]
    known = (batch.probabilities.sum(axis=1) > 0) & (batch.labels >= 0)
    if not usable or not known.any():
        return {**nothing, "why": "not available: no probabilities were logged yet", "others": []}
    probabilities, labels = batch.probabilities[known], batch.labels[known]
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    slack, doubts = _doubts(model, reference, streams, batch, labelled, len(labels))
    made = [
        {
            "metric": m.text,
            **_one(m, model, probabilities, labels, slack, np.random.default_rng(seed)),
            "trusted": not doubts,
            "why": "; ".join(doubts)
            or "the inputs look as at release; that they mean the same is taken for granted",
        }
        for m in usable
    ]
    return {**made[0], "n": len(labels), "calibration_error": slack, "others": made[1:]}


def _one(
    m: Measure, model: Model, p: Floats, labels: npt.NDArray[np.int64], slack: float, rng: np.random.Generator
) -> dict[str, Any]:
    """Value and 95% interval: rows drawn again, outcomes drawn by their probabilities."""
    n = len(labels)
    values = []
    for _ in range(DRAWS):
        rows = rng.integers(0, n, n)
        values.append(_drawn(m, model, p[rows], labels[rows], rng))
    found = np.array([v for v in values if math.isfinite(v)])
    if len(found) < DRAWS / 2:
        return {"value": None, "low": None, "high": None}
    value = float(found.mean())
    low, high = (float(q) for q in np.quantile(found, [0.025, 0.975]))
    shifted = []
    for side in (-slack, slack):
        moved = _moved(p, labels, side)
        several = [_drawn(m, model, moved, labels, rng) for _ in range(20)]
        shifted.append(float(np.mean([v for v in several if math.isfinite(v)] or [value])))
    low -= max(0.0, value - min(shifted))
    high += max(0.0, max(shifted) - value)
    least, most = m.spec.bounds
    low = low if least is None else max(low, least)
    return {"value": value, "low": low, "high": high if most is None else min(high, most)}


def _drawn(
    m: Measure, model: Model, p: Floats, labels: npt.NDArray[np.int64], rng: np.random.Generator
) -> float:
    """The metric for outcomes drawn by the probabilities [n, k]."""
    truth = (rng.random((len(p), 1)) > np.cumsum(p, axis=1)[:, :-1]).sum(axis=1).astype(np.int64)
    positive = model.metadata.get("positive")
    scored = Scored(
        truth,
        labels,
        p,
        classes=model.classes,
        positive=model.classes.index(positive) if positive in model.classes else None,
    )
    return m.spec.compute(scored, for_class=m.for_class, average=m.average)


def _moved(p: Floats, labels: npt.NDArray[np.int64], by: float) -> Floats:
    """Probabilities with that of the predicted class moved, and the others scaled to match."""
    rows = np.arange(len(labels))
    own = p[rows, labels]
    wanted = np.clip(own + by, 0.0, 1.0)
    scale = np.divide(1.0 - wanted, 1.0 - own, out=np.zeros_like(own), where=own < 1.0)
    made: Floats = p * scale[:, None]
    made[rows, labels] = wanted
    left = 1.0 - made.sum(axis=1)
    # A class that was certain gives what it loses to all the others alike.
    made += (left / max(p.shape[1] - 1, 1))[:, None] * (np.arange(p.shape[1]) != labels[:, None])
    return np.clip(made, 0.0, 1.0)


def _doubts(
    model: Model,
    reference: dict[str, Any],
    streams: Sequence[Stream],
    batch: Batch,
    labelled: Scored | None,
    n: int,
) -> tuple[float, list[str]]:
    """The calibration error that is allowed for, and why the estimate is not to be trusted."""
    doubts = []
    if n < FEWEST:
        doubts.append(f"{n} recent rows are few ({FEWEST} are needed)")
    told = {e["name"]: e["estimate"] for e in model.metadata.get("test", {}).get("metrics", ())}
    slack = math.nan
    if "ece" in told:
        error = decode(Estimate, told["ece"])
        slack = error.high if math.isfinite(error.high) else error.value
    if not math.isfinite(slack):
        slack = 0.05
        doubts.append("how well probabilities were calibrated was not measured on test rows")
    share, expected = outside(reference, streams, batch)
    if share > OUTSIDE + 2 * expected:
        doubts.append(f"{share:.0%} of recent rows lie outside of what the model was trained on")
    if labelled is not None and len(labelled) >= LABELLED:
        assert labelled.probabilities is not None
        assert labelled.labels is not None
        own = labelled.probabilities[np.arange(len(labelled)), labelled.labels]
        off = (labelled.labels == labelled.truth) - own
        reach = normal_quantile(0.99) * float(off.std(ddof=1)) / math.sqrt(len(off))
        allowed = max(slack, 0.02)
        if abs(float(off.mean())) - reach > allowed:
            way = "less" if off.mean() < 0 else "more"
            doubts.append(
                f"by the outcomes that came back the model is right {abs(float(off.mean())):.0%} {way} often "
                "than its probabilities say"
            )
    return slack, doubts


def outside(reference: dict[str, Any], streams: Sequence[Stream], batch: Batch) -> tuple[float, float]:
    """The share of rows with a value (or a combination) that the reference hardly knows, and how large it was
    at release, about."""
    out = np.zeros(len(batch), dtype=np.bool_)
    expected = 0.0
    if not len(batch):
        return 0.0, 0.0
    for stream in streams:
        if stream.kind == "new":
            codes = stream.values(batch)
            assert stream.cells is not None
            if codes is not None:
                out |= codes == 0.0
                expected += stream.cells.counts[0] / max(stream.cells.rows, 1)
        if stream.kind == "values" and stream.column is not None:
            entry = entry_of(reference, stream.column)
            if entry["kind"] == "number" and len(entry.get("edges", ())) > 1:
                numbers = as_numbers(batch.columns[stream.column], entry["kind"])
                low, high = _ends(entry)
                out |= (numbers < low) | (numbers > high)
        if stream.kind == "joint":
            told = reference["joint"]
            columns = batch.typed()
            if all(c["name"] in columns for c in told["columns"]) and told["edges"]:
                out |= distances(told, columns) > _ends(told)[1]
    return float(out.mean()), min(expected, 0.5)


def _ends(entry: dict[str, Any]) -> tuple[float, float]:
    edges, means = entry["edges"], entry["means"]
    return (
        edges[0] - REACH * (edges[0] - means[0]),
        edges[-1] + REACH * (means[-1] - edges[-1]),
    )
