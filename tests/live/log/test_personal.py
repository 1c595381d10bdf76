"""What is logged of a row: nothing personal that the settings do not want."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadInput
from modelwright.live.entries import Prediction
from modelwright.live.log import personal
from modelwright.live.log.database import LogDatabase
from modelwright.live.log.drain import drain
from modelwright.live.log.journal import Journal
from modelwright.live.log.personal import MASKED, personal_columns, treatment
from modelwright.live.place import Place
from modelwright.runtime.model import Model, load
from modelwright.testing.bundles import make_run

Row = dict[str, Any]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A released model with inputs age, job, note and name; name is what nobody should read in a log."""
    rows = 240
    jobs = ["clerk", "cook", "nurse"]
    frame = pl.DataFrame(
        {
            "age": [20 + i % 50 for i in range(rows)],
            "job": [jobs[i % 3] for i in range(rows)],
            "note": [f"{'late' if i % 2 else 'early'} parcel {i % 11}" for i in range(rows)],
            "name": [f"person {i % 20}" for i in range(rows)],
            "target": ["yes" if (i % 50) > 25 else "no" for i in range(rows)],
        }
    )
    made = load(make_run(tmp_path_factory.mktemp("run"), frame, "target").bundle)
    assert set(made.signature.names) >= {"age", "job", "name"}
    made.metadata = {**made.metadata, "live": {"personal_columns": ["name"], "also": ["customer"]}}
    return made


SENT: Row = {
    "age": 44,
    "job": "cook",
    "name": "Zaphod Beeblebrox",
    "customer": "c-17",
    "note": "write to zaphod@heart.example or +44 20 7946 0958, card 4111 1111 1111 1111",
    "unknown": "not the model's",
}


def test_policies(model: Model, place: Place) -> None:
    note = "write to <email> or <phone>, card <card>"
    assert treatment(model, "keep")(SENT) == {k: v for k, v in SENT.items() if k != "unknown"}
    masked = treatment(model, "mask")(SENT)
    assert masked == {"age": 44, "job": "cook", "name": MASKED, "customer": "c-17", "note": note}
    assert treatment(model)(SENT) == masked
    assert treatment(model, "drop")(SENT) == {k: v for k, v in masked.items() if k != "name"}
    hashed = treatment(model, "hash", place=place)(SENT)
    assert re.fullmatch("[0-9a-f]{32}", hashed["name"])
    assert re.fullmatch(
        "write to <email:[0-9a-f]{32}> or <phone:[0-9a-f]{32}>, card <card:[0-9a-f]{32}>", hashed["note"]
    )
    assert treatment(model, "mask")({"name": None, "age": None}) == {"name": None, "age": None}
    with pytest.raises(BadInput, match="no treatment"):
        treatment(model, "encrypt")
    with pytest.raises(ValueError, match="place"):
        treatment(model, "hash")


def test_bundles_say_which_columns_are_personal(model: Model) -> None:
    assert personal_columns(model) == ("name",)
    older = Model(model.bundle)
    assert older.metadata.get("live", {}).get("personal_columns", []) == list(personal_columns(older))
    older.metadata = {k: v for k, v in older.metadata.items() if k != "live"}
    entries = [{**e, "private": e["name"] == "job"} for e in older.metadata["inputs"]]
    older.signature = type(older.signature).from_json({**older.metadata, "inputs": entries})
    assert personal_columns(older) == ("job",)
    assert treatment(older, None)({"job": "cook", "name": "x"}) == {"job": MASKED, "name": "x"}


def test_digests_are_keyed_and_stay(model: Model, place: Place, tmp_path: Path) -> None:
    treat = treatment(model, "hash", place=place)
    one = treat({"name": "Ann"})["name"]
    assert one == treatment(model, "hash", place=place)({"name": "Ann"})["name"]
    assert one != treat({"name": "ann"})["name"]
    assert treat({"name": 7})["name"] == treat({"name": 7.0})["name"] == treat({"name": "7"})["name"]
    elsewhere = Place(tmp_path / "elsewhere")
    assert one != treatment(model, "hash", place=elsewhere)({"name": "Ann"})["name"]
    path = place.folder / personal.SECRET
    assert path.stat().st_mode & 0o777 == 0o600
    assert personal.forms(place, "Ann") == ["Ann", one]
    assert personal.forms(Place(tmp_path / "none"), "Ann") == ["Ann"]
    assert [p.name for p in place.folder.iterdir()] == [personal.SECRET]
    path.write_text("abcd")
    with pytest.raises(BadInput, match="damaged"):
        treatment(model, "hash", place=place)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.text(min_size=1),
            "note": st.text(),
            "age": st.integers() | st.floats() | st.text(),
            "job": st.none() | st.text(),
        },
    )
)
def test_a_personal_value_is_nowhere(model: Model, row: Row) -> None:
    masked, dropped = treatment(model, "mask")(row), treatment(model, "drop")(row)
    assert masked.get("name") == (MASKED if "name" in row else None)
    assert "name" not in dropped
    assert {k: v for k, v in masked.items() if k != "name"} == dropped or any(v != v for v in row.values())
    assert masked.keys() == row.keys()


@given(st.emails(), st.text(st.characters(blacklist_categories=["Cs"]), max_size=20))
def test_addresses_within_texts_are_found_whatever_stands_around(model: Model, email: str, text: str) -> None:
    address = re.search(r"[\w.%+\-]+@[\w\-]+(?:\.[\w\-]+)*\.[^\W\d_]{2,}", email)
    if address is None:
        return  # such as an address with quotes, which the pattern does not know
    said = treatment(model, "mask")({"note": f"{text} {email} {text}"})["note"]
    assert address.group() not in said


@pytest.mark.parametrize("policy", ["mask", "hash", "drop"])
def test_no_trace_in_any_file(
    model: Model, place: Place, policy: str, prediction: Callable[..., Prediction]
) -> None:
    treat = treatment(model, policy, place=place)
    journal = Journal(place.journal, "w1")
    for i in range(200):
        journal.append([prediction(f"p{i}", inputs=treat({**SENT, "age": i}))])

    def trace(word: bytes) -> list[str]:
        found = [p.name for p in place.folder.rglob("*") if p.is_file() and word in p.read_bytes()]
        return sorted(found)

    words = (b"Zaphod", b"zaphod@heart", b"7946", b"4111", b"unknown")
    assert [word for word in words if trace(word)] == []
    assert len(trace(b"c-17")) == 1  # the files were read indeed
    database = LogDatabase(place.database)
    assert drain(place, database) == 200
    assert [word for word in words if trace(word)] == []
    journal.close()
    drain(place, database)
    database.close()
    assert [word for word in words if trace(word)] == []
    assert trace(b"c-17") == ["log.db"]
