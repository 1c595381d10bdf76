"""Which way of filling in missing numbers is best: by hidden cells, and by what it gives two quick models.

Nothing is chosen by it: what families do is fixed (methods that add numbers up take the median and a mark of
missing; trees take missing values as they are). Where another way is proven better it is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.evidence import Table
from modelwright.evidence.analyse.facts import FOLDS, Facts
from modelwright.evidence.analyse.fill import FILLS, Floats, Scaled, ridge, straight
from modelwright.evidence.analyse.matrix import matrix
from modelwright.stats.intervals import t_mean

LEAST_ROWS, MOST_ROWS, FEW_ROWS = 300, 3000, 1000
SHORT, FAIR = 30.0, 100.0
"""Seconds of the whole budget below which nothing is compared, and below which ``FEW_ROWS`` are."""
LEAST, MOST = 0.01, 0.95
"""Shares of missing cells between which a column is worth filling in."""
COLUMNS = 30
"""Numbers that take part: those with holes first."""
HIDDEN = 0.1
LEVELS = 20
TREES = 40
DRIVEN = 0.1
"""Correlation with another column from which on missing cells are said to follow it."""
LEVEL = 0.95
NOW = {"straight": "median, marked", "trees": "left missing"}
"""What families of each sort do."""

Choices = dict[str, Floats]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Training rows: ``numbers`` [n, m] with holes in the first ``holed``, the other inputs as a matrix
    ``rest`` for trees with its categories ``named``, and one-hot for straight lines; ``wanted`` [n, k]."""

    names: tuple[str, ...]
    numbers: Floats
    holed: int
    rest: Floats
    named: list[int]
    hot: Floats
    wanted: Floats
    codes: Floats
    folds: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64] | None


LEFT = 0.6
"""Part of the budget that must be left: on a busy machine training needs it more."""


def compare(facts: Facts, seconds: float, book: Book, left: float = float("inf")) -> None:
    """Two tables into the book, and a finding where another way is proven better than what is done.

    ``seconds``: the whole budget; what is compared is bounded by it as it was asked for. Whether it is hangs
    on the seconds ``left`` as well: no choice is made by it, so that a model is the same with it and without.
    """
    why = ""
    rows = None
    if facts.sample.height < LEAST_ROWS:
        why = f"under {LEAST_ROWS} rows, in which no difference could be proven"
    elif seconds < SHORT:
        why = f"a budget below {SHORT:g} s has no time for it"
    elif left < LEFT * seconds:
        why = "the machine was too busy: what is left of the budget belongs to training"
    else:
        rows = _rows(facts, FEW_ROWS if seconds < FAIR else MOST_ROWS)
        if rows is None:
            why = f"no input of numbers is missing in {LEAST:.0%} to {MOST:.0%} of the rows"
    if rows is None:
        book.table(
            Table("analyse.imputation", "Ways of filling in missing numbers", ("answer", "why"),
                  (("not compared", why),))
        )  # fmt: skip
        return
    book.table(_hidden(rows, facts.seed))
    book.table(_models(rows, facts, book))


