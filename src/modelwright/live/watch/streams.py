"""What is tested: which streams a bundle's reference allows, and which part of the alarm rate each gets.

=============== =====================================================================  ======
``values:COL``  the column's bins or categories, new values and missing ones included  0.35
``missing:COL`` whether there is a value that can be read                              0.07
``new:COL``     categories: whether the value was seen often enough to be listed       0.05
``range:COL``   numbers: whether more values than usual lie outside of the usual range 0.05
``joint``       how far the row lies from how columns go together (release/joint.py)   0.10
``labels``      the predicted class                                                    0.08
``confidence``  the probability of the positive class, or of the most likely one       0.08
``answers``     the predicted number                                                   0.16
=============== =====================================================================  ======

Dates are not tested but for missing values: they move on by themselves. An image, a sound or a series is
watched by what is measured of it, "brightness of image", each as a column of numbers. Streams of a kind
share its part evenly; the rest of the alarm rate goes to accuracy (accuracy.py) and to the service
(service.py). A part that nobody uses stays unused. Columns with personal data have ``missing`` alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from modelwright.live.watch.rows import Batch, Column
from modelwright.release.histogram import histogram
from modelwright.release.joint import distances
from modelwright.runtime.model import Model
from modelwright.runtime.parse import MEDIA, measures
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME
from modelwright.stats.below import inside_bound
from modelwright.stats.cells import Cells, from_counts, from_histogram, from_reference

Kind = Literal["values", "missing", "new", "range", "joint", "labels", "confidence", "answers"]
Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PARTS: Final[dict[str, float]] = {
    "values": 0.35, "missing": 0.07, "new": 0.05, "range": 0.05, "joint": 0.10,
    "labels": 0.08, "confidence": 0.08, "answers": 0.16, "accuracy": 0.16, "service": 0.06,
}  # fmt: skip
LEARNED: Final = 500
"""Live rows that predictions are compared with. The bundle's own predictions are of rows that the model was
fitted on, which it is surer of than of new ones; so the first rows it answers are its reference."""
SKIP: Final = np.nan
"""What a row has that says nothing of a stream: its log does not hold the value."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One stream: its cells (None: learned from the first live rows), and where a batch's rows fall."""

    name: str
    kind: Kind
    column: str | None
    part: float
    """Of the alarm rate."""
    cells: Cells | None
    bound: float | None = None
    """Of ``range`` alone, which is tested one-sidedly: the share of rows that lies inside at least."""
    values: Callable[[Batch], Floats | None] = lambda batch: None
    """Codes where ``cells`` is given, else raw values: float64 [n] with NaN for rows that say nothing; None
    where the batch says nothing at all."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The streams of a bundle, and what cannot be watched, with the reason."""

    streams: tuple[Stream, ...]
    not_available: dict[str, str]


