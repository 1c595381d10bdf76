"""Predicting files with a bundle: streamed, in order, however large."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from modelwright.core.errors import BadData, BadInput
from modelwright.lifecycle import unusable
from modelwright.lifecycle.writer import Writer
from modelwright.runtime import Model, load
from modelwright.runtime.bundle import READING
from modelwright.runtime.parse import MEDIA
from modelwright.store import atomic

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from modelwright.data.read.reader import BrokenRow

Piece = TypeVar("Piece")
Made = TypeVar("Made")

ROWS = 50_000
"""Rows in memory at a time."""
_LOOK = 1000
"""Rows that are looked at to see which columns have few values; fewer are not worth sorting."""
_BINS = 256
FORMATS = (".csv", ".parquet", ".jsonl")


@dataclass(frozen=True, slots=True)
class Predicted:
    rows: int
    broken: int
    seconds: float
    unread: dict[str, int]
    """By column: values that were there and are not of its kind, such as ``old`` among numbers. They count
    as missing."""


class Unread:
    """Counts unreadable values by column; several threads add to it."""

    def __init__(self) -> None:
        self._found: deque[tuple[str, int]] = deque()  # its append is atomic

    def add(self, name: str, count: int) -> None:
        if count:
            self._found.append((name, count))

    def counts(self, model: Model) -> dict[str, int]:
        """In the order of the model's columns; only those with any."""
        totals = dict.fromkeys(model.tensors.names, 0)
        for name, count in self._found:
            totals[name] += count
        return {name: count for name, count in totals.items() if count}


def find_bundle(name: str, runs: Path) -> Path:
    """The folder of a bundle: a path, a run's bundle, or the newest release of a goal's name."""
    path = Path(name)
    if (path / "model.json").exists():
        return path
    if (path / "bundle" / "model.json").exists():
        return path / "bundle"
    from modelwright.lifecycle.folder import find_run, find_runs

    released = [
        r
        for r in find_runs(runs)
        if name in (r.name, r.state().get("goal")) and (r.path / "bundle" / "model.json").exists()
    ]
    if released:
        return released[-1].path / "bundle"
    if path.is_dir() and not (path / "state.json").exists():
        raise BadInput(
            f"{name} is a folder and no bundle", code="bundle.none", hint="a bundle has a model.json"
        )
    run = find_run(name, runs)
    raise BadInput(
        f"the run {run.name} released nothing (verdict: {run.state().get('verdict', 'none yet')})",
        code="bundle.not-released",
        hint="`modelwright show` says why; `modelwright run GOAL --force-release` releases it all the same",
    )


def predict_file(bundle: Path, source: Path, output: Path, quarantine: Path | None = None) -> Predicted:
    """Write the rows of ``source`` with their predictions to ``output``, whole or not at all.

    Raises :class:`BadData` for a broken row unless ``quarantine`` names a file for such rows; one whose
    image, sound or series cannot be used is broken too.
    """
    from modelwright.data.read.door import batches

    began = time.monotonic()
    if output.suffix not in FORMATS:
        raise BadInput(
            f"{output.name} has no format that predictions can be written in",
            code="predict.format",
            hint=f"end it with one of {', '.join(FORMATS)}",
        )
    for written, other in ((output, source), (output, quarantine), (quarantine, source)):
        if written is not None and other is not None and _same(written, other):
            what = "output" if written is output else "quarantine file"
            raise BadInput(
                f"the {what} {written} is the same file as {other}",
                code="predict.same-file",
                hint="inputs are never changed: name another file",
            )
    model = load(bundle, threads=1)
    rows, broken, unread = 0, [], Unread()
    reading = _reading(model)
    writer = Writer(output)

    def sound() -> Iterator[tuple[int, pl.DataFrame]]:
        before = 0
        for batch in batches(str(source), unusable.ROWS if model.tensors.tensors else ROWS, reading):
            for row in batch.quarantine:
                if quarantine is None:
                    raise BadData(
                        f"{source.name}, line {row.line}: {row.reason}",
                        code="predict.broken-row",
                        hint="mend the line, or keep broken rows aside with --quarantine FILE",
                    )
                broken.append(row)
            yield before, batch.frame
            before += batch.frame.height

    def work(piece: tuple[int, pl.DataFrame]) -> tuple[pl.DataFrame, list[BrokenRow]]:
        return _with_files(model, piece[1], source, unread, piece[0])

    try:
        with atomic.full_disk_told(output, "then predict again"):
            for frame, lost in _ahead(work, sound()):
                if lost and quarantine is None:
                    raise unusable.refuse(lost[0])
                broken += lost
                writer.write(frame)
                rows += frame.height
            writer.finish()
    finally:
        writer.discard()
    if quarantine is not None:
        import json

        text = "".join(json.dumps(row.to_json(), ensure_ascii=False) + "\n" for row in broken)
        atomic.write_text(quarantine, text)
    return Predicted(rows, len(broken), time.monotonic() - began, unread.counts(model))


