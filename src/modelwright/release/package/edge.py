"""A bundle for phones, browsers and Node: the graph, and the typed part in plain JavaScript.

onnxruntime's JavaScript faces pass texts as C strings, so that the NUL at the head of the runtime's word for
null would end the text. The graph therefore gets another word for null, and is compared with the bundle's own
on rows made for it before it is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from modelwright.core.errors import Unsupported
from modelwright.release.package.job import Job, template, write_json
from modelwright.release.package.rows import holed, rows_for
from modelwright.runtime.model import Model
from modelwright.runtime.parse.column import UNREAD
from modelwright.runtime.parse.mask import OLD_KINDS
from modelwright.runtime.pieces import KEY
from modelwright.runtime.session import open_graph
from modelwright.runtime.signature import NULL_TEXT

FORMAT: Final = 1
"""Of ``edge.json``."""
NULL: Final = "\x01null"
"""The word for null in the graph that is written: it survives being a C string."""
ONNXRUNTIME: Final = "1.30.0"
"""Of the packages onnxruntime-node and onnxruntime-web that this is tested with."""
CARRIED: Final = frozenset(
    "repair strip missing spellings mask case variants boolean number date text".split()
)
"""Operations of preprocess.json that ``parse.mjs`` carries out."""
CODE: Final = ("modelwright.mjs", "parse.mjs", "compare.mjs", "example.mjs", "index.html")
TRIED: Final = frozenset(
    """Abs Add ArgMax Cast Clip Concat ConstantOfShape Cos Div Equal Exp Expand Gather Gemm Greater
    GreaterOrEqual Identity IsNaN LabelEncoder Log MatMul Max Min Mod Mul ReduceL2 ReduceSum
    ReduceSumSquare Relu Reshape Selu Shape Sigmoid Sign Slice Softmax Split Sqrt Squeeze StringSplit
    Sub Sum TfIdfVectorizer TopK Transpose TreeEnsembleRegressor Unsqueeze Where""".split()
)
"""Operators that were seen to give Python's numbers in onnxruntime-web, on WebAssembly: all that the built-in
families and features use."""


def write(job: Job, folder: Path) -> dict[str, Any]:
    """Write the files into ``folder``; returns what is to be told of them.

    Raises :class:`Unsupported` for a bundle that cannot be carried: a preprocessing operation that the
    JavaScript does not know, or a known value with a NUL in it.
    """
    model = Model(job.bundle, threads=1)
    _refuse_media(model)
    _refuse_pieces(model.bundle.files["model.onnx"])
    _refuse_private(model)
    graph, replaced = with_other_null(model.bundle.files["model.onnx"])
    preprocess = model.bundle.json("preprocess.json")
    names = model.tensors.names
    columns = [column for column in preprocess["columns"] if column["name"] in names]
    unknown = sorted({o["name"] for c in columns for o in c["operations"]} - CARRIED)
    if unknown:
        raise Unsupported(
            f"the bundle's preprocessing uses {', '.join(unknown)}, which the JavaScript does not carry out",
            code="package.edge-operation",
            hint="serve this bundle with `modelwright serve` instead",
        )
    rows = rows_for(model.signature)
    check_same(model, graph)
    operators = operators_of(graph)
    manifest = model.metadata
    facts = {
        "format": FORMAT,
        "name": manifest["name"],
        "problem": model.problem,
        "classes": list(model.classes),
        "abstain_below": manifest.get("abstain_below"),
        "null_text": NULL,
        "tensors": {key: list(getattr(model.tensors, key)) for key in ("numbers", "strings", "times")},
        "columns": columns,
        "folds": folds() if _folds_needed(columns) else {},
        "bundle": job.digest,
        "graph": hashlib.sha256(graph).hexdigest(),
        "run": job.run,
    }
    examples = [{"row": row, "answer": answer(model, row)} for row in rows]
    (folder / "model.onnx").write_bytes(graph)
    write_json(folder / "edge.json", facts)
    write_json(folder / "examples.json", examples)
    write_json(folder / "package.json", _package(str(manifest["name"])))
    (folder / "required_operators.config").write_text(_config(operators), encoding="utf-8")
    held = resources.files("modelwright.release.package") / "browser"
    for name in CODE:
        (folder / name).write_bytes((held / name).read_bytes())
    untried = sorted({name for _, _, name in operators} - TRIED)
    names_used = {name for _, _, name in operators}
    text = template(
        "edge.md",
        name=manifest["name"],
        web=f"\n**Not tried in a browser**: the operators {', '.join(untried)}.\n" if untried else "",
        trees=_TREES if {"TfIdfVectorizer", "TreeEnsembleRegressor"} <= names_used else "",
        version=ONNXRUNTIME,
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
    return {"bytes": len(graph), "examples": len(examples), "null_words": replaced, "untried": untried}


def _refuse_media(model: Model) -> None:
    """No two decoders of pictures or sounds give the same numbers, and a model is proven on Python's."""
    for tensor in model.tensors.tensors:
        raise Unsupported(
            f"{tensor.name!r} is a column of the kind {tensor.kind}, and the JavaScript reads numbers, "
            "texts and dates alone",
            code="package.edge-media",
            hint="serve this bundle with `modelwright serve`; model.onnx itself runs in any onnxruntime, "
            f"from {tensor.dtype} {list(tensor.shape)} on",
        )


