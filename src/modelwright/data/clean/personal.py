"""Columns with personal data: whole columns of names, addresses, dates of birth, and what stands in texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from modelwright.data.firsts import first_distinct
from modelwright.runtime.parse import names
from modelwright.runtime.parse.mask import PATTERNS, finds, holds

_SHARE = 0.02
_SHARE_OF_NAMES = 0.05
_SHARE_OF_RUNS = 0.1
"""Names that nothing introduces are told by lists alone, which places and brands share."""
_LOOKED_AT = 5_000
_COUNTED = 20_000
"""Distinct texts in which cells are counted; beyond, the number of cells is an estimate."""
_TESTED = ("card", "national id")
"""Kinds whose check digits one number in ten has by chance: half of those of the form have to pass."""
_WORDS = re.compile(r"[^\W\d_]+")
_FIRST = frozenset("firstname forename givenname vorname prenom nombre".split())
_LAST = frozenset("lastname surname familyname nachname apellido apellidos".split())
_FULL = frozenset("name fullname customername clientname patientname employeename contactname username "
                  "passengername personname borrower employee patient passenger author".split())  # fmt: skip
_ADDRESS = frozenset("address addresses street streetaddress adresse anschrift direccion indirizzo".split())
_BIRTH = frozenset("birth birthdate birthday dob dateofbirth born geburtsdatum".split())
_NAME_LIKE = re.compile(r"[^\W\d_][\w’'.\-]*(?:,? \(?[\"“]?[^\W\d_][\w’'.\-]*[\"”)]*\)?){0,7}")
_PLAIN = r"^[-+]?(\d{1,6}|\d{0,6}[.,]\d{1,18})([eE][-+]?\d{1,3})?$"
"""A plain number: too short for any kind of personal data."""
_DATE_LIKE = re.compile(r"\D*\d{1,4}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ,]+\d{2,4}.*")


@dataclass(frozen=True, slots=True)
class Personal:
    """What one column holds: kinds in its texts, and the kind that every cell is."""

    kinds: tuple[str, ...] = ()
    whole: str | None = None
    cells: int = 0
    """Cells with any of it, among all."""

    @property
    def every(self) -> list[str]:
        return [*([self.whole] if self.whole else []), *(k for k in self.kinds if k != self.whole)]


NONE = Personal()


def look(series: pl.Series) -> Personal:
    """Personal data of a column, by its name and the 5,000 first distinct texts in their order.

    A kind counts where at least one text in fifty holds it; names in running text where one in twenty has a
    name behind "Mr.", "Dear" and the like.
    """
    if series.dtype.is_temporal() and _header(series.name) & _BIRTH:
        return Personal((), "birth date", len(series) - series.null_count())
    if series.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return NONE
    first = first_distinct(series.cast(pl.String), _LOOKED_AT)["value"]
    if len(first) and int(first.str.contains(_PLAIN).sum()) > (1.0 - _SHARE) * len(first):
        return NONE  # so that tables of thousands of columns of numbers are soon done
    texts = [text for text in first.to_list() if len(text) >= 2]
    whole = _whole(series.name, texts)
    long = [text for text in texts if len(text) >= 6]
    kinds = tuple(kind for kind in PATTERNS if kind != whole and _holds(kind, long))
    if whole is None and not kinds:
        return NONE
    if whole is not None:
        return Personal(kinds, whole, len(series) - series.null_count())
    distinct = series.cast(pl.String).drop_nulls().unique(maintain_order=True)
    some = distinct.head(_COUNTED).to_list()
    named = [text for text in some if any(finds(kind, text) for kind in kinds)]
    if len(distinct) > _COUNTED:
        # Too many to read: as many of the cells as of the texts that were read.
        return Personal(kinds, None, round((len(series) - series.null_count()) * len(named) / len(some)))
    return Personal(kinds, None, int(series.cast(pl.String).is_in(named).sum()))


def kinds(series: pl.Series) -> list[str]:
    """Which kinds of personal data a column holds; see :func:`look`."""
    return look(series).every


def _header(name: str) -> set[str]:
    """The words of a column's name, single and joined two by two and three by three."""
    words = [
        w.casefold() for w in _WORDS.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " "))
    ]
    return {"".join(words[k : k + n]) for n in (1, 2, 3) for k in range(len(words) - n + 1)}


def _whole(name: str, texts: list[str]) -> str | None:
    """The kind that every cell of a column is."""
    if len(texts) < 5:
        return None
    header = _header(name)
    if header & _BIRTH and _share(texts, lambda t: _DATE_LIKE.fullmatch(t) is not None) >= 0.8:
        return "birth date"
    like = _share(texts, lambda t: len(t) <= 90 and _NAME_LIKE.fullmatch(t.strip()) is not None)
    known = _share(texts, _known)
    first = _share(texts, lambda t: t.split()[:1] != [] and t.split()[0].casefold() in names.common())
    said = bool(header & (_FIRST | _FULL))
    if like >= 0.6 and ((said and known >= 0.15) or (header & _LAST) or (first >= 0.4 and _two_words(texts))):
        return "name"
    streets = _share(texts, lambda t: PATTERNS["address"].search(t) is not None)
    if streets >= 0.4 or (
        header & _ADDRESS and not header & {"email", "ip", "mac", "web"} and streets >= 0.1
    ):
        return "address"
    return None


def _known(text: str) -> bool:
    """Whether a word is a common given name, or the words are a given and a family name."""
    words = [word.casefold() for word in _WORDS.findall(text)]
    if any(word in names.common() for word in words):
        return True
    return len(words) >= 2 and words[0] in names.given() and words[-1] in names.family()


def _two_words(texts: list[str]) -> bool:
    return _share(texts, lambda t: 2 <= len(t.split()) <= 4) >= 0.8


def _share(texts: list[str], test: Callable[[str], bool]) -> float:
    return sum(1 for text in texts if test(text)) / len(texts)


def _holds(kind: str, texts: list[str]) -> bool:
    if not texts:
        return False
    if kind == "name":
        found = [m for text in texts for m in PATTERNS[kind].finditer(text) if holds(kind, m)]
        told = sum(1 for m in found if m.group("title") or m.group("cue"))
        return told >= max(3, _SHARE_OF_NAMES * len(texts)) or len(found) >= max(
            5, _SHARE_OF_RUNS * len(texts)
        )
    count = sum(1 for text in texts if finds(kind, text))
    if not count or count < _SHARE * len(texts):
        return False
    if kind not in _TESTED:
        return True
    return count >= 0.5 * sum(1 for text in texts if PATTERNS[kind].search(text))