def _with_files(
    model: Model, frame: pl.DataFrame, source: Path, unread: Unread, before: int
) -> tuple[pl.DataFrame, list[BrokenRow]]:
    """As :func:`answered`; columns of images and sounds may name files below the folder of the source. Rows
    whose files cannot be used come apart; ``before``: rows of the source before the frame."""
    from modelwright.data.read.attach import contents, names_again

    kinds = {name: model.parsers[name].kind for name in model.tensors.names}
    if not {*MEDIA, "text"} & set(kinds.values()):
        return answered(model, frame, unread), []
    given = contents(frame, str(source), kinds)
    ready = typed_frame(model, given, unread)
    lost = unusable.unusable(model, frame, given, ready, str(source), before)
    if lost:
        kept = [at for at in range(frame.height) if at not in lost]
        frame, given, ready = frame[kept], given[kept], ready[kept]
    return names_again(answered(model, given, ready=ready), frame), list(lost.values())


def _reading(model: Model) -> dict[str, Any] | None:
    """How the training rows were read, where that had to be settled by looking at all of them."""
    return model.bundle.json(READING) if READING in model.bundle.files else None


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()


def _ahead(work: Callable[[Piece], Made], frames: Iterator[Piece]) -> Iterator[Made]:
    """``work`` of each frame, in order; several are worked on while others are read and written.

    Threads are enough: polars and onnxruntime let go of the interpreter while they compute. At most two
    frames more than there are cores are held.
    """
    cores = min(os.cpu_count() or 1, 8)
    pool = ThreadPoolExecutor(cores)
    waiting: deque[Future[Made]] = deque()
    try:
        for frame in frames:
            waiting.append(pool.submit(work, frame))
            if len(waiting) > cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def answered(
    model: Model, frame: pl.DataFrame, unread: Unread | None = None, *, ready: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The frame with ``prediction``, ``probability_<class>`` and what else there is, on its right.

    Where the bundle has ``abstain_below``, ``abstained`` says which rows to refer to a person: they have no
    ``prediction``, as ``/predict`` answers.
    """
    import polars as pl

    made = _by_likeness(model, typed_frame(model, frame, unread) if ready is None else ready)
    if model.classes:
        columns = [pl.Series("prediction", model.classes, dtype=pl.String)[made["label"]]]
        if "abstained" in made:
            abstained = pl.Series("abstained", made["abstained"])
            nothing = pl.Series("prediction", [None], dtype=pl.String)
            columns = [nothing.zip_with(abstained, columns[0]), abstained]
        for code, name in enumerate(model.classes):
            columns.append(pl.Series(f"probability_{name}", made["probabilities"][:, code]))
        if "set" in made:
            names = list(model.classes)
            sets = [
                "|".join(n for n, inside in zip(names, row, strict=True) if inside) for row in made["set"]
            ]
            columns.append(pl.Series("prediction_set", sets))
    else:
        columns = [pl.Series("prediction", made["prediction"])]
    if "low" in made:
        columns += [pl.Series("prediction_low", made["low"]), pl.Series("prediction_high", made["high"])]
    return _apart(frame, [c.name for c in columns]).with_columns(columns)


def _apart(frame: pl.DataFrame, made: list[str]) -> pl.DataFrame:
    """The frame with its columns that have the name of an answer renamed to ``input_...``."""
    held, renamed = {*frame.columns, *made}, {}
    for name in [name for name in made if name in frame.columns]:
        free = f"input_{name}"
        while free in held:
            free = f"input_{free}"
        held.add(free)
        renamed[name] = free
    return frame.rename(renamed)


def _by_likeness(model: Model, ready: pl.DataFrame) -> dict[str, npt.NDArray[Any]]:
    """What the model answers for typed rows, in their order; asked for in an order that is fast.

    Rows that share their values go through the same branches of a tree: one after the other they cost a
    graph of trees about two thirds of the time that mixed rows cost it (benchmarks/LOG.md).
    """
    import numpy as np

    from modelwright.features.typed import from_frame

    order = _order(ready) if ready.height >= _LOOK else None
    if order is None:
        return model.predict_typed(from_frame(ready, model.tensors).feeds())
    made = model.predict_typed(from_frame(ready[order], model.tensors).feeds())
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return {name: values[back] for name, values in made.items()}


def _order(ready: pl.DataFrame) -> npt.NDArray[np.int64] | None:
    """Rows sorted by the columns of few values, fewest first; None where there are no such columns."""
    import numpy as np
    import polars as pl

    key, levels = np.zeros(ready.height, dtype=np.int64), 1
    first = ready.head(_LOOK)
    plain = [name for name, dtype in ready.schema.items() if not dtype.is_nested()]
    for few, name in sorted((first[name].n_unique(), name) for name in plain):
        if 2 * few > _LOOK:
            break
        column = ready[name]
        if column.dtype == pl.String:
            values = column.unique().drop_nulls()
            places, count = column.cast(pl.Enum(values)).to_physical().fill_null(0).to_numpy(), len(values)
        else:
            numbers = np.clip(column.fill_null(0).to_numpy().astype(np.float64), -1e300, 1e300)
            width = max(float(np.ptp(numbers)), 1e-300)
            places, count = ((numbers - numbers.min()) / width * (_BINS - 1)).astype(np.int64), _BINS
        if levels * max(1, count) > 2**62:
            break
        key = key * count + places
        levels *= max(1, count)
    return np.argsort(key) if levels > 1 else None


def typed_feeds(model: Model, frame: pl.DataFrame) -> dict[str, Any]:
    """A raw frame as the graph's tensors, through the same parsers that cleaned the training rows."""
    from modelwright.features.typed import from_frame

    return from_frame(typed_frame(model, frame), model.tensors).feeds()


def typed_frame(model: Model, frame: pl.DataFrame, unread: Unread | None = None) -> pl.DataFrame:
    """The columns that the model takes, typed; raises :class:`BadData` where one is missing."""
    import polars as pl

    from modelwright.data.clean.apply import typed_column

    parsers = model.parsers
    missing = [name for name in model.tensors.names if name not in frame.columns]
    if missing:
        import difflib

        near = difflib.get_close_matches(missing[0], frame.columns, 1)
        raise BadData(
            f"the input has no column {missing[0]!r}"
            + (f" (nor {len(missing) - 1} others)" if missing[1:] else ""),
            code="predict.missing-column",
            hint=f"is {near[0]!r} meant?" if near else f"the model needs {', '.join(model.tensors.names)}",
        )
    read = [typed_column(frame[name], parsers[name]) for name in model.tensors.names]
    if unread is not None:
        for name, (_, lost) in zip(model.tensors.names, read, strict=True):
            if parsers[name].kind not in MEDIA:
                unread.add(name, int(lost.sum()))
    return pl.DataFrame([column for column, _ in read])


def explain_file(bundle: Path, source: Path, rows: int) -> list[dict[str, Any]]:
    """Why the first rows of a file get their predictions: each column's contribution and its error."""
    from modelwright.data.read.door import batches
    from modelwright.runtime.explain import explain

    model = load(bundle)
    frame = _head(batches(str(source), rows, _reading(model)), rows)
    made = model.predict_typed(typed_feeds(model, frame))
    found = explain(model, frame)
    result = []
    for i in range(frame.height):
        prediction = made["prediction"][i]
        columns = [
            {"column": name, "value": _told(frame[name][i]), "effect": effect, "error": error}
            for name, effect, error in found.top(i, len(found.columns))
        ]
        shown = str(prediction) if model.classes else float(prediction)
        result.append({"row": i, "prediction": shown, "columns": columns})
    return result


def _told(value: Any) -> Any:
    """A value as an explanation repeats it: the content of a file by its size."""
    return f"{len(value):,} bytes" if isinstance(value, bytes) else value


def _head(pieces: Iterator[Any], rows: int) -> pl.DataFrame:
    for piece in pieces:
        frame: pl.DataFrame = piece.frame.head(rows)
        return frame
    raise BadData("the input has no rows", code="predict.empty", hint="check the file")