def _rows(facts: Facts, most: int) -> _Rows | None:
    frame, folds = facts.sample, facts.folds
    keep = np.ones(frame.height, dtype=bool)
    if facts.development.scheme == "holdout":
        keep = (frame["__fold__"] == 0).to_numpy()
    places = np.flatnonzero(keep)
    if places.size > most:
        places = places[np.linspace(0, places.size - 1, most).astype(np.int64)]
    frame, folds = frame[places], folds[places]
    holed, full, other = [], [], []
    for column in facts.plain:
        values = frame[column.name]
        if column.kind not in ("number", "boolean"):
            other += [column] if column.kind in ("category", "date") else []
        elif values.drop_nulls().n_unique() > 1:
            share = values.null_count() / max(1, frame.height)
            if LEAST <= share <= MOST:
                holed.append((share, column.name))
            elif share < LEAST:
                full.append(column.name)
    if not holed or frame.height < LEAST_ROWS:
        return None
    first = [name for _, name in sorted(holed, key=lambda pair: (-pair[0], pair[1]))][: COLUMNS // 2]
    by_strength = {name: -s.score for name, s in facts.strengths.items()}
    names = (*first, *sorted(full, key=lambda n: (by_strength.get(n, 0.0), n))[: COLUMNS - len(first)])
    numbers = np.column_stack(
        [frame[n].cast(pl.Float64).fill_null(float("nan")).to_numpy() for n in names]
    ).astype(np.float64)
    numbers[~np.isfinite(numbers)] = np.nan
    other = sorted(other, key=lambda c: (by_strength.get(c.name, 0.0), c.name))[:COLUMNS]
    rest, named = matrix(frame, other) if other else (np.zeros((frame.height, 0)), [])
    hot = [rest[:, [j]] == np.arange(LEVELS) for j in named]
    target = facts.target[places]
    k = len(facts.classes)
    wanted = (
        ((target - target.mean()) / (target.std() or 1.0))[:, None]
        if not k
        else (target[:, None] == np.arange(k)).astype(np.float64)[:, 1 if k == 2 else 0 :]
    )
    group = facts.development.group
    groups = None
    if group is not None:
        groups = frame[group].cast(pl.String).rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    return _Rows(
        names, numbers, len(first), rest, named,
        np.concatenate(hot, axis=1).astype(np.float64) if hot else np.zeros((frame.height, 0)),
        wanted, target, folds, groups,
    )  # fmt: skip


def _parts(rows: _Rows) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    for fold in range(FOLDS):
        mine = rows.folds == fold
        # A column of which the other rows know nothing could not be filled.
        if mine.any() and not np.isnan(rows.numbers[~mine]).all(axis=0).any():
            yield ~mine, mine


def _hidden(rows: _Rows, seed: int) -> Table:
    """Known cells are hidden and filled in; the error is in standard deviations of the column."""
    z = Scaled.of(rows.numbers).apply(rows.numbers)
    known = ~np.isnan(z)
    rng = np.random.default_rng([seed, 0x1B])
    drivers = [_driver(z, j) for j in range(rows.holed)]
    lines: list[tuple[str | float | int | None, ...]] = []
    errors: dict[tuple[str, str], Floats] = {}
    for how in ("at random", "as they are missing"):
        hide = np.zeros(z.shape, dtype=bool)
        for j in range(rows.holed):
            driver = drivers[j]
            chance = np.full(len(z), HIDDEN)
            if how != "at random":
                if driver is None:
                    continue
                place, sign = driver
                order = sign * np.where(known[:, place], z[:, place], 0.0)
                chance = 2 * HIDDEN * (np.argsort(np.argsort(order, kind="stable")) / max(1, len(z) - 1))
            hide[:, j] = known[:, j] & (rng.random(len(z)) < chance)
        if not hide.any():
            continue
        holed = np.where(hide, np.nan, z)
        for name, fill in FILLS.items():
            if name == "constant":  # it does not guess the value
                continue
            filled = fill(holed, holed)
            errors[name, how] = (filled - z)[hide]
        cells = int(hide.sum())
        best = min((n for n, h in errors if h == how), key=lambda n: float((errors[n, how] ** 2).mean()))
        for name in (n for n, h in errors if h == how):
            e = errors[name, how]
            against = e**2 - errors["median", how] ** 2
            interval = _interval(against, LEVEL, None)
            said = "as now" if name == "median" else _said(interval, "nearer", "farther")
            lines.append(
                (
                    name,
                    how,
                    cells,
                    round(float(np.sqrt((e**2).mean())), 3),
                    said + (", least" if name == best else ""),
                )
            )
    driven = [f"{rows.names[j]} by {rows.names[d[0]]}" for j, d in enumerate(drivers) if d is not None]
    note = "Root mean squared error in standard deviations, of values known and hidden; intervals at 95%."
    if driven:
        note += f" Missing cells follow another column: {', '.join(driven[:6])}."
    return Table(
        "analyse.imputation-hidden",
        "Missing numbers: hidden cells, filled in",
        ("filled by", "hidden", "cells", "error", "against the median"),
        tuple(lines),
        note,
    )


def _driver(z: Floats, j: int) -> tuple[int, float] | None:
    """The other column that the holes of column j follow most, and whether high or low values have them."""
    gone = np.isnan(z[:, j]).astype(np.float64)
    best: tuple[float, int, float] | None = None
    for other in range(z.shape[1]):
        there = ~np.isnan(z[:, other])
        if other == j or there.sum() < LEAST_ROWS // 2:
            continue
        a, b = gone[there], z[there, other]
        if a.std() == 0 or b.std() == 0:
            continue
        r = float(np.corrcoef(a, b)[0, 1])
        if abs(r) >= DRIVEN and (best is None or abs(r) > best[0]):
            best = (abs(r), other, float(np.sign(r)))
    return None if best is None else (best[1], best[2])


def _models(rows: _Rows, facts: Facts, book: Book) -> Table:
    """Out-of-fold loss of each way, against what is done now, row by row."""
    losses = {(learner, name): [] for learner, names in _WAYS.items() for name in names}  # type: ignore[var-annotated]
    places: list[npt.NDArray[np.int64]] = []
    base: list[Floats] = []
    for train, held in _parts(rows):
        places.append(np.flatnonzero(held))
        base.append(((rows.wanted[held] - rows.wanted[train].mean(axis=0)) ** 2).sum(axis=1))
        scaled = Scaled.of(rows.numbers[train])
        z = scaled.apply(rows.numbers)
        filled = {name: np.empty_like(z) for name in FILLS}
        for name, fill in FILLS.items():
            filled[name][train], filled[name][held] = fill(z[train], z[train]), fill(z[train], z[held])
        marks = np.isnan(z[:, : rows.holed]).astype(np.float64)
        for way in _WAYS["straight"]:
            x = _straight(way, filled, marks, rows)
            made = straight(x[held], ridge(x[train], rows.wanted[train]))
            losses["straight", way].append(((rows.wanted[held] - made) ** 2).sum(axis=1))
        for way in _WAYS["trees"]:
            x = _trees(way, z, filled, rows)
            losses["trees", way].append(_boosted(x, rows, train, held, facts))
    order = np.concatenate(places)
    whole = float(np.concatenate(base).mean())
    groups = None if rows.groups is None else np.unique(rows.groups[order], return_inverse=True)[1]
    tries = sum(len(names) - 1 for names in _WAYS.values())
    lines: list[tuple[str | float | int | None, ...]] = []
    better: list[str] = []
    for learner, ways in _WAYS.items():
        now = np.concatenate(losses[learner, NOW[learner]])
        for way in ways:
            mine = np.concatenate(losses[learner, way])
            explained = round(1 - float(mine.mean()) / whole, 4)
            if way == NOW[learner]:
                lines.append((_LEARNERS[learner], way, explained, None, None, None, "what is done"))
                continue
            differences = (now - mine) / whole
            gain = float(differences.mean())
            low, high = _interval(differences, 1 - (1 - LEVEL) / tries, groups)
            said = "proven better" if low > 0 else "proven worse" if high < 0 else "no difference proven"
            if low > 0:
                better.append(f"{way} for {_LEARNERS[learner]} (by {gain:.4f}, {low:.4f} to {high:.4f})")
            lines.append(
                (_LEARNERS[learner], way, explained, round(gain, 4), round(low, 4), round(high, 4), said)
            )
    if better:
        book.finding(
            "analyse.imputation",
            "note",
            f"another way of filling in missing numbers is proven better on {len(order):,} rows: "
            f"{'; '.join(better)}, in shares of what can be explained",
            "fill them in at the source in that way, or collect what is missing; the model does not do it by "
            "itself",
            numbers={"ways": float(len(better))},
        )
    verdict = (
        "Another way is proven better, and is told as advice"
        if better
        else (
            "No other way is proven better than what is done, so that it stays: linear families, "
            "neighbours and networks take the median and a mark of missing, trees take missing as it is"
        )
    )
    return Table(
        "analyse.imputation",
        "Ways of filling in missing numbers: what each gives a quick model",
        ("model", "way", "explained", "gain", "low", "high", "answer"),
        tuple(lines),
        f"{verdict}. {rows.holed} of the numbers have holes; {len(order):,} rows of training, each predicted "
        "by a model that has not seen it. Explained: share of the squared error avoided. Gain against "
        f"what is done, with an interval that allows for {tries} comparisons. Categories have missing as a "
        "value of their own in every family.",
    )


_LEARNERS = {
    "straight": "straight line",
    "trees": "boosted trees",
}
_WAYS: dict[str, tuple[str, ...]] = {
    "straight": (
        "median, marked", "median", "mean, marked", "k-nearest, marked", "regression, marked",
        "median, marked, and how many are missing",
    ),
    "trees": (
        "left missing", "median", "constant beyond all", "k-nearest", "regression",
        "left missing, and how many are missing",
    ),
}  # fmt: skip


def _straight(way: str, filled: Choices, marks: Floats, rows: _Rows) -> Floats:
    parts = [filled[way.partition(",")[0]], rows.hot]
    if "marked" in way:
        parts.append(marks)
    if "how many" in way:
        count = marks.sum(axis=1)
        # A sum of the marks says nothing new in a straight line; that it is large, and its square, may.
        parts.append(np.column_stack([count == 0, count >= 2, count**2 / max(1, rows.holed)]))
    return np.concatenate(parts, axis=1)


def _trees(way: str, z: Floats, filled: Choices, rows: _Rows) -> Floats:
    name = way.partition(",")[0]
    numbers = z if name == "left missing" else filled[name.partition(" ")[0]]
    parts = [numbers, rows.rest]
    if "how many" in way:
        parts.append(np.isnan(z).sum(axis=1, keepdims=True).astype(np.float64))
    return np.concatenate(parts, axis=1)


def _boosted(
    x: Floats, rows: _Rows, train: npt.NDArray[np.bool_], held: npt.NDArray[np.bool_], facts: Facts
) -> Floats:
    """Squared errors of values or probabilities [held]."""
    import lightgbm

    k = len(facts.classes)
    several: dict[str, object] = {"objective": "multiclass", "num_class": k}
    parameters: dict[str, object] = {
        "learning_rate": 0.15, "num_leaves": 15, "min_data_in_leaf": 10, "verbose": -1, "num_threads": 1,
        "seed": facts.seed, "deterministic": True, "force_row_wise": True, "max_bin": 63,
        **(several if k > 2 else {"objective": "binary" if k else "regression"}),
    }  # fmt: skip
    y = rows.codes if k else rows.wanted[:, 0]
    data = lightgbm.Dataset(x[train], y[train])
    model = lightgbm.train(parameters, data, max(4, TREES * 2 // max(2, k)))
    made = np.asarray(model.predict(x[held]), dtype=np.float64)
    errors: Floats = ((rows.wanted[held] - made.reshape(len(made), -1)) ** 2).sum(axis=1)
    return errors


def _interval(differences: Floats, level: float, groups: npt.NDArray[np.int64] | None) -> tuple[float, float]:
    """Of the mean of row-wise differences [n]; Student's, over rows or over whole groups of them."""
    if groups is not None:
        count = int(groups.max()) + 1
        differences = np.bincount(groups, differences, count) * count / len(differences)
    return t_mean(differences, level)


def _said(interval: tuple[float, float], below: str, above: str) -> str:
    return below if interval[1] < 0 else above if interval[0] > 0 else "no difference proven"
