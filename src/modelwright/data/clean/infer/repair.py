"""Whether texts of a column are broken: wrongly decoded, escaped for HTML, or with signs that nobody sees."""

from __future__ import annotations

import polars as pl

from modelwright.data.clean.infer.distinct import Distinct
from modelwright.runtime.parse.repair import ENTITIES, UNSEEN, build

_LOOKS = {
    "encoding": r"[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    r"\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]",
    "entities": rf"&(#\d{{1,7}}|#[xX][0-9a-fA-F]{{1,6}}|{'|'.join(sorted(ENTITIES))});",
    "unseen": f"[{UNSEEN}]",
}
LOST = "\ufffd"
_PERHAPS = "[^ -~]|&"
"""What any of these has: a sign outside of printable ASCII, or an ampersand. Most columns have neither."""


def infer(series: pl.Series) -> list[str]:
    """What is wrong with texts of a column, as the operation ``repair`` names it."""
    texts = series.cast(pl.String)
    texts = texts.filter(texts.str.contains(_PERHAPS).fill_null(False))
    if not len(texts):
        return []
    found = []
    for what, look in _LOOKS.items():
        suspects = texts.filter(texts.str.contains(look).fill_null(False))
        if not len(suspects):
            continue
        mend = build({"wrong": [what]})
        if any(mend(text) != text for text in suspects.unique().to_list()):
            found.append(what)
    return found


def lost(distinct: Distinct) -> int:
    """Cells with the sign that stands for a character nobody could decode: what was there is gone."""
    return distinct.cells_where(pl.col("text").str.contains(LOST, literal=True))
