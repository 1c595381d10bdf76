from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelwright.core.records import verdict
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import (
    Cleaned,
    CleanOperation,
    Collected,
    Column,
    Development,
    Labelled,
    Profile,
    Sealed,
    SourceFacts,
)
from modelwright.core.records.goal import Defined
from modelwright.core.records.models import (
    Analysis,
    Candidate,
    Compressed,
    FitRow,
    GraphCheck,
    Member,
    Shortlist,
    Trained,
)
from modelwright.lifecycle.folder import RunFolder
from modelwright.lifecycle.plan import PLAN, STEPS
from modelwright.lifecycle.steps import account

TABLE = Blob("table", "a" * 64, 10)
COLUMNS = (
    Column("age", "number", "input", True, (CleanOperation("missing", {}, "read ? as missing", 3),)),
    Column("y", "category", "target", False),
)


def member(name: str, size: int = 100, recipe: tuple[str, ...] = ("1 number as given",)) -> Member:
    return Member(name, name, Blob("bytes", "b" * 64, size), 1.0, {}, recipe)


def fit(family: str, **facts: Any) -> FitRow:
    return FitRow(f"{family}-1", family, True, "suits", **facts)


def trained(*rows: FitRow, members: tuple[Member, ...] = (member("logistic"),)) -> Trained:
    return Trained(
        leaderboard=rows, members=members, baseline=member("majority", recipe=()), baselines=(),
        validation=Blob("arrays", "c" * 64, 1), metric="log_loss", score=0.1, trials=3, seconds=1.0,
        ended="trials",
    )  # fmt: skip


