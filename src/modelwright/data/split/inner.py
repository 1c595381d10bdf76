"""Inside the development rows: a validation part, or cross-validation where rows are few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import Column, Development, Labelled
from modelwright.data import weak
from modelwright.data.split.draw import deal, draw
from modelwright.data.split.ordered import Floats, blocks, last
from modelwright.data.split.units import Ints, renumber

SMALL = 5000
"""Development tables below this get cross-validation. 15% of 5000 rows are 750; an accuracy of 0.85 on 750
rows has a standard error of 1.3 points, which is what good candidates differ by: fewer rows cannot rank
them, while cross-validation uses every row and costs little on a table this small."""
VERY_SMALL = 1000
"""Below this the folds themselves are a matter of luck, so they are drawn twice."""
FOLDS = 5
FOLD = "__fold__"

Scheme = Literal["holdout", "cv"]


@dataclass(frozen=True, slots=True)
class Layout:
    """What every part needs to know of the rows: arrays over all labelled rows."""

    units: Ints
    strata: Ints
    """Code of the class; zero for numbers."""
    when: Floats | None
    group: str | None
    time: str | None


def fold_column(repeat: int) -> str:
    """The column that holds the folds of a repeat: ``__fold__``, ``__fold_1__``, ..."""
    return FOLD if repeat == 0 else f"__fold_{repeat}__"


def development(
    labelled: Labelled,
    columns: tuple[Column, ...],
    layout: Layout,
    rows: np.ndarray,
    share: float,
    rng: np.random.Generator,
    validation: np.ndarray | None = None,
) -> Development:
    """The development record of ``rows`` (int64, ascending positions in the labelled table).

    ``share`` is validation / (train + validation); ``validation`` (bool over rows) is set where the user
    gave that part.
    """
    frame: pl.DataFrame = labelled.table.get()
    units, strata = renumber(layout.units[rows]), layout.strata[rows]
    when = layout.when[rows] if layout.when is not None else None
    folds: list[Ints]
    scheme: Scheme = "holdout"
    count = 2
    if validation is not None:
        folds = [validation.astype(np.int64)]
    elif len(rows) >= SMALL and share > 0:
        chosen = last(units, when, share) if when is not None else draw(units, strata, share, rng)
        folds = [chosen.astype(np.int64)]
    else:
        scheme = "cv"
        wanted = min(FOLDS, int(units.max(initial=-1)) + 1)
        if wanted < 2:
            raise BadData(
                f"the {len(rows)} rows to learn from cannot be parted in two",
                code="split.too-few-groups" if layout.group else "split.too-few-rows",
                hint=f"more values of {layout.group!r} are needed"
                if layout.group
                else "add rows that differ",
            )
        if when is not None:
            one, count = blocks(units, when, wanted)
            if count < 2:
                raise BadData(
                    "the rows to learn from all happened at one time",
                    code="split.time-constant",
                    hint="leave data.time out, or add rows of other times",
                )
            folds = [one]
        else:
            # Networks on pictures and sounds take minutes a fold.
            media = any(c.is_input and c.is_media for c in columns)
            repeats = 2 if len(rows) < VERY_SMALL and not media else 1
            count = wanted
            folds = [deal(units, strata, wanted, rng) for _ in range(repeats)]
    table = frame[rows].with_columns([pl.Series(fold_column(r), f) for r, f in enumerate(folds)])
    table = weak.again(table, frame, labelled.classes, labelled.target)
    return Development(
        table=Blob.of(table, "table"),
        rows=table.height,
        columns=columns,
        problem=labelled.problem,
        target=labelled.target,
        classes=labelled.classes,
        positive=labelled.positive,
        weighted=labelled.weighted,
        scheme=scheme,
        folds=count if scheme == "cv" else 1,
        repeats=len(folds),
        group=layout.group,
        time=layout.time,
    )


def training_rows(part: Development) -> int:
    """Rows of the training part: all of them under cross-validation."""
    if part.scheme == "cv":
        return part.rows
    table: pl.DataFrame = part.table.get()
    return int((table[FOLD] == 0).sum())


def in_words(part: Development) -> str:
    """How candidates are compared, in a sentence part."""
    if part.scheme == "holdout":
        return f"{part.rows - training_rows(part)} validation rows"
    again = f", drawn {part.repeats} times" if part.repeats > 1 else ""
    # Said, because it flatters candidates: only the sealed rows, which are all later, are proof.
    kind = "blocks of time (each predicted from all others, later ones too)" if part.time else "folds"
    return f"cross-validation in {part.folds} {kind}{again}"
