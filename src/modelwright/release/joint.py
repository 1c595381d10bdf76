"""How the input columns go together, told by aggregates: a correlation matrix, and how far rows lie from it.

Every value becomes a normal score (the normal quantile of its bin's middle rank), so that heavy tails and
categories need no care of their own. The correlation of the scores is shrunk towards none (Schäfer and
Strimmer, 2005), and a row's distance is Mahalanobis' by it. Half of the rows, drawn at random, give bins and
correlation; the distances of the other half are those of rows that the matrix has never seen. Rows that come
later are therefore spread as the told ones are, exactly, as long as nothing has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from modelwright.release.histogram import LEAST, histogram
from modelwright.runtime.signature import NULL_TEXT

ROWS: Final = 50_000
"""Rows that are used at most."""
FEWEST: Final = 100
"""Rows below which nothing is told: a matrix from fewer says little."""
MOST: Final = 64
"""Columns that are taken at most, the first ones."""
CATEGORIES: Final = 20
SEED: Final = 0

Floats = npt.NDArray[np.float64]


def joint(columns: Mapping[str, npt.NDArray[Any]], kinds: Mapping[str, str]) -> dict[str, Any]:
    """The entry ``joint`` of ``reference.json``.

    ``columns``: typed values [n] by name, missing as in the graph's tensors (NaN, NULL_TEXT), in the order in
    which they are to be told; personal columns must be left out by the caller. ``kinds``: the kind of each;
    texts are passed over, and dates, which move on by themselves. Returns ``available`` false, and ``why``,
    where there are fewer than two columns that vary, or fewer than ``FEWEST`` rows.

    Keys: ``columns`` (name, and ``edges`` or ``values`` with the ``scores`` of the bins), ``centres`` and
    ``spreads`` of the scores, ``correlation`` (shrunk), ``shrinkage``, ``fitted_rows``, ``rows``, and the
    histogram of the held distances (``edges``, ``counts``, ``means``).
    """
    names = [name for name in columns if kinds[name] not in ("text", "date")][:MOST]
    n = len(next(iter(columns.values()))) if columns else 0
    if n < FEWEST:
        return _none(f"there are {n} rows, and {FEWEST} are needed")
    order = np.random.default_rng(SEED).permutation(n)[:ROWS]
    learn, held = order[: len(order) // 2], order[len(order) // 2 :]
    entries = [_entry(name, kinds[name], columns[name][learn]) for name in names]
    entries = [entry for entry in entries if len(entry["scores"]) > 1]
    if len(entries) < 2:
        return _none("fewer than two columns vary")
    scores = scores_of(entries, {entry["name"]: columns[entry["name"]][learn] for entry in entries})
    centres, spreads = scores.mean(axis=0), scores.std(axis=0)
    kept = spreads > 1e-6
    entries = [entry for entry, keep in zip(entries, kept, strict=True) if keep]
    if len(entries) < 2:
        return _none("fewer than two columns vary")
    standard = (scores[:, kept] - centres[kept]) / spreads[kept]
    correlation, shrinkage = shrunk(standard)
    told: dict[str, Any] = {
        "available": True,
        "columns": entries,
        "centres": [_short(c) for c in centres[kept]],
        "spreads": [_short(s) for s in spreads[kept]],
        "correlation": [[_short(r) for r in row] for row in correlation],
        "shrinkage": _short(shrinkage),
        "fitted_rows": len(learn),
        "rows": len(held),
    }
    # From what is told, rounded as it is, so that later rows are measured by the very same ruler.
    found = distances(told, {entry["name"]: columns[entry["name"]][held] for entry in entries})
    return {**told, **histogram(found).to_json()}


def distances(told: Mapping[str, Any], columns: Mapping[str, npt.NDArray[Any]]) -> Floats:
    """Mahalanobis distances float64 [n] of rows, a mean square of 1 where nothing is correlated.

    ``told``: an available entry made by :func:`joint`; ``columns`` must hold every column that it names.
    """
    z = standard_scores(told, columns)
    matrix = np.asarray(told["correlation"], dtype=np.float64)
    solved = np.linalg.solve(matrix, z.T).T
    made: Floats = np.sqrt(np.maximum(np.sum(z * solved, axis=1), 0.0) / z.shape[1])
    return made


def standard_scores(told: Mapping[str, Any], columns: Mapping[str, npt.NDArray[Any]]) -> Floats:
    """The rows' scores float64 [n, told columns], centred and scaled as at release."""
    scores = scores_of(told["columns"], columns)
    centred = scores - np.asarray(told["centres"], dtype=np.float64)
    made: Floats = centred / np.asarray(told["spreads"], dtype=np.float64)
    return made


