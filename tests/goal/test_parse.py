"""From a goal's text, or the same keys from Python, to its sections."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadGoal, BadInput
from modelwright.goal.constraints import Constraint
from modelwright.goal.parse import Parsed, load, parse
from modelwright.goal.sections import ColumnWish, SplitSection
from modelwright.goal.shape import ANY_NAME, PLACES, constraint_of
from modelwright.goal.yaml import read, write

GOOD = Path(__file__).parents[1] / "goals" / "good"
HERE = Path("folder")


def test_everything_at_once() -> None:
    sections = load(GOOD / "everything.yaml").sections
    assert sections.problem.name == "income"
    assert sections.problem.positive == ">50K"
    assert sections.source.source == str(GOOD / "adult.csv")
    assert sections.clean.columns == (
        ("age", ColumnWish("number")),
        ("city", ColumnWish("category", (("JHB", "Johannesburg"),))),
    )
    assert sections.clean.personal == "mask"
    assert sections.roles.keys == ("person_id",)
    assert sections.roles.weight == "hours"
    assert [one.text for one in sections.success.criteria][2:] == ["latency_p99 <= 20ms", "size <= 50MB"]
    assert sections.success.costs == ((">50K", (("<=50K", 5.0),)),)
    assert sections.success.accept == (("leak.golden-feature", "grade is set before the loan"),)
    assert (sections.budget.seconds, sections.budget.memory, sections.budget.cores) == (60.0, 8 * 10**9, 2)
    assert sections.search.families == ("lightgbm", "catboost", "linear")
    assert (sections.output.intervals, sections.output.abstain_below) == (0.9, 0.6)
    assert (sections.monitor.alarm_horizon, sections.monitor.retrain) == (30 * 86400.0, "on drift")


def test_shorthands() -> None:
    sections = load(GOOD / "shorthands.yaml").sections
    assert sections.problem.name == "shorthands"
    assert sections.roles.keys == ("id",)
    assert dict(sections.clean.columns)["2020"].kind == "number"
    assert [one.threshold for one in sections.success.criteria] == [12.5]
    assert sections.budget.seconds == 300.0
    assert sections.output.intervals == 0.9
    assert sections.split.test == 0.2


def test_a_database_keeps_its_url_and_its_file_is_found_from_the_goal() -> None:
    sections = load(GOOD / "database.yaml").sections
    assert sections.source.source == f"sqlite:///{GOOD / 'shop.sqlite'}"
    assert sections.source.query is not None
    assert sections.monitor.retrain == "every 30d"
    url = "postgresql+psycopg://user@host/shop"
    other = parse({"data": {"source": url, "query": "select 1"}}, base=HERE).sections
    assert other.source.source == url
    assert other.problem.name == "shop"


def test_anchors_and_the_spelling_of_a_class() -> None:
    sections = load(GOOD / "anchors.yaml").sections
    assert sections.roles.later == sections.roles.sensitive == ("sex", "age group")
    assert sections.problem.positive == "True"


@pytest.mark.parametrize("path", sorted(GOOD.glob("*.yaml")), ids=lambda path: path.stem)
def test_good_goals_mean_the_same_from_python(path: Path) -> None:
    parsed = load(path)
    again = parse(parsed.given, base=path.parent, name=path.stem)
    assert again.sections == parsed.sections
    assert again.settled == parsed.settled
    assert parse(write(parsed.given), base=path.parent, name=path.stem).settled == again.settled


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        (None, SplitSection()),
        ({"test": 0}, SplitSection(0.823529411765, 0.176470588235, 0.0, True)),
        ({"train": 0.8}, SplitSection(0.8, 0.1, 0.1, True)),
        ({"train": 0.8, "test": 0.1}, SplitSection(0.8, 0.1, 0.1, True)),
        ({"train": 0.6, "validation": 0.2, "test": 0.2}, SplitSection(0.6, 0.2, 0.2, True)),
        ({"train": 0.7, "validation": 0.3}, SplitSection(0.7, 0.3, 0.0, True)),
        ({"outer_folds": 10}, SplitSection(given=True, outer_folds=10)),
        ({"column": "part"}, SplitSection(given=True, column="part")),
        ({"leave_out": "speaker"}, SplitSection(given=True, leave_out="speaker")),
    ],
)
def test_split(keys: dict[str, object] | None, wanted: SplitSection) -> None:
    found = parse({"data": {"source": "a.csv"}, "split": keys}, base=HERE).sections.split
    assert found == wanted
    assert found.train + found.validation + found.test == pytest.approx(1.0)


def test_rows_from_elsewhere_leave_no_test_part() -> None:
    split = parse({"data": {"source": "a.csv", "test": "b.csv"}}, base=HERE).sections.split
    assert (split.test, split.given) == (0.0, False)
    assert split.train + split.validation == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("rows/adult census.csv", "adult-census"),
        ("rows/*.csv", "rows"),
        ("*.csv", "goal"),
        ("/data/été.parquet", "t"),
        ("../..", "goal"),
    ],
)
def test_a_goal_without_a_name_is_named_by_its_source(source: str, name: str) -> None:
    assert parse({"data": {"source": source}}, base=HERE).sections.problem.name == name


def test_paths_start_from_the_base_and_absolute_ones_do_not() -> None:
    sections = parse({"data": {"source": "a.csv"}, "release": {"sign_with": "key.pem"}}, base=HERE).sections
    assert sections.source.source == str(HERE / "a.csv")
    assert sections.release.sign_with == str(HERE / "key.pem")
    assert parse({"data": {"source": "/a.csv"}}, base=HERE).sections.source.source == "/a.csv"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("missing.yaml", None, "goal.missing"),
        ("image.yaml", b"\x89PNG\r\n\x1a\n\xff\xfe", "goal.not-text"),
        (".", None, "goal.folder"),
    ],
)
def test_a_file_that_is_no_goal(tmp_path: Path, name: str, content: bytes | None, code: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        load(path)
    assert caught.value.code == code
    assert caught.value.hint


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "goal.yaml"
    path.write_bytes(b"\xef\xbb\xbfdata: {source: a.csv}\r\n")
    assert load(path).sections.problem.name == "goal"


CHECKED = [(place, each) for place, info in PLACES.items() if (each := constraint_of(info))]


@pytest.mark.parametrize(
    ("place", "constraint"), CHECKED, ids=lambda part: ".".join(part) if isinstance(part, tuple) else ""
)
def test_every_key_refuses_its_bad_values_by_name(place: tuple[str, ...], constraint: Constraint) -> None:
    assert constraint.bad, f"{place} has no bad value to try"
    spot = tuple("x" if part == ANY_NAME else part for part in place)
    for bad in constraint.bad:
        goal: dict[str, object] = {"data": {"source": "a.csv"}}
        at = goal
        for part in spot[:-1]:
            at = at.setdefault(part, {})  # type: ignore[assignment]
        at[spot[-1]] = bad
        with pytest.raises(BadGoal) as caught:
            parse(goal, base=HERE)
        assert any(one.where.startswith(".".join(spot)) for one in caught.value.mistakes), bad


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False), st.text(max_size=12)
)
keys = st.one_of(st.sampled_from(sorted({part for place in PLACES for part in place})), st.text(max_size=6))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=5)),
    max_leaves=15,
)


def read_or_refused(goal: str | dict[str, object]) -> bool:
    """Whether ``goal`` is a goal, or is refused with at least one mistake; any other error fails the test."""
    try:
        return isinstance(parse(goal, base=HERE), Parsed)
    except BadGoal as error:
        return len(error.mistakes) > 0


@given(st.dictionaries(keys, values, max_size=6))
def test_any_mapping_is_a_goal_or_a_bad_goal(mapping: dict[str, object]) -> None:
    assert read_or_refused(mapping)


PIECES = [
    "data:", " source:", " a.csv", "\n", "\t", "- ", "{", "}", "[", "]", "&a ", "*a", "? ", "!!x ", '"', ": ",
    "#",    "---\n", "|", ">",
]  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=14).map("".join)))
def test_any_text_is_a_goal_or_a_bad_goal(text: str) -> None:
    assert read_or_refused(text)


def test_deep_nesting_and_large_files_are_refused() -> None:
    for text in ("[" * 5000, "a: " + "[" * 100 + "]" * 100, "# " + "x" * 300_000):
        with pytest.raises(BadGoal, match="at most"):
            parse(text, base=HERE)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8), values, min_size=1, max_size=4
    )
)
def test_what_is_written_as_yaml_reads_back(mapping: dict[str, object]) -> None:
    text = write(mapping)
    document = read(text)
    printable = all(character.isprintable() or character == "\n" for character in text)
    if printable:
        assert document.mistakes == []
        assert document.data == mapping
