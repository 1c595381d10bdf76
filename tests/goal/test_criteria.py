"""The criterion grammar: what it reads, and that writing and reading are one."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modelwright.core.errors import BadGoal, Mistake
from modelwright.goal.criteria import parse_criterion, quoted
from modelwright.goal.metrics import METRICS
from modelwright.goal.sections import Criterion


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("roc_auc >= 0.9", Criterion("roc_auc >= 0.9", "roc_auc", ">=", 0.9)),
        ("accuracy >= 95%", Criterion("accuracy >= 95%", "accuracy", ">=", 0.95)),
        ("accuracy>=99.9%", Criterion("accuracy >= 99.9%", "accuracy", ">=", 0.999)),
        (" recall  >=  0.6   by  sex ", Criterion("recall >= 0.6 by sex", "recall", ">=", 0.6, by="sex")),
        ("f1(macro) > .8", Criterion("f1(macro) > .8", "f1", ">", 0.8, "macro")),
        ("latency_p99 <= 20ms", Criterion("latency_p99 <= 20ms", "latency_p99", "<=", 0.02)),
        ("latency_p99 <= 20 ms", Criterion("latency_p99 <= 20ms", "latency_p99", "<=", 0.02)),
        ("fit_time < 2m", Criterion("fit_time < 2m", "fit_time", "<", 120.0)),
        ("size <= 50MB", Criterion("size <= 50MB", "size", "<=", 50e6)),
        ("size <= 1.5KB", Criterion("size <= 1.5KB", "size", "<=", 1500.0)),
        ("rmse <= 1e3", Criterion("rmse <= 1e3", "rmse", "<=", 1000.0)),
        ("r2 >= -0.5", Criterion("r2 >= -0.5", "r2", ">=", -0.5)),
        ("mape <= 120%", Criterion("mape <= 120%", "mape", "<=", 1.2)),
        (
            'recall >= 80% by "age group" for ">50K"',
            Criterion(
                'recall >= 80% for ">50K" by "age group"', "recall", ">=", 0.8, None, ">50K", "age group"
            ),
        ),
        (
            'recall >= 0.8 for "the \\"best\\""',
            Criterion('recall >= 0.8 for "the \\"best\\""', "recall", ">=", 0.8, None, 'the "best"'),
        ),
        (
            "recall >= 0.8 for Adelie by native-country",
            Criterion(
                "recall >= 0.8 for Adelie by native-country", "recall", ">=", 0.8, None, "Adelie",
                "native-country",
            ),
        ),
    ],
)  # fmt: skip
def test_reads(text: str, wanted: Criterion) -> None:
    assert parse_criterion(text) == wanted


def test_the_threshold_of_a_percentage_is_the_float_that_the_fraction_is() -> None:
    for tenths in range(1001):
        percent = f"{tenths // 10}.{tenths % 10}"
        found = parse_criterion(f"accuracy >= {percent}%").threshold
        assert found == float(f"{tenths / 1000:.3f}")


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


UNITS = {"share": ["", "%"], "time": ["ms", "s", "m", "h"], "bytes": ["KB", "MB"]}


@st.composite
def criteria(draw: st.DrawFn) -> str:
    spec = draw(st.sampled_from(list(METRICS.values())))
    high = spec.bounds[1]
    unit = draw(st.sampled_from(UNITS.get(spec.unit, [""])))
    number = draw(st.floats(0.001, 0.999) if high is not None else st.floats(0.001, 1e6))
    average = draw(st.sampled_from(["", *spec.averages]))
    op = draw(st.sampled_from([">=", ">"] if spec.direction == "higher" else ["<=", "<"]))
    gap = draw(st.sampled_from(["", " ", "  "]))
    text = f"{spec.name}{f'({average})' if average else ''}{gap}{op}{gap}{number!r}{unit}"
    if spec.takes_class and not average and draw(st.booleans()):
        text += f" for {quoted(draw(names))}"
    if spec.needs != "resource" and draw(st.booleans()):
        text += f"  by {quoted(draw(names))}"
    return text


@given(criteria())
def test_what_is_read_writes_itself(text: str) -> None:
    found = parse_criterion(text)
    assert parse_criterion(found.text) == found


@given(names, names)
def test_any_name_can_be_quoted(label: str, column: str) -> None:
    found = parse_criterion(f"recall >= 0.5 for {quoted(label)} by {quoted(column)}")
    assert (found.for_class, found.by) == (label, column)


pieces = st.sampled_from(
    [
        "accuracy",
        "recall",
        "f1",
        "(",
        ")",
        "macro",
        ">=",
        "<",
        "=",
        "0.9",
        "95%",
        "20ms",
        "for",
        "by",
        '"',
        "sex",
        " ",
    ]
)


@given(st.one_of(st.text(max_size=40), st.lists(pieces, max_size=10).map("".join)))
def test_any_text_is_read_or_refused_with_one_mistake(text: str) -> None:
    mistakes: tuple[Mistake, ...] = ()
    try:
        found = parse_criterion(text)
    except BadGoal as error:
        mistakes = error.mistakes
    if mistakes:
        assert len(mistakes) == 1
        assert mistakes[0].expected
    else:
        assert parse_criterion(found.text) == found


@given(st.sampled_from(list(METRICS)), st.integers(0, 100), st.sampled_from("abcdefghijklmnopqrstuvwxyz_"))
def test_a_slip_of_the_finger_is_recognised(name: str, place: int, letter: str) -> None:
    place %= len(name)
    slip = name[:place] + letter + name[place + 1 :]
    assume(slip not in METRICS and len(name) > 5)
    with pytest.raises(BadGoal) as caught:
        parse_criterion(f"{slip} >= 0.5")
    assert "did you mean" in caught.value.mistakes[0].hint


def test_a_very_long_text_is_refused() -> None:
    with pytest.raises(BadGoal, match="at most 500"):
        parse_criterion("recall >= 0.5 for " + "x" * 1000)
