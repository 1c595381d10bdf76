"""A proposal as a commented file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadGoal
from modelwright.goal.parse import parse
from modelwright.goal.propose import Fractions, Guess, Proposal, render_goal, scalar
from modelwright.goal.yaml import read

FULL = Proposal(
    name="income",
    source="adult census.csv",
    problem=Guess("binary", "income has two values"),
    target=Guess("income", "it is the last column, and has few values"),
    positive=Guess(">50K", "it is the rarer of the two: 24% of the rows"),
    weight=Guess("fnlwgt", "its name says so"),
    group=Guess("household", "3,201 values, each in about 15 rows"),
    time=Guess("date", "every value is a date"),
    keys=(Guess("person_id", "unique in every row"), Guess("file no.", "unique\nin every row: # and all")),
    later=(Guess("account_closed", "its name speaks of an end"),),
    sensitive=(Guess("sex", "its name"), Guess("race", "its name")),
    columns=(("education-num", Guess("category", "16 whole numbers, none far from the next")),),
    success=(
        Guess("roc_auc >= 0.85", "the best baseline reaches 0.5; 4,884 test rows show it to within 0.012"),
        Guess('recall >= 60% for ">50K" by sex', "each sex has 300 test rows of that class"),
    ),
    split=Guess(Fractions(0.7, 0.2, 0.1), "10% is enough to prove the criteria"),
    budget=Guess("5m", "about 50 fits of this size"),
    notes=("52 rows come twice.",),
)


def test_a_full_proposal_reads_back_with_every_reason() -> None:
    text = render_goal(FULL)
    sections = parse(text, base=Path()).sections
    assert sections.problem.name == "income"
    assert (sections.problem.target, sections.problem.positive) == ("income", ">50K")
    assert sections.source.source == "adult census.csv"
    assert sections.roles.keys == ("person_id", "file no.")
    assert sections.roles.sensitive == ("sex", "race")
    assert (sections.roles.group, sections.roles.time, sections.roles.weight) == (
        "household",
        "date",
        "fnlwgt",
    )
    assert [one.text for one in sections.success.criteria] == [guess.value for guess in FULL.success]
    assert (sections.split.train, sections.split.validation, sections.split.test) == (0.7, 0.2, 0.1)
    assert sections.budget.seconds == 300.0
    settled = " ".join(text.replace("#", " ").split())
    for reason in ("24% of the rows", "3,201 values", "show it to within 0.012", "52 rows come twice."):
        assert reason in settled
    assert max(map(len, text.splitlines())) <= 100


def test_what_nothing_suggested_stands_as_a_comment() -> None:
    text = render_goal(Proposal("people", "people.csv"))
    assert read(text).data == {"name": "people", "data": {"source": "people.csv"}}
    for key in (
        "target",
        "keys",
        "later",
        "group",
        "time",
        "weight",
        "sensitive",
        "success",
        "split",
        "budget",
    ):
        assert f"# {key}: " in text


def test_the_commented_examples_are_right_when_their_mark_is_taken_away() -> None:
    text = render_goal(
        Proposal(
            "people", "people.csv", target=Guess("outcome", "so it is"), problem=Guess("binary", "two values")
        )
    )
    lines = text.splitlines()
    tried = 0
    for at, line in enumerate(lines):
        bare = line.strip()
        if (
            not bare.startswith("# ")
            or ": " not in bare
            or bare.startswith(("# Each", "# A goal", "# `", "# How"))
        ):
            continue
        tried += 1
        changed = [*lines[:at], line.replace("# ", "", 1), *lines[at + 1 :]]
        assert parse("\n".join(changed), base=Path()).sections.problem.name == "people", line
    assert tried >= 10


def test_a_proposal_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(BadGoal, match="the proposed goal"):
        render_goal(Proposal("x", "x.csv", target=Guess("a", "so"), keys=(Guess("a", "so"),)))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=15))
def test_any_text_is_a_scalar(text: str) -> None:
    assert read(f"x: {scalar(text)}\n").data == {"x": text}


@given(st.text(max_size=60))
def test_any_reason_is_a_comment(reason: str) -> None:
    proposal = Proposal("x", "x.csv", target=Guess("a", reason), keys=(Guess("b", reason),), notes=(reason,))
    assert read(render_goal(proposal)).data["data"] == {"source": "x.csv", "target": "a", "keys": ["b"]}