def _refuse_pieces(graph: bytes) -> None:
    """A pretrained encoder reads pieces that a tokenizer makes, which the JavaScript has not."""
    if KEY.encode() in graph:
        raise Unsupported(
            "the model reads texts by a tokenizer, and the JavaScript has none",
            code="package.edge-pieces",
            hint="serve this bundle with `modelwright serve`, or train without `search.pretrained`",
        )


def _refuse_private(model: Model) -> None:
    """Digests with a secret, which a page or an app could not keep, and kinds of personal data that the
    JavaScript does not look for."""
    for column in model.bundle.json("preprocess.json")["columns"]:
        for operation in column["operations"]:
            if operation["name"] == "mask" and column["name"] in model.tensors.names:
                why, hint = _not_carried(operation["options"])
                if why:
                    raise Unsupported(
                        f"personal data of {column['name']!r} is treated as the JavaScript does not know it: "
                        f"{why}",
                        code="package.edge-operation",
                        hint=f"{hint}; or serve this bundle with `modelwright serve` instead",
                    )


def _not_carried(options: dict[str, Any]) -> tuple[str, str]:
    """Why a treatment of personal data is refused, and what to do about it; empty where it is not."""
    out = "leave the column out"
    if "secret" in options:
        return (
            "it is replaced by digests with a secret, and whoever has the page or the app would have it",
            f"{out}, or train with `personal: generalise` or `drop`",
        )
    whole = options.get("whole")
    if whole == "ip" and options["how"] == "generalise":
        return (
            "networks of whole columns of IP addresses are not made there",
            f"{out}, or train with `personal: mask`",
        )
    others = [] if whole is not None else sorted(set(options["patterns"]) - set(OLD_KINDS))
    if others:
        known = ", ".join(OLD_KINDS)
        return (
            f"in texts it looks for {known} alone, and not for {', '.join(others)}",
            f"{out}, or mend the texts in the source",
        )
    return "", ""


def with_other_null(graph: bytes) -> tuple[bytes, int]:
    """The graph with :data:`NULL` for every ``NULL_TEXT`` in it, and how many there were.

    Raises :class:`Unsupported` where another text holds a NUL, or the new word is in use already.
    """
    import onnx

    model = onnx.load_from_string(graph)
    old, new = NULL_TEXT.encode(), NULL.encode()
    count = 0
    for texts in _texts(model.graph):
        for i, text in enumerate(texts):
            if text == old:
                texts[i] = new
                count += 1
            elif b"\0" in text or text == new:
                raise Unsupported(
                    "the model knows a value with a NUL character in it, which JavaScript cannot hand to it",
                    code="package.edge-nul",
                    hint="take the character out of the data with `spellings` in the goal, and train again",
                )
    return (model.SerializeToString(deterministic=True) if count else graph), count


def _texts(graph: Any) -> Iterator[Any]:
    """Every list of texts in a graph, as protobuf holds it: constants, attributes, and graphs inside."""
    for tensor in graph.initializer:
        yield tensor.string_data
    for node in graph.node:
        for attribute in node.attribute:
            yield attribute.strings
            yield attribute.t.string_data
            for tensor in attribute.tensors:
                yield tensor.string_data
            for inner in (*((attribute.g,) if attribute.HasField("g") else ()), *attribute.graphs):
                yield from _texts(inner)


