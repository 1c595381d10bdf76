"""XML: which elements are rows, what becomes of their parts, and what is refused."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadData
from modelwright.data.nested.shape import Shape, is_number
from modelwright.data.nested.xml import Names, records, survey
from modelwright.data.read import batches, read
from modelwright.data.read.door import READERS
from modelwright.goal.sections import ReadingSection
from modelwright.testing.readers import ReaderConformance

BIRDS = """<?xml version="1.0" encoding="utf-8"?>
<!-- a survey -->
<birds year="2024">
  <place>Biscoe</place>
  <bird sex="f"><species>Adelie</species><mass unit="g">3700</mass></bird>
  <bird sex="m"><species>Gentoo &amp; co</species><mass unit="g"/></bird>
  <bird><species><![CDATA[Adelie]]></species><mass unit="kg">3.45</mass></bird>
  <season>2</season>
</birds>
"""


class TestXml(ReaderConformance):
    reader = READERS.get("xml")()

    def good(self, folder: Path) -> tuple[Path, list[dict[str, Any]]]:
        path = folder / "birds.xml"
        path.write_text(BIRDS, encoding="utf-8")
        names = ("sex", "species", "mass.unit", "mass")
        around = {"birds.year": "2024", "birds.place": "Biscoe", "birds.season": "2"}
        rows = [
            ("f", "Adelie", "g", "3700"), ("m", "Gentoo & co", "g", None), (None, "Adelie", "kg", "3.45"),
        ]  # fmt: skip
        return path, [dict(zip(names, row, strict=True)) | around for row in rows]

    def bad(self, folder: Path) -> list[Path]:
        texts = {
            "cut": BIRDS[:200],
            "words": "name,age\nann,3\n",
            "empty-root": "<birds/>",
            "deep": "<a>" * 200 + "</a>" * 200,
            "entities": '<!DOCTYPE b [<!ENTITY x "y">]><b><c>&x;</c></b>',
        }
        for name, text in texts.items():
            (folder / f"{name}.xml").write_text(text)
        return [folder / f"{name}.xml" for name in texts]


def table(
    tmp_path: Path, text: str, wishes: ReadingSection | None = None, target: str | None = None
) -> pl.DataFrame:
    path = tmp_path / "t.xml"
    path.write_text(text, encoding="utf-8")
    return read(str(path), wishes=wishes or ReadingSection(), target=target).frame


def test_namespaces_keep_their_prefix_only_where_they_are_foreign(tmp_path: Path) -> None:
    text = (
        '<r:list xmlns:r="urn:a" xmlns:dc="urn:dc" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="urn:a a.xsd"><r:item dc:lang="en"><r:title>x</r:title><dc:title>y</dc:title>'
        '</r:item><r:item><r:title>z</r:title><e:note xmlns:e="urn:e">n</e:note></r:item></r:list>'
    )
    made = table(tmp_path, text)
    assert made.rows(named=True) == [
        {"dc:lang": "en", "title": "x", "dc:title": "y", "e:note": None},
        {"dc:lang": None, "title": "z", "dc:title": None, "e:note": "n"},
    ]
    other = (
        text.replace("r:", "own:").replace("xmlns:r", "xmlns:own").replace("dc:", "d:").replace(":dc=", ":d=")
    )
    plan = read(str(tmp_path / "t.xml")).plan
    (tmp_path / "new.xml").write_text(other)
    parts = [batch.frame for batch in batches(str(tmp_path / "new.xml"), 1, plan)]
    assert [part.height for part in parts] == [1, 1]
    assert pl.concat(parts).rows() == made.rows()


NESTED = """<shops><shop name="A"><town>X</town>
 <order n="1"><line><sku>p</sku><q>2</q></line><line><sku>r</sku><q>3</q></line></order>
 <order n="2"><line><sku>p</sku><q>5</q></line></order><open>yes</open></shop>
 <shop name="B"><town>Y</town><order n="3"><line><sku>s</sku><q>1</q></line></order><open>no</open></shop>