def streams(model: Model, reference: dict[str, Any], private: frozenset[str], rate: float = 0.01) -> Watched:
    """The streams that the bundle allows, for an alarm rate."""
    found: list[tuple[str, Kind, str | None, Cells | None, Callable[[Batch], Floats | None]]] = []
    inside: dict[str, tuple[int, int]] = {}
    signature = {column.name: column for column in model.signature.inputs}
    absent: dict[str, str] = {}
    for name in model.tensors.names:
        entry = reference["columns"].get(name)
        if entry is None:
            absent[f"values:{name}"] = "the reference does not hold the column"
            continue
        rows, missing = int(entry["rows"]), int(entry["missing"])
        cells = Cells("category", (0, rows - missing, missing), names=("present",))
        found.append((f"missing:{name}", "missing", name, cells, _missing(name)))
        if entry.get("private") or name in private:
            absent[f"values:{name}"] = "the column holds personal data"
            continue
        if entry["kind"] in MEDIA:
            absent[f"values:{name}"] = f"what is measured of each {entry['kind']} is watched in its place"
            for measure, told in entry.get("measures", {}).items():
                called = measures.called(measure, name)
                cells = from_histogram({**told, "rows": rows}, missing)
                if len(cells.counts) > 3:
                    found.append(
                        (f"values:{called}", "values", called, cells, _values(called, "number", cells))
                    )
            continue
        if entry["kind"] == "date":
            absent[f"values:{name}"] = "dates move on by themselves"
            continue
        cells = from_reference(entry)
        if len(cells.counts) > 3 or sum(count > 0 for count in cells.counts) > 1:
            found.append((f"values:{name}", "values", name, cells, _values(name, entry["kind"], cells)))
        if entry["kind"] == "category":
            listed = sum(cells.counts[1:-1])
            two = from_counts({"listed": listed}, other=cells.counts[0])
            found.append((f"new:{name}", "new", name, two, _new(name, cells)))
        about = signature[name]
        ends = usual_range(about.low, about.high)
        if ends is not None and about.coverage:
            outside = round((1 - about.coverage) * (rows - missing))
            two = from_counts({"in": rows - missing - outside, "out": outside})
            inside[f"range:{name}"] = (rows - missing, outside)
            found.append((f"range:{name}", "range", name, two, _range(name, entry["kind"], *ends)))
    joint = reference.get("joint")
    if joint is None:
        absent["joint"] = "the bundle is older than this check; release it again to have it"
    elif not joint.get("available"):
        absent["joint"] = str(joint.get("why", "the reference does not hold it"))
    elif any(column["name"] in private for column in joint["columns"]):
        absent["joint"] = "the log does not hold all of its columns"
    else:
        found.append(("joint", "joint", None, from_histogram(joint), _joint(joint)))
    if model.classes:
        found.append(("labels", "labels", None, None, _labels))
        found.append(("confidence", "confidence", None, None, _confidence(model)))
    else:
        found.append(("answers", "answers", None, None, lambda batch: batch.values))
    of_kind: dict[str, int] = {}
    for _, kind, *_rest in found:
        of_kind[kind] = of_kind.get(kind, 0) + 1
    made = []
    for stream, kind, column, of_stream, of in found:
        part, bound = PARTS[kind] / of_kind[kind], None
        if stream in inside:
            # Half of the part pays for the reference's own sampling, half for the test.
            part /= 2
            bound = inside_bound(*inside[stream], risk=rate * part / 2)
        made.append(Stream(stream, kind, column, part, of_stream, bound, of))
    return Watched(tuple(made), absent)


def entry_of(reference: dict[str, Any], column: str) -> dict[str, Any]:
    """The reference's entry of a watched column: of a measure of media, as a column of numbers."""
    found: dict[str, Any] | None = reference["columns"].get(column)
    if found is not None:
        return found
    measure, _, name = column.partition(" of ")
    entry = reference["columns"][name]
    return {
        "kind": "number",
        "rows": entry["rows"],
        "missing": entry["missing"],
        **entry["measures"][measure],
    }


def learn(stream: Stream, values: list[float], classes: tuple[str, ...]) -> Cells:
    """The cells of a stream whose reference is the first live rows."""
    if stream.kind == "labels":
        counts = dict.fromkeys(classes, 0)
        for value in values:
            counts[classes[int(value)]] += 1
        return from_counts(counts)
    return from_histogram(histogram(np.asarray(values)).to_json())


def placed(stream: Stream, cells: Cells, values: Floats, classes: tuple[str, ...]) -> Codes:
    """Codes [n] of raw values of a stream whose reference was learned."""
    if stream.kind == "labels":
        of_class = np.array([cells.names.index(name) + 1 for name in classes], dtype=np.int64)
        return np.asarray(of_class[values.astype(np.int64)])
    return cells.codes(values)


