from __future__ import annotations

from modelwright.core.book import Book
from modelwright.core.errors import BadGoal, BadInput, Mistake, ModelwrightError, NotFinished, Stopped
from modelwright.core.records.evidence import Estimate, Table


def test_evidence_is_kept_in_order() -> None:
    book = Book()
    found = book.finding("a.b", "warning", "m", "r")
    metric = book.metric("f1", Estimate(0.5, 0.4, 0.6, 10))
    table = Table("t", "T", (), ())
    book.table(table)
    assert book.items == (found, metric, table)
    assert (metric.about, metric.part) == ("model", "test")


def test_accepting_a_code_for_all_columns_or_for_one() -> None:
    book = Book({"leak.golden": "known before", "rare:city": "fine"})
    assert book.finding("leak.golden", "blocker", "m", "r").accepted == "known before"
    assert not book.finding("leak.golden", "blocker", "m", "r", column="x").blocks
    assert book.finding("rare", "blocker", "m", "r", column="town").blocks
    assert book.finding("rare", "blocker", "m", "r", column="city").accepted == "fine"
    assert book.finding("other", "blocker", "m", "r").blocks
    assert not book.finding("other", "warning", "m", "r").blocks


def test_a_goals_mistakes_are_told_together() -> None:
    error = BadGoal([Mistake("a.b", "x", "y", 3, "did you mean z?"), Mistake("c", "1", "2")], source="g.yaml")
    assert error.message.splitlines() == [
        "g.yaml has 2 mistakes:",
        "  line 3, a.b: expected x; received y (did you mean z?)",
        "  c: expected 1; received 2",
    ]
    assert isinstance(error, BadInput)


def test_exit_codes_are_the_contracts() -> None:
    codes = [kind("m", code="c").exit_code for kind in (ModelwrightError, BadInput, NotFinished, Stopped)]
    assert codes == [1, 2, 3, 4]
    assert str(Stopped("what", code="c", hint="mend")) == "what\n\nhint: mend"
