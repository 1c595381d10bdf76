"""Nested JSON: dotted names, lists that are rows or are summarised, keys that are data, and real sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.data import ROW, Cleaned
from modelwright.data.clean.stage import clean
from modelwright.data.collect import collect
from modelwright.data.nested.table import Plan, Rows, json_plan, json_rows
from modelwright.data.read import batches, read
from modelwright.goal.sections import (
    CleanSection,
    ProblemSection,
    ReadingSection,
    RolesSection,
    SourceSection,
)

ORDERS = [
    {"id": 1, "by": {"name": "ann", "vip": True}, "tags": ["a", "b"], "at": [1.5, 2.5],
     "lines": [{"sku": "p", "q": 2}, {"sku": "r", "q": 3}], "prices": [1, 2, 3]},
    {"id": 2, "by": {"name": "bob", "vip": False}, "tags": [], "at": [0.5, -1.0],
     "lines": [{"sku": "p", "q": 5}], "prices": [7]},
]  # fmt: skip


def table(tmp_path: Path, data: Any, target: str | None = None, **wishes: Any) -> pl.DataFrame:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(data))
    if "nested" in wishes:
        wishes["nested"] = tuple(wishes["nested"].items())
    return read(str(path), wishes=ReadingSection(**wishes), target=target).frame


def test_a_row_is_an_order(tmp_path: Path) -> None:
    assert table(tmp_path, ORDERS, target="by.vip").rows(named=True) == [
        {"id": 1, "by.name": "ann", "by.vip": True, "tags": "a,b", "at.1": 1.5, "at.2": 2.5, "lines.count": 2,
         "lines.sku": "p,r", "lines.q.mean": 2.5, "lines.q.min": 2.0, "lines.q.max": 3.0, "lines.q.sum": 5.0,
         "prices.count": 3, "prices.mean": 2.0, "prices.min": 1, "prices.max": 3, "prices.sum": 6},
        {"id": 2, "by.name": "bob", "by.vip": False, "tags": None, "at.1": 0.5, "at.2": -1.0,
         "lines.count": 1, "lines.sku": "p", "lines.q.mean": 5.0, "lines.q.min": 5.0, "lines.q.max": 5.0,
         "lines.q.sum": 5.0, "prices.count": 1, "prices.mean": 7.0, "prices.min": 7, "prices.max": 7,
         "prices.sum": 7},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "how", [{"target": "lines.q"}, {"records": "lines"}, {"nested": {"lines": "explode"}}]
)
def test_a_row_is_a_line_where_the_target_is_in_it_or_the_goal_says_so(tmp_path: Path, how: Any) -> None:
    made = table(tmp_path, ORDERS, **how)
    assert made.select("lines.sku", "lines.q", "id", "by.name").rows() == [
        ("p", 2, 1, "ann"), ("r", 3, 1, "ann"), ("p", 5, 2, "bob"),
    ]  # fmt: skip
    assert "lines.count" not in made.columns


def test_the_goal_overrules(tmp_path: Path) -> None:
    wishes = {"lines": "text", "tags": "count", "at": "ignore", "prices": "first", "by": "text"}
    made = table(tmp_path, ORDERS, nested=wishes)
    assert made.rows()[0] == (
        1,
        '{"name": "ann", "vip": true}',
        2,
        '[{"q": 2, "sku": "p"}, {"q": 3, "sku": "r"}]',
        1,
    )
    with pytest.raises(BadData, match="has nothing at 'tag'") as caught:
        table(tmp_path, ORDERS, nested={"tag": "count"})
    assert caught.value.hint == "did you mean tags?"
    with pytest.raises(BadData, match="cannot be read as the goal asks"):
        table(tmp_path, ORDERS, nested={"lines": "join"})
    with pytest.raises(BadData, match="no records 'line'") as caught:
        table(tmp_path, ORDERS, records="line")
    assert "did you mean lines?" in caught.value.hint


def test_keys_that_are_data_become_values(tmp_path: Path) -> None:
    data = [{"n": k, "money": {f"C{k % 20:02}": {"name": f"coin {k % 20}"}}} for k in range(40)]
    made = table(tmp_path, data)
    assert made.rows()[3] == (3, "C03", "coin 3")
    assert made.columns == ["n", "money", "money.name"]
    wide = table(tmp_path, data, nested={"money": "columns"})
    assert wide.width == 21
    assert wide["money.C03.name"].drop_nulls().to_list() == ["coin 3", "coin 3"]


def test_new_rows_are_read_by_the_plan(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps(ORDERS))
    old = read(str(tmp_path / "t.json"))
    assert old.plan is not None
    assert json.loads(json.dumps(old.plan)) == old.plan
    new = [{"id": 9, "extra": [1], "tags": "z"}, {"id": None, "lines": [], "at": [1.0]}]
    lines = "".join(json.dumps(record) + "\n" for record in new)
    (tmp_path / "new.json").write_text(lines)
    plan = {"reader": "json", "plan": old.plan["plan"]}
    made = pl.concat([b.frame for b in batches(str(tmp_path / "new.json"), 1, plan)], how="vertical_relaxed")
    assert made.columns == old.frame.columns
    assert made["id"].to_list() == [9, None]
    assert made["tags"].to_list() == ["z", None]
    assert made["lines.count"].to_list() == [None, 0]


SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text("ab,1.", max_size=4)
VALUES = st.recursive(
    SCALARS,
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.sampled_from("abc"), v, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.sampled_from("abcd"), VALUES, min_size=1, max_size=4), min_size=1, max_size=5)
)
def test_whatever_is_nested_becomes_the_columns_of_the_plan(records: list[dict[str, Any]]) -> None:
    plan, _ = json_plan(records, {}, None, None, "t")
    if plan is None:
        assert not any(isinstance(v, (list, dict)) for record in records for v in record.values())
        return
    again = Plan.from_json(json.loads(json.dumps(plan.to_json())))
    rows = Rows(again.columns())
    for record in records:
        for cells in json_rows(again, record):
            assert set(cells) <= set(again.columns())
            rows.add(cells)
    assert rows.height == len(records)


def cleaned(source: Path, **roles: Any) -> tuple[Cleaned, pl.DataFrame]:
    book = Book()
    collected = collect(SourceSection(str(source), target="region"), book)
    made = clean(CleanSection(), RolesSection(**roles), ProblemSection("c", None, "region"), collected, book)
    return made, made.table.get()


@pytest.mark.slow  # two real sources are cleaned
def test_countries_are_the_same_table_from_json_and_from_xml(shared_data: Path) -> None:
    folder = shared_data / "dirty/countries_json_xml"
    of_json, json_table = cleaned(folder / "countries.json")
    of_xml, xml_table = cleaned(folder / "countries.xml")
    assert json_table.height == xml_table.height == 250
    # The two files of the source differ in these: the XML has one column more, the JSON another, and one
    # name of one country is spelt otherwise.
    assert set(json_table.columns) ^ set(xml_table.columns) == {"unRegionalGroup", "callingCodes"}
    names = [name for name in json_table.columns if name in set(xml_table.columns)]
    assert len(names) == 83
    different = {
        name: [k for k in range(250) if json_table[name][k] != xml_table[name][k]]
        for name in names
        if not json_table[name].equals(xml_table[name])
    }
    assert {name: len(rows) for name, rows in different.items()} == {"translations.fra.official": 1}
    kinds = [{c.name: c.kind for c in made.columns if c.name in names} for made in (of_json, of_xml)]
    differ = {name for name in names if kinds[0].get(name) != kinds[1].get(name)}
    assert differ <= {
        "independent",
        "unMember",
        "landlocked",
        ROW,
    }  # true and false in one, 1 and 0 in the other


def test_planets_are_the_rows_of_systems(shared_data: Path) -> None:
    made = read(str(shared_data / "dirty/exoplanet_systems_xml/systems/*.xml"), target="discoverymethod")
    assert made.frame.height == 897
    assert made.facts.details["files"] == "681"
    assert made.frame["discoverymethod"].null_count() == 1
    proxima = made.frame.filter(pl.col("name").str.starts_with("Proxima Centauri b")).row(0, named=True)
    assert (proxima["mass"], proxima["star.mass"], proxima["system.constellation"]) == (
        "0.003691", "0.120", "Centaurus",
    )  # fmt: skip
    assert proxima["system.declination.1"] == -60.0
    assert proxima["eccentricity"] is None
    assert proxima["eccentricity.upperlimit"] == "0.35"


def test_films_with_lists_from_two_files(shared_data: Path) -> None:
    made = read(str(shared_data / "dirty/movies_json/movies-*.json"))
    assert made.frame.height > 2_000
    assert {"title", "year", "cast", "genres"} <= set(made.frame.columns)
    assert all(not dtype.is_nested() for dtype in made.frame.schema.values())


@pytest.mark.parametrize(
    "text", ['[{"a": %s}, {"a": 1}]', '{"a": [1, %s]}', '{"a": %s}\n{"a": 1}\n', '[{"a": {"b": [1, %s]}}]']
)
@pytest.mark.parametrize("digits", [400, 5000])
def test_an_integer_of_many_digits(tmp_path: Path, text: str, digits: int) -> None:
    (tmp_path / "t.json").write_text(text % ("9" * digits))
    with pytest.raises(BadData, match="integer of too many digits") as caught:
        read(str(tmp_path / "t.json"))
    assert caught.value.code == "data.json"


def test_an_integer_of_many_digits_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"a": 1}\n{"a": %s}\n{"a": 2}\n' % ("9" * 5000))
    made = read(str(tmp_path / "t.jsonl"))
    assert made.frame["a"].to_list() == [1, 2]
    assert "too many digits" in made.quarantine[0].reason
    (tmp_path / "good.jsonl").write_text('{"a": {"b": 1}}\n{"a": {"b": 2}}\n')
    for line, plan in (('{"a": %s}', None), ('{"a": {"b": %s}}', read(str(tmp_path / "good.jsonl")).plan)):
        (tmp_path / "t.jsonl").write_text(f"{line % 1}\n{line % ('9' * 400)}\n")
        with pytest.raises(BadData, match="too many digits"):
            list(batches(str(tmp_path / "t.jsonl"), 10, plan))


def test_a_path_that_is_too_long() -> None:
    for source in ("a" * 5000, "a" * 5000 + ".csv", "a" * 5000 + ".zip#b.csv", "b/" * 3000 + "*.csv"):
        with pytest.raises(BadData) as caught:
            read(source)
        assert caught.value.code == "data.missing-file"
        assert len(caught.value.message) < 200


def test_lists_of_many_numbers_are_sequences_and_short_ones_are_summarised(tmp_path: Path) -> None:
    days = [{"day": [0.5 * k for k in range(12 + row % 3)], "y": row} for row in range(20)]
    place = tmp_path / "days.jsonl"
    place.write_text("".join(json.dumps(day) + "\n" for day in days))
    made = read(str(place), target="y")
    assert made.frame.columns == ["day", "y"]
    assert json.loads(made.frame["day"][1]) == days[1]["day"]
    days[3]["day"] = [1.0, 2.0]
    place.write_text("".join(json.dumps(day) + "\n" for day in days))
    assert "day.mean" in read(str(place), target="y").frame.columns