def usual_range(low: Any, high: Any) -> tuple[float, float] | None:
    """The signature's range as numbers; dates in microseconds since 1970."""
    if low is None or high is None:
        return None
    if isinstance(low, str):
        ends = [dt.datetime.fromisoformat(str(end)) for end in (low, high)]
        return ends[0].timestamp() * 1e6, ends[1].timestamp() * 1e6
    return float(low), float(high)


def _missing(name: str) -> Callable[[Batch], Floats | None]:
    def of(batch: Batch) -> Floats | None:
        column = batch.columns[name]
        return _logged(column, np.where(column.missing, 2.0, 1.0))

    return of


def _values(name: str, kind: str, cells: Cells) -> Callable[[Batch], Floats | None]:
    def of(batch: Batch) -> Floats | None:
        column = batch.columns[name]
        return _logged(column, cell_codes(column, kind, cells).astype(np.float64))

    return of


def _new(name: str, cells: Cells) -> Callable[[Batch], Floats | None]:
    def of(batch: Batch) -> Floats | None:
        column = batch.columns[name]
        codes = cell_codes(column, "category", cells)
        told = np.where(codes == 0, 0.0, 1.0)
        told[column.missing] = SKIP
        return _logged(column, told)

    return of


def _range(name: str, kind: str, low: float, high: float) -> Callable[[Batch], Floats | None]:
    def of(batch: Batch) -> Floats | None:
        column = batch.columns[name]
        numbers = as_numbers(column, kind)
        # The cells stand in the order of their names: "in", then "out".
        told = np.where((numbers < low) | (numbers > high), 2.0, 1.0)
        told[column.missing] = SKIP
        return _logged(column, told)

    return of


def _joint(told: dict[str, Any]) -> Callable[[Batch], Floats | None]:
    cells = from_histogram(told)

    def of(batch: Batch) -> Floats | None:
        names = [column["name"] for column in told["columns"]]
        if not len(batch) or not all(bool(batch.columns[name].logged.all()) for name in names):
            return None
        far = distances(told, {name: batch.columns[name].values for name in names})
        return cells.codes(far).astype(np.float64)

    return of


def _labels(batch: Batch) -> Floats | None:
    return np.where(batch.labels >= 0, batch.labels, SKIP).astype(np.float64)


def _confidence(model: Model) -> Callable[[Batch], Floats | None]:
    def of(batch: Batch) -> Floats | None:
        known = batch.probabilities.sum(axis=1) > 0
        told = batch.probabilities[:, 1] if len(model.classes) == 2 else batch.probabilities.max(axis=1)
        return np.where(known, told, SKIP)

    return of


def cell_codes(column: Column, kind: str, cells: Cells) -> Codes:
    """Where a column's values fall: 0 for what the reference does not list, the last for missing."""
    if kind in ("category", "boolean"):
        values = column.values
        if kind == "boolean":
            places = {name: i for i, name in enumerate(cells.names, start=1)}
            no, yes = places.get(repr(0.0), 0), places.get(repr(1.0), 0)
            return np.where(column.missing, cells.missing, np.where(values == 1.0, yes, no)).astype(np.int64)
        named = {name: i for i, name in enumerate(cells.names, start=1)}
        named[NULL_TEXT] = cells.missing
        return np.fromiter((named.get(v, 0) for v in values), dtype=np.int64, count=len(values))
    return cells.codes(as_numbers(column, kind))


def as_numbers(column: Column, kind: str) -> Floats:
    """Numbers as they are, dates in microseconds, texts by their length in words; NaN for missing."""
    if kind == "date":
        made = column.values.astype(np.float64)
        made[column.values == NULL_TIME] = np.nan
        return made
    if kind == "text":
        return np.fromiter(
            (np.nan if v == NULL_TEXT else len(v.split()) for v in column.values),
            dtype=np.float64,
            count=len(column.values),
        )
    return column.values.astype(np.float64)


def _logged(column: Column, codes: Floats) -> Floats | None:
    if column.logged.all():
        return codes
    if not column.logged.any():
        return None
    return np.where(column.logged, codes, SKIP)
