"""Whole runs on rows whose source holds no labels: people answer elsewhere, or rules speak."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.goal.goal import Goal
from modelwright.labels.exchange.incoming import Incoming, Read, take
from modelwright.labels.items import Item
from modelwright.labels.store import Store
from modelwright.lifecycle.run import Run, start
from modelwright.runtime import load
from modelwright.testing.labelled import classes


def mails(n: int = 400) -> tuple[pl.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    spam = rng.random(n) < 0.5
    links = np.where(rng.random(n) < 0.9, spam, ~spam) * 3.0 + rng.random(n)
    words = np.where(rng.random(n) < 0.7, np.where(spam, "free money", "meeting notes"), "hello there")
    frame = pl.DataFrame({"id": [f"m{i}" for i in range(n)], "words": words, "links": links})
    return frame, np.where(spam, "spam", "ham")


def run(folder: Path, data: dict[str, object], label: dict[str, object]) -> Run:
    goal = Goal(
        data={"source": str(folder / "mails.csv"), "target": "kind", "keys": ["id"], **data},
        name="mails",
        label=label,
        success=["accuracy >= 0.6"],
        search={"trials": 1, "families": ["logistic"]},
        accept={"leak.golden-feature": "rules look at the words", "leak.together": "as above"},
    )
    return start(goal, folder / "runs", inline=True, report=True)


@pytest.mark.slow  # a whole run
def test_answers_of_several_people_become_a_model(tmp_path: Path) -> None:
    frame, truth = mails()
    frame.write_csv(tmp_path / "mails.csv")
    rng = np.random.default_rng(1)
    other = np.where(truth == "spam", "ham", "spam")
    lines = ["id,annotator,label"]
    for who, skill in (("ann", 0.97), ("bob", 0.8), ("cy", 0.7)):
        said = np.where(rng.random(len(truth)) < skill, truth, other)
        lines += [f"m{i},{who},{word}" for i, word in enumerate(said)]
    (tmp_path / "answers.csv").write_text("\n".join(lines) + "\n")
    made = run(tmp_path, {}, {"answers": str(tmp_path / "answers.csv")})
    assert made.released is not None
    assert made.released.bundle is not None
    steps = json.loads((made.path / "steps.json").read_text())
    assert "3 people gave 1200 answers to 400 rows" in steps[7]["why"]
    assert "krippendorff_alpha" in (made.path / "report.html").read_text()
    assert "settled by Dawid and Skene" in (made.path / "bundle" / "DATA_CARD.md").read_text()
    model = load(made.path / "bundle")
    told = model.predict_all({name: frame[name].to_list() for name in ("words", "links")})
    assert np.mean(np.asarray(told["prediction"]) == truth) > 0.85


@pytest.mark.slow  # a whole run
def test_rules_alone_teach_and_rows_labelled_by_hand_judge(tmp_path: Path) -> None:
    frame, truth = mails()
    frame[:300].write_csv(tmp_path / "mails.csv")
    frame[300:].with_columns(pl.Series("kind", truth[300:])).write_csv(tmp_path / "test.csv")
    rules = [
        {"label": "spam", "when": {"column": "words", "contains": "free"}},
        {"label": "ham", "when": {"column": "words", "contains": "meeting"}},
        {"label": "spam", "when": {"column": "links", "above": 2.5}},
        {"label": "ham", "when": {"column": "links", "below": 1}},
    ]
    made = run(tmp_path, {"test": str(tmp_path / "test.csv")}, {"rules": rules})
    assert made.verdict == "met"
    split = json.loads((made.path / "split" / "record.json").read_text())
    assert split["counts"]["test"] == 100
    evidence = (made.path / "evidence.jsonl").read_text()
    assert "label.weak" in evidence
    assert "label.weak-test" not in evidence
    assert "Labels made by rules" in (made.path / "report.html").read_text()
    card = (made.path / "bundle" / "DATA_CARD.md").read_text()
    assert "made by rules, which no person has checked" in card


@pytest.mark.slow  # a whole run
def test_the_data_card_says_how_far_people_agree_whose_store_is_the_source(tmp_path: Path) -> None:
    frame, truth = mails(300)
    project = classes("ham", "spam")
    rng = np.random.default_rng(1)
    store = Store.at(tmp_path / "mails.labels", make=True)
    store.set_project(project, None)
    store.add([Item(row["id"], row) for row in frame.iter_rows(named=True)], project)
    for who, skill in (("ann", 0.97), ("bob", 0.9), ("cy", 0.9)):
        said = np.where(rng.random(len(truth)) < skill, truth, np.where(truth == "spam", "ham", "spam"))
        given = tuple(Incoming(f"m{i}", who, str(word)) for i, word in enumerate(said))
        take(store, Read(given))
    store.close()
    made = run(tmp_path, {"source": str(tmp_path / "mails.labels"), "target": "label"}, {})
    assert made.released is not None
    assert made.released.bundle is not None
    card = (made.path / "bundle" / "DATA_CARD.md").read_text()
    assert "Labelled by several people, settled by majority: Krippendorff's alpha" in card
    assert "over 300 items with two answers or more" in card


@pytest.mark.slow  # a whole run
def test_rules_that_judge_themselves_prove_nothing(tmp_path: Path) -> None:
    frame, _ = mails(300)
    frame.write_csv(tmp_path / "mails.csv")
    rules = [
        {"label": "spam", "when": {"column": "words", "contains": "free"}},
        {"label": "ham", "when": {"column": "words", "contains": "meeting"}},
    ]
    made = run(tmp_path, {}, {"rules": rules})
    assert made.verdict == "unproven"
    verdict = json.loads((made.path / "verdict.json").read_text())
    assert verdict["blockers"] == ["label.weak-test"]
    assert not verdict["released"]
    assert "labels made by rules" in verdict["criteria"][0]["why"]
