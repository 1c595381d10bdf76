"""Small media for tests of families: pictures, sounds, sequences and texts whose signal is easily found.

Beside the media column stands a matrix of two columns of noise, so that the parts are learned together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import add_inputs
from modelwright.models.family import Fitted, FittedOnColumns, ProblemKind, Rows
from modelwright.runtime.signature import Signature, Tensor

SIDE, SAMPLES, STEPS = 12, 2000, 32
RATE = 8000
WORDS = ("river", "market", "engine", "garden")
FILLERS = ("the", "a", "of", "and", "near", "with", "old", "new")


def learnable_media(problem: ProblemKind, kind: str, n: int, seed: int = 0) -> Rows:
    """``n`` rows whose class shows in one column of ``kind`` (``image``, ``audio``, ``series`` or ``text``).

    Pictures: a bright quadrant. Sounds: the pitch. Sequences: how quickly they swing. Texts: one word of
    four. For numbers the target is the share of the picture that is bright, or a number that goes with the
    pitch, the pace or the word.
    """
    rng = np.random.default_rng(seed)
    code = rng.integers(0, 4, n)
    amount = rng.uniform(0.0, 1.0, n)
    y: Any = code.astype(np.int64)
    if problem == "binary":
        y = (code >= 2).astype(np.int64)
    elif problem == "regression":
        amount = amount if kind == "image" else code / 3.0
        y = 5000.0 + 800.0 * amount
    number = problem == "regression"
    strings = np.empty((n, 0), dtype=object)
    tensors: tuple[npt.NDArray[Any], ...] = ()
    if kind == "text":
        strings = np.array([[_text(rng, int(c))] for c in code], dtype=object)
        signature = Signature(strings=("media",), texts=("media",))
    else:
        made, tensor = {"image": _pictures, "audio": _sounds, "series": _sequences}[kind](
            rng, code, amount, number
        )
        tensors, signature = (made,), Signature(tensors=(tensor,))
    typed = Typed(signature, np.empty((n, 0)), strings, np.empty((n, 0), dtype=np.int64), tensors)
    x = rng.normal(size=(n, 2)).astype(np.float32)
    return Rows(x, y, None, ("noise", "more"), (), typed)


def _pictures(
    rng: np.random.Generator, code: npt.NDArray[Any], amount: npt.NDArray[Any], number: bool
) -> tuple[npt.NDArray[Any], Tensor]:
    pixels = rng.normal(60.0, 15.0, (len(code), 1, SIDE, SIDE))
    half = SIDE // 2
    for row, (c, share) in enumerate(zip(code.tolist(), amount.tolist(), strict=True)):
        if number:
            pixels[row, 0, : round(share * SIDE)] += 120.0
        else:
            down, across = divmod(c, 2)
            pixels[row, 0, down * half : (down + 1) * half, across * half : (across + 1) * half] += 120.0
    return np.clip(pixels, 0, 255).astype(np.uint8), Tensor("media", "image", (1, SIDE, SIDE), "uint8")


def _sounds(
    rng: np.random.Generator, code: npt.NDArray[Any], amount: npt.NDArray[Any], number: bool
) -> tuple[npt.NDArray[Any], Tensor]:
    pitch = 300.0 * 2.0 ** code[:, None]
    time = np.arange(SAMPLES)[None, :] / RATE
    wave = 6000.0 * np.sin(2 * np.pi * pitch * time + rng.uniform(0, 6, (len(code), 1)))
    noisy = wave + rng.normal(0.0, 500.0, wave.shape)
    return noisy.astype(np.int16), Tensor("media", "audio", (SAMPLES,), "int16", rate=RATE)


def _sequences(
    rng: np.random.Generator, code: npt.NDArray[Any], amount: npt.NDArray[Any], number: bool
) -> tuple[npt.NDArray[Any], Tensor]:
    swings = (1.0 + 2.0 * code)[:, None] / STEPS
    wave = np.sin(2 * np.pi * swings * np.arange(STEPS)[None, :] + rng.uniform(0, 6, (len(code), 1)))
    noisy = (wave + rng.normal(0.0, 0.2, wave.shape))[:, None, :]
    return noisy.astype(np.float32), Tensor("media", "series", (1, STEPS), "float32")


def _text(rng: np.random.Generator, code: int) -> str:
    words = [FILLERS[k] for k in rng.integers(0, len(FILLERS), int(rng.integers(4, 10)))]
    words.insert(int(rng.integers(0, len(words))), WORDS[code])
    return " ".join(words)


def hard_media(rows: Rows) -> Rows:
    """Ten rows, then the same all missing, at the ends of what can be, and with numbers far away."""
    assert rows.typed is not None
    base = rows.typed.take(slice(0, 10))
    some = [base, _filled(base, "missing"), _filled(base, "high"), _filled(base, "low")]
    x = np.vstack([rows.x[:10], rows.x[:10] * 1e6, np.full_like(rows.x[:10], 1e30), rows.x[:10]])
    return replace(rows, x=np.ascontiguousarray(x), y=np.tile(rows.y[:10], 4), typed=stacked(some))


def _filled(typed: Typed, how: str) -> Typed:
    from modelwright.runtime.signature import NULL_TEXT

    tensors = []
    for array in typed.tensors:
        whole = array.dtype.kind in "iu"
        ends = (np.iinfo(array.dtype).min, np.iinfo(array.dtype).max) if whole else (-1e6, 1e6)
        value = {"missing": 0, "low": ends[0], "high": ends[1]}[how]
        tensors.append(np.full_like(array, value))
    strings = typed.strings.copy()
    strings[:] = {"missing": NULL_TEXT, "low": "", "high": "word that nobody saw " * 200}[how].strip()
    return replace(typed, strings=strings, tensors=tuple(tensors))


def stacked(parts: list[Typed]) -> Typed:
    """The rows of all parts, one after the other."""
    return Typed(
        parts[0].signature,
        np.vstack([part.numbers for part in parts]),
        np.vstack([part.strings for part in parts]),
        np.vstack([part.times for part in parts]),
        tuple(np.concatenate(same) for same in zip(*(part.tensors for part in parts), strict=True)),
    )


# --- one way to ask fitted models of both forms -------------------------------------------------------------


def predicted(fitted: Fitted | FittedOnColumns, rows: Rows) -> npt.NDArray[np.float64]:
    """What the model itself answers for rows."""
    if hasattr(fitted, "predict_typed"):
        assert rows.typed is not None
        return fitted.predict_typed(rows.x, rows.typed)
    return fitted.predict(rows.x)


def model_of(fitted: Fitted | FittedOnColumns, rows: Rows) -> bytes:
    """The fitted model alone as an ONNX model from ``x`` (and the columns of media) to ``answer``."""
    graph = GraphBuilder("family")
    x = graph.input("x", "float32", rows.x.shape[1]) if rows.x.shape[1] else None
    if hasattr(fitted, "to_graph_typed"):
        assert rows.typed is not None
        answer = fitted.to_graph_typed(graph, x, add_inputs(graph, rows.typed.signature))
    else:
        assert x is not None
        answer = fitted.to_graph(graph, x)
    graph.output(answer, "answer", "float32", None)
    model = graph.build()
    # The shape is left open here: the builder's [N] would be wrong for [N, k].
    model.graph.output[0].type.tensor_type.ClearField("shape")
    return bytes(model.SerializeToString(deterministic=True))


def shown(model: bytes, rows: Rows) -> npt.NDArray[Any]:
    """What the graph answers for rows."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    wanted = {value.name for value in session.get_inputs()}
    feeds = {"x": rows.x, **({} if rows.typed is None else rows.typed.feeds())}
    return np.asarray(session.run(None, {k: v for k, v in feeds.items() if k in wanted})[0])


def some(rows: Rows, which: Any) -> Rows:
    """Some of the rows, in the order of ``which`` (places, a slice, or marks)."""
    places = np.arange(len(rows.y))[which]
    return replace(
        rows,
        x=np.ascontiguousarray(rows.x[places]),
        y=rows.y[places],
        weights=None if rows.weights is None else rows.weights[places],
        typed=None if rows.typed is None else rows.typed.take(places),
    )