def whole() -> dict[type, Any]:
    """The records of a run that went well."""
    development = Development(
        TABLE, 85, COLUMNS, "binary", "y", ("no", "yes"), "yes", False, "holdout", 1, 1, None, None
    )
    made = (
        Defined("toy", None, (("Who will use it?", "clerks"),), ("accuracy >= 0.8",), ("time: 60 s",)),
        Collected(TABLE, 100, ("age", "y"), (SourceFacts("a.csv", "csv", 100, 2, 9, "d"),), "d"),
        Cleaned(TABLE, 100, COLUMNS, 0, 0, 0),
        Labelled(TABLE, 100, COLUMNS, "binary", "y", ("no", "yes"), "yes", False, 0, 2),
        Profile(100, ()),
        Analysis(85, ()),
        development,
        Sealed(TABLE, 15, "d", None, None),
        Shortlist(
            (Candidate("logistic", True, "suits"), Candidate("mlp", False, "slow")), "log_loss", "own", "x"
        ),
        trained(fit("majority", baseline=True), fit("logistic", config={"c": 1.0}, diagnosis="healthy")),
        Compressed(
            Blob("bytes", "e" * 64, 80),
            "platt",
            0.5,
            None,
            None,
            GraphCheck(85, 20, 0, 1e-5, 0, True),
            ("logistic",),
        ),
        verdict.Tested((), (), 1, 0.95, 15),
        verdict.Safeguarded((), {}, ("adversarial tests",)),
        verdict.Released("met", True, "Released.", 1, (), (), "bundle"),
    )
    return {type(record): record for record in made}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run's folder with the files that a finished run has."""
    for stage in PLAN:
        (tmp_path / stage.name).mkdir()
        (tmp_path / stage.name / "record.json").write_text("{}")
    for name in ("leaderboard.csv", "verdict.json", "bundle/model.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    return RunFolder(tmp_path)


Steps = Callable[..., dict[int, dict[str, Any]]]


@pytest.fixture
def steps(folder: RunFolder) -> Steps:
    def made(*changed: Any, without: tuple[type, ...] = ()) -> dict[int, dict[str, Any]]:
        records = {**whole(), **{type(record): record for record in changed}}
        kept = {kind: record for kind, record in records.items() if kind not in without}
        return {entry["step"]: entry for entry in account(folder, kept)}

    return made


def test_thirty_steps_in_order_with_a_reason_each(folder: RunFolder) -> None:
    entries = account(folder, whole())
    assert [entry["step"] for entry in entries] == list(range(1, 31))
    assert tuple(entry["name"] for entry in entries) == STEPS
    for entry in entries:
        assert set(entry) == {"step", "name", "stage", "status", "why", "shown_by"}
        assert entry["status"] in ("done", "not applicable", "not done")
        assert entry["why"]
        assert entry["stage"] in {*(stage.name for stage in PLAN), "live"}


def test_what_is_done_is_shown_by_a_file(folder: RunFolder) -> None:
    done = [entry for entry in account(folder, whole()) if entry["status"] == "done"]
    assert len(done) > 15
    for entry in done:
        assert (folder.path / entry["shown_by"]).exists(), entry


def test_nothing_is_done_where_no_file_shows_it(tmp_path: Path) -> None:
    for entry in account(RunFolder(tmp_path), whole()):
        assert entry["status"] != "done", entry
        assert entry["shown_by"] == ""


def test_nothing_is_done_before_it_began(folder: RunFolder) -> None:
    assert {entry["status"] for entry in account(folder, {})} == {"not done"}


def test_what_a_tabular_run_never_does(steps: Steps) -> None:
    entries = steps()
    assert entries[30]["status"] == "not done"
    assert entries[26]["status"] == "not applicable"
    assert "pretrained" in entries[26]["why"]
    assert entries[27]["status"] == "not done"
    assert "adversarial tests" in entries[27]["why"]


GRADIENT = (15, 16, 18, 20)


def test_without_a_network_there_is_no_backpropagation(steps: Steps) -> None:
    entries = steps()
    for step in (*GRADIENT, 17, 19):
        assert entries[step]["status"] == "not applicable"
        assert entries[step]["why"] == "no gradient-trained model was a candidate"


def test_boosting_has_a_loss_and_steps_but_no_epochs(steps: Steps) -> None:
    entries = steps(trained(fit("lightgbm")))
    assert {step: entries[step]["status"] for step in (17, 19)} == {17: "done", 19: "done"}
    assert {entries[step]["status"] for step in GRADIENT} == {"not applicable"}


def test_a_network_that_was_fitted(steps: Steps) -> None:
    entries = steps(trained(fit("mlp", status="stopped early"), fit("lightgbm")))
    assert {entries[step]["status"] for step in (*GRADIENT, 17, 19, 24)} == {"done"}
    assert "mlp" in entries[18]["why"]
    assert "lightgbm" in entries[19]["why"]


def test_a_network_that_never_finished(steps: Steps) -> None:
    entries = steps(trained(fit("mlp", status="out of time"), fit("logistic")))
    assert {entries[step]["status"] for step in GRADIENT} == {"not done"}
    assert "larger budget" in entries[16]["why"]


def test_a_family_of_other_people_that_is_gone_is_no_error(steps: Steps) -> None:
    assert steps(trained(fit("somebody-elses")))[16]["status"] == "not applicable"


def test_tuning_needs_two_configurations_of_one_family(steps: Steps) -> None:
    assert steps(trained(fit("logistic"), fit("lightgbm")))[22]["status"] == "not done"
    tuned = steps(trained(fit("logistic"), replace(fit("logistic"), name="logistic-2")))[22]
    assert tuned["status"] == "done"
    assert "2 configurations of logistic" in tuned["why"]


def test_regularisation_needs_a_penalty(steps: Steps) -> None:
    assert steps(trained(fit("lightgbm", config={"l2": 2.0})))[23]["status"] == "done"
    assert steps(trained(fit("lightgbm", config={"l2": 0.0})))[23]["status"] == "not done"
    assert steps(trained(fit("majority", baseline=True)))[23]["status"] == "not applicable"


def test_overfitting_prevention_needs_a_diagnosis_or_an_early_stop(steps: Steps) -> None:
    assert steps(trained(fit("logistic")))[24]["status"] == "not done"
    assert steps(trained(fit("logistic", diagnosis="overfitting")))[24]["status"] == "done"
    assert steps(trained(fit("majority", baseline=True)))[24]["status"] == "not applicable"


def test_baselines_engineer_nothing(steps: Steps) -> None:
    only = trained(fit("majority", baseline=True), members=(member("majority", recipe=()),))
    assert steps(only)[12]["status"] == "not applicable"


def test_a_test_needs_rows(steps: Steps) -> None:
    assert steps()[25]["status"] == "done"
    assert steps(verdict.Tested((), (), 1, 0.95, 0))[25]["status"] == "not done"


def test_compression_must_have_made_something_smaller(steps: Steps) -> None:
    assert steps()[28]["status"] == "done"
    bigger = replace(whole()[Compressed], graph=Blob("bytes", "e" * 64, 200))
    assert steps(bigger)[28]["status"] == "not done"
    for entry in (steps()[28], steps(bigger)[28]):
        assert "no network was quantised, pruned or taught" in entry["why"]
    tried = replace(bigger, notes={"int8": False, "pruned": False})
    assert steps(tried)[28]["status"] == "not done"
    assert "measured, and none ships" in steps(tried)[28]["why"]
    small = steps(replace(bigger, notes={"int8": True, "pruned": False}))[28]
    assert (small["status"], "weights of 8 bits" in small["why"]) == ("done", True)


def test_fine_tuning_is_done_where_a_pretrained_model_was_fitted(steps: Steps) -> None:
    assert steps()[26]["status"] == "not applicable"
    assert steps(trained(fit("encoder")))[26]["status"] == "done"
    assert steps(trained(fit("encoder", status="failed"), fit("ngrams")))[26]["status"] == "not done"


def test_deployment_follows_the_release(steps: Steps) -> None:
    assert steps()[29]["status"] == "done"
    refused = steps(verdict.Released("not met", False, "Not released. It is too weak.", 1, (), ()))[29]
    assert (refused["status"], refused["why"]) == ("not done", "Not released. It is too weak.")
    forced = steps(verdict.Released("not met", True, "Forced.", 1, (), (), "bundle", True))[29]
    assert forced["status"] == "done"
    assert "by force" in forced["why"]


def test_silent_requirements_are_not_gathered(steps: Steps) -> None:
    silent = replace(whole()[Defined], questions=(("Who will use it?", ""),))
    entry = steps(silent)[3]
    assert entry["status"] == "not done"
    assert "Who will use it?" in entry["why"]


def test_safety_is_done_only_when_nothing_is_left(steps: Steps) -> None:
    assert steps(verdict.Safeguarded(("sex",), {"recall": 0.1}, ()))[27]["status"] == "done"


def test_a_run_that_stopped_half_way(steps: Steps) -> None:
    entries = steps(without=(Trained, Compressed, verdict.Tested, verdict.Safeguarded, verdict.Released))
    assert entries[11]["status"] == "done"
    for step in (12, *range(14, 30)):
        assert entries[step]["status"] == "not done"
        assert "resume" in entries[step]["why"]
