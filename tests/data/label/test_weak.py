"""Labelling rules: what a condition means, what is made of the votes, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.errors import BadData, BadInput
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import Collected, Labelled
from modelwright.core.records.evidence import Finding, Table
from modelwright.data.label import label
from modelwright.data.split.stage import split
from modelwright.data.weak import WEAK, votes_of
from modelwright.goal.goal import Goal
from modelwright.goal.sections import (
    LabelSection,
    ProblemSection,
    RolesSection,
    Rule,
    SplitSection,
    SuccessSection,
)
from modelwright.testing.tables import cleaned_of

NOT_COLLECTED = Collected(Blob("table"), 0, (), (), "")


def rules(*given: dict[str, Any]) -> tuple[Rule, ...]:
    """As a goal has them."""
    goal = Goal(data={"source": "a.csv", "target": "y"}, label={"rules": list(given)})
    return goal.sections.label.rules


def hits(frame: pl.DataFrame, when: dict[str, Any], **kinds: Any) -> list[int]:
    """Rows that fulfil a condition."""
    cleaned = cleaned_of(frame.with_columns(pl.lit("a").alias("y")), "y", kinds=kinds)
    made = votes_of(cleaned.table.get(), rules({"label": "a", "when": when}), cleaned.columns, {"a": 0})
    return np.flatnonzero(made[:, 0] == 0).tolist()


def labelled(
    frame: pl.DataFrame, given: tuple[Rule, ...], *, test_rows: int = 0
) -> tuple[Labelled, dict[str, Finding], Table]:
    book = Book()
    made = label(
        ProblemSection("t", target="y"),
        RolesSection(),
        SuccessSection(),
        cleaned_of(frame, "y", test_rows=test_rows),
        book,
        NOT_COLLECTED,
        LabelSection(given),
    )
    [table] = [i for i in book.items if isinstance(i, Table)]
    return made, {i.code: i for i in book.items if isinstance(i, Finding)}, table


TEXTS = pl.DataFrame(
    {
        "t": ["Get it FREE now", "freedom of speech", "a  winner is you", None, "C++ or free?"],
        "n": [1.0, 2.0, 3.0, None, 5.0],
        "b": [True, False, True, None, False],
    }
)


@pytest.mark.parametrize(
    ("when", "rows"),
    [
        ({"column": "t", "contains": "free"}, [0, 4]),
        ({"column": "t", "contains": ["winner is", "c++"]}, [2, 4]),
        ({"column": "t", "matches": "(?i)^get|speech$"}, [0, 1]),
        ({"column": "t", "is": "freedom of speech"}, [1]),
        ({"column": "t", "missing": True}, [3]),
        ({"column": "n", "above": 2}, [2, 4]),
        ({"column": "n", "at_least": 2}, [1, 2, 4]),
        ({"column": "n", "below": 2}, [0]),
        ({"column": "n", "at_most": 2}, [0, 1]),
        ({"column": "n", "is": [1, 5]}, [0, 4]),
        ({"column": "b", "is": True}, [0, 2]),
        ({"not": {"column": "n", "above": 2}}, [0, 1, 3]),
        ({"all": [{"column": "t", "contains": "free"}, {"column": "n", "above": 2}]}, [4]),
        ({"any": [{"column": "t", "missing": True}, {"column": "n", "below": 2}]}, [0, 3]),
    ],
)
def test_what_a_condition_means(when: dict[str, Any], rows: list[int]) -> None:
    assert hits(TEXTS, when, t="text") == rows


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([{"label": "a"}], "label and when"),
        ([{"label": "a", "when": {"column": "t"}}], "a column and one of"),
        ([{"label": "a", "when": {"column": "t", "contain": "x"}}], "contains"),
        ([{"label": "a", "when": {"column": "t", "is": "x", "above": 1}}], "a column and one of"),
        ([{"label": "a", "when": {"column": "t", "above": "x"}}], "a number after above"),
        ([{"label": "a", "when": {"all": []}}], "a list of conditions"),
        ([{"label": "a", "when": {"column": "t", "is": "x"}, "name": "r"}] * 2, "different name"),
        ([{"label": "a", "when": {"column": "t", "missing": False}}], "missing: true"),
        ([{"label": "a", "when": "import os"}], "a condition"),
    ],
)
def test_rules_that_are_none_are_refused_with_the_goal(given: list[Any], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        Goal(data={"source": "a.csv", "target": "y"}, label={"rules": given})
    assert said in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"column": "tt", "is": "x"}, "looks at 'tt', which is no column"),
        ({"column": "t", "above": 1}, "which is no number"),
        ({"column": "n", "contains": "x"}, "which is a number"),
        ({"column": "n", "is": "x"}, "'x' is no value of 'n'"),
        ({"column": "t", "matches": "(?=x)"}, "a pattern that is none"),
    ],
)
def test_rules_that_do_not_fit_the_data_are_refused(when: dict[str, Any], said: str) -> None:
    with pytest.raises(BadData, match=r"label\.rules") as caught:
        hits(TEXTS, when, t="text")
    assert said in str(caught.value)


def mails(n: int = 300, by_hand: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    """Mails whose words tell, mostly, whether they are spam; the first ``by_hand`` are labelled."""
    rng = np.random.default_rng(0)
    spam = rng.random(n) < 0.5
    words = np.where(rng.random(n) < 0.8, np.where(spam, "free", "meeting"), "hello")
    long = np.where(rng.random(n) < 0.85, spam, ~spam) * 50.0 + rng.random(n) * 40
    truth = np.where(spam, "spam", "ham")
    y = [str(t) if place < by_hand else None for place, t in enumerate(truth)]
    return pl.DataFrame({"w": words, "length": long, "y": pl.Series(y, dtype=pl.String)}), truth


MAIL_RULES = (
    {"name": "free", "label": "spam", "when": {"column": "w", "contains": "free"}},
    {"name": "meeting", "label": "ham", "when": {"column": "w", "contains": "meeting"}},
    {"name": "long", "label": "spam", "when": {"column": "length", "above": 60}},
    {"name": "short", "label": "ham", "when": {"column": "length", "below": 30}},
)


def test_rules_label_what_nobody_has_and_it_is_marked() -> None:
    frame, truth = mails(by_hand=100)
    made, found, table = labelled(frame, rules(*MAIL_RULES))
    rows = made.table.get()
    assert made.weak == int(rows[WEAK].sum()) == int(found["label.weak"].numbers["rows"])
    assert made.weak + 100 == made.rows
    assert rows["y"].to_list()[:100] == truth[:100].tolist()
    right = [rows["y"][p] == truth[rows["__row__"][p]] for p in range(rows.height) if rows[WEAK][p]]
    assert np.mean(right) > 0.9
    assert [line[0] for line in table.rows] == ["free", "meeting", "long", "short"]
    assert all("of" in str(line[-1]) for line in table.rows)


def test_a_target_that_no_row_has_may_be_left_out_of_the_table() -> None:
    frame, _ = mails()
    book = Book()
    cleaned = cleaned_of(frame.drop("y"), "y")
    made = label(
        ProblemSection("t", target="y"), RolesSection(), SuccessSection(), cleaned, book, NOT_COLLECTED,
        LabelSection(rules(*MAIL_RULES)),
    )  # fmt: skip
    assert made.classes == ("ham", "spam")
    assert made.columns[-1].role == "target"
    assert made.weak == made.rows > 200


def test_rows_to_test_on_are_left_alone_and_teach_nothing() -> None:
    frame, truth = mails(by_hand=100)
    frame = pl.concat([frame.tail(200), frame.head(100)])  # those labelled by hand come last
    made, found, _ = labelled(frame, rules(*MAIL_RULES), test_rows=100)
    assert made.test_rows == 100
    assert not made.table.get()[WEAK].tail(100).any()
    assert made.table.get()["y"].tail(100).to_list() == truth[:100].tolist()
    assert "label.weak-poor" not in found


def test_a_rule_that_is_worse_than_chance_is_named() -> None:
    frame, _ = mails(by_hand=200)
    wrong = {"name": "upside down", "label": "ham", "when": {"column": "w", "contains": "free"}}
    _, found, _ = labelled(frame, rules(*MAIL_RULES, wrong))
    assert "upside down is right in 0 of" in found["label.weak-poor"].message


def test_rows_without_a_label_by_hand_are_not_tested_on() -> None:
    frame, _ = mails(by_hand=100)
    made, _, _ = labelled(frame, rules(*MAIL_RULES))
    book = Book()
    parts = split(
        SplitSection(), RolesSection(), ProblemSection("t", target="y"), SuccessSection(), made, 0, book
    )
    assert 5 <= parts.sealed.rows < 50
    assert not parts.sealed.table.get()[WEAK].any()
    frame, _ = mails()
    made, _, _ = labelled(frame, rules(*MAIL_RULES))
    split(SplitSection(), RolesSection(), ProblemSection("t", target="y"), SuccessSection(), made, 0, book)
    assert [i.code for i in book.items if isinstance(i, Finding) and i.severity == "blocker"] == [
        "label.weak-test"
    ]


@pytest.mark.parametrize(
    ("values", "given", "said"),
    [
        ([1.5, 2.5, None] * 20, MAIL_RULES[:2], "the target 'y' is a number"),
        ([True, False, None] * 20, MAIL_RULES[:2], "'spam' is no value"),
        (["spam", "spam", None] * 20, MAIL_RULES[:1], "every rule is for 'spam'"),
    ],
)
def test_targets_that_rules_cannot_fill(values: list[Any], given: Any, said: str) -> None:
    frame = pl.DataFrame({"w": ["free"] * 60, "y": values}, strict=False)
    with pytest.raises(BadData, match=said):
        labelled(frame, rules(*given))


def test_a_yes_or_no_target_is_filled_with_its_own_values() -> None:
    frame = pl.DataFrame(
        {"w": ["free", "meeting", "free", "meeting"] * 15, "y": [True, False, None, None] * 15}
    )
    given = ({**MAIL_RULES[0], "label": "true"}, {**MAIL_RULES[1], "label": "false"})
    made, _, _ = labelled(frame, rules(*given))
    assert made.table.get()["__target__"].to_list() == [1, 0, 1, 0] * 15


def parted(frame: pl.DataFrame, given: tuple[Rule, ...]) -> pl.DataFrame:
    """Development rows, with the test rows named by the column ``part``."""
    made, _, _ = labelled(frame, given)
    by_part = SplitSection(column="part")
    problem = ProblemSection("t", target="y")
    done = split(by_part, RolesSection(), problem, SuccessSection(), made, 0, Book())
    assert done.development.rows == done.development.table.get().height
    assert not done.sealed.table.get()[WEAK].any()
    return done.development.table.get()


def test_labels_of_test_rows_have_no_part_in_weak_labels() -> None:
    frame, _ = mails(400, by_hand=200)
    rng = np.random.default_rng(1)
    part = np.where(np.arange(400) < 150, "test", "train")
    noisy = {"name": "noisy", "label": "ham", "when": {"column": "z", "above": 0}}
    given = rules(*MAIL_RULES, noisy)
    frame = frame.with_columns(pl.Series("part", part), pl.Series("z", rng.normal(size=400)))
    swap = {"spam": "ham", "ham": "spam"}
    upside_down = [swap[y] if at < 150 and y else y for at, y in enumerate(frame["y"].to_list())]
    one = parted(frame, given)
    other = parted(frame.with_columns(pl.Series("y", upside_down)), given)
    assert one[WEAK].sum() > 50
    both = one.select("__row__", "y").join(other.select("__row__", "y"), on="__row__", how="inner")
    assert both.height == one.height
    assert both["y"].equals(both["y_right"])
