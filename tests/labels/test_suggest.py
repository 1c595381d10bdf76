"""What the current model says, and the order that it gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from modelwright.core.errors import BadInput
from modelwright.labels import progress, tables
from modelwright.labels.items import Item
from modelwright.labels.project import Project
from modelwright.labels.queue import Queue
from modelwright.labels.store import Store, chance
from modelwright.labels.suggest import tell
from modelwright.testing.bundles import make_run
from modelwright.testing.labelled import classes, person


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that says "low" or "high" of a number, and is unsure around 50."""
    values = [float(n) for n in range(100)] * 4
    noisy = ["high" if v + (7 * k % 31) - 15 > 50 else "low" for k, v in enumerate(values)]
    raw = pl.DataFrame({"x": values, "label": noisy})
    made = make_run(tmp_path_factory.mktemp("run") / "r", raw, "label")
    assert made.bundle.is_dir()
    return made.bundle


def row_project(*names: str, order: str = "random") -> Project:
    return classes(*names, item="row", content="", order=order)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.at(tmp_path / "t.labels", make=True)
    project = row_project("low", "high", order="teach")
    made.set_project(project, None)
    made.add([Item(f"k{n}", {"x": float(n)}) for n in range(0, 100, 5)], project)
    yield made
    made.close()


def test_suggestions_are_shown_kept_and_counted(store: Store, bundle: Path) -> None:
    done = tell(store, bundle)
    assert (done.suggested, done.ordered) == (20, 20)
    queue, ada = Queue(store), person(store, "ada")
    for turn in range(10):
        handed = queue.next(ada)
        assert handed is not None
        assert handed.suggested in ("low", "high")
        assert handed.score is not None
        assert handed.score >= 0.5
        queue.answer(ada, handed.item, handed.suggested if turn < 8 else "low")
    (found,) = progress.work(store, store.must()[1])
    assert found.followed is not None
    assert 0.8 <= found.followed <= 1.0


def test_the_least_sure_come_first(store: Store, bundle: Path) -> None:
    tell(store, bundle)
    i, s = tables.items.c, tables.suggestions.c
    with store.reading() as connection:
        scores = connection.execute(
            sa.select(s.score).join_from(tables.items, tables.suggestions, s.item == i.n).order_by(i.rank)
        ).scalars().all()  # fmt: skip
    # One of each cluster is asked for, so the order is not strict: the unsure half leads on the whole.
    assert sum(scores[:10]) < sum(scores[10:])


def test_without_a_model_the_order_is_that_of_chance(store: Store) -> None:
    done = tell(store, None)
    assert (done.suggested, done.ordered) == (0, 20)
    handed = Queue(store).next(person(store, "ada"))
    assert handed is not None
    assert handed.key == min((f"k{n}" for n in range(0, 100, 5)), key=chance)


def test_a_model_of_other_classes_is_refused(tmp_path: Path, bundle: Path) -> None:
    other = Store.at(tmp_path / "o.labels", make=True)
    try:
        other.set_project(row_project("spam", "ham"), None)
        other.add([Item("k", {"x": 1.0})], row_project("spam", "ham"))
        with pytest.raises(BadInput, match="predicts high, low, which is no answer"):
            tell(other, bundle)
    finally:
        other.close()
