"""What travels to a node and back: bytes that are read as what was written, or refused."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.models.cluster import node
from modelwright.models.fit import FitResult, Job, Product
from modelwright.models.rows import Place

FIT = Product(
    FitResult(
        "toy", {"a": 1, "b": 0.1, "c": None, "d": "x"}, 2, score=-0.25, curve=((1, 0.5, float("nan")),)
    ),
    b"a\ngraph\x00",
    np.array([[0.25, 0.75], [1e-300, 1.0]]),
)


def test_a_fit_comes_back_as_it_was() -> None:
    product, trace = node.unpack(node.pack(FIT, "Traceback:\n ..."))
    assert (product.graph, trace) == (FIT.graph, "Traceback:\n ...")
    assert product.scores.tobytes() == FIT.scores.tobytes()
    assert repr(product.result) == repr(FIT.result)


@given(st.binary(max_size=400))
def test_whatever_is_no_fit_is_refused(answer: bytes) -> None:
    with pytest.raises(ValueError, match="no fit"):
        node.unpack(answer)


@given(st.integers(0, len(node.pack(FIT)) - 1), st.integers(0, 255))
def test_a_damaged_fit_is_read_or_refused(place: int, byte: int) -> None:
    whole = bytearray(node.pack(FIT))
    whole[place] = byte
    with contextlib.suppress(ValueError):  # and nothing else is raised
        assert node.unpack(bytes(whole))[0].scores.dtype == np.float64


def test_objects_are_not_unpickled() -> None:
    line = json.dumps({"result": {}, "graph": 0, "scores": [1, 1], "trace": ""}).encode() + b"\n"
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    body = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"cos\nsystem\n."
    with pytest.raises(ValueError, match="no fit"):
        node.unpack(line + body)


def test_a_node_checks_its_versions_before_it_works(places: Callable[..., Place]) -> None:
    _, shell = node.functions()
    order = node.order_of(replace(places(), table=""), Job("toy", {}, 0, 0))
    answer = shell(order, [], {"modelwright": "99.0", "no-such-library": "1.0"})
    assert answer.startswith(b"!")
    found = json.loads(answer[1:])
    said = node.differences({"modelwright": "99.0", "no-such-library": "1.0"}, found)
    assert said == f"modelwright {found['modelwright']} instead of 99.0, no no-such-library (1.0 is wanted)"
