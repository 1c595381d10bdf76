from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.records.blob import Blob, Kind
from modelwright.core.records.models import Member
from modelwright.store import kinds
from modelwright.store.store import Store

FRAME = pl.DataFrame({"a": [1, None, 3], "b": ["x", "é", None], "c": [0.5, float("nan"), float("inf")]})
ARRAYS = {"z": np.arange(6.0).reshape(2, 3), "a": np.array(["p", "q"]), "e": np.empty((0, 2), np.int64)}
VALUES: list[tuple[Kind, Any]] = [
    ("table", FRAME),
    ("arrays", ARRAYS),
    ("json", {"b": [1, None, "ü"], "a": 0.5}),
    ("bytes", b"\x00\xff"),
    ("text", "line\nline é\n"),
]


def files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def equal(kind: Kind, a: Any, b: Any) -> bool:
    if kind == "table":
        return bool(a.equals(b))
    if kind == "arrays":
        return a.keys() == b.keys() and all(
            a[k].dtype == b[k].dtype and np.array_equal(a[k], b[k]) for k in a
        )
    return bool(a == b)


@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_values_survive_a_restart(tmp_path: Path, kind: Kind, value: Any) -> None:
    blob = Store(tmp_path).put(Blob.of(value, kind))
    again = Blob(kind, blob.digest, blob.size)
    with pytest.raises(RuntimeError, match="before it was attached"):
        again.get()
    Store(tmp_path).attach(again)
    assert equal(kind, again.get(), value)
    assert again == blob
    assert again.path is not None
    content = again.path.read_bytes()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (blob.digest, blob.size)


@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_the_same_content_is_one_file_and_the_same_bytes(tmp_path: Path, kind: Kind, value: Any) -> None:
    store = Store(tmp_path)
    first, second = store.put(Blob.of(value, kind)), store.put(Blob.of(value, kind))
    assert first == second
    assert files(tmp_path) == [first.path]
    assert kinds.to_bytes(kind, value) == kinds.to_bytes(kind, value)
    assert len(store.sizes()) == 1


def test_storing_twice_does_not_write_twice(tmp_path: Path) -> None:
    store = Store(tmp_path)
    blob = store.put(Blob.of(b"once", "bytes"))
    assert blob.path is not None
    before = blob.path.stat().st_mtime_ns, blob.path.stat().st_ino
    store.put(blob)
    store.put(Blob.of(b"once", "bytes"))
    assert (blob.path.stat().st_mtime_ns, blob.path.stat().st_ino) == before


def test_a_blob_of_another_store_is_copied(tmp_path: Path) -> None:
    blob = Store(tmp_path / "a").put(Blob.of(b"here", "bytes"))
    Store(tmp_path / "b").put(blob)
    assert blob.path is not None
    assert blob.path.is_relative_to(tmp_path / "b")


@given(st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False, allow_infinity=False) | st.text()))
def test_json_bytes_do_not_depend_on_the_order_of_keys(value: dict[str, Any]) -> None:
    assert kinds.to_bytes("json", value) == kinds.to_bytes("json", dict(reversed(value.items())))


def test_a_value_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        Store(tmp_path).put(Blob.of("text", "bytes"))
    with pytest.raises(ValueError, match=r"allow_pickle|Object arrays"):
        Store(tmp_path).put(Blob.of({"a": np.array([object()])}, "arrays"))
    assert files(tmp_path) == []


def test_records_are_kept_whole_and_revived(tmp_path: Path) -> None:
    store = Store(tmp_path)
    data = store.keep(Member("m", "logistic", Blob.of(b"graph", "bytes"), 0.5))
    back = Store(tmp_path).revive(Member, data)
    assert back is not None
    assert (back.graph.get(), back.weight) == (b"graph", 0.5)


def test_a_record_with_a_lost_blob_is_no_record(tmp_path: Path) -> None:
    store = Store(tmp_path)
    blob = Blob.of(b"graph", "bytes")
    data = store.keep(Member("m", "logistic", blob, 0.5))
    assert blob.path is not None
    blob.path.unlink()
    assert Store(tmp_path).revive(Member, data) is None


def test_garbage_is_what_nobody_wants(tmp_path: Path) -> None:
    store = Store(tmp_path)
    keep, drop = store.put(Blob.of(b"keep", "bytes")), store.put(Blob.of(b"drop!", "bytes"))
    assert keep.path is not None
    for key in ("wanted", "stale"):
        store.stage(key).parent.mkdir(exist_ok=True)
        store.stage(key).write_text("{}")
    half = keep.path.with_name(f".{keep.path.name}.00ff.tmp")
    half.write_bytes(b"ha")
    (store.folder / "openings").mkdir()
    ledger = store.folder / "openings" / "x.json"
    ledger.write_text("{}")
    assert store.collect_garbage({keep.digest}, {"wanted"}) == (3, 5 + 2 + 2)
    assert files(tmp_path) == sorted([keep.path, store.stage("wanted"), ledger])
    assert drop.path is not None
    assert not drop.path.exists()
    assert store.collect_garbage({keep.digest}, {"wanted"}) == (0, 0)
