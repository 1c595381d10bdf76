"""From rows without labels to a model, and its suggestions back on the labelling page."""

from __future__ import annotations

import csv
import json
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwright.labels.begin import begin
from modelwright.labels.exchange.incoming import Incoming, Read, take
from modelwright.labels.project import Asked, asked, joined
from modelwright.labels.queue import Queue
from modelwright.labels.store import Store
from modelwright.testing.labelled import person

Call = Callable[..., subprocess.CompletedProcess[str]]

GOAL = """\
name: penguins
data: {source: birds.labels, target: label}
success: [accuracy >= 0.85]
split: {train: 0.55, validation: 0.15, test: 0.3}
search: {trials: 2, families: [logistic, decision_tree]}
"""


@pytest.mark.slow  # a run, and a server
def test_labels_become_a_model_that_suggests(mw: Call, tmp_path: Path, root: Path) -> None:
    with (root / "examples" / "penguins" / "penguins.csv").open() as file:
        rows = list(csv.DictReader(file))
    columns = [c for c in rows[0] if c != "species"]
    with (tmp_path / "birds.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, ["bird", *columns], extrasaction="ignore")
        writer.writeheader()
        writer.writerows({"bird": n, **row} for n, row in enumerate(rows))
    species = sorted({row["species"] for row in rows})
    wish = asked({"classes": species, "id": "bird", "item": "row"}, tmp_path, "the test")
    begun = begin(joined(wish, Asked({}, str(tmp_path / "birds.csv"))), str(tmp_path / "birds.labels"))
    said = [Incoming(str(n), "ada", row["species"]) for n, row in enumerate(rows) if n % 5]
    assert take(begun.store, Read(tuple(said))).kept == len(said)
    begun.store.close()

    (tmp_path / "goal.yaml").write_text(GOAL, encoding="utf-8")
    done = mw("run", "goal.yaml", "--quiet", "--json")
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / json.loads(done.stdout)["run"].rpartition("/")[2]
    assert (run / "bundle").is_dir()

    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "modelwright", "label", "birds.labels", "--port", "0",
         "--suggest", str(run / "bundle"), "--order", "teach"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 120.0)
        assert ready
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        store = Store.at(tmp_path / "birds.labels")
        right = [_suggested(store, rows) for _ in range(20)]
        store.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert sum(right) >= 12  # and those that it is least sure of come first


def _suggested(store: Store, rows: list[dict[str, Any]]) -> bool:
    queue, ben = Queue(store), person(store, "ben")
    handed = queue.next(ben)
    assert handed is not None
    assert handed.score is not None
    queue.answer(ben, handed.item, handed.suggested)
    return bool(rows[int(handed.key)]["species"] == handed.suggested)
