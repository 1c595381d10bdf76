"""A released model: rows in, predictions out. Needs numpy and onnxruntime, and nothing of what trained it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import BadBundle, BadData
from modelwright.runtime.bundle import Bundle, read
from modelwright.runtime.cells import is_cell
from modelwright.runtime.describe import ModelSignature
from modelwright.runtime.parse import UNREAD, ColumnParser, Preprocess
from modelwright.runtime.session import open_graph
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME, Signature, tensor_input
from modelwright.runtime.table import Values, columns_of, is_plain

CHUNK: Final = 1024
"""Rows that pass the graph at once: enough to be fast, few enough to stay in the caches."""
Arrays = dict[str, npt.NDArray[Any]]
_TEXT_OR_NONE: Final = frozenset({str, type(None)})
_NULLS: Final[dict[str, tuple[Any, Any]]] = {
    "numbers": (np.nan, np.float64),
    "strings": (NULL_TEXT, object),
    "times": (NULL_TIME, np.int64),
}


def load(path: str | Path, *, trust: str | None = None, threads: int | None = None) -> Model:
    """The model of a bundle's folder, after every file of it was checked.

    ``trust``: public key (64 hexadecimal digits) that must have signed it. ``threads``: cores that a batch
    may use (default: those of the machine, at most 8); a single row always uses one. Raises
    :class:`BadBundle`.
    """
    return Model(read(path, trust=trust), threads=threads)


class Model:
    """Predicts from a checked bundle. May be used from several threads at once; changes nothing of itself.

    Rows may be a dict of columns, one dict (one row), a list of dicts, a polars or pandas frame, or a numpy
    array [n, inputs] with the columns in the order of ``signature.names``; a model of images alone also takes
    arrays of pixels [n, height, width] or [n, height, width, 3]. An image is bytes of a file, base64 text, a
    Pillow image or an array; a sound bytes, base64 text, samples or (samples, rate); a series numbers.

    Values may be text, as in a file: they pass the bundle's own preprocessing. A value that cannot be read is
    taken as missing. Columns that the model does not use are passed over; a column that is missing raises
    :class:`BadData`.
    """

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        self.bundle = bundle
        self.metadata: dict[str, Any] = bundle.manifest
        """``model.json``: problem, test results, verdict, lineage, versions."""
        self.threads = max(1, threads if threads is not None else min(os.cpu_count() or 1, 8))
        try:
            self.problem: str = bundle.manifest["problem"]
            self.classes: tuple[str, ...] = tuple(bundle.manifest["classes"])
            """In the order of the probabilities; empty for regression."""
            self.threshold: float | None = bundle.manifest["threshold"]
            """Binary: the second class is predicted from this probability on. The graph applies it."""
            floor = bundle.manifest.get("abstain_below")
            self.abstain_below = float(floor) if floor is not None and self.classes else None
            """A row whose most likely class is less probable than this should get no label."""
            self.signature = ModelSignature.from_json(bundle.manifest)
            tensors = Signature.from_json(bundle.manifest["tensors"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadBundle(
                f"model.json of the bundle is incomplete: {type(error).__name__} at {error}",
                code="bundle.incomplete",
                hint="take the bundle from its release again",
            ) from error
        self._preprocess = Preprocess.from_json(bundle.json("preprocess.json"))
        self._parsers = self._preprocess.parsers
        absent = [n for n in tensors.names if n not in self._parsers or n not in self.signature.names]
        if absent or len(tensors.names) != len(self.signature.names):
            which = ", ".join(absent) or "other count"
            raise BadBundle(
                f"the files of the bundle disagree on its input columns ({which})",
                code="bundle.inconsistent",
                hint="take the bundle from its release again",
            )
        self._tensors = tensors
        self._chunk = tensors.at_once(CHUNK)
        self._session = open_graph(bundle.files["model.onnx"])
        self._outputs = [o.name for o in self._session.get_outputs()]
        self._wanted = tuple(i.name for i in self._session.get_inputs())
        wanted = {"probabilities", "label"} if self.classes else {"value"}
        if not wanted <= set(self._outputs):
            raise BadBundle(
                f"model.onnx does not answer {', '.join(sorted(wanted - set(self._outputs)))}",
                code="bundle.inconsistent",
                hint="take the bundle from its release again",
            )
        self._labels = np.array(self.classes, dtype=np.str_)
        self._number_parsers = [(n, self._parsers[n]) for n in tensors.numbers]
        self._string_parsers = [(n, self._parsers[n]) for n in tensors.strings]
        self._time_parsers = [(n, self._parsers[n]) for n in tensors.times]
        self._tensor_parsers = [
            (tensor_input(j), t.name, self._parsers[t.name]) for j, t in enumerate(tensors.tensors)
        ]
        self._media = {tensor.name: tensor for tensor in tensors.tensors}
        plain = [name for name in self.signature.names if name not in self._media]
        self._first = (plain or [*self.signature.names, ""])[0]
        """A column that tells one row from columns: one of single values, where there is one."""
        self._first_media = self._media.get(self._first)
        shapes = (("numbers", tensors.numbers), ("strings", tensors.strings), ("times", tensors.times))
        self._nothing: Arrays = {
            name: np.full((1, len(names)), *_NULLS[name]) for name, names in shapes if names
        } | {tensor_input(j): np.zeros((1, *t.shape), t.dtype) for j, t in enumerate(tensors.tensors)}
        if not self._first or not set(self._wanted) <= set(self._nothing):
            raise BadBundle(
                "model.onnx takes inputs that model.json does not have",
                code="bundle.inconsistent",
                hint="take the bundle from its release again",
            )

    def __repr__(self) -> str:
        name, verdict = self.metadata.get("name"), self.metadata.get("verdict")
        return f"Model({name!r}, {self.problem}, {len(self.signature.inputs)} inputs, {verdict})"

    def predict(self, rows: Any) -> npt.NDArray[Any]:
        """Class names (text [n]) or values (float64 [n])."""
        return self._answer(self._run(rows))

    def predict_proba(self, rows: Any) -> npt.NDArray[np.float32]:
        """float32 [n, k], calibrated, in the order of ``classes``. Raises :class:`BadData` for regression."""
        if not self.classes:
            raise BadData(
                "a regression model has values and no probabilities",
                code="predict.no-probabilities",
                hint="use predict, or predict_all for intervals",
            )
        return self._run(rows)["probabilities"]

    def predict_all(self, rows: Any) -> Arrays:
        """Everything that the model answers, by name.

        Classification: ``prediction`` text [n], ``probabilities`` float32 [n, k], ``label`` int64 [n], and
        ``set`` bool [n, k] where the goal asked for sets, and ``abstained`` bool [n] where it has
        ``release.abstain_below``: rows to refer to a person, whose ``prediction`` is the most likely class
        all the same. Regression: ``prediction`` float64 [n], and ``low``, ``high`` [n] where the goal asked
        for intervals.
        """
        return self._everything(self._run(rows))

    def predict_typed(self, feeds: Arrays) -> Arrays:
        """As :meth:`predict_all`, from tensors as the graph takes them (see ``runtime/signature.py``):

        ``numbers`` float64 [n, a], ``strings`` object [n, b], ``times`` int64 [n, c], ``tensor_<j>``
        [n, *shape], columns in the order of ``tensors``. For callers that have typed rows already.
        """
        return self._everything(self._infer(feeds))

    def typed(self, rows: Any) -> Arrays:
        """The tensors of rows in any form: what :meth:`predict_typed` takes."""
        if type(rows) is dict and self._is_row(rows):
            return self._typed_row(rows)
        columns, n = columns_of(rows, self.signature.names, self._media)
        return self._typed_columns(columns, n)

    @property
    def parsers(self) -> dict[str, ColumnParser]:
        """How the text of each input column becomes values: for callers that read whole columns at a time."""
        return self._parsers

    @property
    def tensors(self) -> Signature:
        """Which columns stand where in the graph's inputs."""
        return self._tensors

    def _everything(self, made: Arrays) -> Arrays:
        told = {"prediction": self._answer(made), **{k: v for k, v in made.items() if k != "value"}}
        if self.abstain_below is not None:
            # The floor is a float64, as a caller's own comparison would have it.
            told["abstained"] = made["probabilities"].max(axis=1).astype(np.float64) < self.abstain_below
        return told

    def _answer(self, made: Arrays) -> npt.NDArray[Any]:
        if self.classes:
            return self._labels[made["label"]]
        return made["value"].astype(np.float64)

    def _run(self, rows: Any) -> Arrays:
        if type(rows) is dict and self._is_row(rows):
            return self._infer(self._typed_row(rows))
        columns, n = columns_of(rows, self.signature.names, self._media)
        if n <= self._chunk:
            return self._infer(self._typed_columns(columns, n))
        pieces = (
            self._typed_columns(
                {k: v[at : at + self._chunk] for k, v in columns.items()}, min(self._chunk, n - at)
            )
            for at in range(0, n, self._chunk)
        )
        return self._gathered(pieces)

    def _is_row(self, rows: dict[str, Any]) -> bool:
        """Whether a dict holds one value a column."""
        value = rows.get(self._first, ())
        return is_plain(value) if self._first_media is None else is_cell(self._first_media, value)

    def _typed_row(self, row: dict[str, Any]) -> Arrays:
        """One row of plain values: the short way, without a column for each value."""
        feeds: Arrays = {}
        try:
            if self._number_parsers:
                numbers = [_number(parser, row[name]) for name, parser in self._number_parsers]
                feeds["numbers"] = np.array([numbers], dtype=np.float64)
            if self._string_parsers:
                strings = np.empty((1, len(self._string_parsers)), dtype=object)
                strings[0] = [_text(parser, row[name]) for name, parser in self._string_parsers]
                feeds["strings"] = strings
            if self._time_parsers:
                times = [_time(parser, row[name]) for name, parser in self._time_parsers]
                feeds["times"] = np.array([times], dtype=np.int64)
            for given, name, parser in self._tensor_parsers:
                feeds[given] = parser.column([row[name]])[0]
        except (KeyError, TypeError, ValueError):
            # The long way says what is wrong; values that only it understands go through it.
            columns, n = columns_of(row, self.signature.names, self._media)
            return self._typed_columns(columns, n)
        return feeds

    def _typed_columns(self, columns: dict[str, Values], n: int) -> Arrays:
        feeds: Arrays = {}
        if self._number_parsers:
            numbers = np.empty((n, len(self._number_parsers)), dtype=np.float64)
            for j, (name, parser) in enumerate(self._number_parsers):
                numbers[:, j] = _numbers(parser, columns[name])
            feeds["numbers"] = numbers
        if self._string_parsers:
            strings = np.empty((n, len(self._string_parsers)), dtype=object)
            for j, (name, parser) in enumerate(self._string_parsers):
                made = _column(parser, columns[name])
                made[made == None] = NULL_TEXT  # noqa: E711  (value by value)
                strings[:, j] = made
            feeds["strings"] = strings
        if self._time_parsers:
            times = np.empty((n, len(self._time_parsers)), dtype=np.int64)
            for j, (name, parser) in enumerate(self._time_parsers):
                times[:, j] = _column(parser, columns[name])
            feeds["times"] = times
        for given, name, parser in self._tensor_parsers:
            feeds[given] = parser.column(columns[name])[0]
        return feeds

    def _infer(self, feeds: Arrays) -> Arrays:
        n = len(next(iter(feeds.values())))
        if n <= self._chunk:
            return self._once(feeds)
        return self._gathered(
            {name: value[at : at + self._chunk] for name, value in feeds.items()}
            for at in range(0, n, self._chunk)
        )

    def _gathered(self, pieces: Iterator[Arrays]) -> Arrays:
        """Each piece through the graph, several at a time; the order stays."""
        if self.threads == 1:
            made = [self._once(piece) for piece in pieces]
        else:
            made = []
            with ThreadPoolExecutor(self.threads) as pool:
                waiting = []
                for piece in pieces:
                    waiting.append(pool.submit(self._once, piece))
                    if len(waiting) > 2 * self.threads:
                        made.append(waiting.pop(0).result())
                made += [future.result() for future in waiting]
        return {name: np.concatenate([part[name] for part in made]) for name in self._outputs}

    def _once(self, feeds: Arrays) -> Arrays:
        given = {name: feeds[name] for name in self._wanted}
        if self._wanted and len(given[self._wanted[0]]) == 0:
            # Not every operator takes no rows: answer one row of nulls, and keep none of it.
            made = self._once(self._nothing)
            return {name: value[:0] for name, value in made.items()}
        try:
            answers = self._session.run(self._outputs, given)
        except UnicodeEncodeError:
            # Half of a surrogate pair is no character: it becomes "?", as it would in a file.
            given["strings"] = _encodable(given["strings"])
            answers = self._session.run(self._outputs, given)
        return dict(zip(self._outputs, answers, strict=True))


