"""What the keys of a goal must agree on, beyond what each may be by itself."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from modelwright.goal.keys import DATABASES, FRAME, UNKNOWN, GoalKeys, scheme
from modelwright.goal.metrics import METRICS
from modelwright.goal.sections import Criterion
from modelwright.goal.yaml import Path


class Disagreement(NamedTuple):
    """A mistake that lies between keys; ``path`` is the one to look at first."""

    path: Path
    expected: str
    received: str
    hint: str = ""


Given = Callable[..., bool]
"""``given("data", "target")``: whether the goal has the key at all, rightly written or not."""


def disagreements(
    keys: GoalKeys, criteria: Sequence[tuple[int, Criterion]], given: Given, frames: bool
) -> Iterator[Disagreement]:
    """Every disagreement in ``keys``; ``criteria`` come with their position in ``success``.

    ``frames`` says whether rows were given from Python.
    """
    yield from _source(keys, frames)
    yield from _target(keys, criteria, given)
    yield from _roles(keys)
    yield from _privacy(keys)
    yield from _split(keys)
    yield from _criteria(keys, criteria)
    yield from _outputs(keys)


def _privacy(keys: GoalKeys) -> Iterator[Disagreement]:
    data = keys.data
    for name in ("k_anonymity", "l_diversity"):
        if getattr(data, name) is not None and not data.quasi_identifiers:
            yield Disagreement(
                ("data", name),
                "data.quasi_identifiers beside it",
                "none",
                "such as quasi_identifiers: [age, post_code, sex]",
            )
    if data.personal_secret is not None and data.personal != "hash":
        yield Disagreement(
            ("data", "personal_secret"), "personal: hash beside it", f"personal: {data.personal}"
        )


def _source(keys: GoalKeys, frames: bool) -> Iterator[Disagreement]:
    data = keys.data
    if data.source == UNKNOWN:
        return
    database = scheme(data.source) in DATABASES
    place = data.source.lower()
    dump = re.search(r"\.(?:sql|dump|pgsql)(?:\.(?:gz|bz2|xz|zip))?$", place) is not None
    stored = dump or place.endswith((".sqlite", ".sqlite3", ".db", ".db3", ".labels"))
    if database and data.query is None:
        yield Disagreement(
            ("data", "source"),
            "data.query beside a database",
            "no query",
            "such as query: select * from people",
        )
    if data.query is not None and not database and not stored:
        yield Disagreement(
            ("data", "query"), "a query only where data.source is a database", f"{data.source!r}"
        )
    if scheme(data.test or "") in DATABASES and not database:
        yield Disagreement(
            ("data", "test"),
            "a database only where data.source is one, as the query is shared",
            f"{data.test!r}",
        )
    if data.source == FRAME and not frames:
        hint = "the rows were given from Python: save them first"
        yield Disagreement(("data", "source"), "a file, a glob or a database", FRAME, hint)
    if data.test == FRAME:
        yield Disagreement(
            ("data", "test"), "a file, a glob or a database", FRAME, "rows from Python do not work here yet"
        )


def _target(
    keys: GoalKeys, criteria: Sequence[tuple[int, Criterion]], given: Given
) -> Iterator[Disagreement]:
    if given("data", "target"):
        return
    needs: list[tuple[Path, str]] = [(("problem",), "problem")] if keys.problem else []
    needs += [(("data", "positive"), "data.positive")] if keys.data.positive is not None else []
    needs += [(("costs",), "costs")] if keys.costs else []
    needs += [
        (("success", at), one.metric) for at, one in criteria if METRICS[one.metric].needs != "resource"
    ]
    for path, word in needs[:1]:
        yield Disagreement(path, f"data.target, the column to predict, beside {word}", "no target")


def _roles(keys: GoalKeys) -> Iterator[Disagreement]:
    data = keys.data
    target = data.target
    if target is not None:
        for role in ("weight", "group", "time"):
            if getattr(data, role) == target:
                yield Disagreement(("data", role), "another column than the target", repr(target))
        for role in ("keys", "later", "sensitive"):
            if target in (getattr(data, role) or ()):
                yield Disagreement(("data", role), "columns other than the target", repr(target))
        wish = (data.columns or {}).get(target)
        if wish is not None and wish.winsorise not in (None, "none"):
            yield Disagreement(
                ("data", "columns", target, "winsorise"), "an input: the target is what is to be predicted",
                repr(target),
            )  # fmt: skip
        if wish is not None and wish.kind == "ignore":
            yield Disagreement(
                ("data", "columns", target, "kind"), "a kind that can be predicted", "'ignore'"
            )
    for role in ("group", "time"):
        if data.weight is not None and data.weight == getattr(data, role):
            yield Disagreement(("data", "weight"), f"another column than data.{role}", repr(data.weight))
    if data.use_sensitive and not data.sensitive:
        yield Disagreement(("data", "use_sensitive"), "data.sensitive beside it", "no sensitive columns")


def _split(keys: GoalKeys) -> Iterator[Disagreement]:
    split = keys.split
    if split is None:
        return
    parts = {part: getattr(split, part) for part in ("train", "validation", "test")}
    named = {part: value for part, value in parts.items() if value is not None}
    ways = [way for way in ("column", "outer_folds", "leave_out") if getattr(split, way) is not None]
    shown = [*ways, *(["fractions"] if named else [])]
    if len(shown) > 1:
        yield Disagreement(
            ("split",), "one way to split: fractions, column, outer_folds or leave_out", " and ".join(shown)
        )
    total = math.fsum(named.values())
    if len(named) == 3 and not math.isclose(total, 1.0, abs_tol=1e-6):
        yield Disagreement(("split",), "fractions that sum to 1", f"{total:g}", _mended(named))
    elif len(named) < 3 and named and (total > 1.0 or ("train" not in named and total >= 1.0)):
        yield Disagreement(
            ("split",), "fractions that leave rows to train on", f"{total:g} in {' and '.join(named)}"
        )
    if split.train == 0:
        yield Disagreement(("split", "train"), "rows to train on", "0")
    if keys.data.test is not None and split.test:
        yield Disagreement(
            ("split", "test"), "no test fraction, as data.test gives the test rows", f"{split.test:g}"
        )
    for way in ways:
        if keys.data.test is not None:
            yield Disagreement(
                ("split", way), "no further test part, as data.test gives the test rows", f"split.{way}"
            )
    for way in ("column", "leave_out"):
        column = getattr(split, way)
        if column is not None and column == keys.data.target:
            yield Disagreement(("split", way), "another column than the target", repr(column))


def _mended(parts: dict[str, float]) -> str:
    rest = 1.0 - parts["validation"] - parts["test"]
    return f"with train: {rest:.6g} they do" if 0 < rest < 1 else ""


def _criteria(keys: GoalKeys, criteria: Sequence[tuple[int, Criterion]]) -> Iterator[Disagreement]:
    seen: dict[str, int] = {}
    kinds: dict[str, str] = {}
    for at, one in criteria:
        spec = METRICS[one.metric]
        path = ("success", at)
        if one.text in seen:
            yield Disagreement(path, "each criterion once", f"{one.text!r} again")
        seen.setdefault(one.text, at)
        if keys.problem is not None and keys.problem not in spec.problems:
            fit = [
                name
                for name, each in METRICS.items()
                if keys.problem in each.problems and each.needs != "resource"
            ]
            yield Disagreement(
                path, f"a metric of {keys.problem} problems", one.metric, f"they are {', '.join(fit)}"
            )
        elif spec.needs != "resource":
            kind = "regression" if "regression" in spec.problems else "classification"
            kinds.setdefault(kind, one.metric)
        if one.metric == "cost" and not keys.costs:
            yield Disagreement(
                path,
                "`costs` in the goal, beside a criterion on cost",
                "no costs",
                "costs: {actual: {predicted: 5}}",
            )
        if one.by is not None and one.by == keys.data.target:
            yield Disagreement(
                path,
                "a column other than the target after `by`",
                repr(one.by),
                'ask by class with `for "class"`',
            )
    if len(kinds) == 2:
        both = f"{kinds['classification']} (classes) and {kinds['regression']} (numbers)"
        yield Disagreement(("success",), "metrics of one kind of problem", both)


def _outputs(keys: GoalKeys) -> Iterator[Disagreement]:
    if keys.data.positive is not None and keys.problem in ("regression", "multiclass"):
        yield Disagreement(
            ("data", "positive"), f"no positive class in a {keys.problem} problem", repr(keys.data.positive)
        )
    if keys.problem == "regression":
        if keys.costs:
            yield Disagreement(("costs",), "no costs by class in a regression problem", "costs")
        if keys.release is not None and keys.release.abstain_below is not None:
            yield Disagreement(
                ("release", "abstain_below"), "no probability to abstain by in a regression problem",
                f"{keys.release.abstain_below:g}",
            )  # fmt: skip
