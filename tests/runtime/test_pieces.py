"""What a graph says of its tokenizer is read with care: a bundle may come from anywhere."""

from __future__ import annotations

import json

import numpy as np
import pytest

from modelwright.core.errors import BadBundle
from modelwright.runtime.pieces import Pieces


@pytest.mark.parametrize(
    "told",
    [
        pytest.param("", id="nothing"),
        pytest.param("{}", id="nothing of it"),
        pytest.param(json.dumps({"places": 1, "longest": 4, "tokenizer": ""}), id="no list"),
        pytest.param(json.dumps({"places": [-1], "longest": 4, "tokenizer": ""}), id="no place"),
        pytest.param(json.dumps({"places": [0], "longest": 10**12, "tokenizer": ""}), id="without bounds"),
    ],
)
def test_what_is_no_description_is_told(told: str) -> None:
    with pytest.raises(BadBundle, match="a tokenizer that cannot be read"):
        Pieces.from_json(told)


def test_a_tokenizer_that_is_none_is_told() -> None:
    pytest.importorskip("tokenizers")
    with pytest.raises(BadBundle, match="a tokenizer that cannot be read"):
        Pieces((0,), 4, "{}").of(np.array([["a text"]], dtype=object))
