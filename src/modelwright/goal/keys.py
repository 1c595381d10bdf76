"""Every key of a goal: its type, what it means, what it may be.

These models are the one source of the parser, of the JSON Schema for editors, and of the reference in the
documentation. They check one key at a time; what keys must agree on is in ``checks.py``.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field
from pydantic_core import PydanticCustomError

from modelwright.goal import constraints as c
from modelwright.goal.constraints import Constraint, Shorthand, wrong
from modelwright.goal.keys_data import (
    DATABASES,
    FRAME,
    UNKNOWN,
    DataKeys,
    Keys,
    ReadingKeys,
    key,
    scheme,
    table,
    winsorising,
)
from modelwright.goal.rules import constraint
from modelwright.goal.sections import Rule

__all__ = [
    "DATABASES", "FRAME", "UNKNOWN", "BudgetKeys", "CleanKeys", "DataKeys", "GoalKeys", "Keys", "LabelKeys",
    "MonitorKeys", "ReadingKeys", "ReleaseKeys", "SearchKeys", "SplitKeys", "safe_name", "scheme",
]  # fmt: skip

WORKING_PROBLEMS = ("binary", "multiclass", "regression")
LATER_PROBLEMS = (
    "multilabel", "ordinal", "forecast", "cluster", "anomaly", "ranking", "recommendation", "survival",
    "segmentation", "detection", "translation", "summarisation", "generation", "ner", "reinforcement",
)  # fmt: skip
MOST_SEED = 2**32 - 1


def _goal_name() -> Constraint:
    expected = "a name of letters, digits, - _ and . (at most 64), as it names a folder"

    def check(value: Any) -> str:
        text = c.label_of(value) if not isinstance(value, bool) else None
        if (
            text is None
            or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text, re.ASCII)
            or text.endswith(".")
        ):
            safe = safe_name(text) if text else None
            raise wrong(expected, f"did you mean {safe!r}?" if safe else "")
        return text

    schema = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"}
    return Constraint("name", check, schema, ("a b", "../x", "", ".hidden", [], {}, True, "x" * 65))


def safe_name(text: str) -> str | None:
    """``text`` as a folder name: what is not a letter, a digit, ``-``, ``_`` or ``.`` becomes ``-``."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", text, flags=re.ASCII).strip("-._")[:64].rstrip("-._")
    return safe or None


def _criteria() -> Constraint:
    def check(value: Any) -> tuple[str, ...]:
        entries = [value] if isinstance(value, str) else value
        if not isinstance(entries, list | tuple) or not all(isinstance(entry, str) for entry in entries):
            raise wrong("a list of criteria", "such as [roc_auc >= 0.9, recall >= 0.6 by sex]")
        return tuple(entries)

    item = {"type": "string", "examples": ["roc_auc >= 0.9", "recall >= 60% by sex", "latency_p99 <= 20ms"]}
    schema = {"anyOf": [{"type": "array", "items": item}, item]}
    return Constraint("list of criteria", check, schema, (5, True, {}, [5], [{"a": 1}]))


_COST_SCHEMA = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}}


def _costs(actual: str, row: Any) -> dict[str, float]:
    expected = "a mapping {actual class: {predicted class: cost}}"
    if not isinstance(row, dict):
        raise wrong(expected, f"{actual!r} has no mapping after it")
    settled: dict[str, float] = {}
    for predicted, cost in row.items():
        word = c.label_of(predicted)
        if not word:
            raise wrong(expected)
        if not c.is_number(cost) or cost < 0:
            raise wrong("costs of zero or more", f"predicting {word!r} where {actual!r} is true has {cost!r}")
        settled[word] = float(cost)
    return settled


def _reason(code: str, reason: Any) -> str:
    if not isinstance(reason, str) or len(reason.strip()) < 3:
        raise wrong(
            "a reason in words for each accepted finding", f"{code} has none: it is printed in the report"
        )
    return reason.strip()


def _retrain() -> Constraint:
    expected = "`on drift`, `never` or `every 30d`"

    def check(value: Any) -> str:
        if isinstance(value, str):
            words = " ".join(value.split())
            if words in ("on drift", "never"):
                return words
            if words.startswith("every "):
                try:
                    c.time().check(words.removeprefix("every "))
                except PydanticCustomError:
                    raise wrong(expected) from None
                return words
        raise wrong(expected)

    return Constraint(
        "text", check, {"type": "string", "pattern": "^(on drift|never|every .+)$"}, (5, "sometimes", [])
    )