def scores_of(entries: Sequence[Mapping[str, Any]], columns: Mapping[str, npt.NDArray[Any]]) -> Floats:
    """Normal scores float64 [n, entries]; 0, the middle, for what is missing."""
    made = [_scores(entry, columns[entry["name"]]) for entry in entries]
    return np.stack(made, axis=1) if made else np.empty((0, 0))


def shrunk(z: Floats) -> tuple[Floats, float]:
    """The correlation of standardised z [n, d], shrunk towards the identity, and by how much (0 to 1).

    The share is that of Schäfer and Strimmer (2005): sum of the variances of the correlations over the sum of
    their squares.
    """
    n, d = z.shape
    r = z.T @ z / n
    square = np.square(z)
    variances = (square.T @ square / n - np.square(r)) / max(n - 1, 1)
    off = ~np.eye(d, dtype=bool)
    strength = float(np.square(r[off]).sum())
    # Never none: two columns that say the same would leave no inverse.
    share = min(1.0, max(0.01, float(variances[off].sum()) / strength)) if strength > 0 else 1.0
    made = r * (1.0 - share)
    np.fill_diagonal(made, 1.0)
    return made, share


def _entry(name: str, kind: str, values: npt.NDArray[Any]) -> dict[str, Any]:
    """The bins of one column and their scores."""
    from scipy.special import ndtri

    entry: dict[str, Any] = {"name": name, "kind": kind}
    if kind == "category":
        present = values[values != NULL_TEXT].astype(str)
        found, counts = np.unique(present, return_counts=True)
        often = np.lexsort((found, -counts))[:CATEGORIES]
        listed = [int(i) for i in often if counts[i] >= LEAST]
        entry["values"] = [str(found[i]) for i in listed]
        tally = [int(counts[i]) for i in listed]
        tally.append(len(present) - sum(tally))
    elif kind == "boolean":
        present = values[~np.isnan(values)]
        entry["values"] = [0.0, 1.0]
        tally = [int((present == v).sum()) for v in (0.0, 1.0)]
        tally.append(0)
    else:
        told = histogram(values[~np.isnan(values)])
        entry["edges"] = list(told.edges)
        tally = list(told.counts)
    total = sum(tally)
    if total < LEAST or sum(count > 0 for count in tally) < 2:
        return {**entry, "scores": []}
    ranks = (np.cumsum(tally) - np.asarray(tally) / 2) / total
    entry["scores"] = [_short(s) for s in ndtri(np.clip(ranks, 0.5 / total, 1 - 0.5 / total))]
    return entry


def _scores(entry: Mapping[str, Any], values: npt.NDArray[Any]) -> Floats:
    scores = np.asarray([*entry["scores"], 0.0], dtype=np.float64)
    nothing = len(scores) - 1
    if "values" in entry:
        place = {value: i for i, value in enumerate(entry["values"])}
        other = len(place)
        if entry["kind"] == "category":
            place[NULL_TEXT] = nothing
            where = np.fromiter((place.get(v, other) for v in values), dtype=np.int64, count=len(values))
        else:
            where = np.where(np.isnan(values), nothing, np.where(values == 1.0, 1, 0))
        made: Floats = scores[where]
        return made
    missing = np.isnan(values)
    number = np.where(missing, 0.0, values)
    where = np.searchsorted(np.asarray(entry["edges"], dtype=np.float64), number, side="left")
    found: Floats = scores[np.where(missing, nothing, where)]
    return found


def _short(value: float) -> float:
    return round(float(value), 4)


def _none(why: str) -> dict[str, Any]:
    return {"available": False, "why": why}
