"""Fewer channels in convolutions: whole filters go, so that the graph is smaller and quicker everywhere.

Between two convolutions, the channels that add least to what the second one makes are dropped, and the
second one's weights are solved anew by least squares, on training rows, so that it makes what it made before
(channel pruning; He, Zhang and Sun, 2017). Nothing is trained again, and the graph needs no runtime of its
own: zeros among the weights that are left would make no file smaller and no processor quicker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from modelwright.features.typed import Typed
from modelwright.graph.session import session

SHARES = (0.25, 0.5)
"""Parts of the channels that are taken out."""
ROWS = 128
"""Training rows on which layers are solved."""
PLACES = 6000
"""Places in these rows' maps, drawn by lot: many times the weights of a filter."""
FEWEST = 4
"""Channels that stay at least."""
RIDGE = 1e-3
"""Weight of staying near the old weights, relative to the mean square of the inputs."""
SEED = 0x9A11
_PASS = frozenset(
    {"Relu", "LeakyRelu", "Elu", "Clip", "Sigmoid", "MaxPool", "AveragePool", "Identity", "Dropout"}
)
"""What works on each channel by itself."""

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Link:
    """Two convolutions, the second of which alone hears the first."""

    first: onnx.NodeProto
    second: onnx.NodeProto


def worth_it(graph: bytes) -> bool:
    """Whether there is a channel that could be taken out."""
    return bool(links(onnx.load_from_string(graph)))


def links(model: onnx.ModelProto) -> list[Link]:
    """In the order of the graph."""
    weights = {w.name: w for w in model.graph.initializer}
    consumers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            consumers.setdefault(name, []).append(node)
    given = {value.name for value in model.graph.output}

    def plain(node: onnx.NodeProto) -> bool:
        """A convolution of one group, whose weights are its own and known."""
        if node.op_type != "Conv" or any(name and name not in weights for name in node.input[1:]):
            return False
        own = all(len(consumers[name]) == 1 for name in node.input[1:] if name)
        facts = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        return own and facts.get("group", 1) == 1 and facts.get("auto_pad", b"NOTSET") == b"NOTSET"

    found = []
    for node in model.graph.node:
        if not plain(node) or weights[node.input[1]].dims[0] <= FEWEST:
            continue
        at = node
        while True:
            out = at.output[0]
            heard = consumers.get(out, [])
            if len(heard) != 1 or out in given or heard[0].input[0] != out:
                break
            at = heard[0]
            if at.op_type == "Conv":
                if plain(at):
                    found.append(Link(node, at))
                break
            if at.op_type not in _PASS or len(at.output) > 1:
                break
    return found


def pruned(graph: bytes, share: float, typed: Typed) -> bytes:
    """``graph`` without ``share`` of the channels of each link; ``typed``: training rows."""
    model = onnx.load_from_string(graph)
    rows = typed.take(slice(0, ROWS))
    rng = np.random.default_rng(SEED)
    chain = links(model)
    wanted = _outputs(onnx.load_from_string(graph), [link.second.output[0] for link in chain], rows)
    for link in chain:
        (seen,) = _outputs(model, [link.second.input[0]], rows).values()
        _shorten(model, link, seen, wanted[link.second.output[0]], share, rng)
    del model.graph.value_info[:]
    return bytes(model.SerializeToString(deterministic=True))


def _outputs(model: onnx.ModelProto, names: list[str], rows: Typed) -> dict[str, Array]:
    """Tensors inside of a graph, for some rows."""
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    known = {value.name for value in opened.graph.output}
    opened.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
    runner = session(opened.SerializeToString())
    feeds = {
        name: value for name, value in rows.feeds().items() if name in {i.name for i in runner.get_inputs()}
    }
    return dict(zip(names, runner.run(names, feeds), strict=True))


def _shorten(
    model: onnx.ModelProto, link: Link, seen: Array, made: Array, share: float, rng: np.random.Generator
) -> None:
    """Take channels out of a link. ``seen``: what its second convolution hears, [n, channels, ...]; ``made``:
    what that made of it before anything was taken out, [n, filters, ...]."""
    weights = {w.name: w for w in model.graph.initializer}
    before = numpy_helper.to_array(weights[link.second.input[1]]).astype(np.float64)
    axes = (0, *range(2, seen.ndim))
    adds = (seen.astype(np.float64) ** 2).mean(axis=axes) * (before**2).sum(axis=(0, *range(2, before.ndim)))
    stay = max(FEWEST, round(len(adds) * (1.0 - share)))
    keep = np.sort(np.argsort(-adds, kind="stable")[:stay])
    if stay >= len(adds):
        return
    patches, places = _patches(seen[:, keep], link.second, before.shape[2:], made.shape[2:], rng)
    target = np.moveaxis(made, 1, -1).reshape(-1, made.shape[1])[places].astype(np.float64)
    old = before[:, keep].reshape(len(before), -1).T
    bias = np.zeros(len(before))
    if len(link.second.input) > 2 and link.second.input[2]:
        bias = numpy_helper.to_array(weights[link.second.input[2]]).astype(np.float64)
    # With a constant beside the inputs, and near the old weights where the rows say nothing.
    inputs = np.column_stack([patches.astype(np.float64), np.ones(len(patches))])
    begin = np.vstack([old, bias[None, :]])
    square = inputs.T @ inputs / len(inputs)
    ridge = RIDGE * np.trace(square) / len(square) * np.eye(len(square))
    change = np.linalg.solve(square + ridge, inputs.T @ (target - inputs @ begin) / len(inputs))
    solved = begin + change
    fresh = solved[:-1].T.reshape(len(before), stay, *before.shape[2:])
    for number, name in enumerate(link.first.input[1:]):
        if name:
            _put(weights[name], numpy_helper.to_array(weights[name])[keep])
            assert number < 2
    _put(weights[link.second.input[1]], fresh)
    if len(link.second.input) > 2 and link.second.input[2]:
        _put(weights[link.second.input[2]], solved[-1])
        return
    name = f"{link.second.input[1]}_bias"
    model.graph.initializer.append(numpy_helper.from_array(solved[-1].astype(np.float32), name))
    if len(link.second.input) > 2:
        link.second.input[2] = name
    else:
        link.second.input.append(name)


def _put(tensor: onnx.TensorProto, values: Array) -> None:
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float32), tensor.name))


def _patches(
    seen: Array,
    node: onnx.NodeProto,
    kernel: tuple[int, ...],
    made: tuple[int, ...],
    rng: np.random.Generator,
) -> tuple[Array, npt.NDArray[np.int64]]:
    """What a convolution multiplies at some of its places: float [places, channels * kernel], and which
    places of [n, *made] they are."""
    facts = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    ranks = len(kernel)
    strides, dilations = facts.get("strides", [1] * ranks), facts.get("dilations", [1] * ranks)
    pads = facts.get("pads", [0] * (2 * ranks))
    padded = np.pad(seen, [(0, 0), (0, 0), *((pads[k], pads[ranks + k]) for k in range(ranks))])
    count = len(seen) * int(np.prod(made))
    places = np.sort(rng.permutation(count)[:PLACES]).astype(np.int64)
    row, *where = np.unravel_index(places, (len(seen), *made))
    parts = []
    for offset in np.ndindex(*kernel):
        at = tuple(where[k] * strides[k] + offset[k] * dilations[k] for k in range(ranks))
        parts.append(padded[(row, slice(None), *at)])
    # [places, channels, offsets]: as the weights are laid out.
    return np.stack(parts, axis=2).reshape(len(places), -1), places
