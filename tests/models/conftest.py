"""Development rows for tests of the machinery, and families of a stranger that misbehave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.core.records.blob import Blob
from modelwright.core.records.data import Column, Development
from modelwright.models import family
from modelwright.models.rows import Place, place_of
from modelwright.store.store import Store

Places = Callable[..., Place]


class Ticks:
    """A clock that goes on by a thousandth of a second each time it is looked at, on any machine. It can be
    put forward: ``now += seconds``."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        self.now += 0.001
        return self.now

    perf_counter = monotonic


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ticks]:
    """``ticks(module, ...)``: the clock that these modules and every deadline look at from now on."""

    def made(*modules: object) -> Ticks:
        clock = Ticks()
        for module in (family, *modules):
            monkeypatch.setattr(module, "time", clock)
        return clock

    return made


STRANGERS = '''
import os
import time
from modelwright.testing.toy import Toy


class Hanging(Toy):
    """Never ends, looks at no deadline."""
    name = "hanging"

    def fit(self, *args, **options):
        while True:
            time.sleep(1)


class Crashing(Toy):
    """Takes its process with it."""
    name = "crashing"

    def fit(self, *args, **options):
        os.kill(os.getpid(), 9)


class Raising(Toy):
    """Has a defect."""
    name = "raising"

    def fit(self, *args, **options):
        raise KeyError("no such thing")


class Patient(Toy):
    """Takes two seconds, in which a file named by its process stands in the folder NOTES."""
    name = "patient"

    def fit(self, *args, **options):
        notes = os.environ.get("NOTES")
        note = os.path.join(notes, str(os.getpid())) if notes else os.devnull
        open(note, "w").close()
        time.sleep(2)
        if notes:
            os.unlink(note)
        return super().fit(*args, **options)


HANGING, CRASHING, RAISING, PATIENT = Hanging(), Crashing(), Raising(), Patient()
'''


def development(rows: int = 200, folds: int = 0, seed: int = 0) -> Development:
    """Two classes that follow from ``a`` nearly always; a holdout, or that many folds."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=rows), rng.normal(size=rows)
    y = (a + 0.5 * rng.normal(size=rows) > 0).astype(int)
    fold = np.arange(rows) % folds if folds else (np.arange(rows) % 4 == 0).astype(int)
    table = pl.DataFrame(
        {"a": a, "b": b, "__row__": np.arange(rows), "__target__": y, "__weight__": 1.0, "__fold__": fold}
    )
    columns = (Column("a", "number", "input", True), Column("b", "number", "input", True))
    return Development(
        Blob.of(table, "table"), rows, columns, "binary", "y", ("no", "yes"), "yes", False,
        "cv" if folds else "holdout", folds or 1, 1, None, None,
    )  # fmt: skip


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """``places(rows=200, folds=3)``: stored rows as workers find them."""

    def make(rows: int = 200, folds: int = 0, metric: str = "log_loss", seed: int = 0) -> Place:
        made = development(rows, folds, seed)
        Store(tmp_path / ".store").put(made.table)
        return place_of(made, metric, False)

    return make


@pytest.fixture(scope="session")
def strangers_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages with the families of a stranger."""
    folder = tmp_path_factory.mktemp("strangers") / "site"
    info = folder / "strangers-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "strangers_of_a_test.py").write_text(STRANGERS)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strangers\nVersion: 1.0\n")
    lines = [f"{n} = strangers_of_a_test:{n.upper()}" for n in ("hanging", "crashing", "raising", "patient")]
    (info / "entry_points.txt").write_text("\n".join(["[modelwright.families]", *lines, ""]))
    return folder


@pytest.fixture
def strangers(strangers_site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Families of another package, installed as such: found by workers and here through the entry points."""
    from modelwright.models.families import FAMILIES

    monkeypatch.setenv("PYTHONPATH", str(strangers_site))
    monkeypatch.syspath_prepend(str(strangers_site))
    for field in ("_places", "_loaded"):
        monkeypatch.setattr(FAMILIES, field, dict(getattr(FAMILIES, field)))
    monkeypatch.setattr(FAMILIES, "_strangers_seen", False)