class CleanKeys(Keys):
    duplicates: Annotated[str | None, c.one_of("drop", "keep", meant={"remove": "drop"})] = key(
        "What to do with rows that are exactly alike; see `split.duplicates` for what is kept.",
        default="dropped only where a key or a time shows that one record was entered twice",
    )
    off: Annotated[
        tuple[str, ...] | None, c.names("a list of cleaning operations", "the name of an operation")
    ] = key("Cleaning operations not to be used: a name such as `units`, or `units:age` for one column.")
    variants: Annotated[str | None, c.one_of("sure", "all", "none")] = key(
        "Which spelling variants of a category are written as one: `sure`, those that differ in accents, "
        "hyphens and points; `all`, the proposed ones too (misspellings, abbreviations); `none`.",
        default="sure",
    )
    winsorise: Annotated[str | tuple[float, float] | None, winsorising()] = key(
        "Whether numbers far out are drawn in to bounds that are learned from the rows of training: `robust` "
        "(ten median absolute deviations), or two quantiles such as `[0.01, 0.99]`. Every input of numbers, "
        "but those that `data.columns` names otherwise.",
        default="none",
    )


class LabelKeys(Keys):
    corrections: Annotated[str | None, c.text("the path of a CSV of corrected labels", 4096)] = key(
        "A CSV of labels that a person has looked at: `row` (or `data.keys`), `correct` and, if it is there, "
        "`given`; such as a run's `doubt/label_errors.csv`, filled in. Relative to the goal file."
    )
    answers: Annotated[str | None, c.text("the path of a CSV of answers", 4096)] = key(
        "A CSV of labels that several people gave, a line an answer: `row` (or `data.keys`), `annotator`, "
        "`label`. Rows without a label get the consensus, and the report says how far people agree. Relative "
        "to the goal file."
    )
    consensus: Annotated[
        str | None, c.one_of("dawid-skene", "majority", meant={"dawid_skene": "dawid-skene"})
    ] = key("What settles `answers`: a model of who is reliable, or the majority.", default="dawid-skene")
    rules: Annotated[tuple[Rule, ...] | None, constraint()] = key(
        "Labelling rules for rows without a label: `{label: spam, when: {column: text, contains: [free]}}`. "
        "A label model weighs them; rows so labelled are marked as weak, and are not tested on."
    )


class SplitKeys(Keys):
    train: Annotated[float | None, c.fraction("a part of the rows above 0 and at most 1")] = key(
        "Part of the rows to train on.", default="0.7"
    )
    validation: Annotated[float | None, c.fraction("a part of the rows from 0 to below 1", closed=True)] = (
        key("Part of the rows to choose by: families, settings, threshold, calibration.", default="0.15")
    )
    test: Annotated[float | None, c.fraction("a part of the rows from 0 to below 1", closed=True)] = key(
        "Part of the rows sealed for the test; 0 leaves every criterion unproven.", default="0.15"
    )
    column: Annotated[str | None, c.name("the name of one column")] = key(
        "A column whose values name the part of each row: train, validation or test."
    )
    outer_folds: Annotated[int | None, c.whole("a whole number of folds from 2 to 100", 2, 100)] = key(
        "Test every row once, over this many outer folds, in place of one test part."
    )
    leave_out: Annotated[str | None, c.name("the name of one column")] = key(
        "Test on each value of this column in turn, having trained on the others."
    )
    duplicates: Annotated[str | None, c.one_of("together", "independent")] = key(
        "Whether rows that are exactly alike count as one record and stay on one side, or are different "
        "things that happen to be alike, as new rows will be too, and are parted like all others.",
        default="together",
    )


class BudgetKeys(Keys):
    time: Annotated[float | None, c.time()] = key(
        "Wall clock of the whole command; running out of it is a normal end with the best so far.",
        default="5m, when search.trials is not given either",
    )
    memory: Annotated[int | None, c.size()] = key(
        "The most memory the run may take.", default="what the machine has"
    )
    cores: Annotated[int | None, c.whole("a whole number of cores, 1 or more", 1, 4096)] = key(
        "How many cores the run may use.", default="all"
    )


class SearchKeys(Keys):
    method: Annotated[str | None, c.one_of("bayesian", "random", "grid", meant={"tpe": "bayesian"})] = key(
        "How settings are tried.", default="bayesian"
    )
    trials: Annotated[int | None, c.whole("a whole number of trials, 1 or more", 1, 10**6)] = key(
        "The most configurations to try, over all families together; baselines are free.",
        default="no limit but time",
    )
    families: Annotated[tuple[str, ...] | None, c.names("a list of family names", "the name of a family")] = (
        key("The families to choose among.", default="every registered one that suits")
    )
    interpretable: Annotated[bool | None, c.flag()] = key(
        "Whether only models that a person can read are wanted.", default="false"
    )
    distil: Annotated[bool | None, c.flag()] = key(
        "Whether a network of half the width learns from the chosen ones, and ships in their place where its "
        "held-out score is no more than a hundredth behind.",
        default="false",
    )
    pretrained: Annotated[str | None, c.text("a folder with a pretrained model, or `hub:NAME`")] = key(
        "A pretrained model of `transformers` to begin from: a folder with its `config.json` and "
        "`model.safetensors`, relative to the goal file, or `hub:NAME`, which is fetched from the hub. "
        "Without it no network is touched.",
        default="networks learn from scratch",
    )


