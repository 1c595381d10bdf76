"""The one graph that ships: settled on held-out rows, and equal to its parts on real and on hard rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import Column, Development
from modelwright.core.records.evidence import Finding, Metric, Table
from modelwright.core.records.models import Compressed, Member, Trained
from modelwright.core.stage import Work
from modelwright.features.typed import from_frame
from modelwright.goal.goal import Goal
from modelwright.graph.finish import released
from modelwright.graph.pooling import pooled
from modelwright.graph.session import session
from modelwright.models.fit import Job, run_graph
from modelwright.models.inline import InlinePool
from modelwright.models.journal import Journal, key_of
from modelwright.models.rows import Learning, place_of, signature_of
from modelwright.release.compress import compress
from modelwright.store.store import Store

ROWS = 240


def development(problem: str) -> Development:
    rng = np.random.default_rng(1)
    a, town = rng.normal(size=ROWS), rng.choice(["Ulm", "Ems", "Bad Tölz"], ROWS)
    value = 2 * a + (town == "Ems") + 0.5 * rng.normal(size=ROWS)
    target: npt.NDArray[Any] = value
    classes: tuple[str, ...] = ()
    if problem == "binary":
        target, classes = (value > 0.3).astype(int), ("no", "yes")
    elif problem == "multiclass":
        target, classes = np.digitize(value, [-1, 1]), ("low", "mid", "high")
    table = pl.DataFrame(
        {"a": a, "town": town, "__row__": np.arange(ROWS), "__target__": target, "__weight__": 1.0,
         "__fold__": (np.arange(ROWS) % 3 == 0).astype(int)}
    )  # fmt: skip
    table = table.with_columns(pl.when(pl.col("__row__") % 17 != 0).then(pl.col("a")).alias("a"))
    columns = (Column("a", "number", "input", True), Column("town", "category", "input", True))
    return Development(
        Blob.of(table, "table"), ROWS, columns, problem, "y", classes,  # type: ignore[arg-type]
        "yes" if problem == "binary" else None, False, "holdout", 1, 1, None, None,
    )  # fmt: skip


def trained(of: Development, folder: Path, weights: tuple[float, ...] = (0.25, 0.75)) -> Trained:
    """Two toy members with their held-out predictions, mixed by weight."""
    Store(folder / ".store").put(of.table)
    metric = "rmse" if of.problem == "regression" else "log_loss"
    place = place_of(of, metric, False)
    pool, journal = InlinePool(folder / "fits"), Journal(folder / "fits")
    members, mean = [], np.zeros(1)
    for k, weight in enumerate(weights):
        job = Job("toy", {"shrink": 0.4 * k}, 0, 0)
        pool.submit(key := key_of(place, job, 1), place, job)
        pool.wait(0)
        entry = journal.read(key)
        assert entry is not None
        assert entry.result.error == ""
        graph = Blob.of(entry.graph, "bytes")
        members.append(Member(f"toy-{k + 1}", "toy", graph, weight, job.config, entry.result.recipe))
        mean = mean + weight * entry.scores
    learning = Learning.read(place)
    validation = Blob.of({"row": learning.row[learning.part(0).valid], "scores": mean}, "arrays")
    return Trained((), tuple(members), members[0], (), validation, metric, 0.0, 2, 0.0, "trials")


def settled(problem: str, folder: Path, **keys: Any) -> tuple[Compressed, Development, Trained, Book]:
    of = development(problem)
    asked = Goal(data={"source": "a.csv", "target": "y"}, **keys).sections
    parts, book = trained(of, folder), Book()
    return compress(asked.success, asked.output, of, parts, Work(folder), book), of, parts, book


def answers(made: Compressed, of: Development) -> dict[str, npt.NDArray[Any]]:
    runner = session(made.graph.get())
    names = [o.name for o in runner.get_outputs()]
    feeds = from_frame(of.table.get(), signature_of(of)).feeds()
    return dict(zip(names, runner.run(names, feeds), strict=True))


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_the_graph_agrees_with_its_parts(problem: str, tmp_path: Path) -> None:
    made, of, _, book = settled(problem, tmp_path)
    onnx.checker.check_model(onnx.load_from_string(made.graph.get()), full_check=True)
    assert made.check.passed
    assert made.check.rows == ROWS
    assert made.check.hard_rows > 0
    assert made.check.largest_difference <= made.check.tolerance
    assert made.check.labels_differing == 0
    assert made.members == ("toy-1", "toy-2")
    assert not [item for item in book.items if isinstance(item, Finding)]
    said = answers(made, of)
    if problem == "regression":
        assert set(said) == {"value"}
        truth = of.table.get()["__target__"].to_numpy()
        assert np.corrcoef(said["value"].ravel(), truth)[0, 1] > 0.5
    else:
        assert set(said) == {"label", "probabilities"}
        assert said["probabilities"].shape == (ROWS, len(of.classes))
        assert np.allclose(said["probabilities"].sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_the_same_parts_give_the_same_bytes(problem: str, tmp_path: Path) -> None:
    first, second = settled(problem, tmp_path / "a")[0], settled(problem, tmp_path / "b")[0]
    assert first.graph.get() == second.graph.get()


def test_calibration_is_measured_before_and_after(tmp_path: Path) -> None:
    made, _, _, book = settled("binary", tmp_path)
    before, after = [item for item in book.items if isinstance(item, Metric)]
    assert (before.about, after.about) == ("before calibration", "after calibration")
    assert after.estimate.value <= before.estimate.value
    assert (made.calibration == "none") == (after.estimate.value == before.estimate.value)
    assert made.notes["held_out_rows"] == ROWS // 3


def test_the_threshold_is_in_the_graph(tmp_path: Path) -> None:
    made, of, _, _ = settled("binary", tmp_path, success=["recall >= 0.95"])
    assert made.threshold is not None
    assert made.threshold < 0.5
    said = answers(made, of)
    assert np.array_equal(said["label"], (said["probabilities"][:, 1] >= made.threshold).astype(int))
    assert set(said["label"]) == {0, 1}


@pytest.mark.parametrize("problem", ["binary", "multiclass"])
def test_costs_are_in_the_graph(problem: str, tmp_path: Path) -> None:
    rare = "yes" if problem == "binary" else "high"
    other = {"binary": ["no"], "multiclass": ["low", "mid"]}[problem]
    plain, of, _, _ = settled(problem, tmp_path / "a")
    made, _, _, _ = settled(problem, tmp_path / "b", costs={rare: dict.fromkeys(other, 50)})
    code = of.classes.index(rare)
    more, fewer = (int((answers(m, of)["label"] == code).sum()) for m in (made, plain))
    assert more > fewer
    assert made.check.passed


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_intervals_and_sets_cover_the_rows_they_were_settled_on(problem: str, tmp_path: Path) -> None:
    made, of, _, _ = settled(problem, tmp_path, intervals=0.8)
    said = answers(made, of)
    held = np.arange(ROWS) % 3 == 0
    truth = of.table.get()["__target__"].to_numpy()
    assert made.quantile is not None
    assert made.notes["nominal_coverage"] >= 0.8
    if problem == "regression":
        low, high = said["low"].ravel(), said["high"].ravel()
        inside = (low - 1e-5 <= truth) & (truth <= high + 1e-5)
        assert np.allclose(high - low, 2 * made.quantile, rtol=1e-4)
    else:
        inside = said["set"][np.arange(ROWS), truth].astype(bool)
    assert inside[held].mean() >= 0.8


@pytest.mark.parametrize("problem", ["binary", "multiclass"])
def test_logarithms_are_pooled_in_the_graph_too(problem: str, tmp_path: Path) -> None:
    """Weights that sum to more than one sharpen: the graph answers what its parts give when pooled so."""
    of, book = development(problem), Book()
    asked = Goal(data={"source": "a.csv", "target": "y"}).sections
    parts = replace(trained(of, tmp_path, (1.2, 0.7)), pool="log")
    typed = from_frame(of.table.get(), signature_of(of))
    every = [run_graph(m.graph.get(), typed) for m in parts.members]
    held = Learning.read(place_of(of, "log_loss", False)).part(0).valid
    rows = of.table.get()["__row__"].to_numpy()[held]
    one = pooled([scores[held] for scores in every], [1.2, 0.7], "log")
    parts = replace(parts, validation=Blob.of({"row": rows, "scores": one}, "arrays"))
    made = compress(asked.success, asked.output, of, parts, Work(tmp_path), book)
    assert made.check.passed
    plain = pooled(every, [1.2, 0.7], "mean")
    sharper = answers(made, of)["probabilities"].max(axis=1).mean()
    assert made.calibration != "none" or sharper > plain.max(axis=1).mean()


def test_every_part_and_its_size_is_told(tmp_path: Path) -> None:
    made, _, parts, book = settled("binary", tmp_path)
    (table,) = [item for item in book.items if isinstance(item, Table)]
    assert [row[0] for row in table.rows] == ["toy-1", "toy-2", "released graph"]
    assert table.rows[-1][1] == len(made.graph.get())
    # Both members see the same features: what makes them stands in the graph once.
    assert encoders(made.graph.get()) == encoders(parts.members[0].graph.get()) > 0


def encoders(graph: bytes) -> int:
    return sum(node.op_type == "LabelEncoder" for node in onnx.load_from_string(graph).graph.node)


def test_a_graph_that_differs_is_a_blocker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that was swapped after the graph was made: the comparison must see it."""
    of, book = development("binary"), Book()
    asked = Goal(data={"source": "a.csv", "target": "y"}).sections
    parts = trained(of, tmp_path)

    def other(members: list[onnx.ModelProto], weights: list[float], finish: Any) -> onnx.ModelProto:
        return released(members, [0.9, 0.1], finish)

    monkeypatch.setattr("modelwright.release.compress.released", other)
    made = compress(asked.success, asked.output, of, parts, Work(tmp_path), book)
    assert not made.check.passed
    (finding,) = [item for item in book.items if isinstance(item, Finding)]
    assert (finding.code, finding.severity) == ("release.graph-differs", "blocker")
    assert finding.blocks