def check_same(model: Model, graph: bytes) -> None:
    """Raise :class:`Unsupported` unless the rewritten graph answers just what the bundle's own answers, on
    rows with nulls, known, unknown and odd values."""
    rows = rows_for(model.signature) + holed(model.signature, 500)
    feeds = {name: np.concatenate([model.typed(row)[name] for row in rows]) for name in model.typed(rows[0])}
    expected = model.predict_typed(feeds)
    session = open_graph(graph)
    wanted = {i.name for i in session.get_inputs()}
    given = {name: value for name, value in feeds.items() if name in wanted}
    if "strings" in given:
        given["strings"] = np.where(given["strings"] == NULL_TEXT, NULL, given["strings"])
    outputs = [o.name for o in session.get_outputs()]
    for name, found in zip(outputs, session.run(outputs, given), strict=True):
        want = expected["prediction" if name == "value" else name]
        if not np.array_equal(found.astype(want.dtype), want, equal_nan=want.dtype.kind == "f"):
            raise Unsupported(
                f"the graph with another word for null answers another {name} than the bundle's own",
                code="package.edge-differs",
                hint="this is a defect: serve the bundle with `modelwright serve`, and report it",
            )


def answer(model: Model, row: dict[str, Any]) -> dict[str, Any]:
    """What the JavaScript must answer for a row of JSON, by Python."""
    made = model.predict_all(row)
    unread = [name for name in model.tensors.names if model.parsers[name].value(row[name]) is UNREAD]
    if not model.classes:
        told = {"prediction": float(made["prediction"][0])}
        told |= {name: float(made[name][0]) for name in ("low", "high") if name in made}
        return {**told, "unread": unread}
    probabilities = [float(p) for p in made["probabilities"][0]]
    found: dict[str, Any] = {
        "prediction": str(made["prediction"][0]),
        "probabilities": dict(zip(model.classes, probabilities, strict=True)),
    }
    if "set" in made:
        found["set"] = [name for name, held in zip(model.classes, made["set"][0], strict=True) if held]
    floor = model.metadata.get("abstain_below")
    if floor is not None and max(probabilities) < floor:
        found |= {"prediction": None, "abstained": True}
    return {**found, "unread": unread}


def folds() -> dict[str, str]:
    """Characters whose case folding (Unicode, C + F) is not their lower case: JavaScript has no folding."""
    every = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    return {c: c.casefold() for c in every if c.casefold() != c.lower()}


def _folds_needed(columns: list[dict[str, Any]]) -> bool:
    kinds = {c["kind"] for c in columns} | {o["name"] for c in columns for o in c["operations"]}
    every = [o["options"] for c in columns for o in c["operations"]]
    folding = any(options.get("units") or options.get("how") == "generalise" for options in every)
    return bool(kinds & {"boolean", "case", "variants"}) or folding


def operators_of(graph: bytes) -> list[tuple[str, int, str]]:
    """Domain, version of its operator set, and name, of every operator that a graph uses; sorted."""
    import onnx

    model = onnx.load_from_string(graph)
    versions = {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}

    def nodes(inner: Any) -> Iterator[Any]:
        for node in inner.node:
            yield node
            for attribute in node.attribute:
                for below in (*((attribute.g,) if attribute.HasField("g") else ()), *attribute.graphs):
                    yield from nodes(below)

    found = {(node.domain or "ai.onnx", node.op_type) for node in nodes(model.graph)}
    return sorted((domain, versions[domain], name) for domain, name in found)


def _config(operators: list[tuple[str, int, str]]) -> str:
    """The operators in the form that onnxruntime's build takes (``--include_ops_by_config``)."""
    lines = ["# Operators of model.onnx: for a small build of onnxruntime (--include_ops_by_config)"]
    for domain, version in sorted({(domain, version) for domain, version, _ in operators}):
        names = ",".join(name for d, _, name in operators if d == domain)
        lines.append(f"{domain};{version};{names}")
    return "\n".join(lines) + "\n"


def _package(name: str) -> dict[str, Any]:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name.lower())
    return {
        "name": f"model-{kept.strip('-_') or 'x'}",
        "private": True,
        "type": "module",
        "scripts": {"check": "node example.mjs --check"},
        "dependencies": {"onnxruntime-node": ONNXRUNTIME, "onnxruntime-web": ONNXRUNTIME},
    }


_TREES = """- Trees over the topics of a text, as in this model: where a sum falls on the very threshold of a
  tree, a processor that adds in another order than Python's may take the other branch, and the answer of
  such a row differs by that tree's share. Seen in WebAssembly in about one row of a hundred, never under
  Node.
"""