def _number(parser: ColumnParser, value: Any) -> float:
    if type(value) is float and parser.numbers_pass and parser.kind == "number":
        return value if value - value == 0.0 else float("nan")
    made = parser.value(value)
    return float("nan") if made is None or made is UNREAD else made  # type: ignore[return-value]


def _text(parser: ColumnParser, value: Any) -> str:
    made = parser.value(value)
    return NULL_TEXT if made is None or made is UNREAD else made  # type: ignore[return-value]


def _time(parser: ColumnParser, value: Any) -> int:
    made = parser.value(value)
    return NULL_TIME if made is None or made is UNREAD else made  # type: ignore[return-value]


def _numbers(parser: ColumnParser, values: Values) -> npt.NDArray[np.float64]:
    """A column of numbers; arrays of numbers are taken as they are where no marker could stand for one."""
    if (
        isinstance(values, np.ndarray)
        and values.dtype.kind in "iuf"
        and parser.numbers_pass
        and parser.kind == "number"
    ):
        made = values.astype(np.float64)
        made[~np.isfinite(made)] = np.nan
        return made
    return np.asarray(_column(parser, values), dtype=np.float64)


def _column(parser: ColumnParser, values: Values) -> npt.NDArray[Any]:
    """The typed array of a column; texts that come again and again are read once."""
    if type(values) is list and set(map(type, values)) <= _TEXT_OR_NONE:
        place = dict.fromkeys(values)
        if 2 * len(place) < len(values):
            made, _ = parser.column(list(place))
            place = {text: i for i, text in enumerate(place)}
            where = np.fromiter(map(place.__getitem__, values), dtype=np.int64, count=len(values))
            return np.asarray(made[where])
    return np.asarray(parser.column(values)[0])


def _encodable(strings: npt.NDArray[Any]) -> npt.NDArray[Any]:
    made = np.empty(strings.shape, dtype=object)
    made.flat[:] = [text.encode("utf-8", "replace").decode("utf-8") for text in strings.ravel()]
    return made
