"""Every check: a table on which it fires, one on which it does not, one to which it does not apply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.records.data import Role
from modelwright.data.label import label
from modelwright.data.profile.stage import profile
from modelwright.data.split.stage import split
from modelwright.evidence.analyse.check import CHECKS, DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts
from modelwright.evidence.catalogue import FINDINGS
from modelwright.goal.criteria import parse_criterion
from modelwright.goal.sections import ProblemSection, RolesSection, SplitSection, SuccessSection
from modelwright.testing.tables import cleaned_of

N = 1000


def facts_of(
    frame: pl.DataFrame,
    *,
    roles: RolesSection | None = None,
    success: Sequence[str] = (),
    text: Sequence[str] = (),
    problem: str | None = None,
) -> Facts:
    """What the stage would show to the checks, with all rows for development."""
    roles = roles or RolesSection()
    duties: dict[str, Role] = {}
    for name, role in ((roles.group, "group"), (roles.time, "time")):
        if name is not None:
            duties[name] = role  # type: ignore[assignment]
    cleaned = cleaned_of(frame, "y", kinds=dict.fromkeys(text, "text"), roles=duties)
    goal = SuccessSection(tuple(parse_criterion(c) for c in success))
    asked = ProblemSection("t", target="y", problem=problem)  # type: ignore[arg-type]
    made = label(asked, roles, goal, cleaned, Book())
    whole = SplitSection(train=0.8, validation=0.2, test=0.0, given=True)
    parts = split(whole, roles, asked, goal, made, 0, Book())
    return Facts(parts.development, profile(made, Book()), roles, goal, 0)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def noise(n: int = N, **more: object) -> pl.DataFrame:
    """Two classes, and a number that says little of them."""
    r = rng()
    y = r.integers(0, 2, n)
    x = r.normal(size=n) + 0.5 * y
    return pl.DataFrame({"x": x, "y": np.where(y == 1, "yes", "no"), **more})


def labels(n: int = N) -> np.ndarray:
    return np.asarray(noise(n)["y"].to_numpy() == "yes")


def numbers(n: int = N, **more: object) -> pl.DataFrame:
    """A numeric target with a little signal."""
    r = rng()
    x = r.normal(size=n)
    return pl.DataFrame({"x": x, "y": x + r.normal(size=n), **more})


def where(mask: np.ndarray, value: object) -> list[object]:
    return [value if m else None for m in mask]


def words(n: int, k: int, seed: int = 1) -> list[str]:
    return [f"w{i}" for i in np.random.default_rng(seed).integers(0, k, n)]


@dataclass(frozen=True)
class Case:
    code: str
    fires: Callable[[], Facts]
    not_fires: Callable[[], Facts]
    not_applies: Callable[[], Facts] | None
    columns: str | None = None
    """Those that are named, parted by blanks."""
    severity: str = "warning"


def flipped(share: float) -> list[str]:
    """The target with a share of the answers wrong."""
    wrong = np.random.default_rng(3).random(N) < share
    return ["p" if a != b else "q" for a, b in zip(labels(), wrong, strict=True)]


def only_text() -> Facts:
    return facts_of(pl.DataFrame({"t": words(N, 500), "y": noise()["y"]}), text=["t"])


def days(offset: np.ndarray | float) -> pl.Series:
    return (pl.Series(np.arange(N) + offset) * 86_400e6).cast(pl.Int64).cast(pl.Datetime("us"))


def dated(offset: np.ndarray | float) -> Facts:
    return facts_of(noise(when=days(0.0), due=days(offset)), roles=RolesSection(time="when"))


def grouped(declared: bool = False, alike: bool = True) -> Facts:
    r = rng()
    who = np.arange(N) // 5
    own = r.integers(0, 2, N // 5)[who]
    y = np.where(r.random(N) < 0.1, 1 - own, own) if alike else r.integers(0, 2, N)
    frame = pl.DataFrame({"x": r.normal(size=N), "patient_id": [f"p{w}" for w in who], "y": y.astype(float)})
    return facts_of(frame, roles=RolesSection(group="patient_id" if declared else None))


def summed() -> Facts:
    frame = numbers(a=rng().random(N), b=np.random.default_rng(8).normal(size=N))
    return facts_of(frame.with_columns(y=pl.col("a") * 2 + pl.col("b")))


def gaps_by_class() -> Facts:
    return facts_of(noise(gaps=where(rng().random(N) < np.where(labels(), 0.3, 0.7), 1.0)))


def drifting(step: float, n: int = N) -> Facts:
    when = np.arange(float(n))
    frame = noise(n).with_columns(x=pl.col("x") + step * pl.Series(when) / n, t=pl.Series(when))
    return facts_of(frame, roles=RolesSection(time="t"))


def sliced(small: int, success: Sequence[str] = ("recall >= 0.5 by s",)) -> Facts:
    return facts_of(noise(s=["a"] * (N - small) + ["b"] * small), success=success)


CASES = [
    Case(
        "leak.golden-feature",
        lambda: facts_of(noise(leak=flipped(0.02))),
        lambda: facts_of(noise(strong=flipped(0.2))),
        only_text,
        "leak",
        "blocker",
    ),
    Case(
        "leak.parts",
        summed,
        lambda: facts_of(numbers()),
        lambda: facts_of(noise()),
        "a b",
        "blocker",
    ),
    Case(
        "leak.known-afterwards",
        lambda: facts_of(noise(closed=where(labels() & (rng().random(N) < 0.6), 3.0))),
        lambda: facts_of(noise(gaps=where(rng().random(N) < 0.6, 3.0))),
        lambda: facts_of(noise()),
        "closed",
        "blocker",
    ),
    Case(
        "leak.together",
        lambda: either_or(),
        lambda: either_or(noisy=True),
        lambda: facts_of(noise(400)),
    ),
    Case(
        "leak.later-date",
        lambda: dated(5.0),
        lambda: dated(-5.0),
        lambda: facts_of(noise(due=days(0))),
        "due",
    ),
    Case(
        "leak.undeclared-group",
        grouped,
        lambda: grouped(alike=False),
        lambda: grouped(declared=True),
        "patient_id",
    ),
    Case(
        "analyse.identifier",
        lambda: facts_of(noise(code=[f"k{i}" for i in range(N)])),
        lambda: facts_of(noise(code=words(N, 300))),
        lambda: facts_of(noise()),
        "code",
    ),
    Case(
        "analyse.missingness",
        gaps_by_class,
        lambda: facts_of(noise(gaps=where(rng().random(N) < 0.5, 1.0))),
        lambda: facts_of(noise()),
        "gaps",
        "note",
    ),
    Case(
        "analyse.missing",
        lambda: facts_of(noise(empty=where(np.arange(N) % 50 == 0, 1.0))),
        lambda: facts_of(noise(half=where(np.arange(N) % 3 > 0, 1.0))),
        None,
        "empty",
    ),
    Case(
        "analyse.rare-categories",
        lambda: facts_of(noise(c=["a"] * (N - 9) + ["b", "c", "d"] * 3)),
        lambda: facts_of(noise(c=words(N, 10))),
        lambda: facts_of(noise()),
        "c",
        "note",
    ),
    Case(
        "analyse.high-cardinality",
        lambda: facts_of(noise(c=words(N, 200))),
        lambda: facts_of(noise(c=words(N, 50))),
        lambda: facts_of(noise()),
        "c",
        "note",
    ),
    Case(
        "analyse.heavy-tails",
        lambda: facts_of(noise(z=np.exp(2 * rng().normal(size=N)))),
        lambda: facts_of(noise(z=rng().exponential(size=N))),
        lambda: facts_of(pl.DataFrame({"c": words(N, 5), "y": noise()["y"]})),
        "z",
        "note",
    ),
    Case(
        "analyse.outliers",
        lambda: facts_of(noise(z=np.concatenate([rng().normal(size=N - 1), [1000.0]]))),
        lambda: facts_of(noise(z=np.exp(rng().normal(size=N)))),
        lambda: facts_of(pl.DataFrame({"c": words(N, 5), "y": noise()["y"]})),
        "z",
    ),
    Case(
        "analyse.target-skew",
        lambda: facts_of(numbers().with_columns(y=np.exp(3 * rng().normal(size=N)))),
        lambda: facts_of(numbers()),
        lambda: facts_of(noise()),
        "y",
    ),
    Case("analyse.too-few-rows", lambda: facts_of(noise(60)), lambda: facts_of(noise()), None),
    Case("analyse.coverage", lambda: sliced(40), lambda: sliced(400), lambda: sliced(40, ()), "s"),
    Case(
        "analyse.duplicate-columns",
        lambda: facts_of(noise(cm=np.arange(N) * 2.54, inch=np.arange(N))),
        lambda: facts_of(noise(a=words(N, 4), b=words(N, 4, 2))),
        lambda: facts_of(noise()),
        "inch",
        "note",
    ),
    Case(
        "analyse.contradictions",
        lambda: facts_of(pl.DataFrame({"c": words(N, 4), "y": noise()["y"]})),
        lambda: facts_of(noise()),
        lambda: facts_of(numbers()),
    ),
    Case("analyse.drift", lambda: drifting(4.0), lambda: drifting(0.0), lambda: facts_of(noise()), "x"),
]  # fmt: skip


def turnout() -> Facts:
    """Votes by voters, the last turnout plus the change since, and columns that follow from each other."""
    n, r = 120, rng()
    voters, votes, before = r.integers(2000, 9000, n), r.integers(300, 1900, n), r.random(n)
    older = r.integers(300, 1900, n)
    share = votes / voters
    more = {f"x{i}": r.normal(size=n) for i in range(20)}
    told = {"voters": voters, "votes": votes, "before": before, "change": share - before}
    beside = {"older": older, "older share": older / voters, "old": 1 - 0.4 * more["x0"]}
    return facts_of(pl.DataFrame({**told, **beside, **more, "y": share}))


def either_or(noisy: bool = False) -> Facts:
    """The target is whether exactly one of two columns is on: neither says anything alone."""
    a, b = (np.random.default_rng(s).integers(0, 2, N) for s in (4, 5))
    y = (a ^ b) if not noisy else np.where(rng().random(N) < 0.1, 1 - (a ^ b), a ^ b)
    return facts_of(pl.DataFrame({"a": a, "b": b, "x": rng().normal(size=N), "y": y.astype(float)}))


def looked(code: str, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
    return CHECKS.get(code).look(facts)


def by_code(case: Case) -> str:
    return case.code


@pytest.mark.parametrize("case", CASES, ids=by_code)
def test_fires(case: Case) -> None:
    found = looked(case.code, case.fires())
    assert isinstance(found, tuple)
    expected = case.columns.split() if case.columns else [None]
    assert [(f.severity, f.column) for f in found] == [(case.severity, column) for column in expected]
    assert found[0].message
    assert found[0].remedy


@pytest.mark.parametrize("case", CASES, ids=by_code)
def test_does_not_fire(case: Case) -> None:
    assert looked(case.code, case.not_fires()) == ()


@pytest.mark.parametrize("case", [c for c in CASES if c.not_applies], ids=by_code)
def test_does_not_apply(case: Case) -> None:
    assert case.not_applies is not None
    answer = looked(case.code, case.not_applies())
    assert isinstance(answer, DoesNotApply)
    assert answer.why


def test_every_check_has_its_cases_and_its_card() -> None:
    assert [c.code for c in CASES] == CHECKS.names()
    for name in CHECKS:
        check = CHECKS.get(name)
        assert check.code == name
        assert check.title
        assert name in FINDINGS


def test_the_usual_severity_is_the_one_in_the_catalogue() -> None:
    graded = {"analyse.missing", "analyse.contradictions"}
    for case in CASES:
        if case.code not in graded:
            assert FINDINGS[case.code].severity == case.severity


def test_ratios_and_differences_are_found_and_columns_beside_them_are_not() -> None:
    found = looked("leak.parts", turnout())
    assert isinstance(found, tuple)
    assert {f.column for f in found} == {"voters", "votes", "before", "change"}
    assert any("product or ratio of 'votes' and 'voters'" in f.message for f in found)


def test_what_is_filled_in_afterwards_may_belong_to_a_few_others() -> None:
    """As with offences after the two years that are asked about."""
    there = (labels() & (rng().random(N) < 0.6)) | (np.random.default_rng(9).random(N) < 0.02)
    found = looked("leak.known-afterwards", facts_of(noise(jailed=where(there, 3.0))))
    assert isinstance(found, tuple)
    assert [f.column for f in found] == ["jailed"]
    assert " rows, and in all but " in found[0].message
    often = (labels() & (rng().random(N) < 0.6)) | (np.random.default_rng(9).random(N) < 0.2)
    assert looked("leak.known-afterwards", facts_of(noise(jailed=where(often, 3.0)))) == ()


def test_what_hides_behind_an_accused_column_shows_at_once() -> None:
    y = noise()["y"]
    a = np.random.default_rng(4).integers(0, 2, N)
    frame = pl.DataFrame({"copy": y, "a": a, "b": a ^ labels(), "y": y})
    found = looked("leak.together", facts_of(frame))
    assert isinstance(found, tuple)
    assert "'a'" in found[0].message
    assert "'copy'" not in found[0].message


def test_one_value_is_no_plural_and_a_boolean_says_yes_or_no() -> None:
    flags = [True] * (N - 40) + [False] * 40
    found = looked("analyse.coverage", facts_of(noise(s=flags), success=["recall >= 0.5 by s"]))
    assert isinstance(found, tuple)
    assert found[0].message == "1 value of 's' has few development rows: 'no' (40)"


def test_many_values_do_not_hide_behind_each_other() -> None:
    """An identifier of every row says nothing out of fold, however well it fits in."""
    facts = facts_of(noise(code=[f"k{i}" for i in range(N)]))
    assert facts.strengths["code"].score < 0.1


def test_a_rare_alarm_is_no_golden_feature() -> None:
    y = np.zeros(4000, dtype=bool)
    y[:40] = True
    alarm = y | (np.random.default_rng(1).random(4000) < 0.04)
    frame = pl.DataFrame({"alarm": alarm.astype(float), "x": rng().normal(size=4000), "y": y.astype(float)})
    assert looked("leak.golden-feature", facts_of(frame)) == ()


@pytest.mark.parametrize("severity_at", [(150, "analyse.too-few-rows", "note")])
def test_rows_are_weighed_against_inputs(severity_at: tuple[int, str, str]) -> None:
    n, code, severity = severity_at
    more = {f"x{i}": rng().normal(size=n) for i in range(40)}
    found = looked(code, facts_of(noise(n, **more)))
    assert isinstance(found, tuple)
    assert [f.severity for f in found] == [severity]
