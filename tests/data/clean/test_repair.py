"""Broken texts: what was decoded with the wrong table is mended, and what was typed is left."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.data.clean.infer.column import infer_column
from modelwright.data.clean.infer.repair import infer
from modelwright.runtime.parse.repair import _BYTES, build, decoded

PLACES = ["São Paulo", "Zürich", "Österreich", "Łódź", "Αθήνα", "Санкт-Петербург", "東京", "it’s", "naïve",
          "à la", "10 €", "“so”", "20 °C", "Ünal", "😀 fine", "Ñandú", "Œuvre", "señor – don",
          "İstanbul", "żółw łąka"]  # fmt: skip


def broken(text: str, table: str) -> str:
    if table == "latin-1":
        return text.encode().decode("latin-1")
    return "".join({b: c for c, b in _BYTES.items() if ord(c) > 0xFF or b == ord(c)}.get(b, chr(b))
                   if b >= 0x80 else chr(b) for b in text.encode())  # fmt: skip


@pytest.mark.parametrize("text", PLACES)
@pytest.mark.parametrize("table", ["latin-1", "cp1252"])
def test_wrong_tables_are_undone(text: str, table: str) -> None:
    assert broken(text, table) != text
    assert decoded(broken(text, table)) == text
    assert decoded(broken(broken(text, table), table)) == text
    assert decoded(text) == text


@pytest.mark.parametrize(
    "text",
    ["CAFÉ…", "MANHÃ–TARDE", "«À»", "É»", "voilà…", "l’été–l’hiver", "Â", "Ã", "IRMÃ", "ß‘", "Straße»",
     "50 €", "™", "SKÅ…", "ÅÄ™", "naïve “word”", "ÀÉ…", "Ð", "x²½", "å¤", "é»…"],
)  # fmt: skip
def test_what_somebody_typed_is_left(text: str) -> None:
    assert decoded(text) == text


@given(st.text(st.characters(codec="cp1252"), max_size=30))
def test_mending_ends(text: str) -> None:
    once = decoded(text)
    assert decoded(once) == once or once != text


def test_latin_words_of_the_shared_kind_are_left() -> None:
    words = [chr(a) + chr(b) for a in range(0xC0, 0x100) for b in range(0x61, 0x7B)]
    assert [word for word in words if decoded(word) != word] == []


def test_entities_and_unseen() -> None:
    read = build({"wrong": ["entities", "unseen"]})
    assert (
        read("Tom &amp; J&eacute;r&#244;me &lt;3 &#x41; &bogus; &#0; AT&T")
        == "Tom & Jérôme <3 A &bogus; &#0; AT&T"
    )
    assert read("a\u200bb\ufeff") == "ab"
    assert build({"wrong": []})("&amp;") == "&amp;"


def test_a_column_is_mended_and_told() -> None:
    made = infer_column(pl.Series("city", ["SÃ£o Paulo", "São Paulo", "ZÃ¼rich", "Lyon"] * 5))
    assert made.operations[0].name == "repair"
    assert made.operations[0].changed == 10
    assert [(n.code, n.numbers["cells"]) for n in made.notes] == [("clean.repaired", 10.0)]
    lost = infer_column(pl.Series("city", ["S\ufffdo Paulo", "Lyon"] * 5))
    assert [n.code for n in lost.notes] == ["clean.characters-lost"]
    assert infer(pl.Series(["São Paulo", "AT&T", "CAFÉ…", None])) == []
    off = infer_column(pl.Series("city", ["SÃ£o Paulo", "Lyon"] * 5), off=frozenset({"repair"}))
    assert "repair" not in [op.name for op in off.operations]