</shops>"""


def test_a_row_is_what_holds_the_target(tmp_path: Path) -> None:
    lines = table(tmp_path, NESTED, target="q")
    assert lines.columns == ["sku", "q", "shop.name", "shop.town", "shop.open", "order.n"]
    assert lines["q"].to_list() == ["2", "3", "5", "1"]
    assert lines["shop.open"].to_list() == ["yes", "yes", "yes", "no"]
    orders = table(tmp_path, NESTED, ReadingSection(records="order"))
    assert orders["line.count"].to_list() == [2, 1, 1]
    assert orders["line.q.sum"].to_list() == [5.0, 5.0, 1.0]
    assert orders["line.sku"].to_list() == ["p,r", "p", "s"]
    assert orders["shop.town"].to_list() == ["X", "X", "Y"]
    shops = table(tmp_path, NESTED)
    assert shops["order.count"].to_list() == [2, 1]
    assert table(tmp_path, NESTED, ReadingSection(nested=(("order", "count"),))).columns == [
        "name", "town", "order.count", "open",
    ]  # fmt: skip


def test_what_was_chosen_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t.xml"
    path.write_text(NESTED)
    said = read(str(path), target="sku").said
    assert said[0].code == "collect.nested"
    assert said[0].message == "each <line> is a row: the target 'sku' is one of its keys."
    assert "reading: {records: line}" in said[0].remedy


def test_rare_repetition_is_a_slip_and_numbers_in_a_text_are_parted(tmp_path: Path) -> None:
    rows = "".join(f"<p><at>{k}.5 {k}.25</at><m e='1'>{k}</m></p>" for k in range(30))
    made = table(tmp_path, f"<all>{rows}<p><at>1 2</at><m e='1'>7</m><m e='2'>8</m></p></all>")
    assert made.columns == ["at.1", "at.2", "m.e", "m"]
    assert made.rows()[-1] == (1.0, 2.0, "1", "7")


def test_the_rows_do_not_depend_on_how_many_are_held(tmp_path: Path) -> None:
    stream = NESTED.encode()
    one = [v for part in records(io.BytesIO(stream), "t", Names(), ("line",), 1) for _, v in part]
    many = [v for part in records(io.BytesIO(stream), "t", Names(), ("line",), 1000) for _, v in part]
    assert (
        one
        == many
        == [{"sku": "p", "q": "2"}, {"sku": "r", "q": "3"}, {"sku": "p", "q": "5"}, {"sku": "s", "q": "1"}]
    )


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn")), max_size=20)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=2, max_size=8))
def test_texts_come_back_as_they_were(rows: list[tuple[str, str]]) -> None:
    text = "<t>" + "".join(f"<r a={quoteattr(a)}><b>{escape(b)}</b></r>" for a, b in rows) + "</t>"
    roots: dict[str, Shape] = {}
    survey(io.BytesIO(text.encode()), "t", Names(), roots)
    assert roots["t"].keys["r"].records == len(rows)
    made = [v for part in records(io.BytesIO(text.encode()), "t", Names(), ("r",), 100) for _, v in part]
    assert [(v["a"], v.get("b") or "") for v in made] == [(a, b.strip()) for a, b in rows]


def test_entities_are_never_expanded(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("s3cret")
    text = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{tmp_path}/secret.txt">]><a><b>&x;</b><b>1</b></a>'
    with pytest.raises(BadData) as caught:
        table(tmp_path, text)
    assert caught.value.code == "data.xml-entities"
    plain = '<!DOCTYPE a SYSTEM "a.dtd"><a><b><c>1</c></b><b><c>2</c></b></a>'
    assert table(tmp_path, plain).rows() == [("1",), ("2",)]


def test_default_values_of_attributes_are_refused(tmp_path: Path) -> None:
    declared = '<!DOCTYPE a [<!ELEMENT a (b*)> <!ATTLIST b c CDATA {}>]><a><b c="1"/><b c="2"/></a>'
    assert table(tmp_path, declared.format("#IMPLIED")).rows() == [("1",), ("2",)]
    for default in ('"20 KB"', '#FIXED "1"'):
        with pytest.raises(BadData, match="default value of the attribute c of <b>") as caught:
            table(tmp_path, declared.format(default))
        assert caught.value.code == "data.xml-entities"


@pytest.mark.parametrize("encoding", ["gbk", "Shift_JIS", "no-such-encoding", "hex"])
def test_encodings_that_cannot_be_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.xml"
    path.write_text(f'<?xml version="1.0" encoding="{encoding}"?><a><b><c>1</c></b><b><c>2</c></b></a>')
    with pytest.raises(BadData, match="encoding that cannot be read from XML") as caught:
        read(str(path))
    assert caught.value.code == "data.encoding"


def test_an_encoding_of_one_byte_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.xml"
    text = '<?xml version="1.0" encoding="windows-1251"?><a><b><c>\u0434\u0430</c></b><b><c>2</c></b></a>'
    path.write_bytes(text.encode("cp1251"))
    assert read(str(path)).frame["c"].to_list() == ["\u0434\u0430", "2"]


def test_a_name_with_many_dots(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="levels deep") as caught:
        table(tmp_path, f"<t><r {'a.' * 2000}a='1'/><r/></t>")
    assert caught.value.code == "data.too-deep"
    assert table(tmp_path, f"<t><r {'a.' * 90}a='1'/><r/></t>").height == 2


def test_a_long_text_of_digits_takes_no_time_to_look_at() -> None:
    text = "1" * 200_000 + "x"
    start = time.process_time()
    assert not is_number(text)
    assert not is_number("1" * 399 + "x")
    roots: dict[str, Shape] = {}
    survey(io.BytesIO(f"<a><b>{text}</b><b>2</b></a>".encode()), "t", Names(), roots)
    assert time.process_time() - start < 1
    assert (roots["a"].keys["b"].texts, roots["a"].keys["b"].numbers) == (1, 1)


@given(st.from_regex(r"[-+]?[0-9]{0,4}\.?[0-9]{0,4}([eE][-+]?[0-9]{0,3})?", fullmatch=True))
def test_what_is_a_number(text: str) -> None:
    try:
        float(text)
    except ValueError:
        assert not is_number(text)
    else:
        assert is_number(text)
