from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.runtime.seal import sealed, unbroken

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text().filter(lambda key: key != "sha256"), JSON, min_size=1, max_size=4)


@given(OBJECTS)
def test_what_is_sealed_is_unbroken_and_keeps_its_content(data: dict[str, Any]) -> None:
    content = sealed(data)
    assert unbroken(content)
    read = json.loads(content)
    assert {**data, "sha256": read["sha256"]} == read


@given(OBJECTS, st.data())
def test_one_changed_byte_is_seen(data: dict[str, Any], draw: st.DataObject) -> None:
    content = bytearray(sealed(data))
    at = draw.draw(st.integers(0, len(content) - 1))
    content[at] ^= draw.draw(st.integers(1, 255))
    assert not unbroken(bytes(content))


@given(OBJECTS, st.data())
def test_a_byte_more_or_less_is_seen(data: dict[str, Any], draw: st.DataObject) -> None:
    content = sealed(data)
    at = draw.draw(st.integers(0, len(content) - 1))
    assert not unbroken(content[:at] + content[at + 1 :])
    assert not unbroken(content[:at] + b" " + content[at:])


def test_digest_is_that_of_the_file_without_its_line() -> None:
    lines = sealed({"a": 1, "z": [2]}).splitlines(keepends=True)
    (line,) = [text for text in lines if b'"sha256"' in text]
    rest = b"".join(text for text in lines if text != line)
    assert json.loads(b"{" + line.strip().rstrip(b",") + b"}") == {"sha256": hashlib.sha256(rest).hexdigest()}


def test_a_second_digest_line_is_no_seal() -> None:
    content = sealed({"a": 1})
    line = next(text for text in content.splitlines(keepends=True) if b"sha256" in text)
    assert not unbroken(content.replace(line, line + line))


def test_the_key_of_the_digest_is_taken() -> None:
    with pytest.raises(ValueError, match="sha256"):
        sealed({"sha256": "mine"})