class ReleaseKeys(Keys):
    targets: Annotated[
        tuple[str, ...] | None,
        c.some_of("docker", "kubernetes", "edge", "monitoring", "github", later=("mobile",)),
    ] = key("Packages to make besides the bundle, in the run's folder `packages`.")
    abstain_below: Annotated[float | None, c.fraction("a probability between 0 and 1")] = key(
        "Give no label where the most likely class is less probable than this. The test measures the labels "
        "of all rows.",
        default="always a label",
    )
    int8: Annotated[bool | None, c.flag()] = key(
        "Whether networks ship with 8-bit weights and activations, where the held-out score falls by no more "
        "than a hundredth of what it was.",
        default="false; what it would cost and save is measured",
    )
    prune: Annotated[bool | None, c.flag()] = key(
        "Whether convolutions ship without the channels that add least, where the held-out score falls by no "
        "more than a hundredth of what it was. Together with `int8` what is left is in 8 bits.",
        default="false; what it would cost and save is measured",
    )
    sign_with: Annotated[str | None, c.text("the path of an ed25519 private key (PEM)")] = key(
        "The ed25519 private key (PEM) to sign the bundle with. Relative to the goal file."
    )


class MonitorKeys(Keys):
    alarm_rate: Annotated[float | None, c.fraction("a chance between 0 and 1")] = key(
        "The chance of any false alarm over the horizon, all columns together.", default="0.01"
    )
    alarm_horizon: Annotated[float | None, c.time("a time such as 12h or 30d", "30d")] = key(
        "The time that `alarm_rate` speaks of.", default="30d"
    )
    retrain: Annotated[str | None, _retrain()] = key(
        "When the server trains again: `on drift`, `every 30d` or `never`.", default="never"
    )
    every: Annotated[float | None, c.time("a time such as 60s or 1h", "60s")] = key(
        "The time between two looks at the live model.", default="60s"
    )
    retention: Annotated[float | None, c.time("a time such as 30d", "90d")] = key(
        "The time for which predictions, their inputs and their outcomes are kept.", default="90d"
    )


class GoalKeys(Keys):
    name: Annotated[str | None, _goal_name()] = key(
        "Names the runs and the released model.", default="the goal file's name without its ending"
    )
    description: Annotated[str | None, c.text("what is to be solved, in words")] = key(
        "What is to be solved, in words, for the report and the model card."
    )
    users: Annotated[str | None, c.text("who will use the model, in words")] = key(
        "Who will use the model and what for, in words, for the model card."
    )
    problem: Annotated[str | None, c.one_of(*WORKING_PROBLEMS, later=LATER_PROBLEMS, meant={
        "binary_classification": "binary", "multi-class": "multiclass",
        "clustering": "cluster", "forecasting": "forecast"})] = key(
        "The kind of problem.", default="inferred from the target"
    )  # fmt: skip
    data: DataKeys = Field(description="Which rows, and what their columns mean.")
    clean: CleanKeys | None = key("How text becomes types.")
    label: LabelKeys | None = key("Where labels come from besides the target column.")
    success: Annotated[tuple[str, ...] | None, _criteria()] = key(
        "How good the model must be: a list of criteria.", default="better than the best baseline"
    )
    success_policy: Annotated[str | None, c.one_of("proven", "point")] = key(
        "What releases a model: `proven`, every 95% interval on the good side; `point`, every value.",
        default="proven",
    )
    costs: Annotated[
        dict[str, dict[str, float]] | None,
        table("a mapping {actual class: {predicted class: cost}}", _costs, _COST_SCHEMA, "mapping"),
    ] = key("What each error costs: `{actual class: {predicted class: cost}}`; the threshold minimises it.")
    accept: Annotated[
        dict[str, str] | None,
        table("a mapping {finding code: reason}", _reason, {"type": "string"}, "mapping"),
    ] = key("Findings that are accepted, by code, each with the reason, which the report prints.")
    split: SplitKeys | None = key(
        "How rows are parted: fractions, or one of `column`, `outer_folds`, `leave_out`."
    )
    budget: Annotated[BudgetKeys | None, Shorthand("time", {"type": "string", "examples": ["60s", "5m"]})] = (
        key("Limits of the run; a time alone may be written as `budget: 60s`.")
    )
    search: SearchKeys | None = key("What may be tried.")
    intervals: Annotated[float | None, c.fraction("a coverage between 0 and 1")] = key(
        "Give prediction intervals (numbers) or sets (classes) that hold the truth this often.",
        default="none",
    )
    release: ReleaseKeys | None = key("What is released besides the bundle, and how.")
    monitor: MonitorKeys | None = key("How the live model is watched.")
    engine: Annotated[str | None, c.engine()] = key(
        "Where to fit: `local`, this machine; `ray`, the Ray cluster that this machine belongs to; or "
        "the cluster at an address, `ray://host:10001` from outside of it, `host:6379` from one of its "
        "nodes.",
        default="local",
    )
    seed: Annotated[int | None, c.whole(f"a whole number from 0 to {MOST_SEED}", 0, MOST_SEED)] = key(
        "Where every random choice begins.", default="0"
    )
